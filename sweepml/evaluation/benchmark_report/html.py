"""The report as one HTML page: no request leaves it, and all text is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from sweepml.errors import MissingExtraError
from sweepml.evaluation.benchmark_report.blocks import Section
from sweepml.evaluation.benchmark_report.results import Results
from sweepml.evaluation.benchmark_report.sections import make_sections
from sweepml.evaluation.benchmark_report.svg import DASHES, LINE_WIDTH

if TYPE_CHECKING:
    from jinja2 import Template

TITLE: Final = "How well sweeps are found"


def render_html(results: Results) -> str:
    """Return the report as a page that opens offline.

    Text from logs and labels cannot become markup: the template escapes all of it, and the page's own content
    security policy allows no script but the one that filters tables.

    Raises
    ------
    MissingExtraError
        If jinja2 is not installed.
    """
    return render_page(TITLE, results.measurement.created, make_sections(results))


def render_page(title: str, created: str, sections: Sequence[Section]) -> str:
    """Return sections as a page, see `render_html`.

    Parameters
    ----------
    title
        Of the page.
    created
        When it was made.
    sections
        In the order in which a reader needs them.
    """
    style, script = _read("report.css"), _read("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _template().render(
        title=title,
        created=created,
        sections=sections,
        line_width=LINE_WIDTH,
        dashes=[" ".join(f"{length * LINE_WIDTH:g}" for length in dash) for dash in DASHES],
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
    )


def _template() -> Template:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise MissingExtraError("jinja2", "train") from None
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_read("report.html.j2"))


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
