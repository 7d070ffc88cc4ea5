"""An arena: captures to be judged on, with what is worked out of them once for all contestants."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import pandas as pd

from sweepml.datasets.capture import Capture
from sweepml.errors import InputError
from sweepml.evaluation.benchmark_tables import ARENAS
from sweepml.evaluation.contacts import SourceContacts
from sweepml.evaluation.episodes import Source
from sweepml.evaluation.exposure import Exposure, watched_days
from sweepml.evaluation.scenario import Scenario, scenarios_of


class Arena:
    """One set of captures and one protocol of training and testing.

    Parameters
    ----------
    name
        Id, such as ``lab`` or ``lab>real``.
    captures
        That are tested on, with their truth. Names are unique.
    title, protocol
        For whoever reads the tables; the title is the name by default.
    interval_s
        The captures' records are those of a flow log, each delivered when its interval of so many seconds ends: an
        alert can come no earlier. 0 where records are known at their start.

    Raises
    ------
    InputError
        If two captures have one name.
    """

    def __init__(
        self, name: str, captures: Sequence[Capture], title: str = "", protocol: str = "", *, interval_s: int = 0
    ) -> None:
        self.name = name
        self.captures = tuple(captures)
        self.title = title or name
        self.protocol = protocol
        self.interval_s = interval_s
        self.by_name = {capture.name: capture for capture in captures}
        if len(self.by_name) < len(self.captures):
            raise InputError(f"arena {name}: capture names must be unique, got {[one.name for one in captures]}")

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """All sweep episodes, by capture and id."""
        return tuple(scenario for capture in self.captures for scenario in scenarios_of(capture))

    @cached_property
    def contacts(self) -> dict[str, SourceContacts]:
        """Capture's name -> what its sources did."""
        return {capture.name: SourceContacts(capture) for capture in self.captures}

    @cached_property
    def exposure(self) -> Exposure:
        """Over which rates are measured."""
        return Exposure.of(self.captures)

    @cached_property
    def watched(self) -> dict[Source, float]:
        """(capture, source) -> days watched, of every source."""
        return {
            (capture.name, source): days for capture in self.captures for source, days in watched_days(capture).items()
        }

    def role_of(self, source: Source) -> str:
        """Return the role of a (capture, source), see `Capture.role_of`."""
        return self.by_name[source[0]].role_of(source[1])

    def table(self) -> pd.DataFrame:
        """Return the arena's row of the table of arenas."""
        return ARENAS.make(
            [
                {
                    "arena": self.name,
                    "title": self.title,
                    "protocol": self.protocol,
                    "captures": ", ".join(self.by_name),
                    "source_days": self.exposure.source_days,
                    "span_s": self.exposure.span_s,
                    "source_count": self.exposure.source_count,
                    "episode_count": len(self.scenarios),
                    "is_control": not self.scenarios,
                }
            ]
        )
