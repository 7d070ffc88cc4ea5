"""The rules once more, as a sensor would run them: record by record, at one threshold, with plain sets.

Slow on purpose, and written from the rules' descriptions: nothing here is shared with the package but its words.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.evaluation.handmade import Contact

Found = tuple[str, float, float]
"""(source, time of the alert, start of the evidence), in seconds."""

FAILED = (Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNANSWERED)
PRIVATE = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


@dataclass
class Counter:
    """Destinations that one counter has seen."""

    since_s: float
    last_s: float
    seen: set[str] = field(default_factory=set)
    said: int = 0


def failed_tcp(one: Contact) -> bool:
    return one.protocol == Protocol.TCP and one.outcome in FAILED


def is_private(one: Contact) -> bool:
    return any(ip_address(one.source) in network for network in PRIVATE)


def has_port(one: Contact) -> bool:
    return one.protocol in (Protocol.TCP, Protocol.UDP)


def counters(
    contacts: list[Contact],
    counts: Callable[[Contact], bool],
    key: Callable[[Contact], object],
    levels: list[float],
    *,
    window_s: float | None = None,
    idle_s: float | None = None,
    quiet_s: float = 0,
) -> Iterator[Found]:
    """Count distinct destinations per key; reset when a window that began with the first record ends, or when idle."""
    kept: dict[object, Counter] = {}
    quiet_until: dict[str, float] = {}
    start_s, window = (contacts[0].ts_s if contacts else 0.0), 0
    for one in contacts:
        while window_s is not None and one.ts_s >= start_s + (window + 1) * window_s:
            window += 1
            kept.clear()
        if not counts(one):
            continue
        counter = kept.get(key(one))
        if counter is None or (idle_s is not None and one.ts_s - counter.last_s > idle_s):
            counter = kept[key(one)] = Counter(one.ts_s, one.ts_s)
        counter.last_s = one.ts_s
        counter.seen.add(one.destination)
        if counter.said < len(levels) and len(counter.seen) >= levels[counter.said]:
            while counter.said < len(levels) and len(counter.seen) >= levels[counter.said]:
                counter.said += 1
            if one.ts_s >= quiet_until.get(one.source, 0):
                quiet_until[one.source] = one.ts_s + quiet_s
                yield one.source, one.ts_s, counter.since_s


def searches(
    contacts: list[Contact],
    counts: Callable[[Contact], bool],
    key: Callable[[Contact], object],
    level: float,
    *,
    every_s: int,
    back_s: int,
) -> Iterator[Found]:
    """Run a search every so often over what started in the time before it."""
    last_s = max((one.ts_s for one in contacts), default=0)
    run_s = every_s
    while run_s <= last_s + back_s + every_s:
        groups = defaultdict(list)
        for one in contacts:
            if counts(one) and run_s - back_s <= one.ts_s < run_s:
                groups[key(one)].append(one)
        for group in groups.values():
            if len({one.destination for one in group}) >= level:
                yield group[0].source, run_s, min(one.ts_s for one in group)
        run_s += every_s


def zeek_scan(contacts: list[Contact], level: float) -> Iterator[Found]:
    return counters(contacts, failed_tcp, lambda one: (one.source, one.port), [level], window_s=300, quiet_s=3600)


def slips_horizontal(contacts: list[Contact], level: float) -> Iterator[Found]:
    return counters(
        contacts,
        lambda one: has_port(one) and one.outcome in FAILED,
        lambda one: (one.source, one.protocol, one.port),
        [level, 10 * level, 100 * level],
        window_s=3600,
    )


def nemea_haddrscan(contacts: list[Contact], level: float) -> Iterator[Found]:
    return counters(contacts, failed_tcp, lambda one: (one.source, one.port), [level], idle_s=300)


def scan_ng_address(contacts: list[Contact], level: float) -> Iterator[Found]:
    return counters(contacts, failed_tcp, lambda one: one.source, [level], idle_s=86_400)


def elastic_network_sweep(contacts: list[Contact], level: float) -> Iterator[Found]:
    ports = {21, 22, 23, 25, 139, 445, 3389, 5985, 5986}
    return searches(
        contacts,
        lambda one: is_private(one) and has_port(one) and one.port in ports,
        lambda one: one.source,
        level,
        every_s=300,
        back_s=540,
    )


def splunk_horizontal_scan(contacts: list[Contact], level: float) -> Iterator[Found]:
    return searches(
        contacts,
        lambda one: is_private(one) and has_port(one),
        lambda one: (one.source, one.port, one.protocol),
        level,
        every_s=3600,
        back_s=3600,
    )


def sentinel_port_sweep(contacts: list[Contact], level: float) -> Iterator[Found]:
    return searches(
        contacts,
        lambda one: has_port(one) and one.port not in (80, 443),
        lambda one: (one.source, one.port),
        level,
        every_s=30,
        back_s=30,
    )


def scan_ng_knockknock(contacts: list[Contact], level: float) -> Iterator[Found]:
    limits = {22: 3, 23: 3, 53: 3, 80: 12, 443: 12, 445: 5}
    exists: set[tuple[str, int]] = set()
    kept: dict[tuple[str, int], Counter] = {}
    known_until: dict[str, float] = {}
    for one in contacts:
        if one.protocol != Protocol.TCP:
            continue
        if one.outcome == Outcome.ANSWERED:
            exists.add((one.destination, one.port))
        elif one.outcome in FAILED and (one.destination, one.port) not in exists:
            key = one.source, one.port
            counter = kept.get(key)
            if counter is None or one.ts_s - counter.last_s > 86_400:
                counter = kept[key] = Counter(one.ts_s, one.ts_s)
            counter.last_s = one.ts_s
            counter.seen.add(one.destination)
            if not counter.said and len(counter.seen) >= level * limits[one.port]:
                counter.said = 1
                if one.ts_s >= known_until.get(one.source, 0):
                    known_until[one.source] = one.ts_s + 86_400
                    yield one.source, one.ts_s, counter.since_s


def zeek_simple_scan(contacts: list[Contact], level: float) -> Iterator[Found]:
    alive: set[str] = set()
    kept: dict[str, list[tuple[Contact, bool]]] = {}
    reported: set[str] = set()
    quiet_until: dict[str, float] = {}
    for one in contacts:
        internal = one.destination.startswith("10.")
        dark = internal and one.destination not in alive and one.outcome in (Outcome.UNANSWERED, Outcome.BLOCKED)
        if failed_tcp(one):
            past = kept.get(one.source, [])
            if past and one.ts_s - past[-1][0].ts_s > 900:
                past = []
                reported.discard(one.source)
            past = kept[one.source] = [*past, (one, dark)]
            pairs = {(attempt.destination, attempt.port) for attempt, _ in past}
            ports = {port for _, port in pairs}
            # A pair is dark if it was so when it was first tried.
            first = {(attempt.destination, attempt.port): was for attempt, was in reversed(past)}
            shadows = {destination for (destination, _), was in first.items() if was}
            if ip_address(one.source) in PRIVATE[0]:
                hit = len(pairs) >= level * (100 if len(shadows) >= 3 else 250)
            else:
                most = max(sum(port == other for _, other in pairs) for port in ports)
                hit = len(pairs) >= level * 25 or most >= level * 20
            if hit and len(ports) <= 5 and one.source not in reported:
                reported.add(one.source)
                if one.ts_s >= quiet_until.get(one.source, 0):
                    quiet_until[one.source] = one.ts_s + 3600
                    yield one.source, one.ts_s, past[0][0].ts_s
        alive.add(one.source)
        if one.outcome in (Outcome.ANSWERED, Outcome.REFUSED):
            alive.add(one.destination)


SNORT = {
    # name: (window in seconds, {protocol: (scans, rejects, nets, ports)})
    "snort_portsweep_low": (60, {6: (0, 5, 5, 15), 17: (0, 5, 5, 15), 1: (0, 5, 5, 5)}),
    "snort_portsweep_medium": (90, {6: (30, 7, 7, 10), 17: (30, 5, 5, 20), 1: (20, 5, 5, 5)}),
    "snort_portsweep_high": (600, {6: (30, 3, 3, 10), 17: (30, 3, 3, 10), 1: (10, 3, 3, 5)}),
}


def snort(name: str, contacts: list[Contact], level: float) -> Iterator[Found]:
    window_s, limits = SNORT[name]
    kept: dict[tuple[str, int], dict] = {}
    for one in contacts:
        if one.protocol != Protocol.ICMP and one.outcome == Outcome.UNKNOWN:
            continue
        scans, rejects, nets, ports = limits[one.protocol]
        key = one.source, one.protocol
        state = kept.get(key)
        if state is None or int(one.ts_s) > state["end"]:
            state = kept[key] = {"end": int(one.ts_s) + window_s, "since": one.ts_s, "said": False}
            state |= {"scans": 0, "rejects": 0, "nets": 0, "ports": 0, "address": "", "port": 0}
        state["scans"] += 1
        state["nets"] += one.destination != state["address"]
        port = 0 if one.protocol == Protocol.ICMP else one.port
        state["ports"] += port != state["port"]
        state["address"], state["port"] = one.destination, port
        state["rejects"] += one.outcome in (Outcome.REFUSED, Outcome.BLOCKED)
        sweep = state["nets"] >= level * nets and state["ports"] <= ports
        enough = state["rejects"] >= level * rejects or (scans and state["scans"] >= level * scans)
        if sweep and enough and not state["said"]:
            state["said"] = True
            yield one.source, one.ts_s, state["since"]
        if one.outcome == Outcome.ANSWERED and one.protocol != Protocol.ICMP:
            state["scans"] -= 1


ORACLES: dict[str, Callable[[list[Contact], float], Iterator[Found]]] = {
    "zeek_scan": zeek_scan,
    "slips_horizontal": slips_horizontal,
    "nemea_haddrscan": nemea_haddrscan,
    "scan_ng_address": scan_ng_address,
    "scan_ng_knockknock": scan_ng_knockknock,
    "zeek_simple_scan": zeek_simple_scan,
    "elastic_network_sweep": elastic_network_sweep,
    "splunk_horizontal_scan": splunk_horizontal_scan,
    "sentinel_port_sweep": sentinel_port_sweep,
    **{name: (lambda contacts, level, name=name: snort(name, contacts, level)) for name in SNORT},
}
"""All but the random walk, whose own tests work its walks out by hand."""
