"""Evasion name -> class, a literal table, in the order in which tables name them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.errors import ConfigError, did_you_mean
from sweepml.simulation.evasions.base import Evasion
from sweepml.simulation.evasions.churn import AddressChurn, IdentityKept
from sweepml.simulation.evasions.decoys import Decoys
from sweepml.simulation.evasions.discovery import Discovery
from sweepml.simulation.evasions.interleaved import Interleaved
from sweepml.simulation.evasions.paced import Paced
from sweepml.simulation.evasions.plain import Plain
from sweepml.simulation.evasions.rotation import PortRotation
from sweepml.simulation.evasions.several_sources import FourSources, SixteenSources
from sweepml.simulation.evasions.straddling import Straddling

EVASIONS: Final = MappingProxyType(
    {
        evasion.name: evasion
        for evasion in (
            Plain,
            Interleaved,
            Straddling,
            Paced,
            PortRotation,
            Discovery,
            FourSources,
            SixteenSources,
            AddressChurn,
            IdentityKept,
            Decoys,
        )
    }
)
"""Name -> class."""


def make_evasion(name: str) -> Evasion:
    """Return the evasion of a name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in EVASIONS:
        raise ConfigError(f"no evasion is called {name!r}; {did_you_mean(name, EVASIONS)}")
    evasion: Evasion = EVASIONS[name]()
    return evasion
