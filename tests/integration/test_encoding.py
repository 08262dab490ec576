"""Answers are compressed for those who accept gzip, on the hot path and on every other route."""

from collections.abc import Iterator

import pytest

from socketless import Gateway

VALUES, PICTURE, DOCUMENT = "/shells/temperature/120/150.npy", "/shells/temperature/120/150.png", "/catalog"

ACCEPTED = ["gzip", "br, gzip;q=0.1", "*", "identity;q=0.5, x-gzip"]
REFUSED = ["gzip;q=0", "gzip;q=0.0, br", "*;q=0", "gzip;q=0, *", "identity", "identity;q=0", "br", ""]


@pytest.fixture(scope="module")
def fast() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.mark.parametrize("path", [VALUES, DOCUMENT])
def test_gzip_is_sent_to_those_alone_who_accept_it(fast: Gateway, path: str) -> None:
    plain = fast.get(path, **{"accept-encoding": "identity"})
    assert plain.headers["vary"] == "Accept-Encoding"
    for field in ACCEPTED:
        answer = fast.get(path, **{"accept-encoding": field})
        assert answer.headers.get("content-encoding") == "gzip", field
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.content == plain.content, "the client has unpacked it"
        assert int(answer.headers["content-length"]) < len(plain.content)
    for field in REFUSED:
        answer = fast.get(path, **{"accept-encoding": field})
        assert "content-encoding" not in answer.headers, field
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.content == plain.content


@pytest.mark.parametrize("field", [*ACCEPTED, *REFUSED])
def test_a_picture_is_never_compressed_again(fast: Gateway, field: str) -> None:
    assert "content-encoding" not in fast.get(PICTURE, **{"accept-encoding": field}).headers


@pytest.mark.parametrize("field", [*ACCEPTED, *REFUSED])
@pytest.mark.parametrize("path", [VALUES, DOCUMENT])
def test_head_has_the_headers_of_get(fast: Gateway, path: str, field: str) -> None:
    got, asked = (fast.ask(method, path, **{"accept-encoding": field}) for method in ("GET", "HEAD"))
    assert asked.status_code == 200
    assert asked.content == b""
    for name in ("content-type", "content-length", "content-encoding", "vary", "etag"):
        assert asked.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize("field", [*ACCEPTED, *REFUSED])
def test_a_tag_holds_for_the_encoding_that_it_was_given_with(fast: Gateway, field: str) -> None:
    tag = fast.get(VALUES, **{"accept-encoding": field}).headers["etag"]
    assert fast.get(VALUES, **{"accept-encoding": field, "if-none-match": tag}).status_code == 304
    other = "identity" if field in ACCEPTED else "gzip"
    assert fast.get(VALUES, **{"accept-encoding": other, "if-none-match": tag}).status_code == 200


PATHS = ["/variables", "/colormaps", "/legends/vx.png", "/tiles/vx/120/3/tilejson.json", "/healthz", "/points/vx/120/3"]


@pytest.mark.parametrize("path", PATHS)
def test_head_works_where_get_does(fast: Gateway, path: str) -> None:
    query = "?lat=1&lon=2" if "points" in path else ""
    answer = fast.ask("HEAD", path + query)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == fast.get(path + query).headers["content-length"]
    assert fast.ask("POST", path + query).status_code == 405
    assert fast.ask("HEAD", path + "?unknown=1").status_code == 422
