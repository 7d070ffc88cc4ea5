"""Settings (KEY=VALUE) and options (--NAME VALUE) of commands that have a handful of them and need no Hydra."""

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


def take_option(arguments: list[str], option: str, count: int) -> tuple[list[str], list[str]]:
    """Return the values of an option such as ``--port 5000``, none where it is not there, and the other arguments.

    Raises
    ------
    ConfigError
        If there are fewer than `count` values.
    """
    if option not in arguments:
        return [], arguments
    at = arguments.index(option)
    values = arguments[at + 1 : at + 1 + count]
    if len(values) < count:
        raise ConfigError(f"{option} takes {count} {'value' if count == 1 else 'values'}, got {len(values)}")
    return values, arguments[:at] + arguments[at + 1 + count :]
