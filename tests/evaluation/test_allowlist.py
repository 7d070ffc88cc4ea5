"""Allowlists, on captures written by hand."""

from datetime import date
from pathlib import Path

import pytest

from sweepml.datasets.capture import Capture, Episode
from sweepml.errors import ConfigError, LabelError
from sweepml.evaluation.allowlist import (
    AllowlistEntry,
    AllowlistReport,
    account_allowlist,
    read_allowlist,
)
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import Protocol
from tests.baselines.traces import probes
from tests.evaluation.handmade import US, Contact, to_capture

SCRAPER, WORM, BOTS = "10.0.0.5", "10.0.0.66", ("10.0.1.1", "10.0.1.2")
TODAY, LATER, EARLIER = date(2026, 11, 25), date(2026, 12, 31), date(2026, 11, 24)


def sweep(episode_id: str, source: str, port: int) -> Episode:
    return Episode(episode_id, source, 0, 100 * US, "sweep", (Protocol.TCP,), ((port, port),))


def capture() -> Capture:
    """Return a scraper on 9100, a worm on 445 from the same network, and a sweep of 22 by two bots."""
    contacts = [*probes(20, source=SCRAPER, port=9100), *probes(20, source=WORM, port=445)]
    contacts += [contact for bot in BOTS for contact in probes(10, source=bot, port=22)]
    episodes = [sweep("worm", WORM, 445), *(sweep("bots", bot, 22) for bot in BOTS)]
    return to_capture("hand", contacts, episodes)


def alert(source: str, detected_s: float = 19) -> AlertRow:
    return AlertRow("hand", source, round(detected_s * US), 0, 1.0, 0, "rule")


ALERTS = [alert(source) for source in (SCRAPER, WORM, *BOTS)]


def entry(source: str | None = None, port: int | None = None, expires: date = LATER) -> AllowlistEntry:
    return AllowlistEntry("tested", expires, source, port)


def account(*entries: AllowlistEntry, alerts: list[AlertRow] | None = None) -> AllowlistReport:
    return account_allowlist(entries, [capture()], ALERTS if alerts is None else alerts, TODAY)


def test_an_entry_that_fits_suppresses_the_false_alert_and_hides_nothing() -> None:
    report = account(entry(SCRAPER))
    (one,) = report.accounts
    assert [judged.alert for judged in one.suppressed] == [alert(SCRAPER)]
    assert (one.false_suppressed, one.hidden, one.covered, one.is_unused) == (1, (), (), False)
    assert (report.kept, report.hidden) == (tuple(ALERTS[1:]), ())


def test_a_wide_entry_is_charged_with_the_sweep_that_it_hides() -> None:
    report = account(entry("10.0.0.0/24"))
    (one,) = report.accounts
    assert (len(one.suppressed), one.false_suppressed) == (2, 1)
    assert one.hidden == one.covered == report.hidden == (("hand", "worm"),)


def test_an_entry_for_a_port_is_about_what_the_source_contacted() -> None:
    (scrape, smb) = account(entry(port=9100), entry(port=445)).accounts
    assert [judged.alert.source for judged in scrape.suppressed] == [SCRAPER]
    assert [judged.alert.source for judged in smb.suppressed] == [WORM]
    assert (scrape.hidden, smb.hidden) == ((), (("hand", "worm"),))


def test_source_and_port_must_both_fit() -> None:
    (one,) = account(entry("10.0.0.0/24", 9100)).accounts
    assert [judged.alert.source for judged in one.suppressed] == [SCRAPER]
    assert one.covered == ()


@pytest.mark.parametrize(("on_9100", "suppressed"), [(10, 0), (11, 1)])
def test_more_than_half_of_the_evidence_must_be_on_the_port(on_9100: int, suppressed: int) -> None:
    contacts = [*probes(on_9100, source=SCRAPER, port=9100), *probes(10, source=SCRAPER, port=22)]
    report = account_allowlist([entry(port=9100)], [to_capture("hand", contacts)], [alert(SCRAPER)], TODAY)
    assert len(report.accounts[0].suppressed) == suppressed


def test_only_the_evidence_of_the_alert_counts() -> None:
    contacts = [*probes(10, source=SCRAPER, port=9100), *probes(50, start_s=100, source=SCRAPER, port=22)]
    report = account_allowlist([entry(port=9100)], [to_capture("hand", contacts)], [alert(SCRAPER)], TODAY)
    assert len(report.accounts[0].suppressed) == 1


