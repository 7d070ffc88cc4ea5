"""One capture in the formats of several tools gives the same features, within the tolerances that the docs state."""

from pathlib import Path

import pytest

from benchmarks.formats import (
    FAN_OUT_TOLERANCE,
    FEATURES,
    FILES,
    NO_ICMP_TYPES,
    OUTCOME_EXACT,
    REFERENCE,
    FormatView,
    agreements,
    compared_sources,
    largest_stranger,
    view,
)

pytestmark = [pytest.mark.slow, pytest.mark.real]  # reads 800,000 packets and a million records

FAN_OUT = ("dst_count", "top_port_dst_count", "internal_dst_count", "public_dst_count", "net_count")
SERVICES = ("edge_count", "port_count", "top_dst_port_count")
OTHERS = [name for name in FILES if name != REFERENCE]


@pytest.fixture(scope="module")
def lab_train(repo_root: Path) -> Path:
    folder = repo_root.parent / "shared" / "data" / "lab" / "train"
    if not folder.is_dir():
        pytest.skip(f"the laboratory capture in other formats is not at {folder}")
    return folder


@pytest.fixture(scope="module")
def views(lab_train: Path) -> dict[str, FormatView]:
    return {REFERENCE: view(lab_train / FILES[REFERENCE])}


@pytest.fixture
def both(
    request: pytest.FixtureRequest, views: dict[str, FormatView], lab_train: Path
) -> tuple[FormatView, FormatView]:
    """Return the view of one format, read once, and of the reference."""
    name = request.param
    if name == "pcap":
        pytest.importorskip("nfstream", reason="nfstream is not installed: pip install 'sweepml[pcap]'")
    if name not in views:
        views[name] = view(lab_train / FILES[name])
    return views[name], views[REFERENCE]


@pytest.mark.parametrize("both", OTHERS, indirect=True)
def test_fan_out_agrees(both: tuple[FormatView, FormatView]) -> None:
    exact, worst = FAN_OUT_TOLERANCE
    found = agreements(*both)
    for name in FAN_OUT:
        assert found[name].exact >= exact, (name, found[name])
        assert found[name].worst <= worst, (name, found[name])


@pytest.mark.parametrize("both", [name for name in OTHERS if name not in NO_ICMP_TYPES], indirect=True)
def test_services_agree_where_icmp_types_are_told(both: tuple[FormatView, FormatView]) -> None:
    exact, worst = FAN_OUT_TOLERANCE
    found = agreements(*both)
    for name in SERVICES:
        assert found[name].exact >= exact, (name, found[name])
        assert found[name].worst <= worst, (name, found[name])


@pytest.mark.parametrize("both", OTHERS, indirect=True)
def test_failures_agree(both: tuple[FormatView, FormatView]) -> None:
    assert agreements(*both)["failed_dst_count"].exact >= OUTCOME_EXACT


@pytest.mark.parametrize("both", OTHERS, indirect=True)
def test_no_server_becomes_a_source(both: tuple[FormatView, FormatView]) -> None:
    source, count = largest_stranger(*both)
    assert count < 5, source


def test_the_reference_has_sources_to_compare(views: dict[str, FormatView]) -> None:
    reference = views[REFERENCE]
    assert len(compared_sources(reference)) > 100
    dst_count = FEATURES.index("dst_count")
    assert max(row[dst_count] for row in reference.values.values()) == 8192
