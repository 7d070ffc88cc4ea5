"""Alerts as people read them: a few lines each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sweepml.runtime.alerts import Alert, AlertState, rfc3339
from sweepml.runtime.evidence import Direction, PortCount
from sweepml.runtime.reasons import Reason
from sweepml.schema.outcome import Outcome

_NAMED_PORTS: Final = 3
_NAMED_TARGETS: Final = 3

_VERBS: Final = {
    AlertState.OPEN: "sweeps",
    AlertState.UPDATE: "still sweeps",
    AlertState.CLOSE: "swept",
}
_WHERE: Final = {
    Direction.INTERNAL: "internal hosts",
    Direction.PUBLIC: "public addresses",
    Direction.MIXED: "internal and public addresses",
}


def headline(alert: Alert) -> str:
    """Return one sentence: who swept what where."""
    leading = alert.ports[0]
    hosts = f"{leading.dst_count} {_WHERE[alert.direction]}"
    return f"{alert.source} {_VERBS[alert.state]} {hosts} on {_port(leading)}"


def to_text(alert: Alert) -> str:
    """Return an alert in four lines: the sweep, its targets, all that the source did, and why it is one."""
    techniques = ", ".join(f"{one.id} {one.name}" for one in alert.attack)
    return "\n".join(
        [
            f"{rfc3339(alert.detected_at)} {alert.state.upper():<6} {headline(alert)} ({techniques})",
            f"  targets  {_targets(alert)}; {_times(alert)}",
            f"  contacts {alert.dst_count} hosts ({alert.dst_internal_count} internal, {alert.dst_public_count} "
            f"public): {_ports(alert.ports)}; {_outcomes(alert.outcomes)}",
            f"  score    {alert.score:.4g} (threshold {alert.threshold:.4g}) over {alert.horizon_s} s"
            + _reasons(alert.reasons),
        ]
    )


def _port(one: PortCount) -> str:
    return f"{one.protocol}/{one.port}"


def _ports(ports: Sequence[PortCount]) -> str:
    named = ", ".join(f"{_port(one)} {one.dst_count}" for one in ports[:_NAMED_PORTS])
    return named + (", ..." if len(ports) > _NAMED_PORTS else "")


def _targets(alert: Alert) -> str:
    sample = ", ".join(alert.targets_sample[:_NAMED_TARGETS])
    more = ", ..." if len(alert.targets_sample) > _NAMED_TARGETS else ""
    return f"in {' and '.join(alert.targets_cidr)}: {sample}{more}"


def _times(alert: Alert) -> str:
    if alert.state is AlertState.CLOSE:
        return f"from {rfc3339(alert.first_contact)} to {rfc3339(alert.last_contact)}"
    return f"since {rfc3339(alert.first_contact)}, {alert.latency_s:.1f} s ago"


def _outcomes(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{outcomes[o.label]} {o.label}" for o in Outcome if outcomes[o.label])


def _reasons(reasons: Sequence[Reason]) -> str:
    named = "; ".join(
        f"{one.feature} {one.value:.4g} (usual {one.usual[0]:.4g} to {one.usual[1]:.4g})" for one in reasons
    )
    return f": {named}" if named else ""
