"""Requests that are nonsense: generated from the OpenAPI document, and by taking every route's address apart."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from faults.rows import Measured, fault
from integration.test_query import ADDRESSES
from socketless import Gateway

pytestmark = pytest.mark.alone

#: Texts that have broken somebody's server, as the value of any parameter or a part of any path.
ODD = [
    *("", " ", "0", "-0", "-1", "+1", "01", "1.0", "1_0", "1e26", "1e-400", "1e308", "-1e308", "1e999", "9" * 400),
    *("nan", "NaN", "inf", "-inf", "Infinity", "0x10", "1e5_0", "٣", "¹", "½", "true", "TRUE", "null", "None", "[]"),
    *("-1e308,1e308", "0,1e-320", "1e308,1e309", "-3.4e38,3.4e38", "1,1", "2,1", ",", "1,2,3", "nan,nan", "-0,0"),
    *(
        "90,180",
        "90.0000001,0",
        "-90,1e300",
        "0,1e308",
        "1e-300,1e-300",
        "\x00",
        "a\x00b",
        "\r\nx: y",
        "\ud7ff",
        "\U0001f30d",
    ),
    *(
        "..",
        "../..",
        "%2e%2e",
        "..%2f..",
        "%00",
        "%ff",
        "%25",
        "/",
        "//",
        "?",
        "#",
        "{}",
        "${7*7}",
        "' OR 1=1 --",
        "<b>",
    ),
    *(
        "temperature",
        "vx.png",
        "anomaly",
        "batlow",
        "crameri:batlow",
        ":",
        "crameri:",
        "std",
        "mean",
        "a" * 500,
        "ﬀ",
        "e\u0301",
    ),
]
#: Values of header fields that an answer may depend on.
HEADERS = {
    "host": ["", "[", "a b", "x:99999", "[::1", "é", "a" * 300, "x/../y", "@", "x\\y"],
    "accept-encoding": ["", "gzip;q=x", "*;q=0", "gzip;q=0.5,,;", "a" * 500, ";q="],
    "if-none-match": ["", '"', "*", 'W/"x"', "," * 100, '"x' * 50],
    "accept": ["", "application/openmetrics-text; version=x", "a/b;q=z", "*"],
    "x-request-id": ["", "a" * 100, "é", "a b"],
    "range": ["bytes=0-1", "bytes=9-1", "bytes=-", "lines=1", "bytes=999999999-", "bytes=a-b"],
    "content-length": ["5"],
    "if-modified-since": ["yesterday", "Thu, 99 Foo 99999 99:99:99 GMT"],
}
NAMES = ["lat", "lon", "from", "to", "n", "rescale", "steps", "colormap", "under", "over", "tms", "resampling"]
NAMES += ["anomaly", "lateral_mean", "depth_km", "radius_km", "seed", "draws", "statistic", "v", "x", "", "lat[]", "%"]

odd = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=20),
    st.floats().map(repr),
    st.integers().map(str),
    st.tuples(st.floats(), st.floats()).map(lambda pair: f"{pair[0]!r},{pair[1]!r}"),
)


@pytest.fixture(scope="module")
def fast() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


def check(answer: httpx.Response, address: str, headers: dict[str, str] | None = None) -> None:
    asked = f"{address} {headers or ''}"
    assert answer.status_code < 500, f"{answer.status_code} for {asked}: {answer.text[:200]}"
    if answer.status_code >= 400:
        # WMTS by keys and values has error reports of its own.
        is_wmts = address.partition("?")[0].rstrip("/") == "/wmts"
        due = "application/xml" if is_wmts else "application/problem+json"
        assert answer.headers["content-type"] == due, asked


@st.composite
def nonsense(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """The address of some route, with nonsense in its path, its query, or a header field."""
    address = draw(
        st.sampled_from([*ADDRESSES, "/client/main.js", "/surrogate/spec.json", "/docs", "/openapi.json", "/"])
    )
    query = ADDRESSES.get(address, "")
    where = draw(st.sampled_from(["path", "query", "query", "header"]))
    if where == "path":
        parts = address.split("/")
        at = draw(st.integers(1, len(parts) - 1))
        parts[at] = draw(
            st.one_of(odd.map(lambda text: quote(text, safe="")), st.sampled_from(["%00", "%ff", "..", "%2e%2e"]))
        )
        return f"{'/'.join(parts)}?{query}", {}
    if where == "query":
        pairs = [pair.split("=") for pair in query.split("&") if pair]
        added = draw(st.lists(st.tuples(st.sampled_from(NAMES), odd), min_size=1, max_size=3))
        kept = [
            (name, value) for name, value in pairs if name not in {each for each, _ in added} or draw(st.booleans())
        ]
        written = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in (*kept, *added)]
        return f"{address}?{'&'.join(written)}", {}
    name = draw(st.sampled_from(sorted(HEADERS)))
    return f"{address}?{query}", {name: draw(st.sampled_from(HEADERS[name]))}


def raw_get(gateway: Gateway, address: str, headers: dict[str, str]) -> httpx.Response:
    """Ask the application directly, as a server does that has not looked at the address or the fields."""
    path, _, query = address.partition("?")
    said = {"host": "gateway"} | headers
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "server": ("gateway", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in said.items()],
        "state": {},
    }
    sent: list[Any] = []

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await gateway.app(scope, receive, send)

    gateway.run(ask())
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return httpx.Response(
        sent[0]["status"], headers=[(n, v) for n, v in sent[0]["headers"] if n != b"content-encoding"], content=body
    )


@fault("3", "nonsense in the path, the query or a header field of any route", "below 500, as problem+json")
def test_nonsense_is_never_a_failure(fast: Gateway, measured: Measured) -> None:
    count = int(os.environ.get("EARTHGAN_FAULT_CASES", "400"))
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=nonsense())
    def ask(case: tuple[str, dict[str, str]]) -> None:
        answer = raw_get(fast, *case)
        statuses[answer.status_code // 100] += 1
        check(answer, *case)

    ask()
    measured(f"{statuses[5]} of {statuses.total()} are 5xx; {statuses[4]} are 4xx")
    assert statuses[4] > count / 3


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_odd_text_as_each_parameter(fast: Gateway, address: str) -> None:
    described = fast.app.openapi()["paths"]
    names = {
        p["name"]
        for path, item in described.items()
        for p in item.get("get", {}).get("parameters", ())
        if p["in"] == "query"
    }
    for name in sorted(names):
        for text in ODD[:: 7 if len(name) > 3 else 3]:
            asked = f"{address}?{ADDRESSES[address]}&{name}={quote(text, safe='')}"
            check(raw_get(fast, asked, {}), asked)


#: Other spellings of the digits of a whole number, each of which some reader of numbers accepts.
ALIASES = ("+{}", "0{}", "{}.0", "{}_0", "0x{}", " {}", "{}%20", "%2B{}", "{}e0", "-{}", "1e26", "NaN", "")


def spellings(number: str) -> list[str]:
    """Texts that mean the same number to somebody, and are not its decimal digits."""
    arabic = number.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    wide = number.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
    return [*(alias.format(number) for alias in ALIASES), quote(arabic), quote(wide), f"{number}%00", f"{number}_"]


@fault(
    "2", "+1, 01, 1.0, 1_0, an Arabic digit and others for each number of each path", "404; 0 aliases, 0 engine calls"
)
def test_a_number_has_one_spelling(fast: Gateway, measured: Measured) -> None:
    assert fast.engine is not None
    asked, aliases, before = 0, [], fast.engine.calls
    for address, query in ADDRESSES.items():
        parts = address.split("/")
        for at, part in enumerate(parts):
            digits = re.match("[0-9]+", part)
            for text in spellings(digits[0]) if digits else ():
                path = "/".join([*parts[:at], text + part.removeprefix(digits[0] if digits else ""), *parts[at + 1 :]])
                asked += 1
                answer = raw_get(fast, f"{path}?{query}", {})
                if answer.status_code != 404 or answer.headers["content-type"] != "application/problem+json":
                    aliases.append(f"{answer.status_code} for {path}")
    calls = fast.engine.calls - before
    measured(f"{len(aliases)} of {asked} are aliases; {calls} engine calls")
    assert not aliases
    assert not calls
