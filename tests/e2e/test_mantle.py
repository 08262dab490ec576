"""Flow, slabs and plumes on the page are those of the gateway, and stop when nobody wants them or sees them."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from e2e.client import Frame, Gateway, wait_for_fragment

pytestmark = pytest.mark.page
CM_PER_YR = 100 * 86400 * 365.25


@pytest.fixture
def engine() -> str:
    return "browser"


def test_the_page_shows_flow_slabs_and_plumes(page: Page, gateway: Gateway) -> None:
    page.goto(f"{gateway.url}/#var=temperature&t=1&r=150&flow=1")
    page.wait_for_selector('#flow-note[data-shown="1/150"]')
    velocity = [gateway.shell(Frame(name, 1, 150)).astype(float) for name in ("vx", "vy", "vz")]
    at = [float(gateway.sample(each, 0, 0)) for each in velocity]
    rms, here = (
        CM_PER_YR * overall(velocity, gateway),
        CM_PER_YR * np.hypot(at[1], at[2]),
    )  # at 0, 0 outwards is along x
    said = page.locator("#flow-note").inner_text()
    found = re.search(r"([\d.]+) cm/yr \(scaled\) on average", said)
    assert found, said
    assert float(found[1]) == pytest.approx(rms, rel=0.06)
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("document.querySelector('#flow-note').innerText.includes('here')")
    found = re.search(r"here ([\d.e-]+) to the", page.locator("#flow-note").inner_text())
    assert found
    assert float(found[1]) == pytest.approx(here, rel=0.06, abs=0.02)

    moving = "document.querySelector('canvas.flow').dataset.moving === '{}'"
    page.wait_for_function(
        moving.format("true") + " && Number(document.querySelector('canvas.flow').dataset.frames) > 2"
    )
    page.evaluate(
        """() => {
          Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.wait_for_function(moving.format("false"))
    page.evaluate("() => { delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange')); }")
    page.wait_for_function(moving.format("true"))
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_function(
        moving.format("false") + " && Number(document.querySelector('canvas.flow').dataset.lines) > 50"
    )
    page.get_by_label("Flow", exact=True).uncheck()
    page.wait_for_function("!location.hash.includes('flow')")
    expect(page.locator("#flow-note")).to_be_hidden()
    assert page.evaluate("document.querySelector('canvas.flow').hidden")

    page.get_by_label("Slabs, plumes").check()
    wait_for_fragment(page, "features=1")
    table = page.locator("#features:not([data-shown=''])[data-shown]")
    table.wait_for()
    due = gateway.json("features/1")["features"]
    slabs = sum(row["kind"] == "slab" for row in due)
    expect(table.locator(".plot-words")).to_contain_text(f"{slabs} slabs and {len(due) - slabs} plumes")
    assert table.locator("tbody tr.slab").count() == min(25, slabs)
    page.get_by_label("Least anomaly").fill("3")
    page.get_by_label("Least anomaly").press("Tab")
    wait_for_fragment(page, "features=3%2Cstd")
    fewer = gateway.json("features/1?threshold=3")["features"]
    plumes = sum(row["kind"] == "plume" for row in fewer)
    expect(table.locator(".plot-words")).to_contain_text(f"{len(fewer) - plumes} slabs and {plumes} plumes")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").last.click()
    lines = download.value.path().read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["id", *(row["id"] for row in fewer)]
    page.get_by_label("Close slabs and plumes").click()
    page.wait_for_function("!location.hash.includes('features')")
    expect(page.locator("#features")).to_be_hidden()


def overall(velocity: list[np.ndarray], gateway: Gateway) -> float:
    """The root mean square of the lateral speed over the sphere."""
    grid = gateway.catalog["grid"]
    lat, lon = np.radians(np.array(grid["latitudes_deg"]))[:, None], np.radians(np.array(grid["longitudes_deg"]))[None]
    outwards = np.stack(np.broadcast_arrays(np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))
    v = np.stack(velocity)
    lateral = v - (v * outwards).sum(0) * outwards
    weights = np.broadcast_to(np.cos(lat), v.shape[1:])
    return float(np.sqrt(((lateral**2).sum(0) * weights).sum() / weights.sum()))


def test_a_chosen_place_is_followed_through_depth_and_time(page: Page, gateway: Gateway) -> None:
    first, now, following = gateway.catalog["steps"][:3]
    page.goto(f"{gateway.url}/#var=temperature&t={now['t']}&r=150&flow=1&place=0,0")
    words = page.locator("#path-words")
    told = re.compile(r"In ([\d.]+) Myr.*, what is here will be .* away.* ([\d.]+) Myr.* ago, it was")
    expect(words).to_have_text(told)
    found = told.search(words.inner_text())
    assert found
    on, ago = map(float, found.groups())
    assert ago == pytest.approx(now["time_myr"] - first["time_myr"], rel=0.006)
    assert on > 0.99 * (following["time_myr"] - now["time_myr"])
    page.get_by_label("Flow", exact=True).uncheck()
    expect(words).to_be_hidden()
