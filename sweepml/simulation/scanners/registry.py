"""Scanner profiles by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.errors import ConfigError, did_you_mean
from sweepml.simulation.scanners.base import Scanner
from sweepml.simulation.scanners.connect_loop import ConnectLoop
from sweepml.simulation.scanners.masscan import Masscan
from sweepml.simulation.scanners.mirai import Mirai
from sweepml.simulation.scanners.nmap import NmapT1, NmapT2, NmapT3, NmapT4, NmapT5
from sweepml.simulation.scanners.worm import CodeRed2, Nimda
from sweepml.simulation.scanners.zmap import Zmap

SCANNERS: Final = MappingProxyType(
    {
        scanner.name: scanner
        for scanner in (NmapT1, NmapT2, NmapT3, NmapT4, NmapT5, Masscan, Zmap, ConnectLoop, CodeRed2, Nimda, Mirai)
    }
)
"""Name -> class."""


def make_scanner(name: str) -> Scanner:
    """Return the scanner of a name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in SCANNERS:
        raise ConfigError(f"no scanner is called {name!r}; {did_you_mean(name, SCANNERS)}")
    return SCANNERS[name]()
