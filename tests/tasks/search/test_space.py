"""What a search may change is checked before any data are read."""

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from sweepml.config.search import DimensionConfig, SearchConfig
from sweepml.config.train import ModelConfig
from sweepml.errors import ConfigError
from sweepml.tasks.search.space import search_space, start_params


def searched(params: dict[str, object] | None = None, **dimensions: DimensionConfig) -> SearchConfig:
    return SearchConfig(model=ModelConfig("autoencoder", params or {}), space={"autoencoder": dimensions})


def test_each_kind_of_dimension_becomes_its_distribution() -> None:
    space = search_space(
        searched(
            hidden=DimensionConfig(16, 256, log=True, whole=True),
            hidden_share=DimensionConfig(0.0, 0.5),
            batch_size=DimensionConfig(choices=[256, 512]),
        )
    )
    assert space == {
        "batch_size": CategoricalDistribution([256, 512]),
        "hidden": IntDistribution(16, 256, log=True),
        "hidden_share": FloatDistribution(0.0, 0.5),
    }


def test_a_search_starts_at_the_configured_parameters_and_the_models_own() -> None:
    start = start_params(searched({"hidden": 99}))
    assert start["hidden"] == 99
    assert start["epochs"] == 40


@pytest.mark.parametrize(
    ("dimensions", "said"),
    [
        ({}, r"space\.autoencoder names no parameter to search"),
        ({"hiden": DimensionConfig(1, 2)}, r"space\.autoencoder\.hiden: .* did you mean hidden"),
        ({"hidden": DimensionConfig(16)}, "expected choices, or low and a larger high, got low=16"),
        ({"hidden": DimensionConfig(99, 16)}, "larger high"),
        ({"hidden": DimensionConfig(16, 99, choices=[16])}, "choices stand alone"),
        ({"hidden": DimensionConfig(choices=[64])}, "two choices or more"),
        ({"hidden": DimensionConfig(16.5, 99, whole=True)}, "must be whole numbers, got 16.5 and 99"),
        ({"hidden_share": DimensionConfig(0.0, 0.5, log=True)}, "low must be above 0, got 0"),
        ({"hidden": DimensionConfig(100, 200, whole=True)}, "leaves out 64, the configured value"),
        ({"batch_size": DimensionConfig(choices=[8, 16])}, "leaves out 512"),
        ({"hidden_share": DimensionConfig(0.0, 1.5)}, "autoencoder: hidden_share must be a number .* got 1.5"),
    ],
)
def test_what_cannot_be_searched_is_refused(dimensions: dict[str, DimensionConfig], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        search_space(searched(**dimensions))
