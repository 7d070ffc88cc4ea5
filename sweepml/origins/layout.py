"""Where the inputs stand in a row of delimited text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sweepml.origins.origin import INPUTS, OPTIONAL_COLUMNS, Origin

TAIL_SEPARATOR = "   "
"""IoT-23 appended its labels to the last column with three spaces, in the header and in every row."""


_DELIMITERS = frozenset(map(chr, range(128))) - set("\r\n#")


@dataclass(frozen=True, slots=True)
class TsvLayout:
    """Columns of delimited text.

    Attributes
    ----------
    origin
        The log format.
    delimiter, unset
        As the log declares them, else as the format does.
    names
        Names of a row's fields.
    tail
        Names of the parts of the last field where it holds several (see `TAIL_SEPARATOR`), else empty.
    index
        Input -> position in the row once its tail is split.
    """

    origin: Origin
    delimiter: str
    unset: frozenset[str]
    names: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    index: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def start(cls, origin: Origin) -> TsvLayout:
        """Return the layout before any header was read."""
        return cls(origin, origin.delimiter, origin.unset)

    @property
    def is_usable(self) -> bool:
        """Whether a header was read that names all required columns."""
        return all(name in self.index for name in self.origin.required)

    @property
    def width(self) -> int:
        """Number of delimited fields in a row."""
        return len(self.names)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Optional canonical columns that this log does not have."""
        return tuple(name for name in OPTIONAL_COLUMNS if name not in self.index)

    def with_names(self, names: list[str]) -> TsvLayout:
        """Return the layout that a header gives."""
        tail = tuple(names[-1].split(TAIL_SEPARATOR))
        tail = tail if len(tail) > 1 else ()
        flat = [*names[:-1], *tail] if tail else names
        position = {name: i for i, name in reversed(list(enumerate(flat)))}
        index = {}
        for name in INPUTS:
            found = [position[text] for text in self.origin.fields.get(name, ()) if text in position]
            if found:
                index[name] = found[0]
        return replace(self, names=tuple(names), tail=tail, index=MappingProxyType(index))

    def with_comment(self, line: str) -> TsvLayout:
        """Return the layout after a line that begins with ``#``; most such lines change nothing."""
        if line.startswith("#separator "):
            delimiter = _unescape(line.removeprefix("#separator "))
            # Anything but one ASCII character cannot separate columns here; the format's own is kept.
            return replace(self, delimiter=delimiter) if delimiter in _DELIMITERS else self
        key, *values = line.split(self.delimiter)
        if key == "#fields" and values:
            return self.with_names(values)
        if key in ("#unset_field", "#empty_field") and values:
            return replace(self, unset=self.unset | {values[0]})
        return self

    def values(self, fields: list[str]) -> dict[str, object]:
        """Return input -> text of a row's fields.

        Raises
        ------
        ValueError
            If the number of fields is wrong.
        """
        if len(fields) != len(self.names):
            raise ValueError("wrong field count")
        if self.tail:
            parts = fields[-1].split(TAIL_SEPARATOR)
            if len(parts) != len(self.tail):
                raise ValueError("wrong field count")
            fields = fields[:-1] + parts
        return {name: fields[i] for name, i in self.index.items()}


def _unescape(text: str) -> str:
    r"""Return the character of Zeek's ``\x09`` notation; other text stands for itself."""
    if text.startswith("\\x") and len(text) == 4:
        try:
            return chr(int(text[2:], 16))
        except ValueError:
            return text
    return text
