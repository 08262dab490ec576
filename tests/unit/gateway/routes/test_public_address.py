"""What the gateway takes for the client's own address, scheme, host and prefix."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from earthgan_gateway.routes.public_address import PublicAddress

PROXY, CLIENT = "10.0.0.2", "198.51.100.7"


def known(
    headers: dict[str, str], path: str = "/catalog", peer: str = PROXY, public_url: str | None = None
) -> tuple[str, str, str]:
    """The client, the base address and the path that the application sees. The second is the target of a redirect."""
    seen: list[Scope] = []
    answers: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def send(message: Message) -> None:
        answers.append(message)

    fields = [(name.encode(), value.encode("latin-1")) for name, value in ({"host": "inner:8000"} | headers).items()]
    scope = {"type": "http", "scheme": "http", "client": (peer, 1), "headers": fields, "path": path}
    scope |= {"query_string": b"a=1", "server": ("inner", 8000), "root_path": "", "method": "GET"}
    middleware = PublicAddress(app, ("10.0.0.0/8", "fd00::/8"), public_url)
    asyncio.run(middleware(scope, None, send))
    if not seen:
        return "", dict(answers[0]["headers"])[b"location"].decode(), ""
    return seen[0]["client"][0], str(Request(seen[0]).base_url), seen[0]["path"]


@pytest.mark.parametrize(
    ("headers", "client", "base"),
    [
        ({}, PROXY, "http://inner:8000/"),
        ({"x-forwarded-for": CLIENT}, CLIENT, "http://inner:8000/"),
        ({"x-forwarded-for": f"1.2.3.4, {CLIENT}, 10.9.9.9"}, CLIENT, "http://inner:8000/"),
        ({"x-forwarded-for": f"{CLIENT}:4711"}, CLIENT, "http://inner:8000/"),
        ({"x-forwarded-for": "[2001:db8::1]:4711"}, "2001:db8::1", "http://inner:8000/"),
        ({"x-forwarded-for": "2001:db8::1"}, "2001:db8::1", "http://inner:8000/"),
        ({"x-forwarded-for": "10.0.0.9"}, "10.0.0.9", "http://inner:8000/"),
        ({"x-forwarded-proto": "https", "x-forwarded-host": "maps.example.org"}, PROXY, "https://maps.example.org/"),
        ({"x-forwarded-proto": "https", "x-forwarded-host": "m.org", "x-forwarded-port": "8443"}, PROXY, "https://m.org:8443/"),
        ({"x-forwarded-proto": "https", "x-forwarded-host": "m.org", "x-forwarded-port": "443"}, PROXY, "https://m.org/"),
        ({"x-forwarded-host": "m.org", "x-forwarded-prefix": "/mantle/"}, PROXY, "http://m.org/mantle/"),
        ({"x-forwarded-prefix": "/a/b"}, PROXY, "http://inner:8000/a/b/"),
        ({"forwarded": f'for={CLIENT};proto=https;host="maps.example.org:8443"'}, CLIENT, "https://maps.example.org:8443/"),
        ({"forwarded": f'For="[2001:db8::1]:9", for={CLIENT}; Host=m.org;proto=HTTPS,for=10.0.0.3'}, CLIENT, "https://m.org/"),
        ({"forwarded": f"for={CLIENT};proto=https", "x-forwarded-for": "1.2.3.4"}, CLIENT, "https://inner:8000/"),
        ({"forwarded": "for=_hidden;proto=https"}, "_hidden", "https://inner:8000/"),
        # What cannot be an address is not taken for one.
        ({"x-forwarded-host": "a b<script>", "x-forwarded-proto": "javascript"}, PROXY, "http://inner:8000/"),
        ({"x-forwarded-prefix": "//evil.example"}, PROXY, "http://inner:8000/"),
        ({"x-forwarded-prefix": "https://evil.example"}, PROXY, "http://inner:8000/"),
        ({"forwarded": 'for="unclosed;proto=https', "x-forwarded-for": CLIENT}, CLIENT, "http://inner:8000/"),
    ],
)  # fmt: skip
def test_a_trusted_proxy_says_who_asks_and_where(headers: dict[str, str], client: str, base: str) -> None:
    assert known(headers)[:2] == (client, base)


def test_nobody_else_is_believed() -> None:
    said = {"x-forwarded-for": "1.2.3.4", "x-forwarded-host": "evil.example", "x-forwarded-prefix": "/evil"}
    said |= {"forwarded": "for=1.2.3.4;host=evil.example"}
    assert known(said, peer=CLIENT) == (CLIENT, "http://inner:8000/", "/catalog")


@pytest.mark.parametrize("path", ["/catalog", "/mantle/catalog"])
def test_the_prefix_may_be_taken_off_by_the_proxy_or_not(path: str) -> None:
    assert known({"x-forwarded-prefix": "/mantle"}, path)[2] == "/catalog"
    assert known({}, path, public_url="https://maps.example.org/mantle/") == (
        PROXY,
        "https://maps.example.org/mantle/",
        "/catalog",
    )


def test_a_prefix_without_its_slash_leads_to_the_page() -> None:
    assert known({"x-forwarded-prefix": "/mantle"}, "/mantle")[1] == "/mantle/?a=1"


NAMES = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
]
PIECES = ["for=", '"', "1.2.3.4", ",", ";", "proto=https", "host=", "[::1]", ":", "\\", " "]
FIELD = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
    st.lists(st.sampled_from(PIECES)).map("".join),
)


@given(st.dictionaries(st.sampled_from(NAMES), FIELD))
def test_whatever_is_said_there_is_an_address(headers: dict[str, str]) -> None:
    client, base, path = known(headers)
    assert client
    assert base.startswith(("http://", "https://"))
    assert not set(base) & set(" <>\"'\\\r\n,;")
    assert path == "/catalog"
