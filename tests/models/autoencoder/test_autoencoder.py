"""The autoencoder beyond the contract: checkpoints, device, labels, and torch's own export."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from sweepml.errors import ConfigError
from sweepml.models.autoencoder.detector import Autoencoder
from sweepml.models.dense import Perceptron, new_perceptron
from tests.contract.planted import planted_rows

ROWS = planted_rows(300)


def test_a_fit_that_goes_on_ends_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    whole = Autoencoder(epochs=6, patience=6).fit(ROWS, 0)
    folder = str(tmp_path)
    Autoencoder(epochs=6, patience=6, checkpoint_dir=folder).fit(ROWS, 0)
    (file,) = tmp_path.glob("*.pt")
    state = torch.load(file, weights_only=True)
    assert state["progress"]["epoch"] == 6
    short = Autoencoder(epochs=3, patience=6, checkpoint_dir=folder).fit(ROWS, 0)
    (other,) = set(tmp_path.glob("*.pt")) - {file}
    other.replace(file)  # as if the longer run had been interrupted after three epochs
    resumed = Autoencoder(epochs=6, patience=6, checkpoint_dir=folder).fit(ROWS, 0)
    np.testing.assert_array_equal(resumed.score(ROWS.values), whole.score(ROWS.values))
    assert (short.score(ROWS.values) != whole.score(ROWS.values)).any()


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    model = Autoencoder(epochs=1, checkpoint_dir=str(tmp_path))
    model.fit(ROWS, 0)
    (file,) = tmp_path.glob("*.pt")
    file.write_bytes(b"no tensors")
    with pytest.raises(ConfigError, match=r"the checkpoint .* cannot be read, delete it to start anew"):
        model.fit(ROWS, 0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="torch finds no CUDA device here"):
        Autoencoder(device="cuda").fit(ROWS, 0)


def test_where_it_was_trained_makes_no_other_model() -> None:
    assert Autoencoder(device="cpu", checkpoint_dir="somewhere").params() == Autoencoder().params()


def test_sweeps_are_not_learned_as_normal() -> None:
    changed = np.where(ROWS.labels[:, None] == 1, ROWS.values * 3, ROWS.values)
    one = Autoencoder(epochs=2).fit(ROWS, 0)
    other = Autoencoder(epochs=2).fit(replace(ROWS, values=changed), 0)
    np.testing.assert_array_equal(one.score(ROWS.values), other.score(ROWS.values))


@pytest.mark.slow  # torch's exporter takes eight seconds
def test_the_network_is_what_torch_itself_exports(tmp_path: Path) -> None:
    network = new_perceptron([10, 8, 3, 5], torch.Generator().manual_seed(0)).double().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
        program = torch.onnx.export(
            network,
            (torch.zeros(2, 10, dtype=torch.float64),),
            dynamo=True,
            external_data=False,
            opset_version=20,
            dynamic_shapes=({0: torch.export.Dim("rows")},),
            verbose=False,
        )
    assert program is not None
    session = ort.InferenceSession(program.model_proto.SerializeToString())
    x = np.random.default_rng(0).normal(size=(50, 10))
    (served,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(Perceptron.of(network).apply(x), served, rtol=1e-12, atol=1e-12)
