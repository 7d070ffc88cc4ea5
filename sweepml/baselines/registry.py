"""Rule name -> class, a literal table."""

from __future__ import annotations

from typing import Final

from sweepml.baselines.base import Rule
from sweepml.baselines.elastic_network_sweep import ElasticNetworkSweep
from sweepml.baselines.nemea_haddrscan import NemeaHaddrscan
from sweepml.baselines.random_walk import ThresholdRandomWalk
from sweepml.baselines.scan_ng_address import ScanNgAddress
from sweepml.baselines.scan_ng_knockknock import ScanNgKnockKnock
from sweepml.baselines.sentinel_port_sweep import SentinelPortSweep
from sweepml.baselines.slips_horizontal import SlipsHorizontal
from sweepml.baselines.snort_portsweep import SnortPortsweepHigh, SnortPortsweepLow, SnortPortsweepMedium
from sweepml.baselines.splunk_horizontal_scan import SplunkHorizontalScan
from sweepml.baselines.zeek_scan import ZeekScan
from sweepml.baselines.zeek_simple_scan import ZeekSimpleScan
from sweepml.errors import ConfigError, did_you_mean

RULES: Final[dict[str, type[Rule]]] = {
    "random_walk": ThresholdRandomWalk,
    "slips_horizontal": SlipsHorizontal,
    "zeek_scan": ZeekScan,
    "zeek_simple_scan": ZeekSimpleScan,
    "scan_ng_address": ScanNgAddress,
    "scan_ng_knockknock": ScanNgKnockKnock,
    "snort_portsweep_low": SnortPortsweepLow,
    "snort_portsweep_medium": SnortPortsweepMedium,
    "snort_portsweep_high": SnortPortsweepHigh,
    "nemea_haddrscan": NemeaHaddrscan,
    "elastic_network_sweep": ElasticNetworkSweep,
    "splunk_horizontal_scan": SplunkHorizontalScan,
    "sentinel_port_sweep": SentinelPortSweep,
}


def make_rule(name: str, **parameters: float | bool) -> Rule:
    """Return a rule by its registry name.

    Raises
    ------
    ConfigError
        If no rule has that name, or it has no such parameter.

    Examples
    --------
    >>> make_rule("slips_horizontal").threshold
    10.0
    """
    if name not in RULES:
        raise ConfigError(f"no rule is called {name!r}; {did_you_mean(name, RULES)}")
    try:
        return RULES[name](**parameters)
    except TypeError as error:
        raise ConfigError(f"rule {name}: {error}") from None
