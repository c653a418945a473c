"""Quantities, with the `kubernetes` library as a second opinion."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity as oracle

from kube_client.quantity import (
    QuantityError,
    QuantityStyle,
    canonical_quantity,
    format_mebibytes,
    format_millicores,
    format_quantity,
    parse_bytes,
    parse_cores,
    parse_quantity,
)

SUFFIXES = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]


@given(
    st.decimals(min_value=-100000, max_value=100000, places=3, allow_nan=False),
    st.sampled_from(SUFFIXES),
)
def test_a_quantity_means_what_the_kubernetes_library_reads(number: Decimal, suffix: str) -> None:
    text = f"{number}{suffix}"

    assert parse_quantity(text) == oracle(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("1E", "1000000000000000000"),
        ("12e-3", "0.012"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+1Ki", "1024"),
        ("-1.5Gi", "-1610612736"),
    ],
)
def test_every_notation_of_the_api_is_read(text: str, value: str) -> None:
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "Mi", "1 Gi", " 1", "1KB", "1mi", "one", "1e", "--1", "1e999999"]
)
def test_what_is_no_quantity_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(QuantityError, match=r"quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("1024Mi", "1Gi"),
        ("1024", "1024"),
        ("1536", "1536"),
        ("1.5Ki", "1536"),
        ("0.1Ki", "102400m"),
        ("1500Mi", "1500Mi"),
        ("100e2", "10e3"),
        ("1e3", "1e3"),
        ("1000000", "1M"),
        ("0", "0"),
        ("0Mi", "0"),
        ("-2Ki", "-2Ki"),
        ("0.1n", "1n"),
    ],
)
def test_the_canonical_form_is_the_servers(text: str, canonical: str) -> None:
    assert canonical_quantity(text) == canonical


@given(
    st.integers(min_value=-(10**15), max_value=10**15),
    st.integers(min_value=0, max_value=9),
    st.sampled_from(list(QuantityStyle)),
)
def test_a_written_quantity_reads_back_as_the_same_number(
    digits: int, places: int, style: QuantityStyle
) -> None:
    value = Decimal(digits).scaleb(-places)

    assert parse_quantity(format_quantity(value, style)) == value


def test_cores_and_bytes_are_plain_numbers() -> None:
    assert parse_cores("250m") == 0.25
    assert parse_cores(2) == 2.0
    assert parse_bytes("128Mi") == 134217728
    assert parse_bytes("100m") == 1, "a byte that is begun counts"


def test_usage_is_shown_as_kubectl_top_shows_it() -> None:
    assert format_millicores(0.25) == "250m"
    assert format_mebibytes(134217728) == "128Mi"
