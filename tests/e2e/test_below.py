"""What is below the map: the profile and the series of a place, and the section below a great circle."""

import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from e2e.client import WITHIN_MS, Gateway, WholeGlobe, open_client, set_slider, values_of_colors, wait_for_fragment

pytestmark = pytest.mark.page

PLACE, SECTION = (20.0, -40.0), ((-20.0, -60.0), (30.0, 50.0))
ROUTES = ("/profiles/", "/series/", "/sections/", "/points/", "/shells/", "/tiles/")


@pytest.fixture
def asked(page: Page, engine: str) -> Iterator[list[str]]:
    """What the gateway is asked to compute. A browser that computes asks for nothing."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url) if any(r in request.url for r in ROUTES) else None)
    yield seen
    assert bool(seen) == (engine == "server"), seen


def on_page(page: Page, lat: float, lon: float) -> tuple[float, float]:
    """Where a place is while the globe is as high as the map, and wider."""
    map_ = WholeGlobe.of(page)
    per_degree = map_.height / 180
    return map_.left + map_.width / 2 + lon * per_degree, map_.top + map_.height / 2 - lat * per_degree


def words(page: Page, start: str) -> str:
    return page.locator(".plot-words", has_text=start).inner_text()


def kelvins(text: str) -> float:
    found = re.search(r": (-?\d+) K", text)
    assert found, text
    return float(found[1])


@pytest.mark.parametrize("engine", ["server", "browser"])
def test_a_click_shows_what_is_below(page: Page, gateway: Gateway, asked: list[str], engine: str) -> None:
    # The gateway would decode every step, which takes it a minute.
    steps = [step["t"] for step in gateway.catalog["steps"]]
    page.route("**/series/**", lambda route: route.fulfill(json={"t": steps, "values": [1500 + t for t in steps]}))
    open_client(page, gateway, "#section=-20,-60,30,50")
    expect(page.locator("#section canvas[data-shown]")).to_be_visible()
    page.mouse.click(*on_page(page, *PLACE))
    expect(page.locator("#below-title")).to_have_text(
        re.compile(r"^Below (19\.[6-9]|20\.[0-4])° N (39\.[6-9]|40\.[0-4])° W$")
    )
    wait_for_fragment(page, "place=")
    place = page.evaluate("new URLSearchParams(location.hash.slice(1)).get('place')")
    lat, lon = place.split(",")
    frame = gateway.default
    profile = gateway.json(f"profiles/{frame.variable}/{frame.t}?lat={lat}&lon={lon}")["values"]
    page.wait_for_selector("html[data-detail=refined]:not([data-busy])", state="attached")
    # The map's depth is read first, and then another one. Neither is asked for again.
    assert abs(kelvins(words(page, "Over depth")) - profile[frame.r]) <= 2
    set_slider(page, "Depth", 100)
    r = len(gateway.catalog["shells"]) - 1 - 100
    page.wait_for_selector(f'html[data-loaded$="/{r}"]', state="attached")
    expect(page.locator(".plot-words", has_text="Over depth")).to_contain_text(
        f"{gateway.catalog['shells'][r]['depth_km']:,.0f} km"
    )
    assert abs(kelvins(words(page, "Over depth")) - profile[r]) <= 2
    label = page.locator("#below .plot").first.get_attribute("aria-label")
    assert label is not None
    assert label.startswith("Temperature over depth, from ")
    # The browser tells values over time one by one.
    over_time = page.locator(".plot-words", has_text="Over time")
    expect(over_time).to_contain_text(re.compile(r"step 1: \d+ K"), timeout=2 * WITHIN_MS)
    if engine == "browser":
        assert abs(kelvins(over_time.inner_text()) - profile[r]) <= 2
    else:
        expect(over_time).to_have_text("Over time · step 1: 1501 K")
    # A click on the profile chooses a depth.
    box = page.locator("#below .u-over").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 3)
    page.wait_for_function("r => Number(document.documentElement.dataset.loaded?.split('/')[2]) > r", arg=r + 50)
    # What is shown is in the address, and can be closed.
    wait_for_fragment(page, "place=", "section=")
    page.get_by_label("Close what is below the place").click()
    page.get_by_label("Close the section").click()
    expect(page.locator("#panel")).to_be_hidden()
    page.wait_for_function("!location.hash.includes('place')")


def sampled_slice(page: Page, legend: dict, shares: list[float], depths: np.ndarray) -> np.ndarray:
    """The values that a slice's colours mean, `(depth, share)`; depths are shares of the way down."""
    canvas = page.locator("#section canvas")
    size = canvas.bounding_box()
    assert size is not None
    pixels = np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")).astype(np.int16)
    angle = np.radians(float(re.findall(r"· (\d+)°", page.locator("#section-title").inner_text())[0]))
    inner, outer = 3480.0, 6371.0
    wide, high = 2 * outer * np.sin(angle / 2), outer - inner * np.cos(angle / 2)
    scale = min((size["width"] - 64) / wide, 218 / high)
    radii = outer - depths * (outer - inner)
    turned = (np.array(shares) - 0.5) * angle
    x = size["width"] / 2 + scale * radii[:, None] * np.sin(turned)
    y = 16 + scale * (outer - radii[:, None] * np.cos(turned))
    return values_of_colors(pixels[y.astype(int), x.astype(int)], legend)


