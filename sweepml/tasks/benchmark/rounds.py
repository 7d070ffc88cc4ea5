"""Rounds: which captures a contestant is tested on, and what it may have seen before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sweepml.datasets.capture import Capture, Episode
from sweepml.errors import ConfigError, did_you_mean
from sweepml.evaluation.arena import Arena

LAB: Final = "lab"
TOOLS: Final = "tools"
PORTS: Final = "ports"
REAL: Final = "real"
CONTROLS: Final = "controls"


@dataclass(frozen=True, slots=True)
class Round:
    """One arena, with what contestants may have seen before they enter it.

    Attributes
    ----------
    arena
        Captures to be judged on. Its name is a permanent id: ``lab``, ``tools``, ``controls``, ``A>B`` for trained on A
        and tested on B, or ``only A`` where nobody is trained.
    train
        Captures to learn from and to choose thresholds on; the arena's own where it is cross-validated.
    tie
        Of a cross-validated round: what must not be on both sides besides sources, episodes and scripts; see
        `assign_groups`.
    seen_as
        Where the arena shows the captures of `train` as another sensor would: capture of the arena -> the one that it
        shows. Detectors are those of the cross-validated captures, trained on what they are; each judges the sources
        that it did not learn.
    """

    arena: Arena
    train: tuple[Capture, ...]
    tie: Callable[[Episode], str] | None = None
    seen_as: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Id of the arena."""
        return self.arena.name

    @property
    def test(self) -> tuple[Capture, ...]:
        """Captures to be judged on."""
        return self.arena.captures

    @property
    def is_cross_validated(self) -> bool:
        """Whether training and test are parts of the same captures."""
        return [one.name for one in self.train] == [one.name for one in self.test]

    def train_without(self, tested: Capture) -> list[Capture]:
        """Return the captures to learn from but the one that a test capture is, or shows."""
        name = self.seen_as.get(tested.name, tested.name)
        return [one for one in self.train if one.name != name]


def tool_family(episode: Episode) -> str:
    """Return what made an episode, without its mode; empty where nobody says.

    >>> tool_family(Episode("E1", "10.0.0.1", 0, 1, "sweep", attributes={"tool": "nmap-sT"}))
    'nmap'
    """
    return episode.attributes.get("tool", "").split("-")[0]


def make_rounds(
    labelled: Sequence[Capture], published: Sequence[Capture], permuted: Sequence[Capture] = ()
) -> tuple[Round, ...]:
    """Return every round that the captures allow.

    Parameters
    ----------
    labelled
        Captures that may be trained on, with their truth.
    published
        Captures of other networks; may be empty. Those whose sources the labelled captures replay are left out: they
        would be a test of memory.
    permuted
        The labelled captures with other port numbers, other ones in each; may be empty.
    """
    own = tuple(labelled)
    others = not_replayed(published, own)
    rounds = [
        Round(
            Arena(
                LAB,
                own,
                "own captures, cross-validated",
                "no source, episode or replayed script on both sides; thresholds of each fold from the other folds",
            ),
            own,
        )
    ]
    tools = {tool_family(episode) for capture in own for episode in capture.episodes if episode.is_sweep} - {""}
    if len(tools) > 1:
        rounds.append(
            Round(
                Arena(
                    TOOLS,
                    own,
                    "scanning tools held out",
                    "as lab, and the sweeps of one tool (all its modes) are on one side: what is tested was made by "
                    "tools that were never trained on",
                ),
                own,
                tool_family,
            )
        )
    if permuted:
        rounds.append(
            Round(
                Arena(
                    PORTS,
                    tuple(permuted),
                    "port numbers permuted",
                    "as lab, on captures in each of which every port has another number: what goes by port numbers "
                    "does not find its way",
                ),
                tuple(permuted),
            )
        )
    with_sweeps = [capture for capture in own if any(episode.is_sweep for episode in capture.episodes)]
    if len(with_sweeps) > 1:
        for capture in with_sweeps:
            rest = tuple(other for other in own if other is not capture)
            rounds.append(_transfer(" + ".join(other.name for other in rest), rest, capture.name, (capture,)))
    if others:
        found = tuple(one for one in others if any(episode.is_sweep for episode in one.episodes))
        controls = tuple(one for one in others if one not in found)
        if found:
            rounds.append(_transfer(LAB, own, REAL, others))
            rounds.append(_transfer(REAL, others, LAB, own))
        if controls:
            rounds.append(
                Round(
                    Arena(
                        CONTROLS,
                        controls,
                        "captures without a sweep",
                        "trained on the own captures; every alert is a false one",
                    ),
                    own,
                )
            )
    return tuple(rounds)


def untrained_round(capture: Capture) -> Round:
    """Return the round in which those who need no training are compared on one capture."""
    arena = Arena(
        f"only {capture.name}",
        (capture,),
        f"{capture.name}, nobody trained",
        "for alerts of other tools on this capture, beside the rules as shipped",
    )
    return Round(arena, ())


def pick(rounds: Sequence[Round], names: Iterable[str]) -> tuple[Round, ...]:
    """Return the rounds in arenas of some names, in their own order.

    Raises
    ------
    ConfigError
        If there is none of a name.
    """
    known = [one.name for one in rounds]
    wanted = set(names)
    for name in sorted(wanted - set(known)):
        raise ConfigError(f"these captures make no arena {name!r}; {did_you_mean(name, known)}")
    return tuple(one for one in rounds if one.name in wanted)


def _transfer(source: str, train: tuple[Capture, ...], target: str, test: tuple[Capture, ...]) -> Round:
    arena = Arena(
        f"{source}>{target}",
        test,
        f"trained on {source}, tested on {target}",
        f"trained on {source}, thresholds chosen there; nothing of {target} was seen",
    )
    return Round(arena, train)


def not_replayed(captures: Iterable[Capture], by: Iterable[Capture]) -> tuple[Capture, ...]:
    """Return the captures none of whose sources is replayed in others."""
    logs = {script.partition(":")[0] for capture in by for script in capture.scripts.values()}
    return tuple(capture for capture in captures if capture.log_name not in logs)
