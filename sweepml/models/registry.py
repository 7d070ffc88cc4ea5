"""The models by name. Literal, and imported on use: no configuration names an import path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sweepml.errors import ConfigError, did_you_mean
from sweepml.models.base import Detector


def _autoencoder() -> type[Detector]:
    from sweepml.models.autoencoder.detector import Autoencoder

    return Autoencoder


def _ensemble() -> type[Detector]:
    from sweepml.models.ensemble.detector import Ensemble

    return Ensemble


def _gradient_boosting() -> type[Detector]:
    from sweepml.models.gradient_boosting.detector import GradientBoosting

    return GradientBoosting


def _graph_embedding() -> type[Detector]:
    from sweepml.models.graph_embedding.detector import GraphEmbedding

    return GraphEmbedding


def _isolation_forest() -> type[Detector]:
    from sweepml.models.isolation_forest.detector import IsolationForestDetector

    return IsolationForestDetector


def _logistic_regression() -> type[Detector]:
    from sweepml.models.logistic_regression.detector import LogisticRegressionDetector

    return LogisticRegressionDetector


MODELS: Final[Mapping[str, Callable[[], type[Detector]]]] = {
    "autoencoder": _autoencoder,
    "ensemble": _ensemble,
    "gradient_boosting": _gradient_boosting,
    "graph_embedding": _graph_embedding,
    "isolation_forest": _isolation_forest,
    "logistic_regression": _logistic_regression,
}


def make_model(name: str, params: Mapping[str, Any]) -> Detector:
    """Return an unfitted model.

    Raises
    ------
    ConfigError
        If no model has the name, or it does not take a parameter.
    """
    if name not in MODELS:
        raise ConfigError(f"no model is called {name!r}; {did_you_mean(name, MODELS)}")
    try:
        return MODELS[name]()(**params)
    except TypeError as error:
        raise ConfigError(f"model {name}: {error}") from None
