"""The tiles of the web client's map: which are asked for, and that none shows where they meet."""

import re
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Request, Route

from e2e.client import Gateway, WholeGlobe, follow, go_to, open_client, picture, wait_until_loaded


def test_no_tile_outside_the_matrix_is_ever_asked_for(page: Page, gateway: Gateway) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/tiles/" in request.url:
            asked.append(request.url)

    page.on("request", note)
    open_client(page, gateway)
    box = WholeGlobe.of(page)
    middle = (box.left + box.width / 2, box.top + box.height / 2)

    def drag(dx: float, dy: float) -> None:
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + dx, middle[1] + dy, steps=4)
        page.mouse.up()

    for dx, dy in ((600, 0), (600, 300), (600, -300), (-600, 0)):
        drag(dx, dy)
    for _ in range(6):
        page.mouse.wheel(0, -400)
        page.wait_for_timeout(60)
    for dx, dy in ((0, 300), (0, 300), (600, 300), (600, 0), (0, -300)):
        drag(dx, dy)
    for _ in range(12):
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(60)
    wait_until_loaded(page, gateway.default)

    max_native_zoom = gateway.catalog["tile_matrix_sets"]["WorldCRS84Quad"]["max_native_zoom"]
    places = set()
    for url in asked:
        parts = urlsplit(url)
        assert parts.query == "tms=WorldCRS84Quad"
        z, x, y = map(int, re.search(r"/(-?\d+)/(-?\d+)/(-?\d+)\.png$", parts.path).groups())
        assert 0 <= z <= max_native_zoom
        assert 0 <= x < 2 ** (z + 1)
        assert 0 <= y < 2**z
        places.add((z, x, y))
    assert len(places) >= 2 ** (2 * max_native_zoom + 1)


def test_a_place_left_before_its_tiles_came_is_forgotten(page: Page, gateway: Gateway) -> None:
    z = gateway.catalog["tile_matrix_sets"]["WorldCRS84Quad"]["max_native_zoom"]
    to_middle = 90 / 2**z  # degrees from a tile's edge; four levels further in, the tile fills the screen
    westernmost, easternmost = (
        f"#lat={90 - to_middle}&lng={lng}&zoom={z + 4}" for lng in (to_middle - 180, 180 - to_middle)
    )
    open_client(page, gateway, westernmost)
    held: list[Route] = []
    page.route(f"**/{z}/{2 ** (z + 1) - 1}/*.png*", lambda route: held.append(route))
    follow(page, easternmost)
    page.wait_for_timeout(100)
    assert held
    assert page.locator("html[data-loaded]").count() == 0
    go_to(page, gateway, westernmost)


def test_the_date_line_is_the_same_from_east_and_west(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway, "#lat=0&lng=180&zoom=2")
    across = picture(page)
    go_to(page, gateway, "#lat=0&lng=-180&zoom=2")
    assert np.abs(picture(page) - across).mean() < 0.2
    background = np.array([11, 14, 18])
    assert (np.abs(across - background).sum(axis=2) > 0).mean() > 0.99


@pytest.mark.parametrize("zoom", [1.37, 2.41, 4.6])
def test_no_seam_shows_where_tiles_or_the_globes_ends_meet(page: Page, gateway: Gateway, zoom: float) -> None:
    open_client(page, gateway)
    for longitude_deg in (0, 90, 180):
        go_to(page, gateway, f"#lat=0&lng={longitude_deg}&zoom={zoom}")
        pixels = picture(page)
        for axis, name in ((1, f"meridian {longitude_deg}"), (0, "equator")):
            jumps = jumps_between_neighbours(pixels, axis)
            middle = len(jumps) // 2
            at_seam = jumps[middle - 2 : middle + 2].max()
            elsewhere = np.concatenate([jumps[middle - 60 : middle - 2], jumps[middle + 2 : middle + 60]])
            assert at_seam <= 1.25 * elsewhere.max() + 0.5, name


def jumps_between_neighbours(pixels: NDArray[np.int16], axis: int) -> NDArray[np.float64]:
    """Mean difference of colour between each column (axis 1) or row (axis 0) of pixels and the next."""
    return np.abs(np.diff(pixels, axis=axis)).sum(axis=2).mean(axis=1 - axis)
