"""`sweepml ablate`: what the command runs with."""

import pytest
import yaml  # type: ignore[import-untyped]

from sweepml.cli.main import main


def _shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main(["ablate", *arguments, "--show"]) == 0
    return yaml.safe_load(capsys.readouterr().out)


def test_default_is_quick(capsys: pytest.CaptureFixture[str]) -> None:
    config = _shown(capsys)
    assert (config["model"]["params"]["n_bags"], config["model"]["params"]["max_iter"]) == (1, 60)
    assert config["variants"]["stretches"] == []
    assert config["seeds"] == [0, 1, 2]


def test_what_is_given_wins(capsys: pytest.CaptureFixture[str]) -> None:
    config = _shown(capsys, "model.params.n_bags=3", "seeds=[5]", "variants=slower")
    assert config["model"]["params"]["n_bags"] == 3
    assert config["seeds"] == [5]
    assert config["variants"]["stretches"]


def test_a_named_model_keeps_its_own_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert _shown(capsys, "model=gradient_boosting")["model"]["params"]["n_bags"] == 3


def test_typo_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablate", "seedz=[1]"]) == 2
    assert "there is no key 'seedz'; did you mean seed or seeds" in capsys.readouterr().err


def test_help_gives_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablate", "--help"]) == 0
    assert "sweepml ablate output=docs/ablation.md" in capsys.readouterr().out
