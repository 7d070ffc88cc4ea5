from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.errors import InputError
from sweepml.origins.columns import times_us
from sweepml.origins.values import canonical_address, count, number_us, time_us, timestamp_us

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
