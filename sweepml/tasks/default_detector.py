"""The detector that comes with sweepml: from captures to the bundle in the package, by one call.

A newcomer's own log meets this detector first, and false alarms on ordinary networks matter most there. So it learns
from everything at hand: the laboratory, what others published, sweeps injected into published traffic, and a made-up
network with every role that is known to be mistaken for a sweep.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sweepml.config.inject import InjectConfig, SweepsConfig
from sweepml.config.simulate import SimulateConfig
from sweepml.config.train import CaptureConfig, TrainConfig
from sweepml.datasets.published import GROUND_TRUTH, capture_name
from sweepml.errors import ConfigError, InputMissingError, did_you_mean
from sweepml.tasks.inject import inject
from sweepml.tasks.progress import Progress, Silent
from sweepml.tasks.simulate import simulate
from sweepml.tasks.train import TrainResult, train

_SLOW_SCANNERS: Final = ["connect_loop", "nmap_t1"]


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """One log that others published.

    Attributes
    ----------
    file
        Path in the folder of published captures.
    has_attacks
        Whether `GROUND_TRUTH` lists an attack in it; all others are background.
    is_injected
        Whether sweeps are put into copies of it: networks of several hosts, or a day of one.
    """

    file: str
    has_attacks: bool = False
    is_injected: bool = False

    @property
    def name(self) -> str:
        """What its capture is called.

        >>> PublishedLog("zeek/m57_day.conn.log").name
        'm57_day'
        """
        return capture_name(self.file).rpartition("/")[2]


PUBLISHED: Final = (
    PublishedLog("zeek/m57_day.conn.log", is_injected=True),
    PublishedLog("zeek/strato008_mixed.conn.log.labeled", is_injected=True),
    PublishedLog("zeek/strato011_mixed.conn.log.labeled", is_injected=True),
    PublishedLog("zeek/idps2023_benign.conn.log.labeled", is_injected=True),
    PublishedLog("argus/phone_apps.binetflow", is_injected=True),
    PublishedLog("zeek/ics_tridium.conn.log", is_injected=True),
    PublishedLog("zeek/iot23_benign_b2.conn.log", is_injected=True),
    PublishedLog("zeek/iot23_benign_b1.conn.log"),
    *(PublishedLog(f"zeek/iot23_benign_b3{part}.conn.log") for part in "abcdef"),
    *(PublishedLog(f"zeek/apt29_day{day}.conn.log") for day in range(1, 9)),
    PublishedLog("zeek/ics_4sics.conn.log"),
    PublishedLog("zeek/iot23_34_1.conn.log.labeled"),
    PublishedLog("zeek/zeroaccess_p2p.conn.log", has_attacks=True),
    PublishedLog("zeek/vertical_scan.conn.log", has_attacks=True),
    PublishedLog("zeek/strato002_nmap.conn.log", has_attacks=True),
    PublishedLog("zeek/iot23_test_90_10.conn.log", has_attacks=True),
    PublishedLog("zeek/iot23_calib_60_40.conn.log", has_attacks=True),
    PublishedLog("argus/icmp_sweep.binetflow", has_attacks=True),
    PublishedLog("nfdump/test1.nfdump"),
)
"""What it learns from of other people's captures. Packet captures, all of them short, would need further packages."""

_SHARE_RECORDS: Final = ("iot23_34_1", "iot23_test_90_10", "iot23_calib_60_40")
"""Excerpts that share records with each other: no split may part them."""


@dataclass(frozen=True, slots=True)
class Material:
    """What the detector is made of.

    Attributes
    ----------
    published
        Folder of the published captures.
    prepared
        Folder for injected and simulated logs; what stands there is written anew.
    without
        Names of published captures that it must not see, nor their injected copies: for a test of transfer.
    logs
        The published captures.
    simulated_hours
        How long the made-up network is watched.
    """

    published: Path
    prepared: Path
    without: Collection[str] = ()
    logs: tuple[PublishedLog, ...] = PUBLISHED
    simulated_hours: float = 2.0


def make_default_detector(base: TrainConfig, material: Material, progress: Progress | None = None) -> TrainResult:
    """Prepare the captures, train on them and write the bundle to ``<output_root>/<name>/detector.onnx``.

    Parameters
    ----------
    base
        A composed training configuration with the laboratory as its data.
    material
        What is added to it.
    progress
        Told about stages; silent by default.

    Raises
    ------
    SweepmlError
        For anything that a user can mend.
    """
    progress = progress or Silent()
    logs = wanted_logs(material)
    captures = dict(base.data.captures)
    sources = [log for log in logs if log.is_injected]
    progress.stage("injecting and simulating", 2 * len(sources) + 1)
    for log in logs:
        captures[log.name] = _published_capture(log, material.published)
    for number, log in enumerate(sources):
        for name, capture in _injected(log, number, material):
            captures[name] = capture
            progress.step()
    captures["simulated"] = _simulated(material)
    progress.step()
    together: list[str] = [name for name in _SHARE_RECORDS if name in captures]
    data = replace(base.data, name="default", captures=captures, together=[together] if len(together) > 1 else [])
    return train(replace(base, data=data), progress)


def wanted_logs(material: Material) -> tuple[PublishedLog, ...]:
    """Return the published logs that are trained on.

    Raises
    ------
    ConfigError
        If a capture that is to be left out is none of them.
    InputMissingError
        If a log is not there.
    """
    names = [log.name for log in material.logs]
    for name in material.without:
        if name not in names:
            raise ConfigError(f"there is no published capture {name!r} to leave out; {did_you_mean(name, names)}")
    logs = tuple(log for log in material.logs if log.name not in material.without)
    for file in (GROUND_TRUTH, *(log.file for log in logs)):
        if not (material.published / file).is_file():
            raise InputMissingError(
                f"{material.published / file}: no such file; the default detector is trained on published captures, "
                "whose licences keep them out of the repository (data/README.md)"
            )
    return logs


def _published_capture(log: PublishedLog, folder: Path) -> CaptureConfig:
    path = str(folder / log.file)
    if not log.has_attacks:
        return CaptureConfig(log=path, background=True)
    return CaptureConfig(log=path, episodes=str(folder / GROUND_TRUTH), episodes_file=log.file)


def _injected(log: PublishedLog, number: int, material: Material) -> Iterator[tuple[str, CaptureConfig]]:
    """Yield two copies with sweeps: by all scanners, and slow ones, of which a day has room for many."""
    for kind, sweeps in (
        ("any", SweepsConfig(count=30)),
        ("slow", SweepsConfig(count=50, scanners=_SLOW_SCANNERS)),
    ):
        output = material.prepared / f"{log.name}_{kind}.log"
        output.parent.mkdir(parents=True, exist_ok=True)
        seed = 2 * number + (kind == "slow")
        made = inject(InjectConfig(str(material.published / log.file), str(output), seed=seed, sweeps=sweeps))
        yield output.stem, CaptureConfig(str(made.log), str(made.episodes), str(made.roles))


def _simulated(material: Material) -> CaptureConfig:
    output = material.prepared / "simulated.parquet"
    made = simulate(
        SimulateConfig(output=str(output), hosts=100, hours=material.simulated_hours, sweeps=SweepsConfig(count=40))
    )
    return CaptureConfig(str(made.log), str(made.episodes), str(made.roles))
