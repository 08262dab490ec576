"""Behind a proxy with TLS and a prefix, every address that the gateway writes opens there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2 as httpx
import pytest

from earthgan_gateway import Settings, create_app
from gateway_server import free_port, serving
from nginx_server import certificate, nginx
from places import BASELINE_SURROGATE, ROOT

PUBLIC = "https://maps.example.org/mantle/"
#: What a proxy with TLS says, and whether it takes the prefix off.
SAID = {"x-forwarded-proto": "https", "x-forwarded-host": "maps.example.org", "x-forwarded-prefix": "/mantle"}
STANDARD = {"forwarded": "for=198.51.100.7;proto=https;host=maps.example.org", "x-forwarded-prefix": "/mantle"}
FILLED = {"z": 1, "x": 1, "y": 0, "step": 120, "shell": 30, "TileMatrixSet": "WebMercatorQuad"}
FILLED |= {"TileMatrix": 1, "TileCol": 1, "TileRow": 0}


class Reader:
    """A client of the proxy, which knows public addresses alone. `inside` is what it asks instead."""

    def __init__(self, public: str, inside: str, said: dict[str, str]) -> None:
        self.public, self._inside, self._said = public, inside, said

    def get(self, address: str) -> httpx.Response:
        assert address.startswith(self.public), f"{address} leads elsewhere"
        path = address.removeprefix(self.public)
        return httpx.get(self._inside + path, headers=self._said, trust_env=False)

    def opened(self, address: str) -> str:
        answer = self.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        return answer.text if answer.headers["content-type"].startswith(("text/", "application/")) else ""


@contextmanager
def example(folder: Path, gateways: list[str]) -> Iterator[str]:
    """Run nginx with the configuration of the documents, on other ports. Yield the address of the map."""
    certificate(folder)
    port, text = free_port(), (ROOT / "docs" / "examples" / "nginx.conf").read_text()
    for example, own in zip(("127.0.0.1:8000", "127.0.0.1:8001"), gateways, strict=True):
        assert example in text
        text = text.replace(example, own.removeprefix("http://"))
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}").replace("/dev/stdout", str(folder / "access.log"))
    with nginx(folder, text):
        yield f"https://127.0.0.1:{port}/mantle/"


@pytest.fixture(
    scope="module",
    params=["X-Forwarded, prefix taken off", "Forwarded, prefix kept", "the setting", "nginx"],
)
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    how = request.param
    proxies, public_url = ((), PUBLIC) if how == "the setting" else (("127.0.0.0/8",), None)
    settings = Settings(surrogate=BASELINE_SURROGATE, trusted_proxies=proxies, public_url=public_url, prefetch=False)
    with serving(create_app(settings)) as url:
        if how == "nginx":
            # One of its two gateways is not there, which no reader notices.
            nobody = f"http://127.0.0.1:{free_port()}"
            with example(tmp_path_factory.mktemp("nginx"), [nobody, url]) as public:
                yield Reader(public, public, {})
        elif how == "Forwarded, prefix kept":
            yield Reader(PUBLIC, f"{url}/mantle/", STANDARD)
        else:
            yield Reader(PUBLIC, f"{url}/", {} if how == "the setting" else SAID)


def test_the_tiles_of_a_tilejson(reader: Reader) -> None:
    (template,) = re.findall(
        r'"(https?:[^"]*\{z\}[^"]*)"', reader.opened(f"{reader.public}tiles/vz/120/30/tilejson.json")
    )
    reader.opened(template.format(**FILLED))


def test_the_addresses_of_the_capabilities(reader: Reader) -> None:
    text = reader.opened(f"{reader.public}wmts/WMTSCapabilities.xml").replace("&amp;", "&")
    found = set(re.findall(r'(?:href|template)="([^"]+)"', text))
    assert len(found) > 5
    for address in found:
        reader.opened(address.format(**FILLED) + ("service=WMTS&request=GetCapabilities" if address[-1] == "?" else ""))


@pytest.mark.parametrize(
    ("path", "fewest"), [("ogc", 6), ("ogc/collections/vz", 4), ("ogc/collections/vz/map/tiles", 5), ("stac", 10)]
)
def test_the_addresses_of_ogc_and_stac(reader: Reader, path: str, fewest: int) -> None:
    found = set(re.findall(r'"href":"([^"]+)"', reader.opened(reader.public + path)))
    assert len(found) >= fewest
    for address in found:
        asked = {
            "position": "?coords=POINT(16 48)",
            "trajectory": "?coords=LINESTRING(16 48, 17 47)",
            "zarr": "/zarr.json",
        }.get(address.rsplit("/", 1)[-1], "")
        tile = address.format(tileMatrix=1, tileCol=1, tileRow=0)
        reader.opened(tile + asked)


@pytest.mark.parametrize("path", ["", "docs"])
def test_the_links_of_pages(reader: Reader, path: str) -> None:
    page = reader.opened(reader.public + path)
    links = {
        each for each in re.findall(r'(?:href|src|content)="([^"#]+)"', page) if each.startswith((".", "/", "http"))
    }
    links |= set(re.findall(r"(?:url|src): ?'([^']+)'", page))
    links |= set(re.findall(r'(?:src|href)="([a-z][^":]*\.[a-z]+[^":]*)"', page))
    assert links
    for link in (urljoin(reader.public + path, each) for each in links):
        if urlsplit(link).netloc == urlsplit(reader.public).netloc:  # others are links to other people's pages
            reader.opened(link)


def test_the_server_of_the_api_description(reader: Reader) -> None:
    (servers,) = re.findall(r'"servers":\[(.*?)\]', reader.opened(f"{reader.public}openapi.json"))
    assert re.findall(r'"url":"([^"]*)"', servers) == ["/mantle"]


def test_a_prefix_without_its_slash_leads_to_the_page(reader: Reader) -> None:
    if reader._inside.endswith("/mantle/"):
        answer = httpx.get(reader._inside.removesuffix("/"), headers=reader._said, trust_env=False)
        assert answer.status_code == 308
        assert urlsplit(answer.headers["location"]).path == "/mantle/"


def test_nginx_keeps_what_a_gateway_has_drawn(reader: Reader) -> None:
    if reader.public != PUBLIC:
        address = f"{reader.public}tiles/vz/121/30/1/0/0.png"
        times = [reader.get(address).headers["server-timing"] for _ in range(3)]
        assert len(set(times)) == 1, "the gateway was asked again"


def test_nginx_passes_nothing_on_that_a_client_says_of_itself(reader: Reader) -> None:
    """Otherwise, a client could name the address that others then read in what nginx keeps."""
    if reader.public != PUBLIC:
        said = {"forwarded": "for=203.0.113.9;host=evil.example;proto=http", "x-forwarded-for": "203.0.113.9"}
        said |= {"x-forwarded-host": "evil.example", "x-forwarded-port": "81", "x-forwarded-prefix": "/evil"}
        address = f"{reader.public}tiles/vz/122/30/tilejson.json"
        first, second = httpx.get(address, headers=said, trust_env=False), reader.get(address)
        assert first.text == second.text
        assert f'"{reader.public}tiles/vz/122/30/' in second.text
