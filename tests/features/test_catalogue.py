"""The catalogue: names, ranges and the hash that ties a bundle to them."""

from dataclasses import replace

import pytest

from sweepml.schema.catalogue import CATALOGUE, FAMILIES, FEATURE_NAMES, SCHEMA_HASH
from sweepml.schema.feature import schema_hash


def test_names_are_unique() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)


def test_every_feature_stands_in_its_family() -> None:
    assert all(spec.family == family for family, specs in FAMILIES.items() for spec in specs)


def test_every_feature_has_a_definition() -> None:
    assert all(spec.definition for spec in CATALOGUE)


def test_ratio_names_have_the_range_of_a_ratio() -> None:
    unbounded = "dst_count_median_ratio"  # a ratio to the median, not a share of a whole
    named = [spec for spec in CATALOGUE if spec.name.endswith("_ratio") and spec.name != unbounded]
    assert all((spec.low, spec.high) == (0.0, 1.0) for spec in named)


def test_hash_does_not_depend_on_training_constraints() -> None:
    flipped = [replace(spec, monotone=1 - abs(spec.monotone)) for spec in CATALOGUE]
    assert schema_hash(flipped) == SCHEMA_HASH


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"unit": "s"},
        {"definition": "other"},
        {"low": -2.0},
        {"high": 9.0},
        {"missing": "sometimes"},
        {"reference": "other"},
    ],
)
def test_hash_depends_on_what_a_value_means(change: dict) -> None:
    assert schema_hash([replace(CATALOGUE[0], **change), *CATALOGUE[1:]]) != SCHEMA_HASH


def test_hash_depends_on_the_order() -> None:
    assert schema_hash(CATALOGUE[::-1]) != SCHEMA_HASH


def test_hash_is_short_hexadecimal() -> None:
    assert len(SCHEMA_HASH) == 16
    assert int(SCHEMA_HASH, 16) >= 0
