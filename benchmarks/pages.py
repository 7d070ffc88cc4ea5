"""Pages that a study writes a part of, between two marks that carry its name."""

from __future__ import annotations

from pathlib import Path


def put_between_marks(page: Path, study: str, text: str) -> None:
    """Write a text between a page's marks, ``<!-- begin: benchmarks.STUDY -->`` and the same with ``end``."""
    begin, end = (f"<!-- {word}: benchmarks.{study} -->" for word in ("begin", "end"))
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
