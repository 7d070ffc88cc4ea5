"""An alert as evaluation sees it: what every detector gives, be it a model, a rule or a foreign tool."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert about one source.

    Attributes
    ----------
    capture
        Name of the capture.
    source
        Address in canonical text form, or an identity's name.
    detected_us
        When the alert could be raised, microseconds since 1970 UTC. Records count as known at their start,
        for every detector alike.
    since_us
        Start of the evidence: the window's start or the first contact that counted; not after `detected_us`.
    score
        Higher is more suspicious; comparable only within one detector.
    horizon_s
        Length of the window that was judged, in seconds; 0 for detectors that have none.
    detector
        Registry name of the model or rule, or the name of the tool.
    """

    capture: str
    source: str
    detected_us: int
    since_us: int
    score: float
    horizon_s: int
    detector: str
