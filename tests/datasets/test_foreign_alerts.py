"""Alerts of other tools, one sample of every documented format."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from sweepml.datasets.foreign_alerts import ForeignAlerts, read_foreign_alerts
from sweepml.errors import FormatError, InputError, InputMissingError
from sweepml.schema.alert import AlertRow

T0 = 1_764_064_800  # 2025-11-25T10:00:00Z
US = 1_000_000


def read(tmp_path: Path, *lines: str | dict[str, Any], capture: str = "net") -> ForeignAlerts:
    path = tmp_path / "alerts.log"
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines), "utf-8")
    return read_foreign_alerts(path, capture)


def alert(source: str, detected_s: float, detector: str, since_s: float | None = None, score: float = 1.0) -> AlertRow:
    since_s = detected_s if since_s is None else since_s
    return AlertRow("net", source, round(detected_s * US), round(since_s * US), score, 0, detector)


ZEEK_HEADER = "#fields\tts\tuid\tnote\tmsg\tsub\tsrc\tdst\tp\tn"
ADDRESS_SCAN = "10.0.0.5 scanned at least 25 unique hosts on port 445/tcp in 2m12s"


def test_zeek_text_gives_the_notices_about_many_hosts(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "#separator \\x09",
        ZEEK_HEADER,
        f"{T0}.250000\t-\tScan::Address_Scan\t{ADDRESS_SCAN}\tlocal\t10.0.0.5\t-\t445\t-",
        f"{T0}.000000\t-\tScan::Port_Scan\t10.0.0.6 scanned 15 ports\tlocal\t10.0.0.6\t10.0.0.1\t-\t-",
        f"{T0}.000000\t-\tSSL::Invalid_Server_Cert\tself signed\t-\t10.0.0.7\t-\t443\t-",
        f"{T0 + 9}.0\t-\tScan::Random_Scan\t10.0.0.8 scanned at least 30 hosts\t-\t10.0.0.8\t-\t-\t30",
        "#close\t2025-11-25-11-00-00",
    )
    assert found.alerts == (
        alert("10.0.0.5", T0 + 0.25, "zeek", since_s=T0 + 0.25 - 132),
        alert("10.0.0.8", T0 + 9, "zeek", score=30.0),
    )
    assert (found.title, found.skipped, found.report.rejected) == ("Zeek notice.log", {"not about a sweep": 2}, 0)


def test_zeek_json_says_the_same(tmp_path: Path) -> None:
    found = read(tmp_path, {"ts": T0 + 0.25, "note": "Scan::Address_Scan", "msg": ADDRESS_SCAN, "src": "10.0.0.5"})
    assert found.alerts == (alert("10.0.0.5", T0 + 0.25, "zeek", since_s=T0 + 0.25 - 132),)


def test_a_notice_log_without_notices_holds_no_alerts(tmp_path: Path) -> None:
    assert read(tmp_path, ZEEK_HEADER).alerts == ()


def eve(signature: str, severity: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "timestamp": "2025-11-25T11:00:00.500000+0100",
        "event_type": "alert",
        "src_ip": "10.0.0.5",
        "dest_ip": "10.1.0.1",
        "alert": {"gid": 1, "signature_id": 2001219, "signature": signature, "category": "", "severity": severity},
        **more,
    }


def test_suricata_gives_alerts_whose_signature_names_a_scan(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"timestamp": "2025-11-25T11:00:00.000000+0100", "event_type": "flow", "src_ip": "10.0.0.1"},
        eve("ET SCAN Potential SSH Scan OUTBOUND"),
        eve("ET POLICY curl User-Agent"),
        eve("ET SCAN Rapid POP3", severity=1, flow={"src_ip": "10.0.0.9"}),
    )
    assert found.alerts == (
        alert("10.0.0.5", T0 + 0.5, "suricata", score=0.5),
        alert("10.0.0.9", T0 + 0.5, "suricata", score=1.0),  # who began the flow, not who sent the packet
    )
    assert found.skipped == {"no alert": 1, "not about a sweep": 1}


def snort(rule: str, **more: Any) -> dict[str, Any]:
    return {
        "timestamp": "25/11/25-10:00:00.500000",
        "src_ap": "10.0.0.5:40000",
        "dst_ap": "10.1.0.1:445",
        "rule": rule,
        "action": "allow",
        **more,
    }


def test_snort_names_the_scanner_whoever_sent_the_packet(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        snort("122:7:1"),  # filtered: the scanner's own packet
        snort("122:3:2", src_ap="10.1.0.1:445", dst_ap="10.0.0.6:40000"),  # the victim's reset
        snort("122:3:2", dir="C2S"),
        snort("122:1:2"),  # many ports of one host
        snort("1:1000001:1", msg="LOCAL ssh scan"),
        snort("1:1000002:1", msg="LOCAL curl"),
    )
    assert [one.source for one in found.alerts] == ["10.0.0.5", "10.0.0.6", "10.0.0.5", "10.0.0.5"]
    assert {one.detected_us for one in found.alerts} == {round((T0 + 0.5) * US)}
    assert found.skipped == {"not about a sweep": 2}


def test_snort_seconds_take_the_fraction_of_the_timestamp(tmp_path: Path) -> None:
    record = {"seconds": T0, "timestamp": "11/25-10:00:00.125", "gid": 122, "sid": 19, "src_addr": "fd00::2"}
    (one,) = read(tmp_path, {**record, "dst_addr": "FD00:0::1"}).alerts
    assert one == alert("fd00::1", T0 + 0.125, "snort")


def test_snort_time_without_a_year_is_rejected(tmp_path: Path) -> None:
    found = read(tmp_path, snort("122:7:1", timestamp="11/25-10:00:00.500000"))
    assert (found.alerts, found.report.rejects) == ((), {"bad time": 1})


@pytest.mark.parametrize(
    "source", [{"IP": "10.0.2.15"}, {"IP4": ["10.0.2.15"], "Type": ["Malicious"]}], ids=["IDMEF", "IDEA"]
)
def test_slips_gives_horizontal_scans_at_the_time_of_the_flow(tmp_path: Path, source: dict[str, Any]) -> None:
    common = {
        "Analyzer": {"Name": "Slips", "Model": "1.1.21"},
        "StartTime": "2025-11-25T10:00:00.500000+00:00",
        "CreateTime": "2026-02-01T00:00:00+00:00",
        "Source": [source],
        "Confidence": 0.8,
    }
    found = read(
        tmp_path,
        {**common, "Description": "Horizontal port scan to port 445/TCP. From 10.0.2.15 to 10 unique destination IPs."},
        {**common, "Description": "Vertical port scan to 10.1.0.1"},
        {**common, "Description": "Connection without DNS resolution"},
    )
    assert found.alerts == (alert("10.0.2.15", T0 + 0.5, "slips", score=0.8),)
    assert found.skipped == {"not about a sweep": 2}


def test_own_findings_come_with_exact_times_and_without_their_close(tmp_path: Path) -> None:
    own = {
        "source": "web-7d9f",
        "state": "open",
        "detected_at": "2025-11-25T10:00:00.250001Z",
        "first_contact": "2025-11-25T09:59:30.000000Z",
        "score": 0.93,
        "horizon_s": 600,
    }
    records = [{"class_uid": 2004, "unmapped": {"sweepml": {**own, "state": state}}} for state in ("open", "close")]
    found = read(tmp_path, *records)
    assert found.alerts == (AlertRow("net", "web-7d9f", T0 * US + 250_001, (T0 - 30) * US, 0.93, 600, "sweepml"),)
    assert found.skipped == {"the end of a finding": 1}


def test_findings_of_others_are_read_by_what_ocsf_says(tmp_path: Path) -> None:
    finding = {
        "class_uid": 2004,
        "time": T0 * 1000 + 250,
        "confidence_score": 70,
        "finding_info": {"title": "Port sweep", "first_seen_time": T0 * 1000},
        "evidences": [{"src_endpoint": {"ip": "10.0.0.5"}}],
    }
    found = read(tmp_path, finding, {**finding, "finding_info": {"title": "Malware"}})
    assert found.alerts == (alert("10.0.0.5", T0 + 0.25, "sweepml", since_s=T0, score=0.7),)


def test_plain_lines_may_say_everything(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"source": "10.0.0.5", "detected": T0},
        {
            "source": "10.0.0.6",
            "detected": "2025-11-25T10:00:05Z",
            "since": T0,
            "score": 7,
            "horizon_s": 60,
            "detector": "mine",
            "capture": "other",
        },
    )
    assert found.alerts == (
        alert("10.0.0.5", T0, "alerts"),
        AlertRow("other", "10.0.0.6", (T0 + 5) * US, T0 * US, 7.0, 60, "mine"),
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"source": "10.0.0.5", "detected": 1', "truncated JSON"),
        ({"source": "", "detected": T0}, "bad address"),
        ({"source": 5, "detected": T0}, "bad address"),
        ({"source": "10.0.0.5", "detected": "yesterday"}, "bad time"),
        ({"source": "10.0.0.5", "detected": T0, "since": T0 + 1}, "bad time"),
        ({"source": "10.0.0.5", "detected": T0, "score": float("nan")}, "bad number"),
        ({"source": "10.0.0.5", "detected": T0, "score": True}, "bad number"),
        ({"source": "10.0.0.5", "detected": T0, "horizon_s": 1.5}, "bad number"),
        ({"ts": T0, "note": "Scan::Address_Scan"}, "not a connection record"),
        ("plain words", "not a connection record"),
    ],
)
def test_lines_that_cannot_be_read_are_counted_by_reason(
    tmp_path: Path, line: str | dict[str, Any], reason: str
) -> None:
    found = read(tmp_path, {"source": "10.0.0.1", "detected": T0}, line)
    assert len(found.alerts) == 1
    assert found.report.rejects == {reason: 1}


def test_a_bad_address_in_a_tools_own_format_is_rejected(tmp_path: Path) -> None:
    assert read(tmp_path, eve("ET SCAN x", src_ip="host-7")).report.rejects == {"bad address": 1}


def test_rows_of_another_width_are_rejected(tmp_path: Path) -> None:
    assert read(tmp_path, ZEEK_HEADER, f"{T0}\tScan::Address_Scan").report.rejects == {"wrong field count": 1}


def test_bytes_that_are_no_text_are_rejected_and_gzip_is_read(tmp_path: Path) -> None:
    path = tmp_path / "alerts.gz"
    path.write_bytes(gzip.compress(b"\xff\xfe\n" + json.dumps({"source": "10.0.0.5", "detected": T0}).encode()))
    found = read_foreign_alerts(path, "net")
    assert (len(found.alerts), found.report.rejects) == (1, {"invalid utf-8": 1})


def test_a_truncated_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "alerts.gz"
    path.write_bytes(gzip.compress(json.dumps({"source": "10.0.0.5", "detected": T0}).encode() * 100)[:-9])
    with pytest.raises(InputError, match="gzip stream is truncated"):
        read_foreign_alerts(path, "net")


@pytest.mark.parametrize("lines", [[], ["#fields\tts\tuid\tid.orig_h", f"{T0}\t-\t10.0.0.5"], ['{"a": 1}']])
def test_a_file_that_holds_no_alerts_is_refused(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(FormatError, match=r"no alerts in a format that is known: Zeek notice.log, Suricata EVE"):
        read(tmp_path, *lines)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="no such file"):
        read_foreign_alerts(tmp_path / "none.log", "net")


def test_alerts_need_a_capture(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 1: names no capture"):
        read(tmp_path, {"source": "10.0.0.5", "detected": T0}, capture="")
