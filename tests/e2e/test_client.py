"""The web client in a browser, against a gateway over the shipped surrogate."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Route, expect

from e2e.client import (
    Faults,
    Frame,
    Gateway,
    WholeGlobe,
    open_client,
    picture,
    set_slider,
    values_of_colors,
    wait_for_fragment,
    wait_until_loaded,
)


def another(options: list, current: object) -> object:
    """One of the options that is not the current one."""
    return next(option for option in reversed(options) if option != current)


def shells_by_depth(gateway: Gateway) -> list[int]:
    return [shell["r"] for shell in sorted(gateway.catalog["shells"], key=lambda shell: shell["depth_km"])]


def steps(gateway: Gateway) -> list[int]:
    return [step["t"] for step in gateway.catalog["steps"]]


# What a reader sees first


def test_the_page_shows_the_default_field_and_says_what_it_is(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    legend = gateway.json(f"legends/{gateway.default.variable}.json")
    catalog = gateway.catalog

    expect(page.locator("#legend-title")).to_have_text(f"{legend['long_name']} ({legend['unit']})")
    assert page.locator("#legend-ticks span").all_text_contents() == [tick["label"] for tick in legend["ticks"]]
    for text in (catalog["title"], catalog["notice"]):
        expect(page.get_by_text(text, exact=True)).to_be_in_viewport()
    expect(page.get_by_text(catalog["licence"])).to_be_in_viewport()  # the surrogate that ships has one
    assert len(np.unique(picture(page).reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize("variable", ["temperature", "vx"])
def test_each_place_has_the_colour_of_its_value(page: Page, gateway: Gateway, variable: str) -> None:
    frame = Frame(variable, gateway.default.t, gateway.default.r)
    open_client(page, gateway, f"#var={variable}", frame)
    legend = gateway.json(f"legends/{variable}.json")
    low, high = legend["range"]
    shell = gateway.shell(frame) * legend.get("factor", 1)
    pixels = picture(page)
    y, x = np.mgrid[10 : pixels.shape[0] - 10 : 8, 10 : pixels.shape[1] - 10 : 8]
    lat, lng = WholeGlobe.of(page).places_of(x, y)
    drawn = values_of_colors(pixels[y, x], legend)

    def misfit(lat: NDArray[np.float64], lng: NDArray[np.float64]) -> float:
        return float(np.abs(np.clip(gateway.sample(shell, lat, lng), low, high) - drawn).mean())

    here = misfit(lat, lng)
    assert here < 0.004 * (high - low)  # one of the legend's 256 colours
    assert here < 0.2 * misfit(-lat, lng), "upside down"
    assert here < 0.2 * misfit(lat, -lng), "mirrored"
    for north, east in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5)):
        assert here < misfit(lat + north, lng + east), "displaced"


# Controls


def test_another_variable_changes_picture_legend_and_link(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    before = picture(page)
    frame = Frame(another(gateway.catalog["variables"], gateway.default.variable), gateway.default.t, gateway.default.r)
    page.get_by_label("Variable").select_option(frame.variable)
    wait_until_loaded(page, frame)
    legend = gateway.json(f"legends/{frame.variable}.json")
    expect(page.locator("#legend-title")).to_have_text(f"{legend['long_name']} ({legend['unit']})")
    assert (picture(page) != before).any()
    wait_for_fragment(page, f"var={frame.variable}&")


def test_another_depth_changes_picture_label_and_link(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    before = picture(page)
    shells = shells_by_depth(gateway)
    index = len(shells) - 2
    set_slider(page, "Depth", index)
    wait_until_loaded(page, Frame(gateway.default.variable, gateway.default.t, shells[index]))
    shell = next(shell for shell in gateway.catalog["shells"] if shell["r"] == shells[index])
    expect(page.locator("#depth-label")).to_contain_text(f"{round(shell['depth_km']):,} km")
    expect(page.locator("#depth-label")).to_contain_text(f"{round(shell['radius_km']):,} km")
    assert (picture(page) != before).any()
    wait_for_fragment(page, f"r={shells[index]}")


def test_the_depth_slider_goes_from_the_surface_to_the_core(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    slider = page.get_by_label("Depth", exact=True)
    slider.focus()
    for key, r in (("Home", shells_by_depth(gateway)[0]), ("End", 0), ("ArrowLeft", shells_by_depth(gateway)[-2])):
        slider.press(key)
        wait_until_loaded(page, Frame(gateway.default.variable, gateway.default.t, r))


def test_another_time_step_changes_picture_label_and_link(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    before = picture(page)
    t = another(steps(gateway), gateway.default.t)
    set_slider(page, "Time step", steps(gateway).index(t))
    wait_until_loaded(page, Frame(gateway.default.variable, t, gateway.default.r))
    expect(page.locator("#time-label")).to_contain_text(f"step {t}")
    assert (picture(page) != before).any()
    wait_for_fragment(page, f"t={t}&")


def test_a_dragged_slider_asks_only_for_a_few_frames_and_ends_on_the_last(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.split("/")[6]) if "/tiles/" in request.url else None)
    shells = shells_by_depth(gateway)
    page.get_by_label("Depth", exact=True).evaluate(
        """slider => {
          for (let i = 0; i <= Number(slider.max); i++) {
            slider.value = i;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
          }
        }"""
    )
    wait_until_loaded(page, Frame(gateway.default.variable, gateway.default.t, shells[-1]))
    assert 0 < len(asked) <= 3 < len(shells)


def test_the_old_field_stays_until_all_of_the_new_one_is_there(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    before = picture(page)
    shells = shells_by_depth(gateway)
    slow, fast = (Frame(gateway.default.variable, gateway.default.t, r) for r in (shells[-1], shells[-3]))
    held: list[Route] = []
    page.route(f"**/tiles/{slow.key}/**", lambda route: held.append(route))

    set_slider(page, "Depth", len(shells) - 1)
    page.wait_for_timeout(300)
    assert held
    assert page.locator("html[data-loaded]").count() == 0
    assert (picture(page) == before).all()

    # The held frame never comes; a newer wish does not wait for it.
    set_slider(page, "Depth", len(shells) - 3)
    wait_until_loaded(page, fast)
    assert (picture(page) != before).any()


# Permalinks


def test_a_permalink_shows_the_same_field_at_the_same_place(page: Page, gateway: Gateway) -> None:
    frame = Frame(
        another(gateway.catalog["variables"], gateway.default.variable),
        another(steps(gateway), gateway.default.t),
        another(shells_by_depth(gateway), gateway.default.r),
    )
    fragment = f"#var={frame.variable}&t={frame.t}&r={frame.r}&lat=-12.500&lng=171.250&zoom=2.750"
    open_client(page, gateway, fragment, frame)
    first = picture(page)
    page.locator("#map").press("ArrowRight")
    page.wait_for_function("fragment => location.hash !== fragment", arg=fragment)
    moved = picture(page)
    assert (moved != first).any()

    link = page.url
    page.goto("about:blank")
    page.goto(link)
    wait_until_loaded(page, frame)
    # The link rounds the place to a thousandth of a degree, which may move an edge between colours by a pixel.
    assert np.abs(picture(page) - moved).mean() < 0.2
    expect(page.locator("#message")).to_be_hidden()


def test_back_returns_to_the_field_before(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    wait_for_fragment(page, f"t={gateway.default.t}&")
    t = another(steps(gateway), gateway.default.t)
    set_slider(page, "Time step", steps(gateway).index(t))
    wait_for_fragment(page, f"t={t}&")
    page.go_back()
    wait_until_loaded(page, gateway.default)
    expect(page.locator("#time-label")).to_contain_text(f"step {gateway.default.t}")


def test_an_invalid_permalink_falls_back_and_says_so(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway, f"#var=nonsense&t=soon&r={gateway.default.r}&lat=95&lng=20&zoom=3&colour=red")
    for text in ("var=nonsense", "t=soon", "lat=95", "“colour”"):
        expect(page.locator("#message")).to_contain_text(text)
    expect(page.locator("#place")).to_have_text("0.0° 20.0° E")  # the rest is kept
    page.get_by_label("Dismiss").click()
    expect(page.locator("#message")).to_be_hidden()


# The value under the pointer


PLACES_DEG = {
    "origin": (0.2, 0.4),
    "north-west": (48.3, -120.7),
    "south-east": (-33.4, 151.2),
    "north pole": (89.6, 10.0),
    "south pole": (-89.6, -60.0),
    "west of the date line": (12.0, 179.6),
    "east of the date line": (12.0, -179.6),
    "last gap of the grid": (-20.0, -0.6),
}


def test_the_value_under_the_pointer_is_the_shells(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    globe = WholeGlobe.of(page)
    legend = gateway.json(f"legends/{gateway.default.variable}.json")
    shell = gateway.shell(gateway.default)
    rounding = 1e-3 * (legend["range"][1] - legend["range"][0])
    number_and_unit = re.compile(rf"^-?[\d.e+-]+ {re.escape(legend['unit'])}$")

    for name, (lat, lng) in PLACES_DEG.items():
        page.mouse.move(*globe.on_page(lat, lng))
        expect(page.locator("#value")).to_have_text(number_and_unit)
        shown = float(page.locator("#value").text_content().split()[0])
        # The map places the globe to half a pixel, and the text is rounded.
        least, greatest = gateway.spread(shell, lat, lng, radius_deg=0.3)
        assert least - rounding <= shown <= greatest + rounding, name

        place = re.fullmatch(r"([\d.]+)° ([NS]) ([\d.]+)° ([EW])", page.locator("#place").text_content())
        assert place is not None, name
        assert float(place[1]) == pytest.approx(abs(lat), abs=0.3), name
        assert float(place[3]) == pytest.approx(abs(lng), abs=0.3), name
        assert (place[2], place[4]) == ("N" if lat > 0 else "S", "E" if lng > 0 else "W"), name


def test_without_a_pointer_the_value_is_that_under_the_cross(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway, "#lat=30&lng=-45&zoom=3")
    expect(page.locator("#crosshair")).to_be_visible()
    expect(page.locator("#place")).to_have_text("30.0° N 45.0° W")


# When the gateway fails


def answer_503(route: Route) -> None:
    route.fulfill(
        status=503,
        content_type="application/problem+json",
        body='{"title": "Service unavailable", "detail": "The engine is resting.", "status": 503}',
    )


def test_a_failing_field_is_explained_and_can_be_tried_again(page: Page, gateway: Gateway, faults: Faults) -> None:
    faults.allow("503")
    page.route("**/tiles/**", answer_503)
    page.goto(f"{gateway.url}/")
    expect(page.locator("#message")).to_contain_text("The engine is resting.")
    assert page.locator("html[data-loaded]").count() == 0
    expect(page.get_by_text(gateway.catalog["notice"], exact=True)).to_be_visible()
    page.unroute("**/tiles/**")
    page.get_by_role("button", name="Retry").click()
    wait_until_loaded(page, gateway.default)
    expect(page.locator("#message")).to_be_hidden()


def test_without_a_catalog_the_page_says_why(page: Page, gateway: Gateway, faults: Faults) -> None:
    faults.allow("503")
    page.route("**/catalog", answer_503)
    page.goto(f"{gateway.url}/client/index.html")  # the built page knows the catalog
    expect(page.locator("#message")).to_contain_text("The engine is resting.")
    page.unroute("**/catalog")
    page.get_by_role("button", name="Retry").click()
    wait_until_loaded(page, gateway.default)


def test_without_a_shell_the_map_stays_and_the_page_says_why(page: Page, gateway: Gateway, faults: Faults) -> None:
    faults.allow("503")
    page.route("**/shells/**", answer_503)
    open_client(page, gateway)
    expect(page.locator("#message")).to_contain_text("The engine is resting.")
