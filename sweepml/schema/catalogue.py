"""The feature catalogue: every column of the feature matrix, in order.

Words used in the definitions, per row, that is per source and window:

* an *edge* is a distinct (protocol, port, destination) that the source contacted in the window;
* a *port* is a distinct (protocol, port), for ICMP (protocol, type);
* an edge's *outcome* is the best that any of its connections had, in the order answered, refused, blocked,
  unanswered, unknown; an edge is *known* unless its outcome is unknown;
* an edge's *first contact* is the earliest start of its connections in the window, its *last contact* the latest;
* the window's *slots* are 60 equal parts of it, slot i covering [start + i length/60, start + (i+1) length/60);
* a destination's *network* is its /24 (IPv4) or /64 (IPv6);
* an *address* is a number of 128 bits, of IPv4 in its IPv6-mapped form ::ffff:0:0/96 (RFC 4291, 2.5.5.2);
* a destination's *first connection* is the earliest that the source made to it in the window, on whatever port, and
  its *first outcome* is that connection's; of several at the same microsecond, the best in the order above;
* the *visits* are the destinations in the order of their first connections, by address where two came at the same
  microsecond; a *step* is the address of a visit minus the address of the visit before, so that a source makes
  dst_count - 1 of them;
* an edge or a service is *new to the window* if no contact with it had arrived before the end of the last pane that
  ended at the window's begin or before, or none since it was forgotten (`sweepml.graph.memory`); panes are as long as
  the shortest window's stride;
* the *others* are the other sources that contacted anything in the same window; *alone* is a source without others.

In a milestone's row (`sweepml.graph.milestones`) the others are those of the last window of the shortest length that
was closed before, with what they did there; its own source is there with its trailing window only. Where no such window
held anybody, the source is alone.

A source with more edges in a window than a limit has a sample of them (`sweepml.graph.sampling`): counts of
connections, edges and destinations are then estimates, and shares are those of the sample.

The list is append-only: a changed definition gets a new name.
"""

from __future__ import annotations

from typing import Final

from sweepml.schema.feature import FeatureSpec, schema_hash

SHANNON = "Shannon 1948, eq. for H"


def _ratio(name: str, family: str, definition: str, missing: str | None = None, monotone: int = 0) -> FeatureSpec:
    return FeatureSpec(name, family, "1", 0.0, 1.0, definition, missing, monotone)


def _count(
    name: str, family: str, definition: str, missing: str | None = None, *, low: float = 0.0, monotone: int = 0
) -> FeatureSpec:
    return FeatureSpec(name, family, "count", low, None, definition, missing, monotone)


FAN_OUT: Final = (
    _count("connection_count", "fan_out", "connections", low=1),
    _count("dst_count", "fan_out", "distinct destinations", low=1, monotone=1),
    _count("port_count", "fan_out", "distinct ports", low=1),
    _count("edge_count", "fan_out", "edges", low=1),
    _count("top_port_dst_count", "fan_out", "most destinations contacted on one port", low=1, monotone=1),
    _ratio("top_port_dst_ratio", "fan_out", "top_port_dst_count / dst_count"),
    _count("top_dst_port_count", "fan_out", "most ports contacted on one destination", low=1),
    _ratio("fan_ratio", "fan_out", "top_port_dst_count / (top_port_dst_count + top_dst_port_count)"),
    FeatureSpec("dst_per_port_mean", "fan_out", "destinations", 1.0, None, "edge_count / port_count"),
    FeatureSpec(
        "port_entropy_bits",
        "fan_out",
        "bits",
        0.0,
        None,
        "entropy of the ports over the edges: -sum p log2 p with p = edges on the port / edge_count",
        reference=SHANNON,
    ),
    FeatureSpec(
        "dst_evenness_ratio",
        "fan_out",
        "1",
        0.0,
        1.0,
        "entropy of the destinations over the connections / log2(dst_count); 1 where dst_count is 1",
        reference="Pielou 1966",
    ),
    FeatureSpec("connections_per_edge", "fan_out", "connections", 1.0, None, "connection_count / edge_count"),
    _ratio("single_contact_ratio", "fan_out", "share of edges with exactly one connection"),
)

_NO_KNOWN = "no edge has a known outcome"

