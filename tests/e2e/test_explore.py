"""What readers explore with: anomalies, ranges of the colours, playing, marks, and saved pictures."""

import io
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from e2e.client import Gateway, WholeGlobe, legend_colors, open_client, picture, set_slider, values_of_colors

pytestmark = pytest.mark.page

LATITUDES, LONGITUDES = (grid.ravel() for grid in np.meshgrid(np.arange(-75, 76, 15.0), np.arange(-170, 171, 20.0)))


def wait_until_whole(page: Page) -> None:
    page.wait_for_selector("html[data-loaded][data-detail=refined]:not([data-busy])", state="attached")


def drawn_values(page: Page, legend: dict) -> np.ndarray:
    globe, pixels = WholeGlobe.of(page), picture(page)
    x, y = zip(*(globe.within_element(lat, lng) for lat, lng in zip(LATITUDES, LONGITUDES, strict=True)), strict=True)
    return values_of_colors(pixels[np.array(y).astype(int), np.array(x).astype(int)], legend)


def true_values(gateway: Gateway) -> np.ndarray:
    return gateway.sample(gateway.shell(gateway.default), LATITUDES, LONGITUDES)


def lateral_mean(gateway: Gateway) -> float:
    return gateway.json(f"statistics/{gateway.default.key}")["mean"]


