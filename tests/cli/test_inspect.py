"""`sweepml inspect`: the manifest, readable and whole."""

import json
from pathlib import Path

import pytest

from sweepml.cli.main import main
from sweepml.cli.text import tree
from sweepml.runtime.bundle import Bundle


def test_text_says_what_matters(detector: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(detector)]) == 0
    text = capsys.readouterr().out
    assert Bundle(detector).bundle_id in text
    for words in (
        "name      handmade",
        "  length  every  threshold\n    60 s   10 s        0.5",
        "alert budget, and what validation says of it\n  is_verifiable     no\n  per_day_per_1000  1",
        "captures\n    1\n      name  lab",
        "test/recall  0.75",
        "dst_count   1.000",
        "3 golden scores reproduced",
    ):
        assert words in text, words


def test_json_is_the_whole_manifest(detector: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(detector), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    bundle = Bundle(detector)
    assert told.pop("bundle_id") == bundle.bundle_id
    assert told == json.loads(bundle.manifest.to_json())


def test_missing_bundle_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path / "gone.onnx")]) == 2
    assert capsys.readouterr().err.startswith("sweepml: no bundle at ")


def test_empty_values_stay_visible() -> None:
    assert tree({"a": {}, "b": [], "c": None, "d": [{"x": 1}]}) == [
        "a",
        "b",
        "c  unknown",
        "d",
        "  1",
        "    x  1",
    ]
