"""Hydra at the edge: command-line overrides and conf/ in, a typed configuration out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from sweepml.errors import ConfigError, MissingExtraError, did_you_mean

try:
    import yaml
    from hydra import compose, initialize_config_dir
    from hydra.core.config_store import ConfigStore
    from hydra.errors import HydraException, OverrideParseException
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException
except ModuleNotFoundError as error:
    raise MissingExtraError(error.name or "hydra-core", "train") from None

from sweepml.config.ablation import AblationConfig
from sweepml.config.benchmark import BenchmarkConfig
from sweepml.config.features import FeatureTableConfig
from sweepml.config.frontier import FrontierConfig
from sweepml.config.inject import InjectConfig
from sweepml.config.search import DimensionConfig, SearchConfig
from sweepml.config.simulate import SimulateConfig
from sweepml.config.train import DataConfig, TrainConfig

_Config = TypeVar(
    "_Config",
    TrainConfig,
    FeatureTableConfig,
    AblationConfig,
    BenchmarkConfig,
    FrontierConfig,
    InjectConfig,
    SearchConfig,
    SimulateConfig,
)
_Contest = TypeVar("_Contest", BenchmarkConfig, FrontierConfig)

_CAPTURES: Final = ("data.captures.", "backgrounds.", "controls.")
"""Where captures stand in configurations, by name."""
_PACKAGE: Final = Path(__file__).resolve().parent.parent


@dataclass
class _OpenData(DataConfig):
    """Captures untyped: OmegaConf lets nobody add a member to a dictionary of dataclasses, key by key."""

    captures: dict[str, Any] = field(default_factory=dict)


@dataclass
class _OpenTrain(TrainConfig):
    data: _OpenData = field(default_factory=_OpenData)


@dataclass
class _OpenAblation(AblationConfig):
    data: _OpenData = field(default_factory=_OpenData)


@dataclass
class _OpenSearch(SearchConfig):
    data: _OpenData = field(default_factory=_OpenData)
    space: dict[str, Any] = field(default_factory=dict)


@dataclass
class _OpenBenchmark(BenchmarkConfig):
    data: _OpenData = field(default_factory=_OpenData)
    foreign_alerts: dict[str, Any] = field(default_factory=dict)


@dataclass
class _OpenFrontier(FrontierConfig):
    data: _OpenData = field(default_factory=_OpenData)
    backgrounds: dict[str, Any] = field(default_factory=dict)
    controls: dict[str, Any] = field(default_factory=dict)


def config_dir() -> Path:
    """Return the folder of configuration files: in a checkout beside the package, once installed inside it.

    Raises
    ------
    ConfigError
        If there is neither.
    """
    for folder in (_PACKAGE.parent / "conf", _PACKAGE / "_conf"):
        if (folder / "train.yaml").is_file():
            return folder
    raise ConfigError(f"no configuration files beside {_PACKAGE}: install sweepml again")


def compose_train(overrides: list[str]) -> TrainConfig:
    """Compose the training configuration.

    Parameters
    ----------
    overrides
        In Hydra's grammar: ``data=field``, ``model.params.n_bags=1``, ``+data.captures.mine.log=...``.
        ``model=FILE.yaml`` takes a file like those of conf/model/, which `sweepml search` writes.

    Raises
    ------
    ConfigError
        If an override names nothing, or has the wrong type.
    """
    return _composed("train", TrainConfig, _OpenTrain, overrides)


def compose_ablation(overrides: list[str]) -> AblationConfig:
    """Compose the configuration of an ablation; as `compose_train`."""
    return _composed("ablate", AblationConfig, _OpenAblation, overrides)


def compose_features(overrides: list[str]) -> FeatureTableConfig:
    """Compose the configuration of a feature table; as `compose_train`."""
    return _composed("features", FeatureTableConfig, FeatureTableConfig, overrides)


def compose_benchmark(overrides: list[str]) -> BenchmarkConfig:
    """Compose the configuration of a benchmark; as `compose_train`.

    Models whose parameters are not given have those of conf/model/.
    """
    return _with_shipped_params(_composed("benchmark", BenchmarkConfig, _OpenBenchmark, overrides))


def compose_frontier(overrides: list[str]) -> FrontierConfig:
    """Compose the configuration of a frontier; as `compose_benchmark`."""
    return _with_shipped_params(_composed("frontier", FrontierConfig, _OpenFrontier, overrides))


def _with_shipped_params(config: _Contest) -> _Contest:
    """Return a configuration whose models have the parameters of conf/model/ where it gives none."""
    for file in sorted((config_dir() / "model").glob("*.yaml")):
        shipped = OmegaConf.to_container(OmegaConf.load(file), resolve=True)
        assert isinstance(shipped, dict)
        given = config.model_params.get(shipped["name"], {})
        config.model_params[shipped["name"]] = {**shipped.get("params", {}), **given}
    return config


def compose_search(overrides: list[str]) -> SearchConfig:
    """Compose the configuration of a hyperparameter search; as `compose_train`."""
    config = _composed("search", SearchConfig, _OpenSearch, overrides)
    # OmegaConf leaves the dataclass of a dictionary of dictionaries unmade.
    config.space = {
        model: {name: _dimension(f"space.{model}.{name}", told) for name, told in dimensions.items()}
        for model, dimensions in config.space.items()
    }
    return config


def _dimension(key: str, told: Any) -> DimensionConfig:
    try:
        made = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(DimensionConfig), told))
    except (OmegaConfBaseException, ValueError, TypeError) as error:
        raise ConfigError(f"configuration: {key}: {_lines(error)[0]}") from None
    assert isinstance(made, DimensionConfig)
    return made


def compose_inject(overrides: list[str]) -> InjectConfig:
    """Compose the configuration of an injection; as `compose_train`."""
    return _composed("inject", InjectConfig, InjectConfig, overrides)


def compose_simulate(overrides: list[str]) -> SimulateConfig:
    """Compose the configuration of a simulated network; as `compose_train`."""
    return _composed("simulate", SimulateConfig, SimulateConfig, overrides)


def _composed(name: str, target: type[_Config], opened: type, overrides: list[str]) -> _Config:
    """Compose conf/<name>.yaml, whose schema while it is composed is `opened`, and return a `target`."""
    _store_schemas()
    overrides = [one for override in overrides for one in _of_model_file(override)]
    try:
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            composed = compose(name, overrides=[_forced(override) for override in overrides])
            # Merged once more: Hydra lets an added key (+name=...) through wherever it stands, and captures
            # are typed only here.
            plain = OmegaConf.to_container(composed, resolve=True)
            made = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(target), plain))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_sentence(error, name)) from None
    assert isinstance(made, target)  # the schema is the first of the defaults
    return made


def _store_schemas() -> None:
    store = ConfigStore.instance()
    store.store(name="train_schema", node=_OpenTrain)
    store.store(name="ablation_schema", node=_OpenAblation)
    store.store(name="feature_table_schema", node=FeatureTableConfig)
    store.store(name="benchmark_schema", node=_OpenBenchmark)
    store.store(name="search_schema", node=_OpenSearch)
    store.store(name="frontier_schema", node=_OpenFrontier)
    store.store(name="inject_schema", node=InjectConfig)
    store.store(name="simulate_schema", node=SimulateConfig)


def as_yaml(config: _Config) -> str:
    """Return a configuration as YAML."""
    structured: DictConfig = OmegaConf.structured(config)
    return OmegaConf.to_yaml(structured)


def choices() -> dict[str, list[str]]:
    """Return the options of each configuration group, for help texts."""
    groups: dict[str, list[str]] = {}
    for file in sorted(config_dir().glob("*/*.yaml")):
        groups.setdefault(file.parent.name, []).append(file.stem)
    return groups


def _of_model_file(override: str) -> list[str]:
    """Return an override that names a model's file as those that it stands for, any other one as it is.

    Raises
    ------
    ConfigError
        If there is no such file, or it holds no model.
    """
    key, _, text = override.partition("=")
    if key != "model" or Path(text).suffix not in (".yaml", ".yml"):
        return [override]
    try:
        read = yaml.safe_load(Path(text).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"model={text} cannot be read: {error}") from None
    if not isinstance(read, dict) or not isinstance(read.get("name"), str) or read.keys() - {"name", "params"}:
        raise ConfigError(f"model={text}: expected a file with name and params, as those of conf/model/")
    params = read.get("params") or {}
    return [f"model={read['name']}", *(f"model.params.{name}={json.dumps(value)}" for name, value in params.items())]


def _forced(override: str) -> str:
    """Return an override of a capture's key so that it may set what conf/ leaves at its default."""
    return f"++{override}" if override.startswith(_CAPTURES) else override


