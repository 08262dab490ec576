"""What clients say that they accept, by RFC 9110, section 12.5.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan_gateway.routes.encoding import accepted, accepts_gzip

GZIP = [
    "gzip",
    "GZIP",
    "x-gzip",
    "gzip, deflate, br",
    "deflate,gzip;q=0.1",
    "gzip;q=1.000",
    "gzip ; q = 0.5",
    "gzip;Q=0.5",
    "*",
    "*;q=0.1",
    "br;q=1.0, *;q=0.5",
    "identity;q=0.5, gzip",
    "identity;q=0, gzip;q=0.001",
    "identity, gzip",
    "gzip;q=0, gzip",
    "deflate;q=0, *",
]
NO_GZIP = [
    "",
    "identity",
    "deflate, br",
    "gzip;q=0",
    "gzip;q=0.0",
    "gzip;q=0.000",
    "x-gzip;q=0",
    "gzip;q=0, *",
    "*;q=0",
    "gzip;q=0, deflate, br",
    "identity;q=0",
    "identity;q=0, deflate",
    "gzip;q=0.5, identity",
    "identity;q=0.6, gzip;q=0.5",
    "not-gzip",
    "gzipped",
    "br;x=gzip",
    "gzip;q=nonsense",
    "gzip;q=-1",
    "gzip;q=2",
    "gzip;q=",
    ";q=1",
    ",,,",
]


@pytest.mark.parametrize("field", GZIP)
def test_gzip_is_wanted(field: str) -> None:
    assert accepts_gzip(field)


@pytest.mark.parametrize("field", NO_GZIP)
def test_gzip_is_not_wanted(field: str) -> None:
    assert not accepts_gzip(field)


@given(st.text(st.characters(codec="latin-1")))
def test_nothing_that_a_client_sends_is_an_error(field: str) -> None:
    assert accepts_gzip(field) in (True, False)


@given(st.lists(st.sampled_from(["br", "deflate", "zstd;q=0.3", "compress;q=0"])), st.integers(0, 1000))
def test_other_codings_change_nothing(others: list[str], weight: int) -> None:
    assert accepts_gzip(", ".join([*others, f"gzip;q={weight / 1000:.3f}"])) == (weight > 0)


def test_the_lines_of_a_field_are_one_list() -> None:
    scope = {"headers": [(b"accept-encoding", b"br"), (b"accept", b"gzip"), (b"accept-encoding", b"gzip;q=0.1")]}
    assert accepted(scope) == "br,gzip;q=0.1"
