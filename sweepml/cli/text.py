"""Words and columns that several commands print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_INDENT = "  "


def amount(count: int, noun: str) -> str:
    """Return a number with its noun.

    >>> amount(1, "finding"), amount(1200, "line")
    ('1 finding', '1,200 lines')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def table(rows: Sequence[tuple[str, str]], indent: str = "") -> list[str]:
    """Return lines of two columns, the second aligned.

    >>> table([("model", "trees"), ("rows", "12")])
    ['model  trees', 'rows   12']
    """
    width = max((len(name) for name, _ in rows), default=0)
    return [f"{indent}{name:<{width}}  {text}".rstrip() for name, text in rows]


def columns(header: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> list[str]:
    """Return lines of several right-aligned columns under a header.

    >>> columns(["window", "threshold"], [["60 s", "0.5"]])
    ['window  threshold', '  60 s        0.5']
    """
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    return [
        indent + "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for row in (header, *rows)
    ]


def tree(values: Mapping[str, Any], indent: str = "") -> list[str]:
    """Return nested plain values as aligned lines, one level of indentation per level of nesting.

    >>> tree({"name": "run", "of": {"rows": 12}, "names": ["a", "b"]})
    ['name   run', 'of', '  rows  12', 'names  a, b']
    """
    width = max((len(str(name)) for name, value in values.items() if not _is_nested(value)), default=0)
    lines: list[str] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}", *tree(value, indent + _INDENT)]
        elif _is_nested(value):
            lines.append(f"{indent}{name}")
            for i, one in enumerate(value):
                lines += [f"{indent}{_INDENT}{i + 1}", *tree(one, indent + 2 * _INDENT)]
        else:
            lines.append(f"{indent}{name:<{width}}  {plain(value)}".rstrip())
    return lines


def plain(value: object) -> str:
    """Return a plain value as people write it; numbers with at most six significant digits.

    >>> plain(0.1 + 0.2), plain(True), plain(None), plain([1, 2])
    ('0.3', 'yes', 'unknown', '1, 2')
    """
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(one) for one in value)
    return str(value)


def _is_nested(value: object) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, (list, tuple)) and any(isinstance(one, Mapping) for one in value)