def _sentence(error: BaseException, config: str) -> str:
    """Return what is wrong with a configuration, in one sentence; Hydra and OmegaConf use several."""
    if isinstance(error, OverrideParseException):
        return f"configuration: cannot read {error.override!r}; write KEY=VALUE, in quotes where it has spaces"
    lines = _lines(error)
    first, key = lines[0], _full_key(lines)
    if first.startswith(("Could not override", "Error merging override")) and error.__cause__ is not None:
        cause = _lines(error.__cause__)
        # Hydra wraps OmegaConf's complaint and leaves out what it was about.
        if not cause[0].startswith("Key ") or _quoted(cause[0]) not in _quoted(first).split("."):
            first = f"{_quoted(first) or first.removeprefix('Error merging override ')}: {cause[0]}"
    if first.startswith("Could not override"):
        return _unknown_key(_quoted(first), config)
    if first.startswith("Key ") and " not in " in first:
        return _unknown_key(key or _quoted(first), config)
    if found := re.search(r"Could not find '(\w+)/(\w+)'", first):
        hint = did_you_mean(found[2], choices().get(found[1], []))
        return f"configuration: there is no {found[1]}={found[2]}; {hint}"
    return f"configuration: {f'{key}: ' if key and key not in first else ''}{first}"


def _unknown_key(key: str, config: str) -> str:
    return f"configuration: there is no key {key!r}; {did_you_mean(key, _known_keys(config), limit=3)}"


def _full_key(lines: list[str]) -> str:
    return next((line.removeprefix("full_key:").strip() for line in lines if line.startswith("full_key:")), "")


def _quoted(line: str) -> str:
    found = re.search(r"'([^']+)'", line)
    return found[1] if found else ""


def _lines(error: BaseException) -> list[str]:
    return [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]


def _known_keys(config: str) -> list[str]:
    """Return every key of a default configuration, dotted."""
    keys: list[str] = []

    def walk(prefix: str, value: Any) -> None:
        for key, inner in value.items():
            keys.append(f"{prefix}{key}")
            if isinstance(inner, dict):
                walk(f"{prefix}{key}.", inner)

    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        walk("", OmegaConf.to_container(compose(config)))
    return keys
