"""`ConnectionFeatures`: scikit-learn's manners, the kernel's numbers."""

import doctest
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sweepml.datasets.encode import connections_to_frame, read_frame
from sweepml.datasets.reader import read_connections
from sweepml.errors import ConfigError, InputError
from sweepml.features.kernel import FeatureRows
from sweepml.graph.milestones import DEFAULT_MILESTONES
from sweepml.graph.windows import WindowSpec
from sweepml.pipeline import transformer as module
from sweepml.pipeline.transformer import ConnectionFeatures
from sweepml.schema.catalogue import FEATURE_NAMES
from tests.oracle.oracle import Record
from tests.oracle.traffic import Case, new_hosts, random_records, stream_rows, to_connections

WINDOWS = ((10, 5), (60, 30))


@pytest.fixture(scope="module")
def records() -> list[Record]:
    made = [random_records(np.random.default_rng(i), 200, 300, 1_700_000_000 + 400 * i) for i in range(10)]
    return [record for part in made for record in part if "/" not in record.src]  # a frame's sources are addresses


@pytest.fixture(scope="module")
def frame(records: list[Record]) -> pd.DataFrame:
    hosts = new_hosts()
    return connections_to_frame(to_connections(records, hosts), hosts)


@pytest.fixture(scope="module")
def canonical(records: list[Record]) -> pd.DataFrame:
    names = {"port": "dst_port"}
    rows = pd.DataFrame(
        [{names.get(name, name): getattr(record, name) for name in Record.__slots__} for record in records]
    )
    sizes = ["duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets"]
    return rows.assign(**{name: rows[name].fillna(-1).astype("int64") for name in sizes}, label="")


@pytest.fixture(scope="module")
def expected(records: list[Record]) -> FeatureRows:
    return stream_rows(Case(tuple(records), WINDOWS), min_dst_count=2, milestones=DEFAULT_MILESTONES)[0]


def _transformer() -> ConnectionFeatures:
    return ConnectionFeatures(windows=WINDOWS, min_dst_count=2)


@pytest.mark.parametrize("columns", ["frame", "canonical"])
def test_values_are_the_kernels(columns: str, expected: FeatureRows, request: pytest.FixtureRequest) -> None:
    got = _transformer().fit_transform(request.getfixturevalue(columns))
    assert len(got) > 100
    assert (got.dtypes == np.float32).all()
    assert got.to_numpy().tobytes() == expected.values.tobytes()


def test_index_says_source_and_window(frame: pd.DataFrame, expected: FeatureRows) -> None:
    index = _transformer().fit_transform(frame).index
    assert index.names == ["source", "start", "end", "as_of"]
    for name in ("start", "end", "as_of"):
        microseconds = index.get_level_values(name).as_unit("us").asi8
        np.testing.assert_array_equal(microseconds, getattr(expected, f"{name}_us"))
    assert set(index.get_level_values("source")) <= set(frame["src"])


def test_reader_batches_are_taken_as_they_are(lab_dir: Path) -> None:
    log = lab_dir / "train2" / "conn.log.gz"
    batch = next(iter(read_connections(log, batch_rows=20_000)))
    of_batch = ConnectionFeatures().fit_transform(batch.to_pandas())
    of_frame = ConnectionFeatures().fit_transform(read_frame(log).iloc[: batch.num_rows])
    assert len(of_batch) > 50
    pd.testing.assert_frame_equal(of_batch, of_frame, check_exact=True)


def test_names_out_are_the_catalogues(frame: pd.DataFrame) -> None:
    fitted = _transformer().fit(frame)
    assert tuple(fitted.get_feature_names_out()) == FEATURE_NAMES
    assert list(fitted.transform(frame).columns) == list(FEATURE_NAMES)


def test_input_names_are_kept(frame: pd.DataFrame) -> None:
    fitted = _transformer().fit(frame)
    assert list(fitted.feature_names_in_) == list(frame.columns)
    assert fitted.n_features_in_ == len(frame.columns)


def test_pandas_output_is_the_same_frame(frame: pd.DataFrame) -> None:
    plain = _transformer().fit_transform(frame)
    pd.testing.assert_frame_equal(_transformer().set_output(transform="pandas").fit_transform(frame), plain)


