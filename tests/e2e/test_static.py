"""The web client over a folder that `earthgan seed` wrote, served as plain files: no gateway runs."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Response, expect

from e2e.client import Faults, Frame, Gateway, WholeGlobe, picture, set_slider, values_of_colors, wait_until_loaded
from e2e.static_server import Plain, Ranges, static_server
from places import DEFAULT_SURROGATE, ROOT

pytestmark = pytest.mark.page

SEED = [sys.executable, "-m", "earthgan.cli", "seed", str(DEFAULT_SURROGATE), "--workers", "1"]
VARIABLES, STEPS, SHELLS = ["temperature", "vx"], [115, 121], [40, 150]
CHOSEN = ["--variables", "temperature,vx", "--steps", "115,121", "--shells", "40,150", "--zoom", "0-1"]
#: How each folder is seeded: with values and without, in both tile matrix sets.
KINDS = {
    "png": ["--tms", "WorldCRS84Quad", "--values"],
    "pmtiles": ["--format", "pmtiles"],
}


@dataclass(frozen=True)
class Folder(Gateway):
    """A seeded folder, asked as a gateway is."""

    @cached_property
    def catalog(self) -> dict:
        return self.json("catalog.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client in `web`, and beside it a seeded folder of each kind."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "web").symlink_to(ROOT / "clients" / "web")
    seeds = [subprocess.Popen([*SEED, *CHOSEN, *kind, "--out", str(folder / name)]) for name, kind in KINDS.items()]
    assert [seed.wait(180) for seed in seeds] == [0, 0]
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    with static_server(folder, Ranges) as url:
        yield url


@pytest.fixture
def answers(page: Page) -> list[Response]:
    """Everything the page has been answered."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    return answers


def open_folder(page: Page, site: str, kind: str, fragment: str = "") -> Folder:
    folder = Folder(f"{site}/{kind}")
    page.goto(f"{site}/web/index.html?data=../{kind}/{fragment}")
    return folder


def places_of(page: Page, kind: str) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray, NDArray]:
    """Rows and columns of pixels all over the map of the whole globe, and their latitudes and longitudes."""
    globe = WholeGlobe.of(page)
    y, x = np.mgrid[10 : globe.height - 10 : 8, 10 : globe.width - 10 : 8].astype(int)
    if kind == "png":
        return y, x, *globe.places_of(x, y)
    world_px = min(globe.width, globe.height)
    north = (globe.height / 2 - y - 0.5) / world_px * 2 * np.pi
    return y, x, np.degrees(np.arctan(np.sinh(north))), (x + 0.5 - globe.width / 2) / world_px * 360


@pytest.mark.parametrize(("kind", "variable"), [("png", "temperature"), ("png", "vx"), ("pmtiles", "temperature")])
def test_each_place_has_the_colour_of_its_value(
    page: Page, site: str, answers: list[Response], kind: str, variable: str
) -> None:
    folder = open_folder(page, site, kind, f"#var={variable}")
    frame = Frame(variable, 115, 150)
    wait_until_loaded(page, frame)
    legend = folder.json(f"legends/{variable}.json")
    low, high = legend["range"]
    shell = Folder(f"{site}/png").shell(frame) * legend.get("factor", 1)
    y, x, lat, lng = places_of(page, kind)
    drawn = values_of_colors(picture(page)[y, x], legend)

    def misfit(lat: NDArray[np.float64], lng: NDArray[np.float64]) -> float:
        return float(np.abs(np.clip(folder.sample(shell, lat, lng), low, high) - drawn).mean())

    here = misfit(lat, lng)
    assert here < 0.004 * (high - low)  # one of the legend's 256 colours
    assert here < 0.2 * misfit(-lat, lng), "upside down"
    assert here < 0.2 * misfit(lat, -lng), "mirrored"
    for north, east in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        assert here < misfit(lat + north, lng + east), "displaced"

    expect(page.locator("#legend-title")).to_have_text(f"{legend['long_name']} ({legend['unit']})")
    expect(page.get_by_text(folder.catalog["notice"], exact=True)).to_be_in_viewport()
    asked = [answer.url for answer in answers if not answer.url.startswith("blob:")]  # images of what was read
    assert all(url.startswith((f"{site}/web/", f"{site}/{kind}/")) for url in asked)
    tiles = [answer for answer in answers if re.search(rf"/(tiles|pmtiles)/{variable}/115/150\b", answer.url)]
    assert {answer.status for answer in tiles} == {200 if kind == "png" else 206}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_offered_is_what_was_seeded(page: Page, site: str, kind: str) -> None:
    open_folder(page, site, kind)
    wait_until_loaded(page, Frame("temperature", 115, 150))
    variables = page.get_by_label("Variable").locator("option")
    assert variables.evaluate_all("options => options.map((option) => option.value)") == VARIABLES
    sliders = {label: page.get_by_label(label, exact=True) for label in ("Depth", "Time step")}
    assert {(slider.get_attribute("min"), slider.get_attribute("max")) for slider in sliders.values()} == {("0", "1")}
    pictures = set()
    for i, t in enumerate(STEPS):
        set_slider(page, "Time step", i)
        for k, r in enumerate(reversed(SHELLS)):  # the surface first
            set_slider(page, "Depth", k)
            wait_until_loaded(page, Frame("temperature", t, r))
            pictures.add(picture(page).tobytes())
    assert len(pictures) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_moved_and_enlarged_stays_whole(page: Page, site: str, kind: str) -> None:
    open_folder(page, site, kind, "#lat=0&lng=180&zoom=3.4")
    wait_until_loaded(page, Frame("temperature", 115, 150))
    for key in ("ArrowRight", "ArrowUp", "+", "-", "-", "-"):
        page.locator("#map").press(key)
    page.wait_for_timeout(300)  # for the last pan
    wait_until_loaded(page, Frame("temperature", 115, 150))
    background = np.array([11, 14, 18])
    assert (np.abs(picture(page) - background).sum(axis=2) > 0).mean() > 0.99


