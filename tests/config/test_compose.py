"""conf/ and the dataclasses say the same, and whatever does not fit is refused in one sentence."""

from dataclasses import asdict, fields
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from sweepml.cli.compose import (
    as_yaml,
    choices,
    compose_ablation,
    compose_features,
    compose_frontier,
    compose_inject,
    compose_search,
    compose_simulate,
    compose_train,
    config_dir,
)
from sweepml.config.ablation import AblationConfig
from sweepml.config.features import FeatureTableConfig
from sweepml.config.frontier import BackgroundConfig, FrontierConfig, GridConfig
from sweepml.config.inject import InjectConfig
from sweepml.config.search import DimensionConfig, SearchConfig
from sweepml.config.simulate import SimulateConfig
from sweepml.config.train import (
    AlertsConfig,
    CaptureConfig,
    FeaturesConfig,
    ModelConfig,
    SplitConfig,
    TrackingConfig,
    TrainConfig,
    VariantsConfig,
)
from sweepml.errors import ConfigError
from sweepml.graph.hosts import DEFAULT_INTERNAL_NETWORKS
from sweepml.models.registry import MODELS, make_model
from sweepml.tasks.data import feature_plan
from sweepml.tasks.search.space import search_space
from sweepml.tasks.train import flatten

OPTIONS = [(group, option) for group, options in choices().items() for option in options]


@pytest.mark.parametrize(("group", "option"), OPTIONS, ids="=".join)
def test_every_option_of_every_group_composes(group: str, option: str) -> None:
    config = compose_train([f"{group}={option}"])
    assert isinstance(config, TrainConfig)
    make_model(config.model.name, config.model.params)
    feature_plan(config.features)


def test_the_groups_are_those_of_conf(repo_root: Path) -> None:
    assert config_dir() == repo_root / "conf"
    found = sorted((path.parent.name, path.stem) for path in (repo_root / "conf").glob("*/*.yaml"))
    assert sorted(OPTIONS) == found


def test_every_model_has_a_file() -> None:
    assert choices()["model"] == sorted(MODELS)


def test_every_model_file_names_every_parameter() -> None:
    for name in choices()["model"]:
        config = compose_train([f"model={name}"])
        model = make_model(name, {})
        own = {one.name: getattr(model, one.name) for one in fields(model) if one.init}  # type: ignore[arg-type]
        assert config.model.params == own, f"conf/model/{name}.yaml and the class"


def test_train_yaml_has_the_keys_of_the_dataclass(repo_root: Path) -> None:
    written = yaml.safe_load((repo_root / "conf" / "train.yaml").read_text())
    groups = {key for entry in written.pop("defaults") if isinstance(entry, dict) for key in entry}
    assert written.keys() | groups == {field.name for field in fields(TrainConfig)}
    parts = {"split": SplitConfig, "alerts": AlertsConfig, "tracking": TrackingConfig}
    for name, part in parts.items():
        assert list(written[name]) == [field.name for field in fields(part)], name


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("features/default", FeaturesConfig),
        ("model/gradient_boosting", ModelConfig),
        ("variants/slower", VariantsConfig),
    ],
)
def test_group_files_have_the_keys_of_the_dataclass(repo_root: Path, file: str, part: type) -> None:
    written = yaml.safe_load((repo_root / "conf" / f"{file}.yaml").read_text())
    assert list(written) == [field.name for field in fields(part)]


@pytest.mark.parametrize("name", ["split", "alerts", "tracking"])
def test_defaults_of_the_file_are_those_of_the_dataclass(name: str) -> None:
    """Notebooks make the dataclasses themselves and must get the same."""
    assert asdict(getattr(compose_train([]), name)) == asdict(getattr(TrainConfig(), name))


def test_defaults_of_the_features_are_those_of_an_empty_configuration() -> None:
    assert feature_plan(compose_train([]).features) == feature_plan(FeaturesConfig())


def test_compose_works_from_another_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = compose_train(["data=field"])
    monkeypatch.chdir(tmp_path)
    assert compose_train(["data=field"]) == here


def test_compose_twice_does_not_remember() -> None:
    compose_train(["seed=7", "+data.captures.office.log=a"])
    assert compose_train([]) == compose_train([])
    assert compose_train([]).seed == 0
    assert "office" not in compose_train([]).data.captures


def test_moving_the_root_moves_the_logs() -> None:
    captures = compose_train(["data.root=/elsewhere"]).data.captures
    assert captures["lab_train"].log == "/elsewhere/lab/train/conn.log.gz"


def test_a_capture_can_be_added() -> None:
    config = compose_train(["+data.captures.office.log=conn.log", "+data.captures.office.background=true"])
    assert config.data.captures["office"] == CaptureConfig(log="conn.log", background=True)
    assert config.data.captures.keys() == {"lab_train", "lab_train2", "office"}


def test_a_key_of_a_capture_can_be_set_though_conf_leaves_it_out() -> None:
    config = compose_train(["data.captures.lab_train.origin=zeek"])
    assert config.data.captures["lab_train"].origin == "zeek"
    assert config.data.captures["lab_train"].log == "data/lab/train/conn.log.gz"


