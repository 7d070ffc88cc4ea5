"""The registry: names to classes, and what it refuses."""

import subprocess
import sys

import pytest

from sweepml.errors import ConfigError
from sweepml.models.registry import MODELS, make_model


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"no model is called 'gradient_bosting'; did you mean gradient_b"):
        make_model("gradient_bosting", {})


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model gradient_boosting: .*unexpected keyword argument 'depth'"):
        make_model("gradient_boosting", {"depth": 3})


def test_importing_the_registry_imports_no_model() -> None:
    code = "import sys, sweepml.models.registry; sys.exit('sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_model_has_the_name_of_an_import_path() -> None:
    assert all(name.isidentifier() for name in MODELS)
