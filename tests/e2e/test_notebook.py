"""The map in a notebook's cell: the page's picture without a server, and what Python and the page tell each other."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import earthgan
from e2e.client import OVERLAYS, WholeGlobe, legend_colors
from e2e.notebook_host import HTML, Cell
from e2e.static_server import static_server
from earthgan.run.run import Run
from earthgan_gateway.notebook.widget import Map
from static_site import make_excerpt

pytestmark = pytest.mark.page

PLACES = [(lat, lng) for lat in (-40, 5, 50) for lng in (-70, -15, 60)]


def misfits(cell: Cell, run: Run, legend: dict) -> list[int]:
    """By how many colours of the legend the picture differs from the run's values at the places."""
    frame, shown = cell.frame, cell.widget
    frame.wait_for_selector("html[data-detail=refined]:not([data-busy])", state="attached")
    png = frame.locator("#map").screenshot(style=f"{OVERLAYS}, #player {{ display: none !important }}")
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    palette, (low, high) = legend_colors(legend).astype(int), legend["range"]
    values = run.at(shown.variable, shown.step, shown.shell, *np.array(PLACES, float).T)
    wanted = np.rint((values - low) / (high - low) * (len(palette) - 1))
    box = frame.locator("#map").evaluate("map => [map.clientWidth, map.clientHeight]")
    globe, found = WholeGlobe(0, 0, *box), []
    for place, index in zip(PLACES, wanted, strict=True):
        x, y = map(int, globe.within_element(*place))
        # The place is a pixel's corner: one of the four around it has its colour.
        around = picture[y - 1 : y + 1, x - 1 : x + 1].reshape(-1, 1, 3)
        nearest = np.abs(around - palette).sum(axis=2).argmin(axis=1)
        found.append(int(np.abs(nearest - index).min()))
    return found


def test_a_cell_shows_the_page_and_python_steers_it(page: Page, tmp_path: Path) -> None:
    run = earthgan.open(make_excerpt(tmp_path / "excerpt"))
    shown = Map(run, variable="temperature", depth_km=660, step=69)
    legend = shown._held._manifest.document["legends"]["temperature"]
    (tmp_path / "index.html").write_text(HTML)
    (tmp_path / "favicon.ico").touch()
    with static_server(tmp_path) as notebook:
        page.goto(notebook)
        page.context.set_offline(True)  # from here on, there is nothing but the kernel
        cell = Cell(page, shown)
        expect(page.locator("#cell")).to_have_text(
            "The map comes from this notebook's kernel. If this line stays, run the cell again."
        )
        cell.wait_for_caption("^Temperature · 660 km · step 69$")
        assert max(misfits(cell, run, legend)) <= 2
        expect(cell.frame.locator("#legend-title")).to_have_text("Temperature (K)")

        shown.step, shown.depth_km = 67, 1600
        cell.wait_for_caption(r"^Temperature · 1,603 km · step 67$")
        assert max(misfits(cell, run, legend)) <= 2
        assert (shown.step, shown.depth_km) == (67, 1603)

        cell.frame.get_by_label("Time step").fill("1")
        cell.wait(lambda: shown.step == 68)
        box = cell.frame.locator("#map").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 300, box["y"] + 120)
        cell.wait(lambda: shown.value_at is not None and shown.value_at[1] < -10)
        cell.wait_for_caption("step 68$")
        misfits(cell, run, legend)  # the refined field is there
        cell.wait(lambda: abs(shown.value - run.at("temperature", 68, shown.shell, *shown.value_at)) < 0.5)
        under_pointer = shown.value_at
        page.mouse.click(box["x"] + 300, box["y"] + 120)
        cell.wait(lambda: shown.place is not None)
        assert shown.place == pytest.approx(under_pointer, abs=0.5)
        expect(cell.frame.locator("#panel")).to_contain_text("Below")

        shown.place, shown.view = None, (20, 30, 3)
        cell.wait(lambda: "lat=20.000" in cell.frame.evaluate("location.hash"))
        expect(cell.frame.locator("#panel")).to_be_hidden()
        page.mouse.move(box["x"] + 300, box["y"] + 120)
        page.mouse.down()
        page.mouse.move(box["x"] + 400, box["y"] + 120, steps=4)
        page.mouse.up()
        cell.wait(lambda: shown.view is not None and shown.view[1] < 29)

        cell.frame.evaluate("location.hash = '#var=temperature&t=67&depth=660&place=10,20'")
        cell.wait(lambda: (shown.step, shown.depth_km, shown.place, shown.view) == (67, 660, (10, 20), None))
        cell.wait_for_caption(r"660 km · step 67$")

        shown.globe, shown.anomaly = True, True
        cell.wait_for_caption("^Temperature less its lateral mean")
        expect(cell.frame.locator("#globe canvas")).to_be_visible()
        cell.frame.get_by_role("button", name="Cut-away globe").click()
        cell.wait(lambda: not shown.globe)
        page.evaluate("unmount()")
        expect(page.locator("iframe")).to_have_count(0)
