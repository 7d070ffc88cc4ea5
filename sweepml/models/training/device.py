"""Where a network is trained."""

from __future__ import annotations

from typing import Final

import torch

from sweepml.errors import ConfigError

AUTO: Final = "auto"
CPU: Final = "cpu"
CUDA: Final = "cuda"
DEVICES: Final = (AUTO, CPU, CUDA)


def choose_device(name: str) -> torch.device:
    """Return the device of a name; ``auto`` is the first CUDA device where there is one, else the processor.

    Raises
    ------
    ConfigError
        If CUDA is asked for and is not there.
    """
    available = torch.cuda.is_available()
    if name == CUDA and not available:
        raise ConfigError("device=cuda was asked for, but torch finds no CUDA device here: use device=auto or cpu")
    return torch.device(CUDA if available and name != CPU else CPU)
