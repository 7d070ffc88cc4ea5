"""Damaged records of every format: no crash, no hang, and both readers say the same of them."""

import copy
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.datasets.reader import read_connections
from sweepml.errors import FormatError
from sweepml.origins.registry import ORIGINS
from sweepml.origins.rows import Row
from tests.datasets.agree import assert_fast_ways_agree, assert_readers_agree, read_table
from tests.origins.samples import SAMPLES, Sample

LINES = {name: sample for name, sample in SAMPLES.items() if sample.encoding != "json-document"}

ODD_WORDS = """
- -1 0 00 +5 5.0 5.5 0x1f 65535 65536 2048 8.0 1e3 nan inf 9223372036854775808 4294967296 1767225600 1767225600000
1767225600000000 2026-01-01T00:00:00Z 2026-01-01T00:00:00.123+0100 2026/01/01 1/1/2026 10.0.0.1 10.0.0.01
fe80::1 ::ffff:10.0.0.1 example.org tcp TCP udp icmp 6 17 1 58 S0 RST CON INT -> <- <-> ?> REJECT OK NODATA D B E
......S. 14 1b 02 true PortScan BENIGN portScan --- DROPPED
"""
ODD_BLANKS = ["", " ", " 5", "5 ", '"', '""', '"5"', 'a"b', "\u00e9", "\x85", "\x00"]
ODD = [*ODD_WORDS.split(), *ODD_BLANKS, "2026-01-01 00:00:00", "1/1/2026 1:00 PM"]
ODD_JSON = [*ODD, None, True, False, 0, 1, -1, 1.5, 1767225600123, 2**70, [], ["10.0.0.1"], {}, {"a": 1}]


@st.composite
def odd_text(draw: st.DrawFn, sample: Sample) -> str:
    """Return a sample with some of its fields replaced."""
    delimiter = ORIGINS[sample.origin].delimiter
    keep = sample.encoding == "csv-header"
    lines = []
    for line in sample.lines[keep:]:
        cells = line.split(delimiter)
        for place in draw(st.lists(st.integers(0, len(cells) - 1), max_size=2)):
            cells[place] = draw(st.sampled_from(ODD))
        lines.append(delimiter.join(cells) + draw(st.sampled_from(["", "", "", delimiter, "\r"])))
    return "\n".join([*sample.lines[:keep], *lines]) + draw(st.sampled_from(["", "\n"]))


@st.composite
def odd_json(draw: st.DrawFn, sample: Sample) -> str:
    """Return a sample with some of its values replaced, wherever they stand."""
    lines = []
    for line in sample.lines:
        record = json.loads(line)
        for _ in range(draw(st.integers(0, 2))):
            _replace(draw, record)
        text = json.dumps(record, separators=(",", ":"), ensure_ascii=draw(st.booleans()))
        lines.append(text[:-1] if draw(st.integers(0, 15)) == 0 else text)
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\r\n"]))


def _replace(draw: st.DrawFn, node: Any) -> None:
    while node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and draw(st.integers(0, 4)):
            node = node[key]
        elif isinstance(node[key], str) and "," in node[key]:  # a tuple of Azure's
            cells = node[key].split(",")
            cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(ODD))
            node[key] = ",".join(cells)
            return
        elif isinstance(node, dict) and draw(st.integers(0, 4)) == 0:
            del node[key]
            return
        else:
            node[key] = copy.deepcopy(draw(st.sampled_from(ODD_JSON)))
            return


@pytest.mark.parametrize("name", LINES)
@settings(max_examples=40)
@given(data=st.data())
def test_readers_agree_on_odd_values(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    sample = LINES[name]
    path = tmp_path_factory.getbasetemp() / f"odd-{name}"
    text = data.draw(odd_json(sample) if sample.encoding == "json-lines" else odd_text(sample))
    path.write_bytes(text.encode("utf-8", "replace"))
    try:
        read_connections(path)
    except FormatError:
        return  # so much was replaced that the format cannot be told
    assert_readers_agree(path)


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in LINES])
@settings(max_examples=40)
@given(data=st.data())
def test_readers_agree_on_odd_documents(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    document = json.loads(SAMPLES[name].text)
    for _ in range(data.draw(st.integers(1, 3))):
        _replace(data.draw, document)
    text = json.dumps(document)
    path = tmp_path_factory.getbasetemp() / f"odd-{name}"
    path.write_text(text[: data.draw(st.sampled_from([None, -1, -9, len(text) // 2]))])
    try:
        read_connections(path)
    except FormatError:
        return
    assert_readers_agree(path)


MUTANTS = 10_000
"""Records per format: 200,000 and more in total."""

_BYTES = b'0159abzTZ.,;:"{}[]\\-+ \t\r\x00\xc3\xff' + "\u00e9".encode()


def mutated(line: bytes, rng: random.Random) -> bytes:
    """Return a line with one to three of its bytes changed, lost or doubled."""
    octets = bytearray(line)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(octets)) if octets else 0
        match rng.randrange(4):
            case 0:
                octets[place : place + 1] = bytes([rng.choice(_BYTES)])
            case 1:
                del octets[place : place + 1]
            case 2:
                octets.insert(place, rng.choice(_BYTES))
            case _:
                del octets[place:]
    return bytes(octets)


@pytest.mark.slow
@pytest.mark.parametrize("name", LINES)
def test_mutated_records_harm_nobody_else(tmp_path: Path, name: str) -> None:
    sample, rng = LINES[name], random.Random(f"sweepml {name}")
    is_header = sample.encoding == "csv-header"
    good = [line.encode() for line in sample.lines[is_header:]]
    lines, untouched = [line.encode() for line in sample.lines[:is_header]], 0
    for number in range(MUTANTS):
        line = good[number % len(good)]
        is_mutant = rng.random() < 0.3 + 0.7 * (number % 2000 >= 1000)  # some blocks are clean but for few, some not
        untouched += not is_mutant
        lines.append(mutated(line, rng) if is_mutant else line)
    path = tmp_path / "mutants"
    path.write_bytes(b"\n".join([*lines[: is_header + 1], *([good[0]] * (not is_header)), *lines[is_header + 1 :]]))
    report = assert_fast_ways_agree(path)
    if ORIGINS[sample.origin].pairing is None:
        # Every record that was left alone is there, and nothing was counted twice or lost.
        found = Counter(Row(**row) for row in read_table(read_connections(path)).to_pylist())
        assert sum(found[row] for row in set(sample.rows)) >= untouched * len(sample.rows) // len(good) - len(good)
        records = [line for line in path.read_bytes().split(b"\n") if line.removesuffix(b"\r")]
        assert report.rows + report.rejected == len(records) - is_header
