"""Plots as inline SVG whose colours follow the page: light, dark or print.

Matplotlib wants fixed colours, the page wants CSS variables. So figures are drawn in stand-in colours that occur
nowhere else, and the stand-ins are replaced in the SVG's text.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK: Final = "#010203"
"""Stand-in for the colour of text and axes."""
GRID: Final = "#010204"
"""Stand-in for the colour of grid lines."""
SERIES: Final = tuple(f"#0102{0x10 + i:02x}" for i in range(6))
"""Stand-ins for the colours of the series."""
LINE_WIDTH: Final = 1.8
"""Of the series, in points."""
DASHES: Final = ((), (4.0, 1.5), (1.2, 1.2), (5.0, 1.5, 1.2, 1.5), (8.0, 2.0), (1.2, 3.0))
"""Dash patterns of the series in line widths: a series is known without its colour."""

_VARIABLES: Final = {
    INK: "currentColor",
    GRID: "var(--plot-grid)",
    **{colour: f"var(--series-{i})" for i, colour in enumerate(SERIES)},
}

_PRINTED: Final = {
    INK: "#1c2024",
    GRID: "#e1e5ea",
    **dict(zip(SERIES, ("#0072b2", "#c44e00", "#00785a", "#a8508a", "#8a6100", "#5f6770"), strict=True)),
}
"""The colours of the light page (report.css), for a picture that no page gives colours to."""


def to_svg(figure: Figure, prefix: str) -> str:
    """Return a figure as SVG for a page, the same on every run.

    Parameters
    ----------
    figure
        Drawn in the stand-in colours.
    prefix
        Put before every id, since ids must be unique in a page.
    """
    text = _drawn(figure, transparent=True)
    head, body = text[text.index("<svg") :].split(">", 1)
    # The page gives the size, and an HTML parser knows the name spaces.
    text = re.sub(r' (?:xmlns(?::\w+)?|width|height|version)="[^"]*"', "", head) + ">" + body
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r"url\(#", f"url(#{prefix}-", text)
    text = re.sub(r'xlink:href="#', f'href="#{prefix}-', text)
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    return text.strip()


def to_svg_file(figure: Figure) -> str:
    """Return a figure as a picture that stands by itself, on white, the same on every run.

    Parameters
    ----------
    figure
        Drawn in the stand-in colours.
    """
    text = _drawn(figure, transparent=False)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 system-ui, sans-serif", text)
    for stand_in, colour in _PRINTED.items():
        text = text.replace(stand_in, colour)
    return text


def _drawn(figure: Figure, *, transparent: bool) -> str:
    from matplotlib import rc_context

    buffer = io.StringIO()
    # Text stays text, and ids do not change from run to run.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "sweepml"}):
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=transparent, metadata=metadata)
    return buffer.getvalue()
