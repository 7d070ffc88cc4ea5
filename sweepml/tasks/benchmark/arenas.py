"""Arenas: which captures a contestant is tested on, and what it may have seen before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sweepml.datasets.capture import Capture, Episode
from sweepml.errors import ConfigError, did_you_mean

LAB: Final = "lab"
TOOLS: Final = "tools"
REAL: Final = "real"
CONTROLS: Final = "controls"


@dataclass(frozen=True, slots=True)
class Arena:
    """One way of training and testing.

    Attributes
    ----------
    name
        Permanent id: ``lab``, ``tools``, ``controls``, or ``A>B`` for trained on A and tested on B.
    title, protocol
        What tables call it, and in a sentence how it was trained and tested.
    train
        Captures to learn from and to choose thresholds on.
    test
        Captures to be judged on. The same as `train` where it is cross-validated.
    tie
        Of a cross-validated arena: what must not be on both sides besides sources, episodes and scripts; see
        `assign_groups`.
    """

    name: str
    title: str
    protocol: str
    train: tuple[Capture, ...]
    test: tuple[Capture, ...]
    tie: Callable[[Episode], str] | None = None

    @property
    def is_cross_validated(self) -> bool:
        """Whether training and test are parts of the same captures."""
        return self.train is self.test

    @property
    def is_control(self) -> bool:
        """Whether there is no sweep to be found: every alert is a false one."""
        return not any(episode.is_sweep for capture in self.test for episode in capture.episodes)


def tool_family(episode: Episode) -> str:
    """Return what made an episode, without its mode; empty where nobody says.

    >>> tool_family(Episode("E1", "10.0.0.1", 0, 1, "sweep", attributes={"tool": "nmap-sT"}))
    'nmap'
    """
    return episode.attributes.get("tool", "").split("-")[0]


def make_arenas(labelled: Sequence[Capture], published: Sequence[Capture]) -> tuple[Arena, ...]:
    """Return every arena that the captures allow.

    Parameters
    ----------
    labelled
        Captures that may be trained on, with their truth.
    published
        Captures of other networks; may be empty. Those whose sources the labelled captures replay are left out: they
        would be a test of memory.
    """
    own = tuple(labelled)
    others = _not_replayed(published, own)
    arenas = [
        Arena(
            LAB,
            "own captures, cross-validated",
            "no source, episode or replayed script on both sides; thresholds of each fold from the other folds",
            own,
            own,
        )
    ]
    tools = {tool_family(episode) for capture in own for episode in capture.episodes if episode.is_sweep} - {""}
    if len(tools) > 1:
        arenas.append(
            Arena(
                TOOLS,
                "scanning tools held out",
                "as lab, and the sweeps of one tool (all its modes) are on one side: what is tested was made by "
                "tools that were never trained on",
                own,
                own,
                tool_family,
            )
        )
    with_sweeps = [capture for capture in own if any(episode.is_sweep for episode in capture.episodes)]
    if len(with_sweeps) > 1:
        for capture in with_sweeps:
            rest = tuple(other for other in own if other is not capture)
            arenas.append(_transfer(" + ".join(other.name for other in rest), rest, capture.name, (capture,)))
    if others:
        found = tuple(one for one in others if any(episode.is_sweep for episode in one.episodes))
        controls = tuple(one for one in others if one not in found)
        if found:
            arenas.append(_transfer(LAB, own, REAL, others))
            arenas.append(_transfer(REAL, others, LAB, own))
        if controls:
            arenas.append(
                Arena(
                    CONTROLS,
                    "captures without a sweep",
                    "trained on the own captures; every alert is a false one",
                    own,
                    controls,
                )
            )
    return tuple(arenas)


def pick(arenas: Sequence[Arena], names: Iterable[str]) -> tuple[Arena, ...]:
    """Return the arenas of some names, in their own order.

    Raises
    ------
    ConfigError
        If there is none of a name.
    """
    known = [arena.name for arena in arenas]
    wanted = set(names)
    for name in sorted(wanted - set(known)):
        raise ConfigError(f"these captures make no arena {name!r}; {did_you_mean(name, known)}")
    return tuple(arena for arena in arenas if arena.name in wanted)


def _transfer(source: str, train: tuple[Capture, ...], target: str, test: tuple[Capture, ...]) -> Arena:
    return Arena(
        f"{source}>{target}",
        f"trained on {source}, tested on {target}",
        f"trained on {source}, thresholds chosen there; nothing of {target} was seen",
        train,
        test,
    )


def _not_replayed(captures: Iterable[Capture], by: Iterable[Capture]) -> tuple[Capture, ...]:
    """Return the captures none of whose sources is replayed in others."""
    logs = {script.partition(":")[0] for capture in by for script in capture.scripts.values()}
    return tuple(capture for capture in captures if capture.log_name not in logs)
