"""What watches the network: scrapers, health checks, pollers, inventories, vulnerability scanners."""

from __future__ import annotations

from typing import Final

from sweepml.simulation.behaviour import Rounds
from sweepml.simulation.roles.role import ECHO, Fate, Role, tcp, udp

_COMMON_PORTS: Final = (
    *(20, 21, 22, 23, 25, 53, 80, 81, 88, 110, 111, 113, 119, 135, 139, 143, 161, 179, 199, 389, 427, 443, 444, 445),
    *(465, 513, 514, 515, 543, 544, 548, 554, 587, 631, 636, 646, 873, 990, 993, 995, 1025, 1026, 1027, 1028, 1110),
    *(1433, 1521, 1720, 1723, 1755, 1900, 2000, 2001, 2049, 2121, 2375, 2717, 3000, 3128, 3306, 3389, 3986, 4899),
    *(5000, 5009, 5051, 5060, 5101, 5190, 5357, 5432, 5631, 5666, 5800, 5900, 5985, 6000, 6001, 6379, 6646, 7070),
    *(8000, 8008, 8009, 8080, 8081, 8443, 8888, 9090, 9100, 9200, 9999, 10000, 10250, 27017, 32768, 49152, 49153),
)
"""About a hundred TCP ports that inventories ask for."""

MONITORING_ROLES: Final = (
    Role(
        "prometheus",
        "scrapes exporters every 15 s, some of them down",
        "monitors",
        "servers",
        tcp(9100),
        Rounds(period_s=15, targets=80, gap_s=0.18, jitter_s=0.05),
        per_1000=0.5,
        fate=Fate(dead_share=0.05, refusing_share=0.5, outage_share=0.01),
    ),
    Role(
        "lb_healthcheck",
        "asks each backend every 5 s whether it is there",
        "monitors",
        "pods",
        tcp(8080),
        Rounds(period_s=5, targets=30, gap_s=0.1, jitter_s=0.05),
        per_1000=0.7,
        first=100,
        target_lifetime_s=1200,
        fate=Fate(dead_share=0.08, refusing_share=0.6, outage_share=0.02, outage_s=120),
    ),
    Role(
        "snmp_poller",
        "asks switches and printers every five minutes",
        "monitors",
        "devices",
        udp(161),
        Rounds(period_s=300, targets=300, gap_s=0.2, jitter_s=0.1, consecutive=True),
        per_1000=0.5,
        first=200,
        fate=Fate(dead_share=0.07, refusing_share=0.0),
    ),
    Role(
        "ping_monitor",
        "pings hosts every minute",
        "monitors",
        "devices",
        ECHO,
        Rounds(period_s=60, targets=120, gap_s=0.05, jitter_s=0.02),
        per_1000=0.5,
        first=300,
        fate=Fate(dead_share=0.05, refusing_share=0.0),
    ),
    Role(
        "printer_monitor",
        "asks every printer for paper and toner",
        "monitors",
        "printers",
        udp(161, 161) + tcp(9100),
        Rounds(period_s=900, targets=120, gap_s=0.5, jitter_s=0.2, services=3, consecutive=True),
        per_1000=0.3,
        first=400,
        fate=Fate(dead_share=0.08, refusing_share=0.0),
    ),
    Role(
        "inventory",
        "asks clients for what is installed, a few ports each, day in day out; many are switched off",
        "monitors",
        "clients",
        tcp(135, 22, 445),
        Rounds(period_s=43_200, targets=4000, gap_s=3.5, jitter_s=3, services=3, consecutive=True),
        per_1000=0.3,
        first=500,
        fate=Fate(dead_share=0.45, refusing_share=0.2),
    ),
    Role(
        "vulnerability_scanner",
        "authorised: goes through a hundred ports of one server after the other",
        "monitors",
        "servers",
        tcp(*_COMMON_PORTS),
        Rounds(period_s=86_400, targets=250, gap_s=0.9, jitter_s=0.6, services=len(_COMMON_PORTS), consecutive=True),
        per_1000=0.2,
        first=600,
        fate=Fate(dead_share=0.95, refusing_share=0.9),
    ),
    Role(
        "ntp_pool_monitor",
        "watches public time servers",
        "monitors",
        "time_pool",
        udp(123),
        Rounds(period_s=600, targets=60, gap_s=2, jitter_s=1),
        per_1000=0.2,
        first=700,
        fate=Fate(dead_share=0.2, refusing_share=0.0),
    ),
)