def test_a_capture_can_be_left_out() -> None:
    assert compose_train(["~data.captures.lab_train2"]).data.captures.keys() == {"lab_train"}


def test_field_adds_background_to_the_laboratory() -> None:
    config = compose_train(["data=field"])
    assert config.data.name == "field"
    assert {"lab_train", "lab_train2"} < config.data.captures.keys()
    assert all(one.background != bool(one.episodes) for one in config.data.captures.values())


REFUSED = {
    "seedd=1": "there is no key 'seedd'; did you mean seed?",
    "+seedd=1": "there is no key 'seedd'; did you mean seed?",
    "+split.fold=3": "there is no key 'split.fold'; did you mean split.folds",
    "model.params.n_bag=1": "there is no key 'model.params.n_bag'; did you mean model.params.n_bags",
    "model.parms.n_bags=1": "there is no key 'model.parms.n_bags'; did you mean model.params.n_bags",
    "nogroup=1": "there is no key 'nogroup'; known: ",
    "data=labb": "there is no data=labb; did you mean lab?",
    "model=nope": "there is no model=nope; known: ",
    "data.captures.lab_train.logg=a": "'data.captures.lab_train.logg'; did you mean data.captures.lab_train.log",
    "+data.captures.office.logg=a": "there is no key 'data.captures.office.logg'",
    "+data.captures.office.background=maybe": "data.captures.office.background: Value 'maybe' is not a valid bool",
    "features.windows=[{length: 60}]": "features.windows: Key 'length' not in 'WindowConfig'",
    "features.windows=[{length_s: a}]": "Value 'a' of type 'str' could not be converted to Integer",
    "features.internal_networks=10.0.0.0/8": "features.internal_networks=10.0.0.0/8: Invalid value assigned",
    "seed=abc": "seed=abc: Value 'abc' of type 'str' could not be converted to Integer",
    "seed=1.5": "seed=1.5: Value '1.5' of type 'float' could not be converted to Integer",
    "split.folds=null": "split.folds=null: field 'split.folds' is not Optional",
    "split.time_cut=half": "split.time_cut=half: Value 'half' of type 'str' could not be converted to Float",
    "alerts.budget_per_day_per_1000=many": "Value 'many' of type 'str' could not be converted to Float",
    "model.params=3": "model.params=3: Cannot assign int to Dict",
    "data.root=${nope}": "data.root: Interpolation key 'nope' not found",
    "seed": "cannot read 'seed'; write KEY=VALUE",
    "--resume": "cannot read '--resume'; write KEY=VALUE",
    "seed 3": "cannot read 'seed 3'; write KEY=VALUE",
}


@pytest.mark.parametrize(("override", "said"), REFUSED.items(), ids=REFUSED)
def test_what_does_not_fit_is_refused_in_one_sentence(override: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"\Aconfiguration: ") as refusal:
        compose_train([override])
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.__suppress_context__, "a user is not shown Hydra's stack"


def test_yaml_composes_to_the_same() -> None:
    text = as_yaml(compose_train(["seed=4"]))
    assert yaml.safe_load(text) == asdict(compose_train(["seed=4"]))


def test_flattened_keys_are_overrides() -> None:
    flat = flatten(compose_train([]))
    assert flat["seed"] == 0
    assert flat["model.params.n_bags"] == 3
    assert flat["data.captures.lab_train.log"] == "data/lab/train/conn.log.gz"
    assert flat["variants.stretches"] == "[1.0, 3.0, 10.0, 30.0]"
    scalars = {key: value for key, value in flat.items() if value is not None and "{" not in str(value)}
    assert compose_train([f"{key}={value}" for key, value in scalars.items()]) == compose_train([])


def test_features_yaml_has_the_keys_and_defaults_of_the_dataclass(repo_root: Path) -> None:
    written = yaml.safe_load((repo_root / "conf" / "features.yaml").read_text())
    assert written.keys() - {"defaults"} == {field.name for field in fields(FeatureTableConfig)}
    composed, made = compose_features([]), FeatureTableConfig()
    assert feature_plan(composed.features) == feature_plan(made.features)
    plan = {field.name for field in fields(FeaturesConfig)}
    for config in (composed, made):
        for name in plan:
            setattr(config.features, name, None)
    assert composed == made


def test_ablate_yaml_has_the_keys_of_the_dataclass_and_trainings_defaults(repo_root: Path) -> None:
    written = yaml.safe_load((repo_root / "conf" / "ablate.yaml").read_text())
    groups = {key for entry in written.pop("defaults") if isinstance(entry, dict) for key in entry}
    assert written.keys() | groups | {"tracking"} == {field.name for field in fields(AblationConfig)}
    composed, made = compose_ablation([]), AblationConfig()
    for name in ("split", "alerts", "output", "seeds"):
        assert getattr(composed, name) == getattr(made, name), name
    assert composed.data == compose_train([]).data
    assert composed.model == compose_train([]).model


