"""Behind a proxy with TLS and a prefix, every address that the gateway writes opens there."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import httpx2 as httpx
import pytest

from earthgan_gateway import Settings, create_app
from gateway_server import serving
from places import BASELINE_SURROGATE

PUBLIC = "https://maps.example.org/mantle/"
#: What a proxy with TLS says, and whether it takes the prefix off.
SAID = {"x-forwarded-proto": "https", "x-forwarded-host": "maps.example.org", "x-forwarded-prefix": "/mantle"}
STANDARD = {"forwarded": "for=198.51.100.7;proto=https;host=maps.example.org", "x-forwarded-prefix": "/mantle"}
FILLED = {"z": 1, "x": 1, "y": 0, "step": 120, "shell": 30, "TileMatrixSet": "WebMercatorQuad"}
FILLED |= {"TileMatrix": 1, "TileCol": 1, "TileRow": 0}


class Reader:
    """A client of the proxy: it knows the public addresses alone."""

    def __init__(self, url: str, said: dict[str, str], keeps_prefix: bool) -> None:
        self._url, self._said, self._keeps = url, said, keeps_prefix

    def get(self, address: str) -> httpx.Response:
        assert address.startswith(PUBLIC), f"{address} leads elsewhere"
        path = address.removeprefix(PUBLIC)
        return httpx.get(
            self._url + ("/mantle/" if self._keeps else "/") + path,
            headers=self._said,
            trust_env=False,
        )

    def opened(self, address: str) -> str:
        answer = self.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        return answer.text if answer.headers["content-type"].startswith(("text/", "application/")) else ""


@pytest.fixture(
    scope="module",
    params=[(SAID, False, None), (STANDARD, True, None), ({}, False, PUBLIC)],
    ids=["X-Forwarded, prefix taken off", "Forwarded, prefix kept", "the setting"],
)
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    said, keeps_prefix, public_url = request.param
    proxies = ("127.0.0.0/8",) if said else ()
    settings = Settings(surrogate=BASELINE_SURROGATE, trusted_proxies=proxies, public_url=public_url, prefetch=False)
    with serving(create_app(settings)) as url:
        yield Reader(url, said, keeps_prefix)


def test_the_tiles_of_a_tilejson(reader: Reader) -> None:
    (template,) = re.findall(r'"(https?:[^"]*\{z\}[^"]*)"', reader.opened(f"{PUBLIC}tiles/vz/120/30/tilejson.json"))
    reader.opened(template.format(**FILLED))


def test_the_addresses_of_the_capabilities(reader: Reader) -> None:
    text = reader.opened(f"{PUBLIC}wmts/WMTSCapabilities.xml").replace("&amp;", "&")
    found = set(re.findall(r'(?:href|template)="([^"]+)"', text))
    assert len(found) > 5
    for address in found:
        reader.opened(address.format(**FILLED) + ("service=WMTS&request=GetCapabilities" if address[-1] == "?" else ""))


@pytest.mark.parametrize("path", ["", "docs"])
def test_the_links_of_pages(reader: Reader, path: str) -> None:
    page = reader.opened(PUBLIC + path)
    links = {
        each for each in re.findall(r'(?:href|src|content)="([^"#]+)"', page) if each.startswith((".", "/", "http"))
    }
    links |= set(re.findall(r"(?:url|src): ?'([^']+)'", page))
    links |= set(re.findall(r'(?:src|href)="([a-z][^":]*\.[a-z]+[^":]*)"', page))
    assert links
    for link in (urljoin(PUBLIC + path, each) for each in links):
        if urlsplit(link).netloc == urlsplit(PUBLIC).netloc:  # others are links to other people's pages
            reader.opened(link)


def test_the_server_of_the_api_description(reader: Reader) -> None:
    (servers,) = re.findall(r'"servers":\[(.*?)\]', reader.opened(f"{PUBLIC}openapi.json"))
    assert re.findall(r'"url":"([^"]*)"', servers) == ["/mantle"]


def test_a_prefix_without_its_slash_leads_to_the_page(reader: Reader) -> None:
    if reader._keeps:
        answer = httpx.get(reader._url + "/mantle", headers=reader._said, trust_env=False)
        assert (answer.status_code, answer.headers["location"]) == (308, "/mantle/")
