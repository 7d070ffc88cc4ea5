"""KEY=VALUE settings of commands that have a handful of them and need no Hydra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from sweepml.errors import ConfigError

Settings = TypeVar("Settings", bound=Any)


def split_settings(arguments: Sequence[str], defaults: Settings) -> tuple[Settings, list[str]]:
    """Return the settings that are among the arguments, and the other arguments.

    Parameters
    ----------
    arguments
        Of the command line.
    defaults
        A frozen dataclass of texts and numbers: its fields are the keys, their types those of the values.

    Raises
    ------
    ConfigError
        If a value is not of its type.
    """
    names = [field.name for field in fields(defaults)]
    rest = []
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals or name not in names:
            rest.append(argument)
            continue
        try:
            defaults = replace(defaults, **{name: type(getattr(defaults, name))(text)})
        except ValueError:
            raise ConfigError(f"{name} must be a number, got {text!r}") from None
    return defaults, rest
