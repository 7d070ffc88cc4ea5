"""What every trainable detector must do. Each check takes an unfitted model and raises AssertionError.

`test_models.py` applies them to the registry, `test_checks.py` to detectors that are broken on purpose.
"""

import copy
import dataclasses
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray

from sweepml.errors import BundleError, InputError, NotFittedError
from sweepml.export.bundle import CalibratedDetector, Provenance, ValidationRows, write_bundle
from sweepml.export.graph import bundle_graph, with_manifest
from sweepml.features.edges import RowEdges
from sweepml.features.plan import FeaturePlan
from sweepml.models.base import RAW_SCORE_NAME, Detector, TrainingRows
from sweepml.models.calibration import PlattCalibration
from sweepml.models.registry import make_model
from sweepml.runtime.bundle import GOLDEN_TOLERANCE, Bundle
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.edge_catalogue import EDGE_NAMES
from sweepml.schema.manifest import (
    CONTRIBUTION_NAME,
    EDGE_INDPTR_NAME,
    EDGES_NAME,
    INPUT_NAME,
    SCORE_NAME,
    VERDICT_NAME,
)
from tests.contract.planted import hostile_edges, hostile_rows, planted_rows

ROWS: Final = planted_rows()
FRESH: Final = planted_rows(300, seed=5, strangers=True)
"""Of sources that were not fitted on."""
for _rows in (ROWS, FRESH):
    _rows.values.flags.writeable = False  # a check that spoils them would spoil the others
    assert _rows.edges is not None
    _rows.edges.values.flags.writeable = False

HOSTILE_ROWS: Final = 12_000
PLAN: Final = FeaturePlan()
HORIZONS: Final = tuple(spec.length_s for spec in PLAN.windows)
VERDICT_THRESHOLDS: Final = tuple(np.linspace(0.5, 0.9, len(HORIZONS)).tolist())
MAX_SECONDS_PER_1000: Final = 0.02
"""The budget is 5 ms on a core of its own; a machine that others use too gets four times that."""
MAX_BYTES: Final = 5_000_000
MEMORY_ROWS: Final = 2_000
MAX_BYTES_PER_ROW: Final = 20_000
"""Ten times a row and its intermediate results in float64."""


def fitted(model: Detector, seed: int = 0) -> Detector:
    return copy.deepcopy(model).fit(ROWS, seed)


def scored(model: Detector, rows: TrainingRows) -> NDArray[np.float32]:
    return model.score_rows(rows.values, rows.edges)


def fed(model: Detector, values: NDArray[np.float32], edges: RowEdges | None) -> dict[str, NDArray[Any]]:
    """Return what a session of the model's graph is fed."""
    if not model.edges_per_row:
        return {INPUT_NAME: values}
    assert edges is not None
    return {INPUT_NAME: values, EDGE_INDPTR_NAME: edges.indptr, EDGES_NAME: edges.values}


def check_same_seed_same_scores(model: Detector) -> None:
    first, second = fitted(model, seed=3), fitted(model, seed=3)
    np.testing.assert_array_equal(scored(first, FRESH), scored(second, FRESH))


def check_scoring_is_pure(model: Detector) -> None:
    """Scoring twice gives the same, other rows in between do not matter, and the input stays as it is."""
    done, fresh = fitted(model), copy.deepcopy(FRESH)
    first = scored(done, fresh)
    scored(done, copy.deepcopy(ROWS))
    np.testing.assert_array_equal(scored(done, fresh), first)
    assert_untouched(fresh, FRESH)


def check_fitting_leaves_its_input_alone(model: Detector) -> None:
    rows = copy.deepcopy(ROWS)
    rows.values.flags.writeable = True
    copy.deepcopy(model).fit(rows, 0)
    assert_untouched(rows, ROWS)


def check_the_process_generators_are_left_alone(model: Detector) -> None:
    """Whatever is random is drawn from the seed: two fits side by side must not share a generator."""

    def states() -> tuple[object, str, bytes]:
        return random.getstate(), repr(np.random.get_state()), torch.get_rng_state().numpy().tobytes()  # noqa: NPY002

    before = states()
    scored(fitted(model), FRESH)
    assert states() == before


