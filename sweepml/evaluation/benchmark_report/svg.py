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


def to_svg(figure: Figure, prefix: str) -> str:
    """Return a figure as SVG for a page, the same on every run.

    Parameters
    ----------
    figure
        Drawn in the stand-in colours.
    prefix
        Put before every id, since ids must be unique in a page.
    """
    from matplotlib import rc_context

    buffer = io.StringIO()
    # Text stays text, and ids do not change from run to run.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "sweepml"}):
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    text = buffer.getvalue()
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