OUTCOMES: Final = (
    _ratio("answered_ratio", "outcomes", "share of known edges whose outcome is answered", _NO_KNOWN),
    _ratio("refused_ratio", "outcomes", "share of known edges whose outcome is refused", _NO_KNOWN),
    _ratio("unanswered_ratio", "outcomes", "share of known edges whose outcome is unanswered", _NO_KNOWN),
    _ratio("blocked_ratio", "outcomes", "share of known edges whose outcome is blocked", _NO_KNOWN),
    _count(
        "failed_dst_count",
        "outcomes",
        "destinations with a known edge of which no edge was answered",
        monotone=1,
    ),
    _ratio("failed_dst_ratio", "outcomes", "failed_dst_count / destinations with a known edge", _NO_KNOWN),
    _ratio(
        "top_port_failed_ratio",
        "outcomes",
        "of the known edges on the port with most edges (lowest protocol, then lowest port on a tie), the share "
        "that was not answered",
        "no edge of that port has a known outcome",
    ),
)

SCOPE: Final = (
    _count("internal_dst_count", "scope", "distinct destinations inside the configured internal networks"),
    _count("public_dst_count", "scope", "distinct destinations outside them"),
    _ratio("public_dst_ratio", "scope", "public_dst_count / dst_count"),
    _count("net_count", "scope", "distinct networks of the destinations", low=1),
    FeatureSpec("dst_per_net_mean", "scope", "destinations", 1.0, None, "dst_count / net_count"),
)

TIMING: Final = (
    FeatureSpec("window_length_s", "timing", "s", 0.0, None, "length of the window"),
    FeatureSpec(
        "first_contact_rate_hz",
        "timing",
        "1/s",
        0.0,
        None,
        "edge_count / window length",
    ),
    _ratio("first_contact_span_ratio", "timing", "(latest - earliest first contact) / window length"),
    FeatureSpec(
        "gap_burstiness",
        "timing",
        "1",
        -1.0,
        1.0,
        "(s - m) / (s + m) of the gaps between successive first contacts, m their mean and s their population "
        "standard deviation, times in whole ticks of 64 us since the window's start; -1 is a metronome, 0 is "
        "Poisson, towards 1 is bursts; 0 where all gaps are zero",
        "fewer than three edges",
        reference="Goh and Barabasi 2008, eq. 1",
    ),
    _ratio(
        "revisited_ratio",
        "timing",
        "share of edges whose last contact comes more than 10 s after their first: who sweeps does not come back, "
        "and retries are over by then",
    ),
    _ratio("active_slot_ratio", "timing", "share of the slots that hold a first or a last contact"),
    _ratio("peak_slot_ratio", "timing", "largest share of the first contacts that one slot holds"),
)

_NO_BYTES = "no connection carries both payload sizes"

VOLUME: Final = (
    FeatureSpec("orig_bytes_mean", "volume", "bytes", 0.0, None, "mean payload sent per connection", _NO_BYTES),
    FeatureSpec("resp_bytes_mean", "volume", "bytes", 0.0, None, "mean payload received per connection", _NO_BYTES),
    _ratio("empty_ratio", "volume", "share of connections without payload in either direction", _NO_BYTES),
    _ratio("dialogue_ratio", "volume", "share of connections with payload in both directions", _NO_BYTES),
    FeatureSpec(
        "packets_mean",
        "volume",
        "packets",
        0.0,
        None,
        "mean packets per connection, both directions together",
        "no connection carries both packet counts",
    ),
    FeatureSpec(
        "duration_mean_s",
        "volume",
        "s",
        0.0,
        None,
        "mean duration of a connection",
        "no connection has a duration",
    ),
)

_NO_STEP = "dst_count is 1"

ORDER: Final = (
    FeatureSpec(
        "cidr_host_bits",
        "order",
        "bits",
        0.0,
        128.0,
        "bits below the longest prefix that all destinations' addresses share: 0 for one destination, 128 where the "
        "topmost bits differ",
        reference="RFC 4632, section 3.1",
    ),
    _ratio("cidr_fill_ratio", "order", "dst_count / 2**cidr_host_bits"),
    _ratio(
        "adjacent_dst_ratio",
        "order",
        "of the pairs of neighbours among the destinations in address order, the share whose addresses differ by 1",
        _NO_STEP,
    ),
    _ratio("sequential_step_ratio", "order", "share of steps that are exactly +1", _NO_STEP),
    _ratio("ascending_step_ratio", "order", "share of steps that are positive", _NO_STEP),
    _ratio(
        "repeated_step_ratio",
        "order",
        "of the steps after the first, the share that equal the step before: near 1 for a strided order",
        "dst_count is below 3",
    ),
)

_JUNG = "Jung et al. 2004, log of the likelihood ratio with theta0 = 0.8 and theta1 = 0.2"