def check_scores_are_finite_float32(model: Detector) -> None:
    scores = scored(fitted(model), FRESH)
    assert scores.dtype == np.float32
    assert scores.shape == (len(FRESH.values),)
    assert np.isfinite(scores).all()


def check_row_order_does_not_matter(model: Detector) -> None:
    done = fitted(model)
    order = np.random.default_rng(0).permutation(len(FRESH.values))
    np.testing.assert_array_equal(scored(done, FRESH.take(order)), scored(done, FRESH)[order])


def check_batch_size_does_not_matter(model: Detector) -> None:
    done, whole = fitted(model), scored(fitted(model), FRESH)
    every = np.arange(len(FRESH.values))
    for size in (1, 7, 64):
        parts = [scored(done, FRESH.take(every[i : i + size])) for i in range(0, len(every), size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole, err_msg=f"batches of {size}")


def check_no_rows_and_one_row(model: Detector) -> None:
    done = fitted(model)
    none = scored(done, FRESH.take(np.arange(0)))
    assert none.shape == (0,)
    assert none.dtype == np.float32
    assert scored(done, FRESH.take(np.arange(1))).shape == (1,)


def check_constant_columns_can_be_fitted(model: Detector) -> None:
    """A capture may have only TCP, only one network, no packet counts: columns without information."""
    values = ROWS.values.copy()
    values[:, ::2] = 1.0
    values[:, 1::4] = np.nan
    rows = dataclasses.replace(ROWS, values=values)
    assert np.isfinite(scored(copy.deepcopy(model).fit(rows, 0), rows)).all()


def check_other_inputs_are_refused(model: Detector) -> None:
    done, wanted = fitted(model), rf"expected float32 features of shape \(n, {len(FEATURE_NAMES)}\)"
    wrong = [FRESH.values.astype(np.float64), FRESH.values[:, :-1], FRESH.values[0]]
    for values in wrong:
        with pytest.raises(InputError, match=wanted):
            done.score_rows(values, FRESH.edges)
        with pytest.raises(InputError, match=wanted):
            copy.deepcopy(model).fit(dataclasses.replace(ROWS, values=values), 0)


def check_unfitted_is_refused(model: Detector) -> None:
    new = copy.deepcopy(model)
    uses: list[Callable[[], object]] = [lambda: scored(new, FRESH), new.to_onnx, new.feature_weights]
    for use in uses:
        with pytest.raises(NotFittedError, match=rf"{model.name} is not fitted; call fit first"):
            use()


def check_params_make_the_same_model(model: Detector) -> None:
    """The parameters of a fitted model are those of its constructor, and make another that scores alike."""
    done = fitted(model)
    assert done.params() == model.params()
    again = make_model(model.name, done.params()).fit(ROWS, 0)
    np.testing.assert_array_equal(scored(again, FRESH), scored(done, FRESH))


def check_one_class_is_refused(model: Detector) -> None:
    """A supervised model says so, before its library does."""
    if not model.supervised:
        return
    for label in (0, 1):
        labels = np.full(len(ROWS.labels), label, np.int8)
        with pytest.raises(InputError, match="rows with and without a sweep"):
            copy.deepcopy(model).fit(dataclasses.replace(ROWS, labels=labels, weights=np.ones(len(labels))), 0)


def check_unlabelled_rows_do_not_matter(model: Detector) -> None:
    """To a supervised model."""
    if not model.supervised:
        return
    values = ROWS.values.copy()
    values[ROWS.labels < 0] = 0.0
    other = copy.deepcopy(model).fit(dataclasses.replace(ROWS, values=values), 0)
    np.testing.assert_array_equal(scored(other, FRESH), scored(fitted(model), FRESH))


def check_sweeps_score_higher(model: Detector) -> None:
    """Higher is more suspicious: of two rows of sources that it has not met, that of the sweep nearly always has more.

    Of a model of normal traffic a little less is asked: there are crawlers and monitors among the others, and nobody
    has told it what a sweep is.
    """
    scores = scored(fitted(model), FRESH)
    sweep, rest = scores[FRESH.labels == 1], scores[FRESH.labels == 0]
    assert (sweep[:, None] > rest).mean() > (0.95 if model.supervised else 0.85)
    assert sweep.mean() > rest.mean() + rest.std()


def check_feature_weights_are_shares(model: Detector) -> None:
    weights = fitted(model).feature_weights()
    assert weights.shape == (len(FEATURE_NAMES),)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0)