@pytest.mark.parametrize("engine", ["browser"])
def test_a_section_is_dragged_on_the_map(page: Page, gateway: Gateway, asked: list[str]) -> None:
    (a_lat, a_lon), (b_lat, b_lon) = SECTION
    frame = gateway.default
    open_client(page, gateway)
    page.get_by_label("Section along a great circle").click()
    shown = page.locator(f'#section canvas[data-shown="{frame.variable}/{frame.t}"]')
    expect(shown).to_be_visible()
    wait_for_fragment(page, "section=")
    before = page.evaluate("location.hash")
    for end, (lat, lon) in zip(("A", "B"), SECTION, strict=True):
        box = page.get_by_label(f"End {end} of the section").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(*on_page(page, lat, lon), steps=5)
        page.mouse.up()
        page.wait_for_timeout(500)
    found = [
        float(part) for part in page.evaluate("new URLSearchParams(location.hash.slice(1)).get('section')").split(",")
    ]
    assert found == pytest.approx([a_lat, a_lon, b_lat, b_lon], abs=0.4)
    page.keyboard.press("ArrowRight")  # the end that was dragged has the focus
    page.wait_for_function("before => !location.hash.includes(before)", arg=f"{found[3]:.2f}")
    asked_for = page.evaluate("new URLSearchParams(location.hash.slice(1)).get('section')").split(",")
    expect(shown).to_be_visible()
    page.wait_for_timeout(800)
    ends = f"from={','.join(asked_for[:2])}&to={','.join(asked_for[2:])}"
    truth = gateway.json(f"sections/{frame.variable}/{frame.t}?{ends}")
    values = np.array(truth["values"], float)
    shares, depths = [0.1, 0.35, 0.5, 0.72, 0.9], np.array([0.12, 0.4, 0.5, 0.75, 0.9])
    radii = np.array(truth["radius_km"])
    rows = [np.abs(radii - (6371 - depth * 2891)).argmin() for depth in depths]
    expected = np.array([[values[row, round(share * (values.shape[1] - 1))] for share in shares] for row in rows])
    legend = gateway.json(f"legends/{frame.variable}.json")
    misfit = np.abs(sampled_slice(page, legend, shares, depths) - expected)
    assert np.median(misfit) < 0.01 * (legend["range"][1] - legend["range"][0]), misfit
    # A click on the slice chooses the map's depth, and the history leads back.
    box = page.locator("#section canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 22)
    page.wait_for_function("r => Number(document.documentElement.dataset.loaded?.split('/')[2]) > r", arg=frame.r)
    for _ in range(4):
        page.go_back()
        page.wait_for_timeout(100)
        if page.evaluate("location.hash") == before:
            break
    assert page.evaluate("location.hash") == before
    expect(page.locator("#section-title")).to_contain_text("90°")
