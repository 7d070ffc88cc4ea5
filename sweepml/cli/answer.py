"""What every command that takes Hydra overrides does first: answer --help and --show."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from sweepml.cli.compose import as_yaml, choices

Config = TypeVar("Config", bound=Any)


def composed_or_answered(arguments: list[str], help_text: str, compose: Callable[[list[str]], Config]) -> Config | None:
    """Return the configuration to run with, or None where the arguments asked for words only.

    Parameters
    ----------
    arguments
        Overrides in Hydra's grammar, and possibly ``-h``, ``--help`` or ``--show``.
    help_text
        Printed for help; ``{groups}`` in it becomes the options of conf/.
    compose
        Turns overrides into a configuration.
    """
    if {"-h", "--help"} & set(arguments):
        groups = "\n".join(f"  {group:<10} {', '.join(options)}" for group, options in choices().items())
        sys.stdout.write(help_text.replace("{groups}", groups))
        return None
    config = compose([argument for argument in arguments if argument != "--show"])
    if "--show" in arguments:
        sys.stdout.write(as_yaml(config))
        return None
    return config
