"""The page on the screens that readers have: phones in both directions, tablets, light and dark, touch and keyboard."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from e2e.client import WITHIN_MS, Gateway, WholeGlobe, follow, ground, open_client, picture, set_slider

pytestmark = pytest.mark.page

UPRIGHT, LYING = (390, 844), (844, 390)
PHONES = [UPRIGHT, LYING, (360, 640), (932, 430)]
#: The least share of the screen that the picture has, and the least side of what a finger touches.
LEAST_SHARE, LEAST_TARGET_PX = 0.55, 44

Open = Callable[..., Page]


@pytest.fixture
def phone(browser: Browser, gateway: Gateway) -> Iterator[Open]:
    """Opens the page on a phone."""
    contexts = []

    def opened(size: tuple[int, int] = UPRIGHT, fragment: str = "", scheme: str = "light") -> Page:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=True,
            is_mobile=True,
            color_scheme=scheme,
            bypass_csp=True,  # for checks that the page's policy forbids
        )
        contexts.append(context)
        context.add_init_script("try { localStorage['earthgan.engine'] = 'server' } catch {}")
        page = context.new_page()
        page.set_default_timeout(WITHIN_MS)
        page.goto(f"{gateway.url}/{fragment}")
        page.wait_for_selector("html[data-loaded]", state="attached")
        return page

    yield opened
    for context in contexts:
        with suppress(Error):  # the browser was killed
            context.close()


def center(page: Page) -> tuple[float, float]:
    """The place in the middle of the map, as the page itself says it."""
    text = page.locator("#place").inner_text()
    found = re.fullmatch(r"([\d.]+)°( [NS])? ([\d.]+)°( [EW])?", text)
    assert found, text
    return float(found[1]) * (-1 if found[2] == " S" else 1), float(found[3]) * (-1 if found[4] == " W" else 1)


@pytest.mark.parametrize("size", PHONES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_picture_has_most_of_a_phone(phone: Open, size: tuple[int, int]) -> None:
    page = phone(size)
    pixels = picture(page)
    shown = np.abs(pixels - ground(page)).sum(axis=2) > 0
    assert shown.sum() / (size[0] * size[1]) >= LEAST_SHARE
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "something is cut off"


@pytest.mark.parametrize("size", [UPRIGHT, LYING], ids=["upright", "lying"])
def test_fingers_hit_and_nothing_is_cut_off(phone: Open, size: tuple[int, int]) -> None:
    page = phone(size)
    for each in page.locator("button, select, input, a, summary").all():
        if not each.is_visible():
            continue
        holder = each.locator("xpath=ancestor::label")
        box = (holder if holder.count() else each).bounding_box()
        assert box is not None
        what = each.evaluate("element => element.outerHTML")
        wide = each.evaluate("element => element.type === 'range'")
        assert box["height"] >= LEAST_TARGET_PX - (4 if wide else 0), what
        assert box["width"] >= LEAST_TARGET_PX, what
        assert box["x"] >= 0, what
        assert box["x"] + box["width"] <= size[0], what
    assert page.evaluate(
        """() => [...document.querySelectorAll("select, p, span, output, label")]
          .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1
            && getComputedStyle(one).display !== "inline").map((one) => one.outerHTML)"""
    ) == []  # fmt: skip


def test_the_first_step_shown_is_the_catalogs(phone: Open, gateway: Gateway) -> None:
    page = phone()
    default = gateway.default
    expect(page.locator("html")).to_have_attribute("data-loaded", default.key)
    page.wait_for_function("t => new URLSearchParams(location.hash.slice(1)).get('t') === String(t)", arg=default.t)


def test_a_phone_shows_the_whole_globe_if_asked(phone: Open) -> None:
    page = phone()
    page.get_by_label("Whole globe").tap()
    page.wait_for_timeout(100)
    page.wait_for_selector("html[data-loaded]", state="attached")
    globe, pixels = WholeGlobe.of(page), picture(page)
    for lat, lng in ((88, -178), (88, 178), (-88, -178), (-88, 178)):
        x, y = globe.within_element(lat, lng)
        assert (pixels[int(y), int(x)] != ground(page)).any()
    page.get_by_label("Whole globe").tap()  # and back
    page.wait_for_function("!location.hash.includes('zoom')")


# Turning and resizing


def test_ten_rotations_do_not_move_the_middle(phone: Open) -> None:
    page = phone()
    for place in (
        "lat=12.345&lng=-67.891&zoom=3",
        "lat=80&lng=170&zoom=2.5",
        "lat=-90&lng=0&zoom=4",
        "lng=33.3&zoom=1",
    ):
        follow(page, f"#{place}")
        link, where = page.evaluate("location.hash"), center(page)
        for size in [*[LYING, UPRIGHT] * 5, (1280, 800), (700, 900), UPRIGHT]:
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.wait_for_timeout(50)
            assert center(page) == pytest.approx(where, abs=0.01)
        page.wait_for_timeout(500)
        assert page.evaluate("location.hash") == link


def test_the_middle_stays_where_the_picture_is(page: Page, gateway: Gateway) -> None:
    """The colour in the middle is that of the same place after the window has changed."""
    open_client(page, gateway, "#lat=12.345&lng=-67.891&zoom=4")
    colours = []
    for size in ((1280, 800), (900, 700), (1281, 801)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.wait_for_timeout(300)
        page.wait_for_selector("html[data-loaded]", state="attached")
        pixels = picture(page)
        y, x = pixels.shape[0] // 2, pixels.shape[1] // 2
        colours.append(pixels[y - 1 : y + 2, x - 1 : x + 2].mean(axis=(0, 1)))
    assert np.ptp(colours, axis=0).max() < 4


# Reading values without a mouse


def test_a_tap_reads_the_value_there(phone: Open, gateway: Gateway) -> None:
    page = phone((412, 915))
    box = page.locator("#map").bounding_box()
    assert box is not None
    per_degree = box["height"] / 180  # the globe is as high as the map
    page.touchscreen.tap(box["x"] + box["width"] / 2 + 40 * per_degree, box["y"] + box["height"] / 2 - 30 * per_degree)
    assert center(page) == pytest.approx((30, 40), abs=0.4)
    expect(page.locator("#value")).to_have_text(re.compile(r"^\d+ K$"))
    least, greatest = gateway.spread(gateway.shell(gateway.default), *center(page), radius_deg=0.4)
    assert least - 2 <= float(page.locator("#value").inner_text().split()[0]) <= greatest + 2
    cross = page.locator("#crosshair").bounding_box()
    assert cross is not None
    assert cross["x"] + 8 - box["x"] - box["width"] / 2 == pytest.approx(40 * per_degree, abs=1.5)


@pytest.mark.parametrize(("size", "sign"), [(UPRIGHT, 1), (UPRIGHT, -1), (LYING, 1)])
def test_a_finger_reaches_the_poles(phone: Open, size: tuple[int, int], sign: int) -> None:
    page = phone(size)
    box = page.locator("#map").bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 3
    page.touchscreen.tap(x, box["y"] + (2 if sign > 0 else box["height"] - 2))
    assert center(page)[0] == 90 * sign
    expect(page.locator("#value")).to_have_text(re.compile(r"^\d+ K$"))


@pytest.mark.parametrize("fragment", ["", "#lat=20&lng=30&zoom=3"])
def test_keys_reach_both_poles(page: Page, gateway: Gateway, fragment: str) -> None:
    open_client(page, gateway, fragment)
    for key, sign in (("ArrowUp", 1), ("ArrowDown", -1)):
        for _ in range(400):  # a press does nothing while the map still moves from the last one
            page.locator("#map").press(f"Shift+{key}")
            page.wait_for_timeout(30)
            if center(page)[0] == 90 * sign:
                break
        assert center(page)[0] == 90 * sign
        expect(page.locator("#value")).to_have_text(re.compile(r"^\d+ K$"))
        cross, box = page.locator("#crosshair").bounding_box(), page.locator("#map").bounding_box()
        assert cross
        assert box
        assert box["y"] - 9 <= cross["y"] <= box["y"] + box["height"]


# Buttons say what they do


def test_no_button_looks_dead_and_works(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    zoom_in, zoom_out, whole = (page.get_by_label(name) for name in ("Zoom in", "Zoom out", "Whole globe"))
    expect(zoom_out).to_be_disabled()
    expect(whole).to_be_disabled()
    zoom_in.click()
    expect(zoom_out).to_be_enabled()
    expect(whole).to_be_enabled()
    for _ in range(12):
        if zoom_in.is_disabled():
            break
        zoom_in.click()
    expect(zoom_in).to_be_disabled()
    page.set_viewport_size({"width": 1000, "height": 700})
    whole.click()
    expect(zoom_out).to_be_disabled()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_timeout(100)
    expect(zoom_out).to_be_disabled()
    page.wait_for_function("!location.hash.includes('zoom=')")
    before = page.evaluate("location.hash")
    page.locator("#map").press("-")
    page.wait_for_timeout(600)
    assert page.evaluate("location.hash") == before


# Light and dark


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_readers_light_and_dark(phone: Open, scheme: str) -> None:
    page = phone(scheme=scheme)
    luminance = page.evaluate(
        """() => ["body", "#message", "#words > *", "select", "#zoom"].map((name) =>
          getComputedStyle(document.querySelector(name)).backgroundColor.match(/[\\d.]+/g).slice(0, 3)
            .reduce((sum, part) => sum + Number(part), 0) / 3)"""
    )
    assert all(part > 200 if scheme == "light" else part < 60 for part in luminance), luminance
    set_slider(page, "Depth", 3)
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    assert (page.evaluate("getComputedStyle(document.body).colorScheme")) != scheme