@pytest.fixture(params=["server", "browser"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


def test_one_switch_shows_the_anomaly(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    page.get_by_label("Anomaly").check()
    page.wait_for_selector('html[data-loaded$="~anomaly"]', state="attached")
    wait_until_whole(page)
    expect(page.locator("#legend-title")).to_have_text("Temperature less its lateral mean (K)")
    expect(page.locator("#caption")).to_contain_text("less its lateral mean")
    legend = gateway.json(f"legends/{gateway.default.variable}.json?anomaly=true")
    misfit = np.abs(drawn_values(page, legend) - (true_values(gateway) - lateral_mean(gateway)))
    assert np.median(misfit) < 0.01 * (legend["range"][1] - legend["range"][0])
    page.mouse.move(*WholeGlobe.of(page).on_page(20, 60))
    expect(page.locator("#value")).to_have_text(re.compile(r"^-?\d+ K$"))
    shown = float(page.locator("#value").inner_text().split()[0])
    low, high = gateway.spread(gateway.shell(gateway.default), 20, 60, radius_deg=0.4)
    assert low - lateral_mean(gateway) - 5 <= shown <= high - lateral_mean(gateway) + 5
    page.wait_for_function("location.hash.includes('anomaly=1')")
    page.get_by_label("Variable").select_option("temperature_anomaly")
    expect(page.get_by_label("Anomaly")).to_be_disabled()


def test_a_range_of_ones_own(page: Page, gateway: Gateway) -> None:
    page.goto(f"{gateway.url}/#range=1500,2500")
    wait_until_whole(page)
    legend = gateway.json(f"legends/{gateway.default.variable}.json") | {"range": [1500, 2500]}
    expect(page.get_by_label("Range of the colours")).to_have_value("own")
    expect(page.get_by_label("Lowest value")).to_have_value("1500")
    ticks = page.locator("#legend-ticks span").all_inner_texts()
    assert {"1600", "2000", "2400"} <= set(ticks)
    misfit = np.abs(drawn_values(page, legend) - np.clip(true_values(gateway), 1500, 2500))
    assert np.median(misfit) < 10
    page.get_by_label("Highest value").fill("3000")
    page.get_by_label("Highest value").press("Enter")
    page.wait_for_function("location.hash.includes('range=1500%2C3000')")
    page.get_by_label("Highest value").fill("lots")
    page.get_by_label("Highest value").press("Enter")
    assert page.get_by_label("Highest value").evaluate("input => !input.validity.valid")
    page.get_by_label("Variable").select_option("vx")  # the range was for the temperature
    expect(page.get_by_label("Range of the colours")).to_have_value("")


def test_the_range_of_a_depth_can_be_locked(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    page.get_by_label("Range of the colours").select_option("depth")
    page.wait_for_selector('html[data-loaded$="~depth"]', state="attached")
    wait_until_whole(page)
    found = gateway.json(f"statistics/{gateway.default.key}")
    page.get_by_label("Lock").check()
    page.wait_for_function("/range=[0-9]/.test(location.hash)")
    low, high = (float(page.get_by_label(f"{end} value").input_value()) for end in ("Lowest", "Highest"))
    span = found["max"] - found["min"]
    assert found["min"] - 0.15 * span <= low <= found["min"] + 0.02 * span
    assert found["max"] - 0.02 * span <= high <= found["max"] + 0.15 * span
    wait_until_whole(page)
    page.get_by_label("Variable").select_option("temperature_anomaly")
    page.wait_for_selector(f'html[data-loaded$="~{low:g},{high:g}"]', state="attached")


def test_play_shows_every_step_and_no_gap(page: Page, gateway: Gateway, engine: str) -> None:
    steps = [step["t"] for step in gateway.catalog["steps"]]
    page.goto(f"{gateway.url}/#t={steps[-3]}")
    wait_until_whole(page)
    page.wait_for_timeout(600)
    entries = page.evaluate("history.length")
    page.evaluate(
        """() => {
          window.seen = [];
          window.blank = 0;
          const { dataset } = document.documentElement;
          new MutationObserver(() => dataset.loaded && window.seen.push(Number(dataset.loaded.split("/")[1])))
            .observe(document.documentElement, { attributes: true });
          const look = () => {
            const isDrawn = (one) =>
              one.getContext("2d").getImageData(one.width >> 1, one.height >> 1, 1, 1).data[3] > 0;
            const drawn = [...document.querySelectorAll(".viewport-canvas.field")].some(isDrawn);
            window.blank += drawn ? 0 : 1;
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    page.get_by_role("button", name="Play through time").click()
    if engine == "browser":
        page.get_by_label("Smooth").uncheck()
    page.get_by_label("Speed").select_option("10")
    page.wait_for_function("steps => steps.every((t) => window.seen.includes(t))", arg=[*steps[-2:], *steps[:2]])
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#player")).to_be_hidden()
    wait_until_whole(page)
    seen = list(dict.fromkeys(page.evaluate("window.seen")))
    places = [steps.index(t) for t in seen]
    assert all((after - before) % len(steps) == 1 for before, after in pairwise(places)), places
    assert page.evaluate("window.blank") == 0
    page.wait_for_timeout(600)
    assert page.evaluate("history.length") == entries + 1


@pytest.mark.parametrize("engine", ["browser"])
def test_there_are_times_between_steps(page: Page, gateway: Gateway) -> None:
    page.goto(f"{gateway.url}/#t=2.5")
    wait_until_whole(page)
    expect(page.locator("html")).to_have_attribute("data-loaded", re.compile("/2.5/"))
    expect(page.locator("#caption")).to_contain_text("step 2.5")
    page.get_by_label("server").check()  # it has whole steps only
    page.wait_for_selector('html[data-loaded*="/2/"], html[data-loaded*="/3/"]', state="attached")
    page.wait_for_function("!location.hash.includes('t=2.5')")


def test_play_ends_without_a_loop(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    shells = len(gateway.catalog["shells"])
    set_slider(page, "Depth", shells - 3)
    wait_until_whole(page)
    page.locator('[name="loop"]').evaluate("loop => (loop.checked = false)")  # a click may come after the last depth
    page.get_by_role("button", name="Play through depth").click()
    expect(page.locator("#player")).to_be_hidden()
    expect(page.get_by_label("Depth", exact=True)).to_have_value(str(shells - 1))


def test_a_saved_picture_has_the_map_and_its_words(page: Page, gateway: Gateway, tmp_path: Path) -> None:
    open_client(page, gateway)
    page.get_by_label("Graticule").uncheck()
    shown = picture(page)
    with page.expect_download() as download:
        page.get_by_label("Save picture").click()
    assert download.value.suggested_filename.endswith(".png")
    download.value.save_as(tmp_path / "saved.png")
    saved = np.asarray(Image.open(io.BytesIO((tmp_path / "saved.png").read_bytes())).convert("RGB")).astype(int)
    height = saved.shape[0] - 2 * 64
    assert abs(height - shown.shape[0]) <= 1
    rows, columns = min(height, shown.shape[0]), min(saved.shape[1], shown.shape[1])
    inside = saved[64 : 64 + rows, :columns]
    assert np.abs(inside[::7, ::7] - shown[:rows:7, :columns:7]).mean() < 2
    palette = legend_colors(gateway.json(f"legends/{gateway.default.variable}.json"))
    bar = saved[64 + height + 30, 16 : 16 + 320]
    assert np.abs(bar[[0, 160, 319]] - palette[[0, 127, 254]]).max() < 8
    for band in (saved[:60], saved[64 + height :, 400:]):
        assert (band.sum(axis=2) < 400).sum() > 200, "there are no words"