def test_search_yaml_has_the_keys_of_the_dataclass_and_trainings_defaults(repo_root: Path) -> None:
    written = yaml.safe_load((repo_root / "conf" / "search.yaml").read_text())
    groups = {key for entry in written.pop("defaults") if isinstance(entry, dict) for key in entry}
    assert written.keys() | groups == {field.name for field in fields(SearchConfig)}
    composed, trained = compose_search([]), compose_train([])
    for name in ("split", "alerts", "data", "features", "variants", "model"):
        assert getattr(composed, name) == getattr(trained, name), name
    assert composed.n_trials == SearchConfig().n_trials


@pytest.mark.parametrize("model", list(compose_search([]).space))
def test_every_shipped_space_holds_the_shipped_parameters(model: str) -> None:
    assert search_space(compose_search([f"model={model}"]))


def test_a_dimension_can_be_changed_added_and_left_out() -> None:
    config = compose_search(
        [
            "space.autoencoder.code.high=40",
            "+space.autoencoder.epochs={low: 10, high: 80, whole: true}",
            "~space.autoencoder.batch_size",
        ]
    )
    own = config.space["autoencoder"]
    assert own["code"] == DimensionConfig(4, 40, log=True, whole=True)
    assert own["epochs"] == DimensionConfig(10, 80, whole=True)
    assert "batch_size" not in own


def test_a_misspelt_key_of_a_dimension_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"space\.autoencoder\.code: Key 'hihg' not in 'DimensionConfig'"):
        compose_search(["+space.autoencoder.code.hihg=40"])


def test_a_file_stands_for_a_model(tmp_path: Path) -> None:
    file = tmp_path / "best.yaml"
    file.write_text("name: gradient_boosting\nparams: {n_bags: 2, monotone: false}\n")
    model = compose_train([f"model={file}", "model.params.n_bags=5"]).model
    shipped = compose_train(["model=gradient_boosting"]).model.params
    assert model == ModelConfig("gradient_boosting", shipped | {"n_bags": 5, "monotone": False})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: .*No such file"),
        ("name: [", "cannot be read: "),
        ("params: {}", "expected a file with name and params"),
        ("name: autoencoder\nspace: {}", "expected a file with name and params"),
        ("name: nothing", "there is no model=nothing"),
        ("name: autoencoder\nparams: {hiden: 3}", "there is no key 'model.params.hiden'; did you mean"),
    ],
)
def test_a_file_that_holds_no_model_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "best.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        compose_train([f"model={file}"])


def test_inject_and_simulate_yaml_have_the_keys_and_defaults_of_the_dataclasses(repo_root: Path) -> None:
    for name, composed, made in (
        ("inject", compose_inject([]), InjectConfig()),
        ("simulate", compose_simulate([]), SimulateConfig()),
    ):
        written = yaml.safe_load((repo_root / "conf" / f"{name}.yaml").read_text())
        assert [key for key in written if key != "defaults"] == [field.name for field in fields(made)], name
        if name == "inject":  # an empty list stands for the default, which the file spells out
            assert tuple(composed.internal_networks) == DEFAULT_INTERNAL_NETWORKS
            composed.internal_networks = []
        assert asdict(composed) == asdict(made), name


@pytest.mark.parametrize("option", ["lab_injected", "lab_simulated"])
def test_made_captures_stand_beside_the_laboratory(option: str) -> None:
    captures = compose_train([f"data={option}"]).data.captures
    assert captures.keys() == {"lab_train", "lab_train2", option.removeprefix("lab_")}
    assert all(one.episodes for one in captures.values())


def test_frontier_yaml_has_the_keys_of_the_dataclass(repo_root: Path) -> None:
    written = yaml.safe_load((repo_root / "conf" / "frontier.yaml").read_text())
    groups = {"data", "features", "variants"}
    assert (written.keys() - {"defaults"}) | groups == {field.name for field in fields(FrontierConfig)}
    assert written["grid"].keys() == {field.name for field in fields(GridConfig)}


def test_frontier_defaults_of_the_file_are_those_of_the_dataclass() -> None:
    composed, made = compose_frontier([]), FrontierConfig()
    for name in ("seed", "horizon_s", "company", "pace", "source", "ports", "split", "alerts", "quick"):
        assert getattr(composed, name) == getattr(made, name), name


def test_a_background_of_ones_own_can_be_added_in_one_word() -> None:
    backgrounds = compose_frontier(["backgrounds.office.log=conn.log"]).backgrounds
    assert backgrounds["office"] == BackgroundConfig(log="conn.log")
    assert len(backgrounds) == 3
    assert compose_frontier(["~controls.strato011_mixed"]).controls.keys() == {"idps2023_benign"}


def test_frontier_backgrounds_move_with_the_root() -> None:
    config = compose_frontier(["data.real_root=/elsewhere"])
    assert config.backgrounds["phone_apps"].log == "/elsewhere/argus/phone_apps.binetflow"


def test_models_of_a_frontier_have_the_shipped_parameters() -> None:
    config = compose_frontier(["+model_params.gradient_boosting.n_bags=1"])
    own = compose_train(["model=gradient_boosting"]).model.params
    assert config.model_params["gradient_boosting"] == {**own, "n_bags": 1}
