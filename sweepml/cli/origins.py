"""What ``--format`` names: a log format that is known, or a mapping that a user wrote."""

from __future__ import annotations

from sweepml.errors import MissingExtraError
from sweepml.origins.origin import Origin
from sweepml.origins.registry import AUTO, find_origin


def log_origin(text: str) -> str | Origin:
    """Return the format that an option names; ``auto`` stays as it is.

    Raises
    ------
    ConfigError
        If there is no such format, or the mapping's file is none.
    MissingExtraError
        If it is a mapping, and the packages that read it are not installed.
    """
    if text == AUTO:
        return AUTO
    if not text.endswith((".yaml", ".yml")):
        return find_origin(text)
    try:
        from sweepml.datasets.mapping import read_mapping
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "sweepml":
            raise  # not an extra: ours is broken
        raise MissingExtraError(f"{text} is a mapping; {error.name}, which helps to read it,", "train") from None
    return read_mapping(text)
