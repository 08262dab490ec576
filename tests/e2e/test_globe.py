"""The cut-away globe shows the numbers of the map and of the gateway, and what it cannot do it says."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from e2e.client import Faults, Frame, Gateway, legend_colors, open_client, wait_for_fragment
from e2e.test_computed import indices, wait_until_refined

LAT, LON, WEST, EAST = 24, 6, -58, 42
VIEW = f"{LAT},{LON},1,{WEST},{EAST},0"
FILLED = 0.46  # the globe's radius, as a share of its element's smaller side
FRAME = Frame("temperature", 1, 150)
FINE = '#globe canvas[data-detail="whole"][data-drawn="fine"]'
#: Surface, latitude, longitude and shell. Far from corners, lines and the rim; one is beside the pole.
PLACES = (
    *(("shell", lat, lon, 150) for lat, lon in ((-20, -35), (-11, 10), (-25, 25), (20, 62), (-5, 50))),
    *(("west", lat, WEST, r) for lat, r in ((35, 110), (20, 60), (86, 120))),
    *(("east", lat, EAST, r) for lat, r in ((50, 100), (30, 40))),
    *(("floor", 0, lon, r) for lon, r in ((-10, 110), (15, 55))),
)  # fmt: skip


@pytest.fixture
def engine() -> str:
    return "browser"


def vector(lat: float, lon: float) -> np.ndarray:
    phi, lam = np.radians([lat, lon])
    return np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def on_canvas(page: Page, lat: float, lon: float, radius: float) -> tuple[float, float]:
    """Where a point within the planet is on the canvas, if it is seen. The surface has the radius 1."""
    box = page.locator("#globe canvas").bounding_box()
    assert box is not None
    lam = np.radians(LON)
    right, forward = np.array([-np.sin(lam), np.cos(lam), 0]), vector(LAT, LON)
    point, scale = radius * vector(lat, lon), FILLED * min(box["width"], box["height"])
    x, y = scale * float(right @ point), scale * float(np.cross(forward, right) @ point)
    return box["width"] / 2 + x, box["height"] / 2 - y


def pixels(page: Page) -> np.ndarray:
    png = page.locator("#globe canvas").screenshot(style=".handle, .globe-mark, .globe-depth, #words { display: none }")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int16)


def test_the_globe_shows_what_the_gateway_says(page: Page, gateway: Gateway) -> None:
    page.goto(f"{gateway.url}/#var=temperature&t=1&r=150&globe={VIEW}")
    page.locator("#graticule").uncheck()
    wait_until_refined(page, FRAME)
    page.wait_for_selector(FINE)
    radii = np.array([shell["radius_km"] for shell in gateway.catalog["shells"]])
    legend = gateway.json("legends/temperature.json")
    canvas = page.locator("#globe canvas")
    box = canvas.bounding_box()
    assert box is not None

    shell = gateway.shell(FRAME)
    drawn = pixels(page)
    low, high = legend["range"]
    for surface, lat, lon, r in PLACES:
        x, y = on_canvas(page, lat, lon, radii[r] / radii[-1])
        value = (
            float(gateway.sample(shell, lat, lon))
            if surface == "shell"
            else gateway.json(f"profiles/temperature/1?lat={lat}&lon={lon}")["values"][r]
        )
        before = page.locator("#readout").inner_text()
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.wait_for_function("before => document.querySelector('#readout').innerText !== before", arg=before)
        near = 60 if surface != "shell" else 30  # a pixel is some 20 km wide
        read = page.locator("#readout").inner_text()
        found = re.match(r"(\d+) K", read)
        assert found, (surface, lat, lon, read)
        assert abs(float(found[1]) - value) <= near, (surface, lat, lon, r, read, value)
        assert (" deep" in read) == (surface != "shell"), read
        # The pixel has the colour of the value that is read there.
        index = round((float(found[1]) - low) / (high - low) * 254)
        color = int(indices(drawn[int(y), int(x)], legend_colors(legend)))
        assert abs(color - index) <= 4, (surface, lat, lon, r, read)

    # Keys move the planes, and the address says so. A click on a plane takes the map to its depth, and one on the shell
    # shows what is below.
    page.get_by_label("Floor of the cut").press("ArrowDown")
    wait_for_fragment(page, f"globe={VIEW[:-2]}".replace(",", "%2C") + "%2C-1")
    x, y = on_canvas(page, 35, WEST, radii[110] / radii[-1])
    page.mouse.click(box["x"] + x, box["y"] + y)
    page.wait_for_function("Math.abs(Number(document.documentElement.dataset.loaded?.split('/')[2]) - 110) <= 4")
    page.wait_for_selector(f'{FINE}[data-shown^="temperature/1/1"]')
    x, y = on_canvas(page, -20, -35, radii[110] / radii[-1])
    page.mouse.click(box["x"] + x, box["y"] + y)
    wait_for_fragment(page, "place=-2", "%2C-3")

    # The browser may take the picture away, and gives it back.
    page.mouse.move(5, 5)
    page.wait_for_selector(FINE)
    before = pixels(page)
    page.evaluate(
        """() => {
          const lose = document.querySelector("#globe canvas").getContext("webgl2").getExtension("WEBGL_lose_context");
          lose.loseContext();
          document.querySelector("#globe canvas").dataset.drawn = "";
          setTimeout(() => lose.restoreContext(), 50);
        }"""
    )
    page.wait_for_selector(FINE)
    assert np.abs(pixels(page) - before).max() <= 2
    page.get_by_label("Cut-away globe", exact=True).first.click()
    expect(page.locator("#globe")).to_be_hidden()
    page.wait_for_function("!location.hash.includes('globe')")


@pytest.mark.parametrize("engine", ["server"])
def test_a_browser_without_webgl_keeps_the_map(page: Page, gateway: Gateway, faults: Faults) -> None:
    page.add_init_script(
        """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind === "webgl2" ? null : get.call(this, kind, ...rest);
        };"""
    )
    open_client(page, gateway, "#globe=1")
    expect(page.locator("#message-text")).to_contain_text("This browser has no WebGL 2")
    page.wait_for_function("!location.hash.includes('globe') && !document.documentElement.hasAttribute('data-globe')")
