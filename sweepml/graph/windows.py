"""Windows: half-open spans of time, aligned to the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sweepml.errors import ConfigError

US_PER_S: Final = 1_000_000

_LONGEST_S: Final = 86_400


@dataclass(frozen=True, slots=True, order=True)
class WindowSpec:
    """A sliding window: spans [k stride, k stride + length) for every integer k, times since the epoch.

    Parameters
    ----------
    length_s
        Length in seconds, a whole multiple of `stride_s`. Also called the horizon.
    stride_s
        Distance between the ends of successive windows, in whole seconds.

    Raises
    ------
    ConfigError
        If a value is not positive, the length is no multiple of the stride, or it is more than a day.
    """

    length_s: int
    stride_s: int

    def __post_init__(self) -> None:
        if self.length_s > _LONGEST_S:
            raise ConfigError(
                f"a window may be at most a day long, so that squared gaps fit int64; got length_s={self.length_s}"
            )
        if self.stride_s <= 0 or self.length_s <= 0 or self.length_s % self.stride_s:
            raise ConfigError(
                f"a window's length must be a positive whole multiple of its stride, in seconds; "
                f"got length_s={self.length_s}, stride_s={self.stride_s}"
            )

    @property
    def length_us(self) -> int:
        """Length in microseconds."""
        return self.length_s * US_PER_S

    @property
    def stride_us(self) -> int:
        """Stride in microseconds."""
        return self.stride_s * US_PER_S

    @property
    def pane_count(self) -> int:
        """Number of strides in a window."""
        return self.length_s // self.stride_s


DEFAULT_WINDOWS: Final = (
    WindowSpec(60, 10),
    WindowSpec(600, 100),
    WindowSpec(3600, 600),
    WindowSpec(86_400, 14_400),
)
"""Four horizons, stride = length / 6: no bin edge hides a sweep, slow sweeps have a window that fits (DESIGN). A day is
there for sweeps of a few targets an hour, of which an hour shows too few to tell from chance (docs/frontier.md)."""


def check_windows(windows: Sequence[WindowSpec]) -> tuple[WindowSpec, ...]:
    """Return the windows by growing length, or say why they cannot be watched together.

    Raises
    ------
    ConfigError
        If there is none, a length occurs twice, or a stride is no multiple of the next finer one (coarse panes are
        merged from finer ones).
    """
    ordered = tuple(sorted(windows))
    if not ordered:
        raise ConfigError("at least one window is needed, for instance length_s=60 stride_s=10")
    for fine, coarse in pairwise(ordered):
        if fine.length_s == coarse.length_s:
            raise ConfigError(f"two windows have the same length_s={fine.length_s}; thresholds are per length")
        if coarse.stride_s % fine.stride_s:
            raise ConfigError(
                f"stride_s={coarse.stride_s} of the window of {coarse.length_s} s is no multiple of the finer "
                f"stride_s={fine.stride_s}"
            )
    return ordered