def check_onnx_agrees(model: Detector) -> None:
    """Over hostile rows the served probability is within 1e-6, and every verdict is the same."""
    done = fitted(model)
    graph = done.to_onnx()
    rows = hostile_rows(FRESH.values, onnx_thresholds(graph), HOSTILE_ROWS)
    assert len(rows) >= 10_000
    edges = hostile_edges(len(rows))
    raw = scored(done, FRESH)
    calibration = PlattCalibration.fit(raw, FRESH.labels, FRESH.weights)
    bundle = bundle_graph(graph, calibration, VERDICT_THRESHOLDS)
    session = _session(bundle)
    served, verdicts = session.run([SCORE_NAME, VERDICT_NAME], fed(done, rows, edges))
    trained = calibration.apply(done.score_rows(rows, edges))
    np.testing.assert_allclose(served, trained, rtol=0, atol=GOLDEN_TOLERANCE)
    expected = trained[:, None] >= np.array(VERDICT_THRESHOLDS, np.float32)
    assert np.array_equal(verdicts, expected), f"{np.count_nonzero(verdicts != expected)} verdicts flipped"


def check_onnx_shapes(model: Detector) -> None:
    """Features and perhaps edges in, score and perhaps contributions out, rows symbolic: any batch can be served."""
    done = fitted(model)
    graph = done.to_onnx().graph
    wanted = {INPUT_NAME: ["rows", len(FEATURE_NAMES)], RAW_SCORE_NAME: ["rows", 1]}
    if done.contributions(FRESH.values) is not None:
        wanted[CONTRIBUTION_NAME] = ["rows", len(FEATURE_NAMES)]
    if done.edges_per_row:
        wanted |= {EDGE_INDPTR_NAME: ["row_bounds"], EDGES_NAME: ["edges", len(EDGE_NAMES)]}
    shapes = {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == wanted


def check_contributions_are_served(model: Detector) -> None:
    """Where a model says what each feature adds to a score: not negative, and the same from its graph."""
    done = fitted(model)
    said = done.contributions(FRESH.values)
    if said is None:
        return
    assert said.shape == FRESH.values.shape
    assert said.dtype == np.float32
    assert (said >= 0).all()
    session = _session(done.to_onnx())
    (served,) = session.run([CONTRIBUTION_NAME], fed(done, FRESH.values, FRESH.edges))
    np.testing.assert_allclose(served, said, rtol=1e-5, atol=1e-6)


def check_bundle_opens_and_scores_alike(model: Detector) -> None:
    """Saved as a file and opened again, it gives the same scores and verdicts."""
    detector = calibrated(fitted(model))
    with tempfile.TemporaryDirectory() as folder:
        bundle = written(detector, Path(folder) / "detector.onnx")
        again = Bundle(Path(folder) / "detector.onnx")
    for opened in (bundle, again):
        score, verdict = opened.score(FRESH.values, FRESH.edges)
        expected = detector.score(FRESH.values, FRESH.edges)
        np.testing.assert_allclose(score, expected, rtol=0, atol=GOLDEN_TOLERANCE)
        np.testing.assert_array_equal(verdict, detector.verdicts(expected))


def check_reordered_features_are_refused_by_name(model: Detector) -> None:
    """A bundle whose columns are others, or stand in another order, is not opened, and says which."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.onnx"
        manifest = written(calibrated(fitted(model)), path).manifest
        first, second, *rest = manifest.features
        renamed = dataclasses.replace(first, name="dst_tally")
        for features, said in (
            ((second, first, *rest), "another order"),
            ((renamed, second, *rest), rf"unknown here: dst_tally; not in the bundle: {first.name}"),
        ):
            content = with_manifest(onnx.load(path), dataclasses.replace(manifest, features=features))
            other = Path(folder) / "other.onnx"
            other.write_bytes(content)
            with pytest.raises(BundleError, match=said):
                Bundle(other)


def check_budgets(model: Detector) -> None:
    """1,000 rows take one core a few milliseconds once it is exported, and the graph is at most 5 MB."""
    done = fitted(model)
    content = done.to_onnx().SerializeToString()
    assert len(content) <= MAX_BYTES, f"{len(content)} bytes"
    session = _session(content)
    rows = FRESH.take(np.arange(1000) % len(FRESH.values))
    inputs = fed(done, rows.values, rows.edges)
    taken = []
    for _ in range(30):  # the quickest: whatever else the machine does takes time, and never gives any
        start = time.perf_counter()
        session.run([RAW_SCORE_NAME], inputs)
        taken.append(time.perf_counter() - start)
    assert min(taken) <= MAX_SECONDS_PER_1000, f"{min(taken) * 1e3:.1f} ms"


def check_memory(model: Detector) -> None:
    """Scoring takes memory in proportion to the rows, and not much of it."""
    done = fitted(model)
    session = _session(done.to_onnx())
    rows = FRESH.take(np.arange(MEMORY_ROWS) % len(FRESH.values))
    inputs = fed(done, rows.values, rows.edges)
    before = _resident_bytes()
    session.run([RAW_SCORE_NAME], inputs)  # onnxruntime keeps what it has once taken
    taken = _resident_bytes() - before
    assert taken <= MAX_BYTES_PER_ROW * MEMORY_ROWS, f"{taken / MEMORY_ROWS:.0f} bytes a row"


def assert_untouched(rows: TrainingRows, before: TrainingRows) -> None:
    """Fail if any array of some rows has changed."""
    for name in ("values", "labels", "weights", "group"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(before, name), err_msg=name)
    assert rows.edges is not None
    assert before.edges is not None
    np.testing.assert_array_equal(rows.edges.values, before.edges.values)
    np.testing.assert_array_equal(rows.edges.indptr, before.edges.indptr)


def calibrated(done: Detector) -> CalibratedDetector:
    """Return a fitted model with the rest of what a bundle needs."""
    calibration = PlattCalibration.fit(scored(done, FRESH), FRESH.labels, FRESH.weights)
    return CalibratedDetector(done, calibration, dict(zip(HORIZONS, VERDICT_THRESHOLDS, strict=True)))


def written(detector: CalibratedDetector, path: Path) -> Bundle:
    """Write a bundle, opened."""
    provenance = Provenance("contract", "2026-01-01T00:00:00Z", {}, 1800.0, {}, {})
    plan = dataclasses.replace(PLAN, edges_per_row=detector.model.edges_per_row)
    return write_bundle(path, detector, plan, ValidationRows(FRESH.values, FRESH.labels == 0, FRESH.edges), provenance)


def _session(model: onnx.ModelProto | bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    content = model if isinstance(model, bytes) else model.SerializeToString()
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _resident_bytes() -> int:
    """Return the memory that this process has now; its maximum would hide what comes after a larger test."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def onnx_thresholds(model: onnx.ModelProto) -> NDArray[np.float32]:
    """Return the split values of a graph's tree ensembles by feature, shape (features, k), NaN-padded."""
    found: list[set[float]] = [set() for _ in FEATURE_NAMES]
    for node in model.graph.node:
        if node.op_type.startswith("TreeEnsemble"):
            of = {attribute.name: attribute for attribute in node.attribute}
            modes, features = of["nodes_modes"].strings, of["nodes_featureids"].ints
            for mode, feature, value in zip(modes, features, of["nodes_values"].floats, strict=True):
                if mode != b"LEAF":
                    found[feature].add(value)
    table = np.full((len(FEATURE_NAMES), max(map(len, found))), np.nan, np.float32)
    for feature, values in enumerate(found):
        table[feature, : len(values)] = sorted(values)
    return table


CHECKS: Final = [check for name, check in sorted(globals().items()) if name.startswith("check_")]