WALK: Final = (
    FeatureSpec(
        "walk_nats",
        "walk",
        "nats",
        None,
        None,
        "log-likelihood ratio of scanner to benign over the visits: each adds ln 4 where its first outcome is "
        "refused, blocked or unanswered, -ln 4 where it is answered, nothing where it is unknown",
        reference=_JUNG,
    ),
    FeatureSpec(
        "walk_max_nats",
        "walk",
        "nats",
        0.0,
        None,
        "highest value that the sum of walk_nats had after any number of visits, none among them: never below 0",
        monotone=1,
        reference=_JUNG,
    ),
    _ratio(
        "first_failed_ratio",
        "walk",
        "of the destinations whose first outcome is known, the share whose first outcome is not answered",
        "no destination's first outcome is known",
    ),
)

_ALONE = "the source is alone"

GRAPH: Final = (
    FeatureSpec(
        "dst_popularity_mean",
        "graph",
        "sources",
        1.0,
        None,
        "mean over the destinations of how many sources of the window contacted it, this one among them",
        _ALONE,
    ),
    _ratio("exclusive_dst_ratio", "graph", "share of destinations that none of the others contacted", _ALONE),
    _ratio(
        "silent_dst_ratio",
        "graph",
        "of the destinations with a known edge of any source of the window, the share without an answered edge of "
        "any source of the window",
        "no source has a known edge to any of the destinations",
    ),
    FeatureSpec(
        "service_popularity_mean",
        "graph",
        "sources",
        1.0,
        None,
        "mean over the edges of how many sources of the window have the same edge, this one among them",
        _ALONE,
    ),
    _count(
        "source_in_degree",
        "graph",
        "others that contacted this source's address",
        "the source is alone, or is an identity, which nobody can contact",
    ),
    _count(
        "top_port_source_count",
        "graph",
        "sources of the window with an edge on this source's port with most edges (lowest protocol, then lowest port "
        "on a tie), this one among them: the sources of a distributed sweep share a port",
        _ALONE,
        low=1,
    ),
    _ratio(
        "top_port_edge_share",
        "graph",
        "top_port_dst_count / edges of all sources of the window on that port",
        _ALONE,
    ),
)

_FEW_SOURCES = "fewer than five sources in the window"

RELATIVE: Final = (
    _ratio("dst_count_rank_ratio", "relative", "share of the others whose dst_count is smaller", _FEW_SOURCES),
    FeatureSpec(
        "dst_count_median_ratio",
        "relative",
        "1",
        0.0,
        None,
        "dst_count / median of dst_count over all sources of the window (mean of the middle two where their number "
        "is even)",
        _FEW_SOURCES,
    ),
    _ratio(
        "failed_dst_count_rank_ratio",
        "relative",
        "share of the others whose failed_dst_count is smaller",
        _FEW_SOURCES,
    ),
    _ratio(
        "top_port_dst_count_rank_ratio",
        "relative",
        "share of the others whose top_port_dst_count is smaller",
        _FEW_SOURCES,
    ),
)

_COLD = "the memory does not reach back far enough (cold start), or there is none"

MEMORY: Final = (
    _ratio("new_edge_ratio", "memory", "share of edges that were new to the window", _COLD),
    _ratio(
        "new_service_ratio",
        "memory",
        "share of edges whose service, that is protocol, port and destination, no source had contacted before: new to "
        "the window",
        _COLD,
    ),
    _ratio(
        "alive_service_ratio",
        "memory",
        "share of edges whose service had answered some source before: not new to the window as one that answers",
        _COLD,
    ),
    _count(
        "failed_not_alive_count",
        "memory",
        "known edges of which no connection was answered, and whose service had answered nobody before",
        _COLD,
    ),
)

FAMILIES: Final[dict[str, tuple[FeatureSpec, ...]]] = {
    "fan_out": FAN_OUT,
    "outcomes": OUTCOMES,
    "scope": SCOPE,
    "timing": TIMING,
    "volume": VOLUME,
    "order": ORDER,
    "walk": WALK,
    "graph": GRAPH,
    "relative": RELATIVE,
    "memory": MEMORY,
}
"""Family name -> its columns, in the order of the matrix."""

CATALOGUE: Final = tuple(spec for family in FAMILIES.values() for spec in family)
"""All columns, in the order of the matrix."""

FEATURE_NAMES: Final = tuple(spec.name for spec in CATALOGUE)

SCHEMA_HASH: Final = schema_hash(CATALOGUE)
"""Hash of the whole catalogue; a bundle made for another one is refused."""
