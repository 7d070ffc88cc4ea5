"""Log formats that a user declares: a YAML file that says which column is what.

An example with every key; only ``columns`` with time, source, destination, protocol and destination_port is a must.

.. code-block:: yaml

    name: my_firewall            # the file's name otherwise
    layout: csv                  # csv, json or parquet; csv otherwise
    delimiter: ","               # of csv
    columns:                     # what it is: how the log calls it, or a list of spellings
      time: when
      duration: seconds          # or end, which is a time
      source: src.ip             # dots lead into the objects of JSON
      destination: dst.ip
      protocol: proto
      source_port: sport
      destination_port: dport
      icmp_type: type
      outcome: action
      source_bytes: sent         # payload, without headers
      destination_bytes: received
      source_packets: packets_out
      destination_packets: packets_in
      identity: pod              # what stands behind the source's address
      label: class
    time_format: year_first      # of times that are no numbers: rfc3339, year_first or day_first
    time_unit: s                 # of times that are numbers: s, ms, us or ns
    duration_unit: s
    outcomes: {allow: answered, deny: blocked, reset: refused, timeout: unanswered}
    labels: {scan: sweep, dos: other_attack, normal: benign}
    unset: ["", "-"]             # texts that mean "no value"

Where each record tells of one direction only (NetFlow, some firewalls), ``one_directional: true`` has them paired into
connections. Then the columns ``tcp_flags`` and ``sampling`` count, too, ``source_packets`` are those of the record's
sender, and of the outcomes only ``blocked`` does: the others come from the reply.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sweepml.errors import ConfigError, InputMissingError, MissingExtraError, did_you_mean
from sweepml.origins.origin import (
    NO_LABELS,
    NO_OUTCOMES,
    Clock,
    Encoding,
    Evidence,
    LabelRule,
    Origin,
    OutcomeRule,
    Pairing,
)
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome

SUFFIXES: Final = (".yaml", ".yml")

COLUMNS: Final = MappingProxyType(
    {
        "time": "ts_us",
        "end": "end_us",
        "duration": "duration_us",
        "source": "src",
        "destination": "dst",
        "protocol": "protocol",
        "source_port": "src_port",
        "destination_port": "dst_port",
        "icmp_type": "icmp_type",
        "outcome": "state",
        "source_bytes": "orig_bytes",
        "destination_bytes": "resp_bytes",
        "source_packets": "orig_packets",
        "destination_packets": "resp_packets",
        "identity": "identity",
        "label": "label",
        "tcp_flags": "tcp_flags",
        "sampling": "sampling",
    }
)
"""What a mapping calls a column -> input of `sweepml.origins.origin.INPUTS`."""

ONE_DIRECTIONAL_ONLY: Final = ("tcp_flags", "sampling")
BOTH_DIRECTIONS_ONLY: Final = ("destination_bytes", "destination_packets")

REQUIRED: Final = ("time", "source", "destination", "protocol", "destination_port")

LABEL_KINDS: Final = ("sweep", "vertical_scan", "other_attack", "benign", "")

_LAYOUTS: Final = MappingProxyType(
    {
        "csv": frozenset({Encoding.CSV_HEADER}),
        "json": frozenset({Encoding.JSON_LINES, Encoding.JSON_DOCUMENT}),
        "parquet": frozenset({Encoding.PARQUET}),
    }
)
_UNITS_US: Final = MappingProxyType({"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3})
_CLOCKS: Final = MappingProxyType({clock.value.replace("-", "_"): clock for clock in Clock})
_KEYS: Final = (
    "name",
    "layout",
    "delimiter",
    "columns",
    "time_format",
    "time_unit",
    "duration_unit",
    "outcomes",
    "labels",
    "unset",
    "one_directional",
)


def resolve_origin(origin: str) -> str | Origin:
    """Return the format that a setting names: a mapping's path becomes what it declares, other names stay.

    Raises
    ------
    ConfigError, InputMissingError, MissingExtraError
        As `read_mapping`.
    """
    return read_mapping(origin) if origin.endswith(SUFFIXES) else origin


def read_mapping(path: str | os.PathLike[str]) -> Origin:
    """Return the log format that a YAML file declares; this module's text shows one.

    Raises
    ------
    InputMissingError
        If there is no such file.
    ConfigError
        If it is no such mapping. Names what is wrong.
    MissingExtraError
        If nothing that reads YAML is installed.
    """
    try:
        import yaml
    except ModuleNotFoundError:
        raise MissingExtraError("PyYAML, which reads mappings,", "train") from None
    name = os.fspath(path)
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputMissingError(f"{name}: no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{name}: is not YAML: {' '.join(str(error).split())}") from None
    try:
        return origin_of(given, Path(path).stem)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from None


def origin_of(given: object, name: str) -> Origin:
    """Return the log format that a mapping declares.

    Parameters
    ----------
    given
        What the YAML file holds.
    name
        Of the format, unless the mapping has one.

    Raises
    ------
    ConfigError
        If it is no such mapping.
    """
    if not isinstance(given, Mapping):
        raise ConfigError("expected a mapping with the key columns")
    _refuse_unknown("key", given, _KEYS)
    columns = _columns(given.get("columns"))
    is_paired = given.get("one_directional", False)
    if not isinstance(is_paired, bool):
        raise ConfigError(f"one_directional: expected true or false, got {is_paired!r}")
    _refuse_misplaced(columns, is_paired=is_paired)
    layout = _choice("layout", given.get("layout", "csv"), _LAYOUTS)
    delimiter = given.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '\r\n"#':
        raise ConfigError(f"delimiter: expected one character, got {delimiter!r}")
    unset = given.get("unset", ["", "-"])
    if not isinstance(unset, list) or not all(isinstance(text, str) for text in unset):
        raise ConfigError(f"unset: expected a list of texts, in quotes where they look like numbers, got {unset!r}")
    outcome = _outcome_rule(given.get("outcomes"), has_column="state" in columns)
    paired: dict[str, Any] = {}
    if is_paired:
        words = given.get("outcomes") or {}
        paired = {"pairing": Pairing(), "blocked": frozenset(str(v) for v, word in words.items() if word == "blocked")}
        columns |= {"blocked": columns.pop("state")} if "state" in columns else {}
        outcome = NO_OUTCOMES
    return Origin(
        name=str(given.get("name", name)),
        title=f"{given.get('name', name)} (a mapping)",
        encodings=layout,
        delimiter=delimiter,
        fields=MappingProxyType(columns),
        required=frozenset(COLUMNS[column] for column in REQUIRED),
        unset=frozenset(unset),
        clock=_choice("time_format", given.get("time_format", "year_first"), _CLOCKS),
        time_unit_us=_choice("time_unit", given.get("time_unit", "s"), _UNITS_US),
        duration_unit_us=_choice("duration_unit", given.get("duration_unit", "s"), _UNITS_US),
        outcome=outcome,
        label=_label_rule(given.get("labels"), has_column="label" in columns),
        padded=True,
        reference=f"the mapping {name}",
        **paired,
    )


def judge_by_packets(evidence: Evidence) -> Outcome:
    """Return what packets say where a mapping names no outcome; a TCP peer may have answered or refused."""
    if evidence.protocol == Protocol.TCP and evidence.received > 0:
        return Outcome.UNKNOWN
    return evidence.by_reply()


def _columns(given: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, Mapping):
        raise ConfigError(f"columns: expected a mapping of {', '.join(REQUIRED)} to column names, got {given!r}")
    _refuse_unknown("column", given, COLUMNS)
    absent = [name for name in REQUIRED if name not in given]
    if absent:
        raise ConfigError(f"columns: {', '.join(absent)} must be given")
    if "end" in given and "duration" in given:
        raise ConfigError("columns: give end or duration, not both")
    columns = {}
    for name, spelled in given.items():
        spellings = spelled if isinstance(spelled, list) else [spelled]
        if not spellings or not all(isinstance(text, str) and text for text in spellings):
            raise ConfigError(f"columns: {name}: expected a column name or a list of them, got {spelled!r}")
        columns[COLUMNS[name]] = tuple(spellings)
    return columns


def _refuse_misplaced(columns: Mapping[str, object], *, is_paired: bool) -> None:
    for name in BOTH_DIRECTIONS_ONLY if is_paired else ONE_DIRECTIONAL_ONLY:
        if COLUMNS[name] in columns:
            raise ConfigError(f"columns: {name} needs one_directional: {'false' if is_paired else 'true'}")


def _outcome_rule(given: object, *, has_column: bool) -> OutcomeRule:
    if not has_column:
        if given is not None:
            raise ConfigError("outcomes: columns names no outcome whose values these could be")
        return OutcomeRule(words=(), judge=judge_by_packets, reference="packets of both sides")
    words = _texts("outcomes", given)
    known = {outcome.label: outcome for outcome in Outcome}
    states = MappingProxyType({value: _choice(f"outcomes: {value}", word, known) for value, word in words.items()})
    return OutcomeRule(words=("state",), judge=lambda evidence: states.get(evidence.words[0], Outcome.UNKNOWN))


def _label_rule(given: object, *, has_column: bool) -> LabelRule:
    if not has_column:
        if given is not None:
            raise ConfigError("labels: columns names no label whose values these could be")
        return NO_LABELS
    kinds = {kind: kind for kind in LABEL_KINDS}
    words = _texts("labels", given)
    return LabelRule(
        labels=MappingProxyType(
            {value.lower(): _choice(f"labels: {value}", kind, kinds) for value, kind in words.items()}
        )
    )


def _texts(key: str, given: object) -> dict[str, Any]:
    """Return a mapping of texts; YAML reads some words as other things unless they are in quotes."""
    if not isinstance(given, Mapping) or not given:
        raise ConfigError(f"{key}: expected a mapping of the column's values, got {given!r}")
    odd = [value for value in given if isinstance(value, bool) or not isinstance(value, str | int)]
    if odd:
        raise ConfigError(f"{key}: YAML reads a value as {odd[0]!r}; put it in quotes")
    return {str(value): word for value, word in given.items()}


def _choice(key: str, value: object, known: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and value in known:
        return known[value]
    raise ConfigError(f"{key}: expected {' or '.join(filter(None, known))}, got {value!r}")


def _refuse_unknown(what: str, given: Mapping[Any, object], known: Mapping[str, object] | tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise ConfigError(f"unknown {what} {name!r}: {did_you_mean(str(name), known)}")
