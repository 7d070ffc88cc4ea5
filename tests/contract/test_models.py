"""Every model of the registry keeps the contract."""

from collections.abc import Callable
from typing import Any

import pytest

from sweepml.models.base import Detector
from sweepml.models.registry import MODELS, make_model
from tests.contract.checks import CHECKS, check_budgets

_BOOSTING = {"n_bags": 2, "max_iter": 8, "learning_rate": 0.3}
QUICK: dict[str, dict[str, Any]] = {
    "gradient_boosting": _BOOSTING,
    "graph_embedding": {"epochs": 10},
    "ensemble": {"part_params": {"gradient_boosting": _BOOSTING, "autoencoder": {"epochs": 3}}, "folds": 2},
}
"""Parameters with which a fit takes a fraction of a second; a model without an entry is checked as it is."""

OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("graph_embedding", {"objective": "self_supervised", "epochs": 10}),
    ("graph_embedding", {"message_passing": False, "epochs": 10}),
]
"""Parameters that make another model of the same name."""


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", MODELS)
def test_contract(name: str, check: Callable[[Detector], None]) -> None:
    check(make_model(name, QUICK.get(name, {})))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("name", "params"), OTHERS, ids=lambda one: one if isinstance(one, str) else ",".join(one))
def test_contract_of_other_parameters(name: str, params: dict[str, Any], check: Callable[[Detector], None]) -> None:
    check(make_model(name, params))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_default_size_keeps_the_budgets(name: str) -> None:
    check_budgets(make_model(name, {}))


def test_there_are_quick_parameters_for_models_only() -> None:
    assert QUICK.keys() <= MODELS.keys()


@pytest.mark.parametrize("name", MODELS)
def test_registry_names_are_the_models_own(name: str) -> None:
    assert MODELS[name]().name == name
