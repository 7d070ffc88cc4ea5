"""Every feature once more, naively: dicts, loops and Python floats.

Written from the text of `sweepml.schema.catalogue` and the docstrings of `sweepml.graph`, not from their
code, of which it shares nothing: it imports the standard library only. It is slow on purpose.
"""

from __future__ import annotations

import ipaddress
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

ANSWERED, REFUSED, BLOCKED, UNANSWERED, UNKNOWN = range(5)
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
SWEEP = 1
INTERNAL = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
RESTART_AFTER = 1000
TICK_US = 64
REVISIT_S = 10
MEMORY_S = 86_400
MIN_MEMORY_SPAN_S = 600
ABOUT_MEMORY = ("new_edge_ratio", "new_service_ratio", "alive_service_ratio", "failed_not_alive_count")
US = 1_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """One connection; sizes are None where the log does not say. A source may be an identity."""

    ts_us: int
    src: str
    dst: str
    protocol: int = TCP
    port: int = 445
    outcome: int = ANSWERED
    duration_us: int | None = None
    orig_bytes: int | None = None
    resp_bytes: int | None = None
    orig_packets: int | None = None
    resp_packets: int | None = None
    label: int = 0

    @property
    def service(self) -> tuple[int, int]:
        return self.protocol, self.port

    @property
    def edge(self) -> tuple[int, int, str]:
        return self.protocol, self.port, self.dst


@dataclass(frozen=True, slots=True)
class Row:
    """The features of one source in one window."""

    source: str
    start_us: int
    end_us: int
    length_s: int
    as_of_us: int
    values: dict[str, float]
    sweep_dst_count: int

    @property
    def key(self) -> tuple[str, int, int, int]:
        return self.source, self.end_us, self.length_s, self.as_of_us


@dataclass(slots=True)
class Result:
    """What a stream gave."""

    rows: list[Row] = field(default_factory=list)
    connections: int = 0
    not_contacts: int = 0
    late: int = 0
    restarts: int = 0


