"""Scored rows: what a model said of every (source, window), with the truth beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweepml.errors import InputError
from sweepml.schema.alert import AlertRow

POSITIVE: Final = 1
"""The row holds a sweep."""
NEGATIVE: Final = 0
"""The row holds none."""
UNLABELLED: Final = -1
"""Nobody knows, or it is too early to tell: the row is left out of every count."""


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Rows of one model on labelled captures; every array has shape (n,).

    Attributes
    ----------
    units
        (capture, source) of every unit that occurs.
    unit
        int32, place in `units` of each row.
    horizon_s
        int32, length of the window in seconds.
    start_us
        int64, start of the window, microseconds since 1970 UTC.
    as_of_us
        int64, when the row was known: `FeatureRows.as_of_us`.
    y
        int8, `POSITIVE`, `NEGATIVE` or `UNLABELLED`.
    score
        float32, higher is more suspicious.

    Raises
    ------
    InputError
        If lengths differ, a score is NaN or infinite, or a label is none of the three.
    """

    units: tuple[tuple[str, str], ...]
    unit: NDArray[np.int32]
    horizon_s: NDArray[np.int32]
    start_us: NDArray[np.int64]
    as_of_us: NDArray[np.int64]
    y: NDArray[np.int8]
    score: NDArray[np.float32]

    def __post_init__(self) -> None:
        columns = (self.unit, self.horizon_s, self.start_us, self.as_of_us, self.y, self.score)
        if len({len(column) for column in columns}) > 1:
            raise InputError(f"columns differ in length: {[len(column) for column in columns]}")
        if len(self.unit) and not 0 <= int(self.unit.min()) <= int(self.unit.max()) < len(self.units):
            raise InputError(f"expected units from 0 to {len(self.units) - 1}, got up to {self.unit.max()}")
        check_labels(self.y)
        check_scores(self.score)

    def __len__(self) -> int:
        return len(self.unit)

    @classmethod
    def from_columns(cls, capture: Sequence[str], source: Sequence[str], **columns: ArrayLike) -> ScoredRows:
        """Return rows from text columns, as a data frame holds them.

        Parameters
        ----------
        capture, source
            Shape (n,).
        **columns
            `horizon_s`, `start_us`, `as_of_us`, `y` and `score`, shape (n,).
        """
        codes: dict[tuple[str, str], int] = {}
        pairs = zip(capture, source, strict=True)
        unit = np.fromiter((codes.setdefault(pair, len(codes)) for pair in pairs), np.int32)
        dtypes = {"horizon_s": "i4", "start_us": "i8", "as_of_us": "i8", "y": "i1", "score": "f4"}
        if columns.keys() != dtypes.keys():
            raise InputError(f"expected the columns {', '.join(dtypes)}, got {', '.join(columns)}")
        return cls(tuple(codes), unit, *(np.asarray(columns[name], dtypes[name]) for name in dtypes))

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_]) -> ScoredRows:
        """Return the rows that an index or mask picks; units keep their numbers."""
        return ScoredRows(self.units, *(getattr(self, name)[index] for name in self.__slots__[1:]))

    def to_alerts(self, verdicts: NDArray[np.bool_], detector: str) -> list[AlertRow]:
        """Return one alert per row with a positive verdict, by time of detection.

        Nothing is merged: evaluation judges each row by its own evidence and then counts findings.

        Parameters
        ----------
        verdicts
            bool, shape (n,).
        detector
            Name of the model.
        """
        if len(verdicts) != len(self):
            raise InputError(f"expected {len(self)} verdicts, one a row, got {len(verdicts)}")
        rows = np.flatnonzero(verdicts)
        rows = rows[np.lexsort((self.horizon_s[rows], self.unit[rows], self.as_of_us[rows]))]
        alerts = []
        for row in rows.tolist():
            capture, source = self.units[self.unit[row]]
            alerts.append(
                AlertRow(
                    capture=capture,
                    source=source,
                    detected_us=int(self.as_of_us[row]),
                    since_us=int(self.start_us[row]),
                    score=float(self.score[row]),
                    horizon_s=int(self.horizon_s[row]),
                    detector=detector,
                )
            )
        return alerts


def check_scores(score: NDArray[np.floating]) -> None:
    """Refuse scores that no threshold can be compared with.

    Raises
    ------
    InputError
        If a score is NaN or infinite; the message names the first such row.
    """
    bad = np.flatnonzero(~np.isfinite(score))
    if len(bad):
        raise InputError(
            f"expected finite scores, got {score[bad[0]]} in row {bad[0]} ({len(bad)} such rows): the model "
            "overflowed, or was given features that it does not take as missing"
        )


def check_labels(y: NDArray[np.integer]) -> None:
    """Refuse labels other than 1 (sweep), 0 (none) and -1 (unlabelled).

    Raises
    ------
    InputError
        If there is another value.
    """
    strange = np.setdiff1d(y, [POSITIVE, NEGATIVE, UNLABELLED])
    if len(strange):
        raise InputError(f"expected labels 1, 0 or -1, got {strange[:5].tolist()}")
