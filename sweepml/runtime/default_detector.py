"""The detector that comes with sweepml, for whoever has none of their own yet."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DEFAULT_DETECTOR: Final = Path(__file__).resolve().parent.parent / "detectors" / "default.onnx"
"""The bundle; beside it README.md says what it was trained on and what it can do."""
