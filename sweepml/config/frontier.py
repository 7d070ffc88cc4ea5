"""What `sweepml benchmark frontier` can be told. Each key of conf/frontier.yaml has its place here."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweepml.config.benchmark import ContestConfig


@dataclass
class BackgroundConfig:
    """A log without sweeps.

    Attributes
    ----------
    log, origin
        The file and its format.
    judged
        Sources of which it is known that they do not sweep: of others no alert is counted as false. Empty: all.
    note
        What a reader should know of it.
    """

    log: str = ""
    origin: str = "auto"
    judged: list[str] = field(default_factory=list)
    note: str = ""


@dataclass
class GridConfig:
    """The sweeps that are tried: every rate with every size and every share of success.

    Attributes
    ----------
    rates_per_hour
        Targets an hour.
    sizes
        Targets of a sweep; what a rate has no time for within the horizon is cut.
    success_shares
        Shares of the probes that are answered.
    trials
        Sweeps of each cell, over all backgrounds.
    """

    rates_per_hour: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    success_shares: list[float] = field(default_factory=list)
    trials: int = 8


@dataclass
class FrontierConfig(ContestConfig):
    """The whole configuration of a frontier.

    Attributes
    ----------
    backgrounds
        Logs that sweeps are put into, by name.
    controls
        Logs that are only watched: more source-days for the rate of false alerts.
    grid
        What is tried.
    horizon_s
        A sweep is caught when a true alert comes within so many seconds of its first probe.
    company
        Sweeps that are put into a background together, each with a source, a port and a range of its own. 1 is the
        purest, and so many times slower.
    pace, source
        Of all sweeps, see `sweepml.simulation.plain_sweep.PlainSweep`.
    ports
        ``tcp/22`` to sweep for; empty for the usual TCP ports.
    quick
        Whether this is a try on a few cells, which the command line then puts in the place of the grid's defaults; its
        figures are no result.
    """

    name: str = "frontier"
    backgrounds: dict[str, BackgroundConfig] = field(default_factory=dict)
    controls: dict[str, BackgroundConfig] = field(default_factory=dict)
    grid: GridConfig = field(default_factory=GridConfig)
    horizon_s: int = 86_400
    company: int = 4
    pace: str = "poisson"
    source: str = "new"
    ports: list[str] = field(default_factory=list)
    quick: bool = False
