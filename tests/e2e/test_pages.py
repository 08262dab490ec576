"""The example pages of the README, as they stand there, served from another origin than the gateway."""

import io
import math
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from e2e.client import Frame, Gateway
from earthgan_gateway.drawing.colours import indices
from gateway_server import gateway
from npm_package import npm_package
from places import ROOT

MAPLIBRE = "maplibre-gl@6.17.0"
MAPLIBRE_SHA512 = "2chIZwpLGenoUQOcnm9Pk4SLbA8ppNFq8jlpXiq9vcYm3Y1wJ3fc82FL0GLwBaPYJCLzPv/mC46KEupVov75rQ=="

SHOWN = Frame("temperature", 120, 150)
#: Latitudes and longitudes: cold slabs, hot plumes, and what is between them.
PLACES = [(-11.6, -35.1), (-18.7, 30.1), (5.6, 24.1), (35.9, 22.1), (1.5, -36.1), (32.9, 35.1), (0, 0)]
WITHIN_S = 15
#: The browser resamples between colours that are up to so far apart, red, green and blue.
TOLERANCE = 5


@pytest.fixture(scope="module")
def open_gateway() -> Iterator[Gateway]:
    with gateway(cors_origins='["*"]') as url:
        yield Gateway(url)


@pytest.fixture(scope="module")
def maplibre(request: pytest.FixtureRequest) -> Path:
    """The package's `dist`, downloaded once into pytest's cache."""
    return npm_package(request, MAPLIBRE, MAPLIBRE_SHA512) / "dist"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address that it is served at."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def page_of(library: str) -> str:
    """The page in the README that imports a library."""
    pages = re.findall(r"```html\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (found,) = (page for page in pages if f'from "./node_modules/{library}/' in page)
    assert len(found.splitlines()) <= 10
    return found


def put(site: Path, library: str, dist: Path, gateway: Gateway) -> None:
    (site / "index.html").write_text(page_of(library).replace("http://127.0.0.1:8000", gateway.url))
    (site / "favicon.ico").touch()  # browsers ask for one, and a 404 is an error in their console
    (site / "node_modules" / library).mkdir(parents=True)
    (site / "node_modules" / library / "dist").symlink_to(dist)


def wait_for_the_field(page: Page, gateway: Gateway, world_px: int) -> None:
    """Until the map's middle, at 0° N 0° E, and places around it have the legend's colours for the shell's values."""
    legend = gateway.json(f"legends/{SHOWN.variable}.json")
    colours = np.array([list(bytes.fromhex(colour[1:])) for colour in legend["colors"]])
    latitudes, longitudes = np.array(PLACES, dtype=float).T
    # A pixel is drawn of its neighbourhood: at the flank of a slab, of many colours.
    beside = 0.75 * 360 / world_px * np.array([[(a, b)] for a in (-1, 0, 1) for b in (-1, 0, 1)], dtype=float)
    shell = gateway.shell(SHOWN)
    values = gateway.sample(shell, *np.moveaxis(np.stack([latitudes, longitudes], -1) + beside, -1, 0))
    expected = colours[indices(values.astype(np.float32), *legend["range"]).astype(int) - 1]
    low, high = expected.min(axis=0) - TOLERANCE, expected.max(axis=0) + TOLERANCE
    assert (low.max(axis=0) > high.min(axis=0)).all(), "places of one colour would prove nothing"
    box = page.locator("#map").bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2 + longitudes / 360 * world_px
    north = [math.asinh(math.tan(math.radians(latitude))) for latitude in latitudes]
    y = box["y"] + box["height"] / 2 - np.array(north) / (2 * math.pi) * world_px
    deadline = time.monotonic() + WITHIN_S
    while True:
        shown = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
        found = shown[y.round().astype(int), x.round().astype(int)]
        if (low <= found).all() and (found <= high).all():
            return
        assert time.monotonic() < deadline, f"shown {found.tolist()}, expected {low.tolist()} to {high.tolist()}"
        page.wait_for_timeout(200)


def test_the_leaflet_page_shows_the_field(page: Page, site: tuple[Path, str], open_gateway: Gateway) -> None:
    folder, url = site
    put(folder, "leaflet", ROOT / "clients" / "web" / "vendor" / "leaflet", open_gateway)
    page.goto(url)
    wait_for_the_field(page, open_gateway, world_px=512)
    assert open_gateway.catalog["notice"] in page.locator(".leaflet-control-attribution").inner_text()


def test_the_maplibre_page_shows_the_field(
    page: Page, site: tuple[Path, str], open_gateway: Gateway, maplibre: Path
) -> None:
    folder, url = site
    put(folder, "maplibre-gl", maplibre, open_gateway)
    page.goto(url)
    wait_for_the_field(page, open_gateway, world_px=1024)
    assert open_gateway.catalog["notice"] in page.locator(".maplibregl-ctrl-attrib").inner_text()
