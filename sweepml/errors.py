"""Every error that sweepml raises on purpose.

Each class is also a subclass of the builtin that a caller would catch, and each message says what was expected,
what came and how to mend it. The command line turns a `SweepmlError` into one sentence and exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterable


class SweepmlError(Exception):
    """Root of all errors that sweepml raises on purpose."""


class InputError(SweepmlError, ValueError):
    """An input file or record cannot be used at all."""


class InputMissingError(InputError, FileNotFoundError):
    """An input file does not exist."""

    # FileNotFoundError formats itself from errno fields that are not set here.
    __str__ = Exception.__str__


class FormatError(InputError):
    """The bytes are not in the log format that was asked for, or in none that is known."""


class LabelError(InputError):
    """An episodes file or a label column cannot be used."""


class ConfigError(SweepmlError, ValueError):
    """A configuration value is out of range or contradicts another."""


class BundleError(SweepmlError, ValueError):
    """A bundle cannot be used: damaged, made for other features, or it does not give its golden scores."""


class NotFittedError(SweepmlError, RuntimeError):
    """A model was asked to score before it was fitted."""


class MissingExtraError(SweepmlError, ImportError):
    """A feature needs an optional dependency that is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; install it with: pip install 'sweepml[{extra}]'")


def did_you_mean(name: str, known: Iterable[str], limit: int = 5) -> str:
    """Return a hint that names up to `limit` known alternatives closest to `name`.

    >>> did_you_mean("gradient_bosting", ["gradient_boosting", "autoencoder"])
    'did you mean gradient_boosting?'
    """
    import difflib  # rare path: only errors pay for it

    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=limit)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known: {', '.join(known[:limit])}{', ...' if len(known) > limit else ''}"
