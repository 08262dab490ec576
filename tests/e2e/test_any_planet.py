"""The page over somebody else's data: another planet, another variable, steps with labels, cells without values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from e2e.client import set_slider
from earthgan.records import PlanetSpec
from earthgan.spec import Provenance
from earthgan.variables import Variable
from gateway_server import gateway
from small_surrogate import COLUMNS, DLNVS, MOON, ROWS, UNIT_SHELL, make_small

pytestmark = pytest.mark.page

SAID = Provenance(
    source="moon.nc", licence="CC-BY-4.0", notice="An invented model.", credit="A. Nyone (2020)", simulated=False
)
PLAIN = Variable("T", "T", "1", "inferno", symmetric=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "surrogate"


@contextmanager
def opened(page: Page, folder: Path) -> Iterator[None]:
    with gateway(folder) as url:
        page.goto(url)
        page.wait_for_selector("html[data-loaded]")
        yield
        page.goto("about:blank")  # or requests would be on their way when the server ends


def test_the_moon_is_described_as_its_source_describes_it(page: Page, folder: Path) -> None:
    hidden = np.zeros((9, ROWS, COLUMNS), dtype=bool)
    hidden[:, :, 9:27] = True  # from 90° E to 90° W over the date line
    make_small(folder, MOON, [DLNVS], labels=["0.5", "1e2"], size=2.3, provenance=SAID, title="The Moon", hidden=hidden)
    with opened(page, folder):
        for text in ("The Moon", "Measured data", "Licence: CC-BY-4.0", f"{DLNVS.long_name} (percent)"):
            expect(page.get_by_text(text, exact=True)).to_be_in_viewport()
        expect(page.locator("#notice")).to_have_text("An invented model. · A. Nyone (2020)")
        expect(page.locator("#depth-label")).to_have_text("170 km · radius 1,568 km")
        assert page.locator("#depth-first, #depth-last").all_text_contents() == ["surface", "core"]
        assert page.locator("#time-first, #time-last").all_text_contents() == ["0.5", "1e2"]
        set_slider(page, "Time step", 1)
        expect(page.locator("#time-label")).to_have_text("1e2")
        expect(page.locator("#value")).to_contain_text(" percent")
        page.mouse.move(40, 300)
        expect(page.locator("#value")).to_have_text("no data")


def test_lengths_and_values_without_a_unit_have_none(page: Page, folder: Path) -> None:
    make_small(folder, UNIT_SHELL, [PLAIN], labels=[None], size=0.5, offset=0.5, title="run7")
    with opened(page, folder):
        expect(page.locator("#depth-label")).to_have_text("0.113 · radius 0.888")
        expect(page.locator("#legend-title")).to_have_text("T")
        expect(page.locator("#value")).to_have_text(re.compile(r"0\.7\d\d"))
        expect(page.locator("#time-control")).to_be_hidden()
        expect(page.get_by_text("Lengths have no unit; the planet's radius is 1")).to_be_in_viewport()
        for nothing in ("Simulated", "Measured", "Licence", " km"):
            assert nothing not in page.locator("body").inner_text()


@pytest.mark.parametrize(
    ("planet", "radii_km", "caption", "ends"),
    [
        (PlanetSpec(), tuple((6371 + np.linspace(0, 80, 9)).tolist()), "Height", ["80 km", "surface"]),
        (PlanetSpec(), tuple(np.linspace(5971, 6271, 9).tolist()), "Depth", ["100 km", "400 km"]),
        (PlanetSpec(core_radius_km=3480), tuple(np.linspace(3480, 6370.5, 9).tolist()), "Depth", ["surface", "core"]),
    ],
    ids=["air", "upper mantle", "whole mantle"],
)
def test_the_ends_of_the_slider_are_where_the_shells_end(
    page: Page, folder: Path, planet: PlanetSpec, radii_km: tuple[float, ...], caption: str, ends: list[str]
) -> None:
    make_small(folder, planet, radii_km=radii_km)
    with opened(page, folder):
        expect(page.locator("#depth-caption")).to_have_text(caption)
        assert page.locator("#depth-first, #depth-last").all_text_contents() == ends


def test_labels_of_a_legend_do_not_touch(page: Page, folder: Path) -> None:
    make_small(folder, size=3e21, offset=1e22)
    page.set_viewport_size({"width": 390, "height": 844})
    with opened(page, folder):
        boxes = [
            each.bounding_box()
            for each in page.locator("#legend-ticks span").all()
            if each.evaluate("element => getComputedStyle(element).visibility") == "visible"
        ]
        assert len(boxes) >= 3
        for left, right in pairwise(boxes):
            assert left["x"] + left["width"] < right["x"]