def test_a_distributed_sweep_is_hidden_only_where_all_its_sources_are() -> None:
    one_bot, both = account(entry(BOTS[0]), entry("10.0.1.0/24")).accounts
    assert (one_bot.hidden, one_bot.covered) == ((), ())
    assert both.hidden == both.covered == (("hand", "bots"),)


def test_entries_together_may_hide_what_each_alone_does_not() -> None:
    report = account(*(entry(bot) for bot in BOTS))
    assert [one.hidden for one in report.accounts] == [(), ()]
    assert report.hidden == (("hand", "bots"),)


def test_a_sweep_that_nobody_caught_is_covered_and_not_hidden() -> None:
    (one,) = account(entry(WORM), alerts=[]).accounts
    assert (one.hidden, one.covered, one.is_unused) == ((), (("hand", "worm"),), True)


def test_an_expired_entry_does_nothing_and_is_reported() -> None:
    old = entry("10.0.0.0/8", expires=EARLIER)
    report = account(old)
    assert report.expired == (old,)
    assert (report.kept, report.hidden) == (tuple(ALERTS), ())
    (one,) = report.accounts
    assert (one.is_expired, one.suppressed, one.covered, one.is_unused) == (True, (), (), False)


def test_an_entry_holds_on_its_last_day() -> None:
    report = account(entry(SCRAPER, expires=TODAY))
    assert (report.expired, len(report.kept)) == ((), 3)


def test_a_named_identity_lies_in_no_network() -> None:
    assert not entry("0.0.0.0/0").covers_source("pod-7")
    assert entry(port=445).covers_source("pod-7")


def test_a_sweep_of_unknown_or_further_ports_is_not_covered_by_one_port() -> None:
    anything = Episode("x", WORM, 0, US, "sweep")
    two_ports = Episode("x", WORM, 0, US, "sweep", (), ((445, 445), (139, 139)))
    assert not entry(port=445).covers_episode(anything)
    assert not entry(port=445).covers_episode(two_ports)
    assert entry(WORM).covers_episode(anything)


def test_an_alert_without_contacts_is_about_no_port() -> None:
    quiet = to_capture("hand", [Contact(500, SCRAPER, "10.1.0.1", port=9100)])
    report = account_allowlist([entry(port=9100)], [quiet], [alert(SCRAPER)], TODAY)
    assert report.kept == (alert(SCRAPER),)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reason": " ", "source": SCRAPER}, "needs a reason"),
        ({"reason": "all"}, "needs a source or a port"),
        ({"reason": "x", "port": 70_000}, "port from 0 to 65535"),
        ({"reason": "x", "source": "10.0.0.1/8"}, "expected a network"),
    ],
)
def test_entries_that_make_no_sense_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AllowlistEntry(expires=LATER, **fields)


def test_scope_names_what_the_entry_is_about() -> None:
    entries = (entry("10.0.0.0/24"), entry(port=9100), entry(SCRAPER, 9100))
    assert [one.scope for one in entries] == ["10.0.0.0/24", "port 9100", f"{SCRAPER} port 9100"]


def test_file_gives_the_entries(tmp_path: Path) -> None:
    path = tmp_path / "allowlist.csv"
    path.write_text(
        "source,port,reason,expires\n10.0.0.5,,scraper,2026-12-31\n,9100,exporters,2027-01-31\n", encoding="utf-8"
    )
    assert read_allowlist(path) == (
        AllowlistEntry("scraper", LATER, source="10.0.0.5"),
        AllowlistEntry("exporters", date(2027, 1, 31), port=9100),
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("10.0.0.5,http,scraper,2026-12-31", "line 2, column port: expected a port or nothing, got 'http'"),
        ("10.0.0.5,,scraper,soon", "line 2, column expires: expected a day such as 2027-01-31, got 'soon'"),
        ("10.0.0.5,,,2026-12-31", "line 2: an allowlist entry needs a reason"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "allowlist.csv"
    path.write_text(f"source,port,reason,expires\n{row}\n", encoding="utf-8")
    with pytest.raises(LabelError, match=message):
        read_allowlist(path)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "allowlist.csv"
    path.write_text("source,port,reason\n", encoding="utf-8")
    with pytest.raises(LabelError, match="expected a column expires"):
        read_allowlist(path)
