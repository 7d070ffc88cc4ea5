"""What comes from the Internet and is no attack on anyone in particular."""

from __future__ import annotations

from typing import Final

from sweepml.simulation.behaviour import Visits
from sweepml.simulation.rhythm import EVENING
from sweepml.simulation.roles.role import Fate, Role, tcp, udp

OUTSIDE_ROLES: Final = (
    Role(
        "inbound_web_client",
        "customer of the organisation's web sites",
        "visitors",
        "front_ends",
        tcp(443, 443, 443, 80),
        Visits(every_s=1200, contacts_mean=3, spread_s=3, rhythm=EVENING, favourites=2, new_share=0.0, skew=1),
        per_1000=300,
    ),
    Role(
        "inbound_resolver",
        "resolver of others that asks our name servers",
        "visitors",
        "front_ends",
        udp(53),
        Visits(every_s=600, favourites=2, new_share=0.0, skew=1),
        per_1000=50,
        first=400,
    ),
    Role(
        "backscatter",
        "victim of a flood with forged senders: answers to hosts that never asked",
        "visitors",
        "unused",
        tcp(80, 443, 22, 53),
        Visits(every_s=400, contacts_mean=6, spread_s=60, favourites=1, new_share=1.0, skew=1),
        per_1000=5,
        first=500,
        fate=Fate(unknown=True),
        high_ports=True,
        ipv4_only=True,
    ),
)
