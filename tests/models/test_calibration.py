"""Calibration: a rising sigmoid that serves as it was fitted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.errors import InputError
from sweepml.models.calibration import PlattCalibration

RAW = np.array([-3, -2, -1, 0, 1, 2, 3, 9], np.float32)
LABELS = np.array([0, 0, 0, 1, 0, 1, 1, -1], np.int8)


def test_probabilities_rise_with_the_score() -> None:
    calibration = PlattCalibration.fit(RAW, LABELS, np.ones(len(RAW)))
    assert (np.diff(calibration.apply(RAW)) > 0).all()


def test_a_model_that_learnt_nothing_is_not_turned_around() -> None:
    calibration = PlattCalibration.fit(-RAW, LABELS, np.ones(len(RAW)))
    assert calibration.slope == pytest.approx(1e-3)
    assert (np.diff(calibration.apply(RAW)) >= 0).all()


def test_unlabelled_rows_do_not_matter() -> None:
    some = LABELS >= 0
    whole = PlattCalibration.fit(RAW, LABELS, np.ones(len(RAW)))
    assert whole == PlattCalibration.fit(RAW[some], LABELS[some], np.ones(some.sum()))


def test_weights_count() -> None:
    weights = np.where(LABELS == 1, 10.0, 1.0)
    heavier = PlattCalibration.fit(RAW, LABELS, weights).apply(RAW)
    assert (heavier > PlattCalibration.fit(RAW, LABELS, np.ones(len(RAW))).apply(RAW)).all()


@pytest.mark.parametrize("label", [0, 1, -1])
def test_one_class_is_refused(label: int) -> None:
    with pytest.raises(InputError, match="calibration needs validation rows with and without a sweep, got"):
        PlattCalibration.fit(RAW, np.full(len(RAW), label, np.int8), np.ones(len(RAW)))


@given(st.floats(-(2.0**99), 2.0**99, width=32), st.floats(2.0**-9, 100, width=32), st.floats(-50, 50, width=32))
def test_any_score_gives_a_probability(raw: float, slope: float, intercept: float) -> None:
    probability = PlattCalibration(slope, intercept).apply(np.array([raw], np.float32))
    assert probability.dtype == np.float32
    assert 0 <= probability[0] <= 1


def test_the_parameters_are_float32() -> None:
    calibration = PlattCalibration.fit(RAW, LABELS, np.ones(len(RAW)))
    assert calibration.slope == float(np.float32(calibration.slope))
    assert calibration.intercept == float(np.float32(calibration.intercept))


def test_a_half_is_where_the_log_odds_are_zero() -> None:
    assert PlattCalibration(2.0, -4.0).apply(np.array([2.0], np.float32)) == 0.5
