"""Where the inputs stand in a row of delimited text."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sweepml.origins.origin import INPUTS, OPTIONAL_COLUMNS, Encoding, Origin

TAIL_SEPARATOR = "   "
"""IoT-23 appended its labels to the last column with three spaces, in the header and in every row."""


_DELIMITERS = frozenset(map(chr, range(128))) - set("\r\n#")


@dataclass(frozen=True, slots=True)
class TextLayout:
    """Columns of delimited text.

    Attributes
    ----------
    origin
        The log format.
    encoding
        How the rows are laid out.
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
    encoding: Encoding
    delimiter: str
    unset: frozenset[str]
    names: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    index: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def start(cls, origin: Origin, encoding: Encoding) -> TextLayout:
        """Return the layout before any header was read."""
        return cls(origin, encoding, origin.delimiter, origin.unset)

    @property
    def is_usable(self) -> bool:
        """Whether a header was read that names all required columns."""
        return self.origin.required <= self.index.keys()

    @property
    def width(self) -> int:
        """Number of delimited fields in a row."""
        return len(self.names)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Optional canonical columns that this log does not have."""
        return lacking_columns(frozenset(self.index))

    def with_names(self, names: list[str]) -> TextLayout:
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

    def with_header(self, line: str) -> TextLayout:
        """Return the layout that a line of names gives; itself if it is no such line."""
        try:
            names = self.split(line)
        except ValueError:
            return self
        return self.with_names([name.strip() for name in names] if self.encoding.is_quoted else names)

    def for_bare(self, line: str) -> TextLayout:
        """Return the layout of a row in a log without a header, itself if no layout has so many fields."""
        try:
            width = len(self.split(line))
        except ValueError:
            return self
        for names in self.origin.bare:
            if len(names) == width:
                return self.with_names(list(names))
        return self

    def with_comment(self, line: str) -> TextLayout:
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

    def split(self, line: str) -> list[str]:
        """Return the fields of a line.

        Raises
        ------
        ValueError
            If a quote is not closed on the line or stands where none may.
        """
        if not self.encoding.is_quoted or '"' not in line:
            return line.split(self.delimiter)
        try:
            rows = list(csv.reader([line], delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            raise ValueError(str(error)) from None
        return rows[0] if rows else []

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


def has_clean_quotes(text: str, delimiter: str) -> bool:
    r"""Whether quotes in delimited text stand around whole fields only, so that all CSV parsers agree on it.

    >>> has_clean_quotes('1,"a,b","c"\n"d",2', ","), has_clean_quotes('1,"a""b"', ","), has_clean_quotes('1,a"b"', ",")
    (True, False, False)
    """
    if max(map(len, text.split("\n"))) > csv.field_size_limit():
        return False
    mark = re.escape(delimiter)
    return 2 * len(re.findall(rf'(?:^|{mark})"[^"\r\n]*"(?={mark}|\r?$)', text, re.MULTILINE)) == text.count('"')


def lacking_columns(inputs: frozenset[str]) -> tuple[str, ...]:
    """Return the optional canonical columns that cannot be had from some inputs."""
    derived = {"duration_us": {"end_us"}, "resp_packets": {"total_packets", "orig_packets"}}
    return tuple(
        name for name in OPTIONAL_COLUMNS if name not in inputs and not (name in derived and derived[name] <= inputs)
    )


def _unescape(text: str) -> str:
    r"""Return the character of Zeek's ``\x09`` notation; other text stands for itself."""
    if text.startswith("\\x") and len(text) == 4:
        try:
            return chr(int(text[2:], 16))
        except ValueError:
            return text
    return text
