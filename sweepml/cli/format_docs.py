"""Writes docs/formats.md from the declarations of the log formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sweepml.origins.argus import STATES as ARGUS_STATES
from sweepml.origins.layout import lacking_columns
from sweepml.origins.ocsf import ACTIVITIES as OCSF_ACTIVITIES
from sweepml.origins.origin import Encoding, Origin
from sweepml.origins.registry import ORIGINS
from sweepml.origins.values import unit_name

_INTRODUCTION: Final = """
`format=auto` tells these formats apart by their content. Both readers, of whole files and of streams, read them from
one declaration each and give the same connections. Records that cannot be used are counted by reason, with first
examples; of a log in which nothing can be read, one sentence says so.

What a format does not say is missing, or `unknown` if it is the outcome; `unknown` never counts as a failure. Payload
sizes are sizes without headers: formats that count headers have none. Where ICMP types are not told, a record is
taken for an echo request. Times that carry no offset are read as UTC, and times in another unit than the format's
(milliseconds for seconds, say) are told by their range, from the first record that has a time; `sweepml check` says
what was assumed.

Formats that are not here are declared by a mapping in YAML (`sweepml/datasets/mapping.py` shows one): `--format
firewall.yaml`. Packet captures and nfcapd's binary files have readers of their own.
""".strip()

_INPUT_NAMES: Final = {
    "ts_us": "start",
    "end_us": "end, for the duration",
    "src": "source",
    "dst": "destination",
    "protocol": "protocol",
    "src_port": "source port",
    "dst_port": "destination port",
    "icmp_type": "ICMP type",
    "state": "outcome",
    "state_2": "outcome",
    "state_3": "outcome",
    "state_4": "outcome",
    "duration_us": "duration",
    "orig_bytes": "payload of the source",
    "resp_bytes": "payload of the destination",
    "orig_packets": "packets of the source",
    "resp_packets": "packets of the destination",
    "total_packets": "packets of both, for those of the destination",
    "sent": "whether the source sent",
    "received": "whether the destination sent",
    "total": "whether the destination sent",
    "kind": "whether it is a connection",
    "swapped": "which side the source is",
    "tcp_flags": "TCP flags, for outcome and initiator",
    "blocked": "whether it was blocked",
    "direction": "who started it",
    "sampling": "sampling",
    "identity": "identity of the source",
    "label": "label",
    "label_detail": "label",
}

_PAIRED_NAMES: Final = {
    "orig_bytes": "bytes of this direction, for the outcome only",
    "orig_packets": "packets of this direction",
}

_STATES: Final = {"argus": ARGUS_STATES, "ocsf": OCSF_ACTIVITIES}
"""Format -> states that decide by themselves, where a judge looks at more."""


def formats_page() -> str:
    """Return docs/formats.md."""
    lines = [
        "# Log formats",
        "",
        "<!-- Written by `python -m sweepml.cli.docs` from sweepml/origins: change the declarations there. -->",
        "",
        _INTRODUCTION,
        "",
        "| name | format | layouts |",
        "|---|---|---|",
        *(f"| [`{one.name}`](#{_anchor(one)}) | {one.title} | {_layouts(one)} |" for one in ORIGINS.values()),
    ]
    for origin in ORIGINS.values():
        lines += ["", f"## {origin.title}", "", *_section(origin)]
    return "\n".join(lines) + "\n"


def _section(origin: Origin) -> Iterator[str]:
    yield f"`{origin.name}`, {_layouts(origin)}. Reference: {origin.reference}."
    yield ""
    yield "| what | field, preferred spelling first |"
    yield "|---|---|"
    names = _INPUT_NAMES | (_PAIRED_NAMES if origin.pairing is not None else {})
    cells: dict[str, list[str]] = {}
    for name, fields in origin.fields.items():
        cells.setdefault(names[name], []).append(" or ".join(f"`{field}`" for field in fields))
    for what, fields_of in cells.items():
        yield f"| {what} | {_cell('; '.join(dict.fromkeys(fields_of)))} |"
    yield ""
    yield f"- Source: {origin.direction}"
    yield f"- Times: {_times(origin)}."
    yield from _outcomes(origin)
    yield from _labels(origin)
    lacking = [] if origin.pairing is not None else lacking_columns(frozenset(origin.fields))
    if lacking:
        yield "- Not in this format: " + ", ".join(_INPUT_NAMES[name] for name in lacking) + "."
    for limit in origin.limits:
        yield f"- {limit}"


def _outcomes(origin: Origin) -> Iterator[str]:
    rule = origin.outcome
    words = f" ({rule.reference})"
    if origin.pairing is not None:
        blocked = ", ".join(f"`{word}`" for word in sorted(origin.blocked))
        yield f"- Outcome{words}: from the records of both directions" + (
            f"; {blocked} is blocked." if blocked else "."
        )
        if not origin.pairing.sees_replies:
            yield "- A reply that is not there proves nothing: without one, the outcome is unknown or blocked."
        return
    if rule.judge is not None:
        yield f"- Outcome{words}: from {_evidence(rule.judge.__doc__)}"
    states = rule.states or _STATES.get(origin.name, {})
    if states:
        yield f"- States{'' if rule.judge is not None else words}: " + _mapping(
            {state: outcome.label for state, outcome in states.items()}
        )
    if rule.icmp_by_reply:
        yield "- ICMP is judged by its packets: answered if any came back."


def _labels(origin: Origin) -> Iterator[str]:
    rule = origin.label
    parts = [f"{kind} if it contains {_quoted(text)}" for text, kind in rule.details]
    parts += [f"{kind or 'unknown'} if it is {_quoted(text)}" for text, kind in (rule.labels or {}).items()]
    if rule.others:
        parts.append(f"{rule.others} otherwise")
    if parts:
        yield "- Label, in lower case: " + "; ".join(parts) + "."


def _times(origin: Origin) -> str:
    numbers = f"numbers are {unit_name(origin.time_unit_us)}"
    clock = {
        "rfc3339": "RFC 3339",
        "year-first": "the year first, without offset UTC",
        "day-first": "the day first (or the year), UTC",
    }[origin.clock.value]
    text = f"{numbers}, written ones are {clock}"
    if "duration_us" in origin.fields:
        text += f"; durations are {unit_name(origin.duration_unit_us)}"
    return text


def _evidence(text: str | None) -> str:
    """Return what a judge looks at, as its docstring says."""
    words = " ".join((text or "").split("\n\n")[0].split())
    words = words.removeprefix("Return the outcome that ").removeprefix("Return the outcome of ")
    return words.replace(" give,", ",").replace(" give.", ".")


def _mapping(values: dict[str, str]) -> str:
    by_outcome: dict[str, list[str]] = {}
    for value, outcome in values.items():
        by_outcome.setdefault(outcome, []).append(f"`{value}`")
    return "; ".join(f"{outcome}: {', '.join(found)}" for outcome, found in by_outcome.items()) + "."


def _layouts(origin: Origin) -> str:
    return ", ".join(str(encoding) for encoding in Encoding if encoding in origin.encodings)


def _anchor(origin: Origin) -> str:
    kept = "".join(char for char in origin.title.lower() if char.isalnum() or char in " -_")
    return kept.replace(" ", "-")


def _quoted(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
