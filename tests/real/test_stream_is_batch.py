"""The runtime and the batch pipeline give the same features and scores, bit for bit, on real files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sweepml.cli.compose import compose_train
from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.features.kernel import FeatureRows
from sweepml.features.stream import FeatureStream
from sweepml.pipeline.rows import feature_rows
from sweepml.runtime.bundle import Bundle
from sweepml.runtime.lines import LineReader
from sweepml.runtime.session import ScoringSession
from sweepml.tasks.train import train

pytestmark = [
    # mlflow and what it stands on warn of their own changes to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

REAL_FILES = [
    "zeek/iot23_test_90_10.conn.log",
    "zeek/m57_day.conn.log",
    "zeek/strato002_nmap.conn.log",
    "zeek/strato011_mixed.conn.log.labeled",
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, repo_root: Path) -> Bundle:
    """A small detector trained on one laboratory capture; what it has learnt does not matter here."""
    folder = tmp_path_factory.mktemp("bundle")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repo_root)
        config = compose_train(
            [f"output_root={folder}", "variants=none", "model.params.n_bags=1", "model.params.max_iter=20"]
        )
        del config.data.captures["lab_train2"]
        return Bundle(train(config).bundle_path)


def by_runtime(log: Path, bundle: Bundle, batch_rows: int) -> tuple[FeatureRows, np.ndarray, list[str]]:
    """Read line by line in micro-batches and score as an agent does."""
    rows, scores = [], []

    def observe(part: FeatureRows, part_scores: np.ndarray) -> None:
        rows.append(part)
        scores.append(part_scores)

    session = ScoringSession(bundle, observer=observe)
    for chunk in LineReader(log, session.hosts, batch_rows=batch_rows):
        session.push(chunk)
    session.flush()
    found = FeatureRows.concat(rows)
    return found, np.concatenate(scores), [session.hosts.name(code) for code in found.source.tolist()]


def assert_same(log: Path, bundle: Bundle, batch_rows: int) -> int:
    """Compare an agent's rows with the batch pipeline's; return how many there are."""
    capture, _ = load_capture(CaptureSource("one", str(log)), bundle.plan)
    batch = feature_rows(capture.connections, FeatureStream(bundle.plan, capture.hosts))
    batch_scores, _ = bundle.score(batch.values)
    stream, stream_scores, sources = by_runtime(log, bundle, batch_rows)
    # Host codes differ with the order of encoding, hence rows of one window are put in the order of the names.
    names = np.array([capture.hosts.name(code) for code in batch.source.tolist()])
    left, right = order_of(batch, names), order_of(stream, np.array(sources))
    assert names[left].tolist() == np.array(sources)[right].tolist()
    for column in ("start_us", "end_us", "length_s", "as_of_us"):
        assert getattr(batch, column)[left].tolist() == getattr(stream, column)[right].tolist()
    assert batch.values[left].tobytes() == stream.values[right].tobytes()
    assert batch_scores[left].tobytes() == stream_scores[right].tobytes()
    return len(batch)


def order_of(rows: FeatureRows, names: np.ndarray) -> np.ndarray:
    return np.lexsort((names, rows.start_us, rows.end_us, rows.length_s, rows.as_of_us))


@pytest.mark.real
@pytest.mark.parametrize("name", REAL_FILES)
def test_runtime_equals_batch_on_published_logs(name: str, real_dir: Path, bundle: Bundle) -> None:
    assert assert_same(real_dir / name, bundle, batch_rows=1000) > 0


@pytest.mark.parametrize("batch_rows", [97, 4096, 10**6])
def test_runtime_equals_batch_on_the_laboratory(batch_rows: int, lab_dir: Path, bundle: Bundle) -> None:
    assert assert_same(lab_dir / "train2" / "conn.log.gz", bundle, batch_rows) > 10_000


def test_comparison_sees_a_single_changed_bit(lab_dir: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above can fail."""
    honest: Callable[..., FeatureRows] = FeatureStream.flush

    def flipped(stream: FeatureStream) -> FeatureRows:
        rows = honest(stream)
        rows.values[0, 0] = np.nextafter(rows.values[0, 0], np.float32(np.inf))
        return rows

    monkeypatch.setattr(FeatureStream, "flush", flipped)
    with pytest.raises(AssertionError):
        assert_same(lab_dir / "train2" / "conn.log.gz", bundle, 4096)
