"""The base install is light: what importing it brings along, seen from a fresh interpreter."""

import subprocess
import sys

import pytest

HEAVY = frozenset({"torch", "pandas", "pyarrow", "sklearn", "mlflow", "hydra", "omegaconf", "onnx"})


def modules_after(statement: str) -> set[str]:
    """Return the names in sys.modules after a fresh interpreter ran the statement."""
    program = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_package_imports_nothing() -> None:
    loaded = modules_after("import sweepml")
    assert {name for name in loaded if name.startswith("sweepml")} == {"sweepml"}
    assert not loaded & (HEAVY | {"numpy", "onnxruntime"})


@pytest.mark.parametrize("room", ["runtime", "features", "graph", "schema", "origins", "errors"])
def test_base_room_stays_light(room: str) -> None:
    assert not modules_after(f"import sweepml.{room}") & HEAVY
