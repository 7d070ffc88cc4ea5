"""Arenas of poorer exporters: the own captures, shown otherwise, judged by who did not learn them."""

from sweepml.datasets.capture import Capture
from sweepml.evaluation.exporters import AGGREGATION_S, SAMPLING_RATES, aggregation_of, sampling_of
from sweepml.tasks.benchmark.exporters import EXPORTER_ARENAS, exporter_rounds
from tests.evaluation.handmade import Contact, episode, to_capture


def own() -> list[Capture]:
    return [
        to_capture(
            name,
            [Contact(i // 3, "10.0.0.1", f"10.1.{i % 50}.1", label=1) for i in range(900)],
            [episode("E1", "10.0.0.1", 0, 300)],
        )
        for name in ("a", "b")
    ]


def test_ids_say_what_was_done() -> None:
    assert tuple(filter(None, map(sampling_of, EXPORTER_ARENAS))) == SAMPLING_RATES
    assert tuple(filter(None, map(aggregation_of, EXPORTER_ARENAS))) == AGGREGATION_S


def test_every_arena_shows_each_own_capture_and_fewer_records_of_it() -> None:
    captures = own()
    rounds = list(exporter_rounds(captures, seed=0))
    assert tuple(one.name for one in rounds) == EXPORTER_ARENAS
    for one in rounds:
        assert [here.name for here in one.train] == ["a", "b"]
        assert not one.is_cross_validated
        assert [one.seen_as[capture.name] for capture in one.test] == ["a", "b"]
        for capture, shown in zip(captures, one.test, strict=True):
            assert len(shown.connections) < len(capture.connections)
            assert shown.episodes == capture.episodes


def test_only_aggregated_records_are_delivered_late() -> None:
    delays = {one.name: one.arena.interval_s for one in exporter_rounds(own(), seed=0)}
    assert [delays[name] for name in EXPORTER_ARENAS] == [0, 0, 0, 60, 600]


def test_tuned_rules_do_not_learn_the_capture_that_is_shown() -> None:
    (here,) = exporter_rounds(own(), 0, ["sampled 1:10"])
    assert [[one.name for one in here.train_without(capture)] for capture in here.test] == [["b"], ["a"]]


def test_only_wanted_arenas_are_made() -> None:
    assert [one.name for one in exporter_rounds(own(), 0, ["lab", "aggregated 60 s"])] == ["aggregated 60 s"]
