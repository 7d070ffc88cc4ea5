"""`sweepml search`: what the command runs with."""

import pytest
import yaml  # type: ignore[import-untyped]

from sweepml.cli.main import main


def test_show_prints_the_space_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "model=autoencoder", "n_trials=7", "--show"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["n_trials"] == 7
    assert shown["model"]["name"] == "autoencoder"
    assert shown["space"]["autoencoder"]["hidden"]["low"] == 16


def test_typo_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "trials=3"]) == 2
    assert "there is no key 'trials'; did you mean n_trials" in capsys.readouterr().err


def test_help_gives_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--help"]) == 0
    out = capsys.readouterr().out
    assert "sweepml search model=autoencoder" in out
    assert "autoencoder, " in out
