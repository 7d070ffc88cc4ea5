"""The device: chosen where nobody names one, refused where it is not there."""

import pytest
import torch

from sweepml.errors import ConfigError
from sweepml.models.training.device import AUTO, CPU, CUDA, choose_device


def test_auto_is_cuda_where_there_is_some_and_the_processor_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for available, device in ((True, CUDA), (False, CPU)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=available: there)
        assert choose_device(AUTO).type == device
        assert choose_device(CPU).type == CPU


def test_cuda_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="torch finds no CUDA device here: use device=auto or cpu"):
        choose_device(CUDA)
