"""The cells of a frontier: which sweeps are tried."""

from __future__ import annotations

from sweepml.config.frontier import FrontierConfig
from sweepml.errors import ConfigError
from sweepml.simulation.plain_sweep import PlainSweep


def sizes_at(rate_per_hour: float, sizes: list[int], horizon_s: float) -> list[int]:
    """Return the sizes to try at a rate, ascending: those that the horizon has room for, and the first cut one.

    Of a larger sweep the horizon shows as many targets as of any other that it cuts: they are one cell.

    Examples
    --------
    >>> sizes_at(0.5, [5, 10, 20, 40], 86_400)
    [5, 10, 12]
    >>> sizes_at(100, [5, 10, 20, 40], 86_400)
    [5, 10, 20, 40]
    """
    room = max(1, round(rate_per_hour * horizon_s / 3600))
    return sorted({min(size, room) for size in sizes})


def make_cells(config: FrontierConfig) -> tuple[PlainSweep, ...]:
    """Return every sweep that is tried, once, by success share, rate and size.

    Raises
    ------
    ConfigError
        If a value is out of range, or nothing is tried.
    """
    grid = config.grid
    for name in ("rates_per_hour", "sizes", "success_shares"):
        if not getattr(grid, name):
            raise ConfigError(f"grid.{name} is empty: no sweep to try")
    for name, value in (("grid.trials", grid.trials), ("company", config.company), ("horizon_s", config.horizon_s)):
        if value < 1:
            raise ConfigError(f"{name} must be at least 1, got {value}")
    return tuple(
        PlainSweep(rate, size, share, config.pace, config.source)
        for share in sorted(set(grid.success_shares))
        for rate in sorted(set(grid.rates_per_hour))
        for size in sizes_at(rate, grid.sizes, config.horizon_s)
    )
