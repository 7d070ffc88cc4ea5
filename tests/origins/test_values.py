from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.errors import InputError
from sweepml.origins.columns import clocks_us, times_us
from sweepml.origins.origin import Clock
from sweepml.origins.values import (
    canonical_address,
    clock_us,
    count,
    has_offset,
    likely_unit_us,
    number_us,
    tcp_flag_bits,
    time_us,
    timestamp_us,
)

INSTANTS = st.integers(0, 2**32 * 10**6 - 1)


@given(INSTANTS)
def test_six_decimals_are_exact(us: int) -> None:
    text = f"{us // 10**6}.{us % 10**6:06d}"
    assert Decimal(text).scaleb(6) == us
    assert number_us(text) == us
    assert times_us(np.array([float(text)]), 1e6) == [us]


@given(INSTANTS)
def test_text_and_json_of_an_instant_agree(us: int) -> None:
    text = f"{us // 10**6}.{us % 10**6:06d}"
    assert number_us(text) == number_us(float(text))


@given(st.decimals(0, 4_000_000_000, places=9))
def test_more_decimals_are_rounded_to_the_nearest_microsecond(value: Decimal) -> None:
    exact = value.scaleb(6)
    assert abs(number_us(str(value)) - exact) <= Decimal("1")
    if abs(exact - exact.to_integral(ROUND_HALF_EVEN)) < Decimal("0.01"):
        assert number_us(str(value)) == exact.to_integral(ROUND_HALF_EVEN)


@pytest.mark.parametrize("text", ["0", "1588205199", "1588205199.8", "5.", ".5", " 5 ", "1e3", "+5", "-0"])
def test_usual_spellings_of_a_number_are_read(text: str) -> None:
    assert number_us(text) == int(Decimal(text.strip()) * 10**6)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "-",
        "nan",
        "inf",
        "1_0",
        "0x1f",
        "-1",
        "\u0663",
        "4294967296",
        True,
        None,
        [1],
        float("nan"),
        10**400,
    ],
)
def test_other_spellings_of_a_number_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"expected|out of range"):
        number_us(value)


def test_milliseconds_are_not_taken_for_seconds() -> None:
    with pytest.raises(ValueError, match="out of range"):
        time_us("1588205199824")


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2020-04-30T00:06:39.82437Z", 1588205199824370),
        ("2020-04-30T02:06:39.824370+02:00", 1588205199824370),
        ("2020-04-30 00:06:39.824370999z", 1588205199824370),
    ],
)
def test_rfc_3339_is_read(text: str, us: int) -> None:
    assert timestamp_us(text) == us
    assert time_us(text) == us


@pytest.mark.parametrize(
    "text",
    [
        "2020-04-30T00:06:39",
        "2020-04-30",
        "2020-13-30T00:06:39Z",
        "1969-12-31T23:59:59Z",
        "2107-01-01T00:00:00Z",
    ],
)
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|out of range|month"):
        timestamp_us(text)


@pytest.mark.parametrize(("value", "number"), [("5", 5), ("007", 7), ("39.0", 39), ("0x1F", 31), (5, 5), (5.0, 5)])
def test_whole_numbers_are_read(value: object, number: int) -> None:
    assert count(value) == number


@pytest.mark.parametrize("value", ["", "-1", "5.5", "+5", "1e3", 2**63, -1, 5.5, True, None, "9" * 5000, float("inf")])
def test_other_counts_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"expected|out of range|limit"):
        count(value)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("FE80::0001", "fe80::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),  # RFC 5952, 4.2.3: the first of two equal runs
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),  # 4.2.2: one group is not shortened
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("0:0:0:0:0:FFFF:0A00:0001", "10.0.0.1"),
        ("::", "::"),
    ],
)
def test_addresses_are_written_one_way(text: str, canonical: str) -> None:
    assert canonical_address(text) == canonical


@pytest.mark.parametrize(
    "text", ["", "-", "10.0.0", "10.0.0.256", "fe80::1%eth0", "10.0.0.1 ", "example.org", "\ud800"]
)
def test_other_text_is_no_address(text: str) -> None:
    with pytest.raises(InputError, match="expected an IPv4 or IPv6 address"):
        canonical_address(text)


T = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z in microseconds."""


@pytest.mark.parametrize(
    ("text", "clock", "us"),
    [
        ("2026/01/01 00:00:00.000001", Clock.YEAR_FIRST, T + 1),
        ("2026-01-01 00:00:00", Clock.YEAR_FIRST, T),
        ("2026-01-01T00:00:00.5", Clock.YEAR_FIRST, T + 500_000),
        ("2026-01-01T01:00:00+0100", Clock.YEAR_FIRST, T),
        ("2025-12-31T19:00:00.000000-05:00", Clock.RFC3339, T),
        ("2026-01-01T00:00:00.000000+0000", Clock.RFC3339, T),
        ("01/01/2026 12:00:00 AM", Clock.DAY_FIRST, T),
        ("1/1/2026 0:00", Clock.DAY_FIRST, T),
        ("01/01/2026 00:00:00.250", Clock.DAY_FIRST, T + 250_000),
        ("1/1/2026 12:30 PM", Clock.DAY_FIRST, T + 45_000_000_000),
        ("31/12/2025 23:59:59", Clock.DAY_FIRST, T - 1_000_000),
        ("2026-01-01 00:00:00", Clock.DAY_FIRST, T),
    ],
)
def test_written_times_are_read(text: str, clock: Clock, us: int) -> None:
    assert clock_us(text, clock) == us
    assert time_us(f" {text} ", 1e6, clock) == us


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("2026-01-01T00:00:00", Clock.RFC3339),
        ("2026/01/01T00:00:00Z", Clock.RFC3339),
        ("2026-01/01 00:00:00", Clock.YEAR_FIRST),
        ("2026-02-30 00:00:00", Clock.YEAR_FIRST),
        ("2026-01-01 24:00:00", Clock.YEAR_FIRST),
        ("2026-01-01 00:00:60", Clock.YEAR_FIRST),
        ("2026-01-01 00:00:00.", Clock.YEAR_FIRST),
        ("2026-01-01 00:00:00.1234567890", Clock.YEAR_FIRST),
        ("2026-01-01 00:00:00+24:00", Clock.YEAR_FIRST),
        ("01/13/2026 00:00:00", Clock.DAY_FIRST),
        ("01/01/2026 13:00 PM", Clock.DAY_FIRST),
        ("01/01/2026 0:00 AM", Clock.DAY_FIRST),
        ("2107-01-01 00:00:00", Clock.YEAR_FIRST),
        ("1969-12-31 23:59:59", Clock.YEAR_FIRST),
    ],
)
def test_other_written_times_are_refused(text: str, clock: Clock) -> None:
    with pytest.raises(ValueError, match=r"expected|out of range|must be in|day|month"):
        clock_us(text, clock)


PIECES = (
    st.sampled_from(["2026", "1970", "2105", "0000", "9999", "202a"]),
    st.sampled_from(["-", "/", ":"]),
    st.sampled_from(["01", "02", "12", "13", "00"]),
    st.sampled_from(["01", "28", "29", "30", "31", "32", "00"]),
    st.sampled_from(["T", " ", "t", "_"]),
    st.sampled_from(["00", "23", "24", "2:"]),
    st.sampled_from(["00", "59", "60"]),
    st.sampled_from(["", ".", ".5", ".123456", ".123456789", ".1234567891", ",5"]),
    st.sampled_from(["", "Z", "z", "+00:00", "+0100", "-05:30", "+24:00", "+1:00"]),
)


@st.composite
def written_times(draw: st.DrawFn) -> str:
    year, mark, month, day, letter, hour, minute, fraction, offset = (draw(piece) for piece in PIECES)
    return f"{year}{mark}{month}{mark}{day}{letter}{hour}:{minute}:59{fraction}{offset}"


@given(st.lists(written_times(), min_size=1, max_size=3), st.booleans())
def test_columns_of_written_times_are_read_as_single_ones(texts: list[str], slashes: bool) -> None:
    clock = Clock.YEAR_FIRST if slashes else Clock.RFC3339
    raw = np.frombuffer("".join(texts).encode(), np.uint8)
    bounds = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    found = clocks_us(raw, bounds, slashes=slashes)
    if found is not None:
        assert found.tolist() == [clock_us(text, clock) for text in texts]


@given(st.lists(INSTANTS, min_size=1, max_size=3))
def test_columns_of_usual_times_need_no_second_look(instants: list[int]) -> None:
    texts = [f"{np.datetime64(us, 'us')}+0000" for us in instants]
    raw = np.frombuffer("".join(texts).encode(), np.uint8)
    bounds = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    found = clocks_us(raw, bounds, slashes=False)
    assert found is not None
    assert found.tolist() == instants


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-01-01 00:00:00Z", True),
        ("2026-01-01T00:00:00+01:00", True),
        ("2026-01-01T00:00:00-0500", True),
        ("2026-01-01 00:00:00", False),
        ("01/01/2026 12:00 PM", False),
    ],
)
def test_offsets_are_noticed(text: str, said: bool) -> None:
    assert has_offset(text) is said


@pytest.mark.parametrize("unit_us", [1e6, 1e3, 1.0, 1e-3])
@pytest.mark.parametrize("written_us", [1e6, 1e3, 1.0, 1e-3])
@pytest.mark.parametrize("seconds", [631_152_000, 1_767_225_600, 4_294_967_295])
def test_units_are_told_by_range(unit_us: float, written_us: float, seconds: int) -> None:
    assert likely_unit_us(round(seconds * 1e6 / written_us), unit_us) == written_us


@pytest.mark.parametrize("unit_us", [1e6, 1e3, 1.0, 1e-3])
@pytest.mark.parametrize("value", [0, 5, "12.5", -1, 1e300, float("nan")])
def test_clocks_that_were_never_set_keep_the_unit(unit_us: float, value: object) -> None:
    assert likely_unit_us(value, unit_us) == unit_us


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (2, 2),
        ("18", 18),
        ("0x1b", 27),
        ("......S.", 2),
        ("...A.R..", 20),
        (".AP.SF", 27),
        ("........", 0),
        ("SA", 18),
        ("", -1),
        ("-", -1),
        ("xyz", -1),
        (None, -1),
        (256 + 2, 2),
    ],
)
def test_tcp_flags_are_read(value: object, bits: int) -> None:
    assert tcp_flag_bits(value) == bits
