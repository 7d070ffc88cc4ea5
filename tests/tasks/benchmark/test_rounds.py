"""Rounds: which captures may be trained on, and which must not be."""

from dataclasses import replace

import pytest

from sweepml.datasets.capture import Capture, Episode
from sweepml.errors import ConfigError
from sweepml.simulation.ports import with_permuted_ports
from sweepml.tasks.benchmark.rounds import make_rounds, pick, tool_family
from tests.evaluation.handmade import US, Contact, to_capture


def _capture(name: str, *tools: str, log: str = "") -> Capture:
    contacts = [Contact(i, f"10.0.0.{i % 5 + 1}", f"10.1.0.{i + 1}", label=1) for i in range(20)]
    episodes = [
        Episode(f"E{i}", f"10.0.0.{i + 1}", 0, 20 * US, "sweep", attributes={"tool": tool} if tool else {})
        for i, tool in enumerate(tools)
    ]
    return replace(to_capture(name, contacts, episodes), log_name=log)


OWN = [_capture("a", "nmap-sT", "zmap"), _capture("b", "nmap")]
REAL = [_capture("swept", ""), _capture("quiet"), _capture("replayed", "", log="replayed.log")]


def test_without_published_captures_there_are_those_of_the_own() -> None:
    assert [one.name for one in make_rounds(OWN, [])] == ["lab", "tools", "b>a", "a>b"]


def test_published_captures_make_a_matrix_and_a_control() -> None:
    rounds = {one.name: one for one in make_rounds(OWN, REAL[:2])}
    assert [capture.name for capture in rounds["lab>real"].train] == ["a", "b"]
    assert [capture.name for capture in rounds["real>lab"].train] == ["swept", "quiet"]
    assert [capture.name for capture in rounds["controls"].test] == ["quiet"]
    assert rounds["lab"].is_cross_validated
    assert not rounds["lab>real"].is_cross_validated


def test_permuted_ports_are_a_round_of_their_own() -> None:
    permuted = [with_permuted_ports(capture, i) for i, capture in enumerate(OWN)]
    rounds = {one.name: one for one in make_rounds(OWN, [], permuted)}
    assert rounds["ports"].is_cross_validated
    assert [capture.name for capture in rounds["ports"].test] == ["a~ports", "b~ports"]


def test_captures_that_the_own_replay_are_left_out() -> None:
    own = [replace(OWN[0], scripts={"10.0.0.9": "replayed.log:10.0.0.1"}), OWN[1]]
    for one in make_rounds(own, REAL):
        assert "replayed" not in {capture.name for capture in (*one.train, *one.test)}


def test_one_tool_cannot_be_held_out() -> None:
    assert "tools" not in {one.name for one in make_rounds([_capture("a", "nmap", "nmap-sn")], [])}


def test_modes_of_a_tool_are_one_tool() -> None:
    assert {tool_family(one) for one in OWN[0].episodes} == {"nmap", "zmap"}


def test_arenas_are_picked_by_name() -> None:
    rounds = make_rounds(OWN, [])
    assert [one.name for one in pick(rounds, ["a>b", "lab"])] == ["lab", "a>b"]
    with pytest.raises(ConfigError, match="no arena 'lap'; did you mean lab"):
        pick(rounds, ["lap"])