def parse(text: str) -> Address | None:
    """Return an address, IPv4-mapped IPv6 as IPv4; None for an identity."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def can_be_target(text: str) -> bool:
    """Tell whether a host is an identity or an address that could be swept."""
    address = parse(text)
    if address is None:
        return True
    if address.is_multicast or address.is_link_local or address.is_loopback or address.is_unspecified:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.packed[0] != 0 and address.packed[0] < 240
    return True


def is_contact(record: Record) -> bool:
    """Tell whether a record is one host contacting another, in the sense of a sweep."""
    if not can_be_target(record.src) or not can_be_target(record.dst) or record.src == record.dst:
        return False
    if record.protocol == ICMP and record.port not in {8, 13, 15, 17}:
        return False
    if record.protocol == ICMP6 and record.port != 128:
        return False
    destination = parse(record.dst)
    return not (
        record.protocol == UDP and isinstance(destination, ipaddress.IPv4Address) and destination.packed[-1] == 255
    )


def is_internal(text: str, internal: Sequence[str] = INTERNAL) -> bool:
    """Tell whether a destination lies inside the internal networks."""
    address = parse(text)
    return address is not None and any(
        address.version == network.version and address in network for network in map(ipaddress.ip_network, internal)
    )


def network_of(text: str) -> str:
    """Return the /24 or /64 that holds an address."""
    address = parse(text)
    assert address is not None
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


def stream(
    records: Sequence[Record],
    windows: Sequence[tuple[int, int]],
    *,
    min_dst_count: int = 1,
    internal: Sequence[str] = INTERNAL,
    memory_s: int = MEMORY_S,
    min_span_s: int = MIN_MEMORY_SPAN_S,
) -> Result:
    """Return the rows of records in arrival order, with windows as (length_s, stride_s)."""
    result = Result(connections=len(records))
    session = _Session(windows, memory_s, min_span_s)
    late_run = 0
    for record in records:
        late = session.push(record)
        if not is_contact(record):
            result.not_contacts += 1
        elif late:
            result.late += 1
        late_run = late_run + 1 if late else 0
        if late_run == RESTART_AFTER:
            result.rows += session.rows(min_dst_count, internal)
            result.restarts += 1
            session, late_run = _Session(windows, memory_s, min_span_s), 0
    result.rows += session.rows(min_dst_count, internal)
    return result


def milestone_features(
    own: Sequence[Record],
    past: Sequence[Record],
    windows: Sequence[tuple[int, int]],
    start_us: int,
    internal: Sequence[str] = INTERNAL,
) -> dict[str, float]:
    """Return the features of a source's trailing window, when the last of all records of the past reaches a milestone.

    The others are those of the last window of the shortest length that was closed; the memory has learned the panes
    before the present one.
    """
    session, late_run = _Session(windows), 0
    for record in past:
        late_run = late_run + 1 if session.push(record) else 0
        if late_run == RESTART_AFTER:
            session, late_run = _Session(windows), 0
    length_s, stride_s = min(windows)
    assert session.clock is not None
    end = session.clock // (stride_s * US) * stride_s * US
    others = [record for record in session.held.get((length_s, end), []) if record.src != own[0].src]
    values, _ = features(own, start_us, length_s, internal, Company.of([*own, *others]))
    now = session.memory.pane(session.clock)
    return values | session.memory.features([(one, now - 1, now) for one in own], start_us, length_s)


class _Session:
    """Windows between two restarts of the clock."""

    def __init__(
        self,
        windows: Sequence[tuple[int, int]],
        memory_s: int = MEMORY_S,
        min_span_s: int = MIN_MEMORY_SPAN_S,
    ) -> None:
        self.windows = windows
        self.clock: int | None = None
        self.held: dict[tuple[int, int], list[Record]] = defaultdict(list)
        self.panes: dict[tuple[int, int], list[int]] = defaultdict(list)
        """Pane in which each record of `held` arrived."""
        self.memory = Memory(min(windows)[1], memory_s, min_span_s)

    def push(self, record: Record) -> bool:
        """Put a record into the open windows that hold its time; return whether there is none."""
        if self.clock is None:
            self.clock = self.memory.begin_us = record.ts_us
        self.clock = max(self.clock, record.ts_us)
        pane = self.memory.pane(self.clock)
        late = True
        for length_s, stride_s in self.windows:
            stride = stride_s * US
            end = (record.ts_us // stride + 1) * stride  # the first window that holds the time ends here
            while end - length_s * US <= record.ts_us:
                if end > self.clock:
                    late = False
                    if is_contact(record):
                        self.held[length_s, end].append(record)
                        self.panes[length_s, end].append(pane)
                end += stride
        if not late and is_contact(record):
            self.memory.learn(record, pane)
        return late

    def rows(self, min_dst_count: int, internal: Sequence[str]) -> list[Row]:
        """Return the rows of all windows that ended, and of the next of each length to end."""
        rows: list[Row] = []
        if self.clock is None:
            return rows
        for length_s, stride_s in self.windows:
            next_end = (self.clock // (stride_s * US) + 1) * stride_s * US
            for (length, end), records in self.held.items():
                if length != length_s or end > next_end:
                    continue
                company = Company.of(records)
                for source, own in company.records.items():
                    values, swept = features(own, end - length_s * US, length_s, internal, company)
                    arrived = zip(records, self.panes[length, end], strict=True)
                    known = [(one, pane, pane) for one, pane in arrived if one.src == source]
                    values |= self.memory.features(known, end - length_s * US, length_s)
                    if values["dst_count"] >= min_dst_count:
                        as_of = end if end <= self.clock else self.clock
                        rows.append(Row(source, end - length_s * US, end, length_s, as_of, values, swept))
        return rows


class Memory:
    """In which panes edges, services and answers of services occurred."""

    def __init__(self, pane_s: int, memory_s: int, min_span_s: int) -> None:
        self.pane_s, self.memory_s, self.min_span_s = pane_s, memory_s, min_span_s
        self.begin_us = 0
        self.occurred: dict[tuple, list[int]] = defaultdict(list)

    def pane(self, clock_us: int) -> int:
        return clock_us // (self.pane_s * US)

    def learn(self, record: Record, pane: int) -> None:
        self.occurred["edge", record.src, record.edge].append(pane)
        self.occurred["service", record.edge].append(pane)
        if record.outcome == ANSWERED:
            self.occurred["alive", record.edge].append(pane)

    def known_from_s(self, thing: tuple, last_pane: int, now_pane: int) -> float:
        """Return the end of the first pane since when a thing is known, of what occurred up to a pane."""
        from_pane, later = math.inf, now_pane
        for pane in sorted({pane for pane in self.occurred.get(thing, ()) if pane <= last_pane}, reverse=True):
            # Times before 1970 are all the same to a memory of whole seconds.
            if self.end_s(later) - self.end_s(pane) > self.memory_s:
                break
            from_pane = later = pane
        return self.end_s(from_pane)

    def end_s(self, pane: float) -> float:
        return max((pane + 1) * self.pane_s, 0)

    def features(self, contacts: Sequence[tuple[Record, int, int]], start_us: int, length_s: int) -> dict[str, float]:
        """Return the family memory of one source's contacts, each with the last pane that was learned, and the present.

        In a window the pane in which a contact arrived is learned with it; a milestone comes before its pane is.
        """
        if start_us - self.begin_us < max(self.min_span_s, length_s) * US:
            return dict.fromkeys(ABOUT_MEMORY, math.nan)
        begin_s = max(start_us // US, 0)

        def was_known(kind: str, edge: tuple[int, int, str]) -> bool:
            seen = [
                self.known_from_s((kind, one.src, edge) if kind == "edge" else (kind, edge), last, now)
                for one, last, now in contacts
                if one.edge == edge
            ]
            return min(seen) <= begin_s

        edges: dict[tuple[int, int, str], set[int]] = defaultdict(set)
        for one, _, _ in contacts:
            edges[one.edge].add(one.outcome)
        failed = [edge for edge, outcomes in edges.items() if ANSWERED not in outcomes and outcomes != {UNKNOWN}]
        return {
            "new_edge_ratio": sum(not was_known("edge", edge) for edge in edges) / len(edges),
            "new_service_ratio": sum(not was_known("service", edge) for edge in edges) / len(edges),
            "alive_service_ratio": sum(was_known("alive", edge) for edge in edges) / len(edges),
            "failed_not_alive_count": sum(not was_known("alive", edge) for edge in failed),
        }


@dataclass(frozen=True, slots=True)
class Company:
    """What all sources of one window did."""

    records: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    """By source."""
    contacted_by: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Sources by destination."""
    sharing: dict[tuple[int, int, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """Sources by edge."""
    on_port: dict[tuple[int, int], set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    """Pairs of source and destination by port."""
    outcomes: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Outcomes by destination."""

    @classmethod
    def of(cls, records: Sequence[Record]) -> Company:
        company = cls()
        for record in records:
            company.records[record.src].append(record)
            company.contacted_by[record.dst].add(record.src)
            company.sharing[record.edge].add(record.src)
            company.on_port[record.service].add((record.src, record.dst))
            company.outcomes[record.dst].add(record.outcome)
        return company


def features(
    records: Sequence[Record],
    start_us: int,
    length_s: int,
    internal: Sequence[str] = INTERNAL,
    company: Company | None = None,
) -> tuple[dict[str, float], int]:
    """Return the features of one source's contacts in one window, and how many destinations were swept.

    Without company the source is alone.
    """
    if company is None:
        company = Company.of(records)
    edges: dict[tuple[int, int, str], list[Record]] = defaultdict(list)
    for record in records:
        edges[record.edge].append(record)
    values: dict[str, float] = {}
    values |= _fan_out(records, list(edges))
    values["single_contact_ratio"] = sum(len(own) == 1 for own in edges.values()) / len(edges)
    values |= _outcomes(edges)
    values |= _scope({record.dst for record in records}, internal)
    values |= _timing(edges, start_us, length_s)
    values |= _volume(records)
    values |= _order(records)
    values |= _walk(records)
    values |= _graph(records, company)
    values |= _relative(records[0].src, company)
    values |= dict.fromkeys(ABOUT_MEMORY, math.nan)
    return values, len({record.dst for record in records if record.label == SWEEP})


def _entropy_bits(counts: Sequence[int]) -> float:
    total = sum(counts)
    return -sum(count / total * math.log2(count / total) for count in counts)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _fan_out(records: Sequence[Record], edges: Sequence[tuple[int, int, str]]) -> dict[str, float]:
    per_port = Counter((protocol, port) for protocol, port, _ in edges)
    per_destination = Counter(destination for _, _, destination in edges)
    contacts = Counter(record.dst for record in records)
    top_port, top_destination = max(per_port.values()), max(per_destination.values())
    dst_count = len(per_destination)
    return {
        "connection_count": len(records),
        "dst_count": dst_count,
        "port_count": len(per_port),
        "edge_count": len(edges),
        "top_port_dst_count": top_port,
        "top_port_dst_ratio": top_port / dst_count,
        "top_dst_port_count": top_destination,
        "fan_ratio": top_port / (top_port + top_destination),
        "dst_per_port_mean": len(edges) / len(per_port),
        "port_entropy_bits": _entropy_bits(list(per_port.values())),
        "dst_evenness_ratio": (
            1.0 if dst_count == 1 else _entropy_bits(list(contacts.values())) / math.log2(dst_count)
        ),
        "connections_per_edge": len(records) / len(edges),
    }


def _outcomes(edges: dict[tuple[int, int, str], list[Record]]) -> dict[str, float]:
    precedence = (ANSWERED, REFUSED, BLOCKED, UNANSWERED, UNKNOWN)
    best = {
        edge: next(outcome for outcome in precedence if any(record.outcome == outcome for record in own))
        for edge, own in edges.items()
    }
    known = {edge: outcome for edge, outcome in best.items() if outcome != UNKNOWN}
    per_destination: dict[str, list[int]] = defaultdict(list)
    for (_, _, destination), outcome in known.items():
        per_destination[destination].append(outcome)
    failed = sum(ANSWERED not in own for own in per_destination.values())
    top = _top_port(edges)
    on_top = [outcome for (protocol, port, _), outcome in known.items() if (protocol, port) == top]
    shares = Counter(known.values())
    return {
        "answered_ratio": _ratio(shares[ANSWERED], len(known)),
        "refused_ratio": _ratio(shares[REFUSED], len(known)),
        "unanswered_ratio": _ratio(shares[UNANSWERED], len(known)),
        "blocked_ratio": _ratio(shares[BLOCKED], len(known)),
        "failed_dst_count": failed,
        "failed_dst_ratio": _ratio(failed, len(per_destination)),
        "top_port_failed_ratio": _ratio(sum(outcome != ANSWERED for outcome in on_top), len(on_top)),
    }


def _top_port(edges: Iterable[tuple[int, int, str]]) -> tuple[int, int]:
    """Return the port with most edges, the lowest of several."""
    per_port = Counter((protocol, port) for protocol, port, _ in edges)
    most = max(per_port.values())
    return min(port for port, count in per_port.items() if count == most)


def _scope(destinations: set[str], internal: Sequence[str]) -> dict[str, float]:
    inside = sum(is_internal(destination, internal) for destination in destinations)
    networks = {network_of(destination) for destination in destinations}
    return {
        "internal_dst_count": inside,
        "public_dst_count": len(destinations) - inside,
        "public_dst_ratio": (len(destinations) - inside) / len(destinations),
        "net_count": len(networks),
        "dst_per_net_mean": len(destinations) / len(networks),
    }


def _timing(edges: dict[tuple[int, int, str], list[Record]], start_us: int, length_s: int) -> dict[str, float]:
    first = sorted(min(record.ts_us for record in own) for own in edges.values())
    last = [max(record.ts_us for record in own) for own in edges.values()]
    first_slots = [(ts - start_us) * 60 // (length_s * US) for ts in first]
    last_slots = [(ts - start_us) * 60 // (length_s * US) for ts in last]
    return {
        "window_length_s": length_s,
        "first_contact_rate_hz": len(edges) / length_s,
        "first_contact_span_ratio": (first[-1] - first[0]) / (length_s * US),
        "gap_burstiness": _burstiness([(ts - start_us) // TICK_US for ts in first]),
        "revisited_ratio": sum(
            max(r.ts_us for r in own) - min(r.ts_us for r in own) > REVISIT_S * US for own in edges.values()
        )
        / len(edges),
        "active_slot_ratio": len({*first_slots, *last_slots}) / 60,
        "peak_slot_ratio": max(Counter(first_slots).values()) / len(edges),
    }


def _burstiness(ticks: Sequence[int]) -> float:
    if len(ticks) < 3:
        return math.nan
    gaps = [after - before for before, after in pairwise(ticks)]
    mean = math.fsum(gaps) / len(gaps)
    deviation = math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    return 0.0 if not any(gaps) else (deviation - mean) / (deviation + mean)


def _volume(records: Sequence[Record]) -> dict[str, float]:
    sizes = [
        (record.orig_bytes, record.resp_bytes)
        for record in records
        if record.orig_bytes is not None and record.resp_bytes is not None
    ]
    packets = [
        record.orig_packets + record.resp_packets
        for record in records
        if record.orig_packets is not None and record.resp_packets is not None
    ]
    durations = [record.duration_us for record in records if record.duration_us is not None]
    return {
        "orig_bytes_mean": _ratio(sum(sent for sent, _ in sizes), len(sizes)),
        "resp_bytes_mean": _ratio(sum(received for _, received in sizes), len(sizes)),
        "empty_ratio": _ratio(sum(sent == received == 0 for sent, received in sizes), len(sizes)),
        "dialogue_ratio": _ratio(sum(sent > 0 and received > 0 for sent, received in sizes), len(sizes)),
        "packets_mean": _ratio(sum(packets), len(packets)),
        "duration_mean_s": _ratio(sum(durations), len(durations)) / US,
    }


def _number(text: str) -> int:
    """Return an address as 128 bits, IPv4 in its IPv6-mapped form."""
    address = parse(text)
    assert address is not None
    return int(address) + (0xFFFF << 32 if address.version == 4 else 0)


def _visits(records: Sequence[Record]) -> list[tuple[int, int]]:
    """Return the address and first outcome of each destination, in the order of first connections."""
    first: dict[str, tuple[int, int]] = {}
    for record in records:
        this = record.ts_us, record.outcome
        first[record.dst] = min(first.get(record.dst, this), this)
    visits = sorted((ts, _number(destination), outcome) for destination, (ts, outcome) in first.items())
    return [(address, outcome) for _, address, outcome in visits]


def _order(records: Sequence[Record]) -> dict[str, float]:
    in_time = [address for address, _ in _visits(records)]
    in_space = sorted(in_time)
    texts = {f"{address:0128b}" for address in in_time}
    shared = next((i for i in range(128) if len({text[i] for text in texts}) > 1), 128)
    gaps = [after - before for before, after in pairwise(in_space)]
    steps = [after - before for before, after in pairwise(in_time)]
    return {
        "cidr_host_bits": 128 - shared,
        "cidr_fill_ratio": len(in_time) / 2 ** (128 - shared),
        "adjacent_dst_ratio": _ratio(gaps.count(1), len(gaps)),
        "sequential_step_ratio": _ratio(steps.count(1), len(steps)),
        "ascending_step_ratio": _ratio(sum(step > 0 for step in steps), len(steps)),
        "repeated_step_ratio": _ratio(sum(a == b for a, b in pairwise(steps)), len(steps) - 1 if steps else 0),
    }


def _walk(records: Sequence[Record]) -> dict[str, float]:
    height, highest, failed, known = 0.0, 0.0, 0, 0
    for _, outcome in _visits(records):
        if outcome == UNKNOWN:
            continue
        known += 1
        if outcome == ANSWERED:
            height += math.log(0.2 / 0.8)
        else:
            failed += 1
            height += math.log((1 - 0.2) / (1 - 0.8))
        highest = max(highest, height)
    return {"walk_nats": height, "walk_max_nats": highest, "first_failed_ratio": _ratio(failed, known)}


def _graph(records: Sequence[Record], company: Company) -> dict[str, float]:
    source = records[0].src
    destinations = {record.dst for record in records}
    edges = {record.edge for record in records}
    known = [destination for destination in destinations if company.outcomes[destination] - {UNKNOWN}]
    silent = [destination for destination in known if ANSWERED not in company.outcomes[destination]]
    values = {"silent_dst_ratio": _ratio(len(silent), len(known))}
    top = _top_port(edges)
    about_others = {
        "dst_popularity_mean": sum(len(company.contacted_by[d]) for d in destinations) / len(destinations),
        "exclusive_dst_ratio": sum(company.contacted_by[d] == {source} for d in destinations) / len(destinations),
        "service_popularity_mean": sum(len(company.sharing[edge]) for edge in edges) / len(edges),
        "source_in_degree": math.nan if parse(source) is None else len(company.contacted_by.get(source, ())),
        "top_port_source_count": len({src for src, _ in company.on_port[top]}),
        "top_port_edge_share": sum(src == source for src, _ in company.on_port[top]) / len(company.on_port[top]),
    }
    alone = len(company.records) == 1
    return values | {name: math.nan if alone else value for name, value in about_others.items()}


def _relative(source: str, company: Company) -> dict[str, float]:
    names = ("dst_count", "failed_dst_count", "top_port_dst_count")
    if len(company.records) < 5:
        return dict.fromkeys([*(f"{name}_rank_ratio" for name in names), "dst_count_median_ratio"], math.nan)
    counts = {src: _counts(own) for src, own in company.records.items()}
    mine = counts[source]
    others = [theirs for src, theirs in counts.items() if src != source]
    values = {
        f"{name}_rank_ratio": sum(theirs[i] < mine[i] for theirs in others) / len(others)
        for i, name in enumerate(names)
    }
    return values | {"dst_count_median_ratio": mine[0] / median(theirs[0] for theirs in counts.values())}


def _counts(records: Sequence[Record]) -> tuple[int, int, int]:
    """Return how many destinations, failed destinations, and destinations on the top port a source has."""
    outcomes: dict[str, set[int]] = defaultdict(set)
    for record in records:
        outcomes[record.dst].add(record.outcome)
    failed = sum(ANSWERED not in own and own != {UNKNOWN} for own in outcomes.values())
    per_port = Counter((protocol, port) for protocol, port, _ in {record.edge for record in records})
    return len(outcomes), failed, max(per_port.values())