def test_values_beside_the_tiles_are_read(page: Page, site: str) -> None:
    folder = open_folder(page, site, "png")
    wait_until_loaded(page, Frame("temperature", 115, 150))
    page.mouse.move(*WholeGlobe.of(page).on_page(30, 60))
    expect(page.locator("#value")).to_have_text(re.compile(r"^\d+(\.\d+)? K$"))
    least, greatest = folder.spread(folder.shell(Frame("temperature", 115, 150)), 30, 60, radius_deg=0.3)
    assert least - 3 <= float(page.locator("#value").text_content().split()[0]) <= greatest + 3


def test_without_values_the_place_alone_is_told(page: Page, site: str, answers: list[Response]) -> None:
    open_folder(page, site, "pmtiles")
    wait_until_loaded(page, Frame("temperature", 115, 150))
    page.wait_for_timeout(300)  # in which values would be asked for
    expect(page.locator("#place")).to_have_text("0.0° 0.0°")
    expect(page.locator("#value")).to_have_text("")
    expect(page.locator("#message")).to_be_hidden()
    expect(page.get_by_text("the map ends 85° north and south")).to_be_in_viewport()
    assert not [answer.url for answer in answers if "/shells/" in answer.url]


def test_a_shell_whose_values_are_missing_is_shown_without_them(page: Page, site: str, faults: Faults) -> None:
    faults.allow("404")
    page.route("**/shells/**", lambda route: route.fulfill(status=404, body="no such file"))
    with page.expect_response("**/shells/**"):
        open_folder(page, site, "png")
    wait_until_loaded(page, Frame("temperature", 115, 150))
    expect(page.locator("#value")).to_have_text("")
    expect(page.locator("#message")).to_be_hidden()


@pytest.mark.parametrize("data", ["//example.org/pyramid/", "javascript:alert(1)"])
def test_another_sites_folder_is_refused(page: Page, site: str, answers: list[Response], data: str) -> None:
    page.goto(f"{site}/web/index.html?data={quote(data)}")
    expect(page.locator("#message")).to_contain_text(f"data={data} is not a folder of this site.")
    assert all(answer.url.startswith(f"{site}/web/") for answer in answers)


def test_a_folder_that_is_not_there_is_one_line(page: Page, site: str, faults: Faults) -> None:
    faults.allow("404")
    open_folder(page, site, "nothing")
    expect(page.locator("#message")).to_contain_text(f"status 404 for {site}/nothing/")


def test_a_server_without_ranges_is_named_as_the_reason(page: Page, folder: Path) -> None:
    with static_server(folder, Plain) as site:
        open_folder(page, site, "pmtiles")
        expect(page.locator("#message")).to_contain_text("HTTP Byte Serving")
        open_folder(page, site, "png")
        wait_until_loaded(page, Frame("temperature", 115, 150))
        page.goto("about:blank")  # or requests would be on their way when the server ends


def test_a_seeded_folder_says_what_the_client_needs(folder: Path) -> None:
    for kind in KINDS:
        manifest = json.loads((folder / kind / "seed.json").read_text())
        catalog = json.loads((folder / kind / "catalog.json").read_text())
        assert (manifest["format"], manifest["zooms"]) == (kind, [0, 1])
        assert list(catalog["tile_matrix_sets"]) == [manifest["tms"]]
        assert catalog["values"] is (kind == "png")