def test_clone_and_parameters_round_trip(frame: pd.DataFrame) -> None:
    original = _transformer().fit(frame)
    copy = clone(original)
    assert copy.get_params() == original.get_params()
    assert not hasattr(copy, "plan_")
    assert copy.set_params(min_dst_count=9).fit(frame).plan_.min_dst_count == 9


def test_pickle_transforms_the_same(frame: pd.DataFrame) -> None:
    fitted = _transformer().fit(frame)
    again = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_frame_equal(again.transform(frame), fitted.transform(frame))


def test_it_stands_in_a_pipeline(frame: pd.DataFrame) -> None:
    pipeline = make_pipeline(_transformer(), StandardScaler(), IsolationForest(n_estimators=5, random_state=0))
    pipeline.fit(frame)
    index = pipeline[0].transform(frame).index
    assert len(pipeline.score_samples(frame)) == len(index)


def test_pipeline_hands_names_on(frame: pd.DataFrame) -> None:
    pipeline = make_pipeline(_transformer(), StandardScaler()).set_output(transform="pandas").fit(frame)
    scaled = pipeline.transform(frame)
    assert list(scaled.columns) == list(FEATURE_NAMES)
    assert scaled.index.names[0] == "source"


def test_transform_changes_nothing(frame: pd.DataFrame) -> None:
    before, fitted = frame.copy(), _transformer().fit(frame)
    first = fitted.transform(frame)
    pd.testing.assert_frame_equal(fitted.transform(frame), first)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("columns", ["frame", "canonical"])
def test_no_connections_give_no_rows(columns: str, request: pytest.FixtureRequest) -> None:
    got = _transformer().fit_transform(request.getfixturevalue(columns).iloc[:0])
    assert got.shape == (0, len(FEATURE_NAMES))
    assert got.index.names == ["source", "start", "end", "as_of"]


def test_what_is_absent_is_missing(frame: pd.DataFrame) -> None:
    needed = frame[["ts", "src", "dst", "protocol", "dst_port"]]
    got = _transformer().fit_transform(needed)
    assert got[["duration_mean_s", "failed_dst_ratio", "packets_mean"]].isna().all(axis=None)


def test_window_specs_are_taken_too(frame: pd.DataFrame) -> None:
    assert ConnectionFeatures([WindowSpec(60, 60)]).fit(frame).plan_.windows == (WindowSpec(60, 60),)


def test_internal_networks_decide_what_is_public(frame: pd.DataFrame) -> None:
    got = ConnectionFeatures(internal_networks=["0.0.0.0/0", "::/0"], min_dst_count=1).fit_transform(frame)
    assert (got["public_dst_count"] == 0).all()


def test_transform_before_fit_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        _transformer().transform(frame)


@pytest.mark.parametrize(
    "parameters", [{"windows": [60]}, {"windows": [(60, 7)]}, {"min_dst_count": 0}, {"windows": []}]
)
def test_parameters_out_of_range_are_refused_at_fit(parameters: dict, frame: pd.DataFrame) -> None:
    with pytest.raises(ConfigError, match=r"window|min_dst_count"):
        ConnectionFeatures(**parameters).fit(frame)


def test_absent_columns_are_named(frame: pd.DataFrame, canonical: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="there is no dst_port"):
        _transformer().fit(frame.drop(columns="dst_port"))
    with pytest.raises(InputError, match="there is no src, dst"):
        _transformer().fit(canonical.drop(columns=["src", "dst"]))
    with pytest.raises(InputError, match="whole microseconds since 1970, got values of type float64"):
        _transformer().fit(canonical.assign(ts_us=1.5))
    with pytest.raises(InputError, match="expected a pandas DataFrame of connections, got ndarray"):
        _transformer().fit(np.zeros((3, 3)))


def test_docstring_says_what_happens() -> None:
    assert doctest.testmod(module).failed == 0


def test_document_says_what_happens(repo_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo_root)
    done = doctest.testfile(str(repo_root / "docs" / "transformer.md"), module_relative=False)
    assert done.attempted > 8
    assert done.failed == 0
