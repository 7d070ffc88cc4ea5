"""The manifest survives its JSON and refuses what is none."""

import json
import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from sweepml.errors import BundleError
from sweepml.schema.manifest import FORMAT_VERSION, EdgeInputs, FeatureUsage, Manifest

MANIFEST = Manifest(
    name="run",
    created="2026-01-01T00:00:00Z",
    feature_schema="0" * 16,
    features=(FeatureUsage("dst_count", "count", 1.0, 9.5, 0.75), FeatureUsage("rate", "1/s", None, None, 0.25)),
    windows=((60, 10), (600, 100)),
    min_dst_count=5,
    internal_networks=("10.0.0.0/8", "fc00::/7"),
    milestones=(5, 10),
    max_edges_per_source=20_000,
    memory_s=86_400,
    max_remembered=1_000_000,
    max_sources_per_pane=1_000_000,
    thresholds=(0.5, 0.75),
    alert_budget={"per_day_per_1000_sources": 1.0},
    close_after_s=1800.0,
    model={"name": "gradient_boosting", "params": {"n_bags": 3}},
    training={"captures": [{"name": "lab", "sha256": "a" * 64}]},
    metrics={"test/episode_recall": 0.96},
    versions={"numpy": "2.4"},
    golden_features=((1.0, None), (3.4028234663852886e38, 0.1)),
    golden_scores=(0.25, 0.9375),
    golden_verdicts=((False, False), (True, True)),
)


EDGES = EdgeInputs("1" * 16, ("is_answered", "fan_out"), 128, (2, 1), EdgeInputs.encode(np.zeros((3, 2), np.float32)))


def changed(**changes: Any) -> str:
    raw = json.loads(MANIFEST.to_json())
    raw.update(changes)
    return json.dumps({name: value for name, value in raw.items() if value is not ...})


def test_json_round_trip_is_exact() -> None:
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST


def test_edges_survive_the_round_trip() -> None:
    with_edges = replace(MANIFEST, edges=EDGES)
    assert Manifest.from_json(with_edges.to_json()) == with_edges


def test_a_bundle_without_edges_says_nothing_of_them() -> None:
    assert "edges" not in json.loads(MANIFEST.to_json())


def test_golden_edges_are_exact() -> None:
    values = np.array([[0.1, 3.4e38], [1e-40, 0.0]], np.float32)
    np.testing.assert_array_equal(
        replace(EDGES, golden_counts=(2,), golden_edges=EdgeInputs.encode(values)).decode(), values
    )


def test_the_same_manifest_gives_the_same_text() -> None:
    assert Manifest.from_json(MANIFEST.to_json()).to_json() == MANIFEST.to_json()


def test_text_is_strict_json() -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(MANIFEST.to_json(), parse_constant=refuse)["format_version"] == FORMAT_VERSION


def test_a_number_that_json_lacks_is_an_error() -> None:
    odd = Manifest(**{name: getattr(MANIFEST, name) for name in Manifest.__slots__} | {"close_after_s": math.nan})
    with pytest.raises(ValueError, match="not JSON compliant"):
        odd.to_json()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "manifest is no JSON: "),
        ("[1]", "manifest is no JSON object"),
        ("{}", "format_version None, this sweepml reads 1: use a matching version"),
        (changed(format_version=2), "format_version 2, this sweepml reads 1"),
        (changed(extra=1), "lacks or adds fields: extra"),
        (changed(thresholds=...), "lacks or adds fields: thresholds"),
        (changed(features=[{"name": "dst_count"}]), "manifest is malformed"),
        (changed(features=3), "manifest is malformed"),
        (changed(windows=[60]), "manifest is malformed"),
        (changed(golden_scores=None), "manifest is malformed"),
        (changed(edges={"per_row": 3}), "manifest is malformed"),
        (changed(edges={**asdict(EDGES), "colour": 1}), "manifest is malformed"),
    ],
)
def test_what_is_no_manifest_is_refused(text: str, said: str) -> None:
    with pytest.raises(BundleError, match=said):
        Manifest.from_json(text)
