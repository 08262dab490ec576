"""The page computes the surrogate itself: the same pictures and values as the server's, and few bytes."""

import json
import re

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Request, expect

from e2e.client import (
    Faults,
    Frame,
    Gateway,
    WholeGlobe,
    follow,
    legend_colors,
    open_client,
    picture,
    set_slider,
    wait_until_loaded,
)
from load.throttle import PHONE, relay
from load.web_bench import COUNT_FRAMES, DRAG, DRAGGED_STEPS, EVERY_MS, chain_of
from places import DEFAULT_SURROGATE

#: A page without a GPU on a busy machine computes for seconds.


@pytest.fixture
def engine() -> str:
    return "browser"


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The addresses that the page has asked for."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    return asked


def wait_until_refined(page: Page, frame: Frame) -> None:
    page.wait_for_selector(f'html[data-loaded="{frame.key}"][data-detail="refined"]', state="attached")


def indices(colours: NDArray[np.int16], palette: NDArray[np.int16]) -> NDArray[np.intp]:
    """The place of the nearest colour of a legend."""
    return np.abs(colours[..., None, :] - palette).sum(axis=-1).argmin(axis=-1)


@pytest.mark.parametrize("variable", ["temperature", "temperature_anomaly", "v_radial"])
def test_browser_and_server_draw_the_same(page: Page, gateway: Gateway, asked: list[str], variable: str) -> None:
    frame = Frame(variable, 115, 150)
    page.goto(f"{gateway.url}/#var={variable}&t=115&r=150")
    wait_until_refined(page, frame)
    assert not [url for url in asked if re.search("/(tiles|shells)/", url)]
    ours = picture(page)
    page.get_by_label("server").check()
    wait_until_loaded(page, frame)
    theirs = picture(page)
    assert [url for url in asked if f"/tiles/{frame.key}/" in url], "the server was not asked"

    palette = legend_colors(gateway.json(f"legends/{variable}.json"))
    some = slice(None, None, 5), slice(None, None, 5)
    apart = np.abs(indices(ours[some], palette) - indices(theirs[some], palette))
    assert len(np.unique(indices(ours[some], palette))) > 60, "there is little to compare"
    # A canvas rounds each of both colours, and the legend's neighbours differ by as little as one of 255 in places.
    rounded = np.abs(ours[some] - theirs[some]).max(axis=-1) <= 2
    assert apart[~rounded].max(initial=0) <= 1
    assert apart.mean() < 0.1


def test_values_and_depths_need_no_request(page: Page, gateway: Gateway, asked: list[str]) -> None:
    open_client(page, gateway, "#t=115&r=150", Frame("temperature", 115, 150))
    wait_until_refined(page, Frame("temperature", 115, 150))
    asked.clear()
    page.mouse.move(*WholeGlobe.of(page).on_page(44.5, 77))
    expect(page.locator("#value")).to_have_text(re.compile(r"^\d+ K$"))
    shown = float(page.locator("#value").inner_text().split()[0])
    shell = gateway.shell(Frame("temperature", 115, 150))
    low, high = gateway.spread(shell, 44.5, 77, radius_deg=0.3)
    assert low - 1 <= shown <= high + 1
    for index, r in ((99, 99), (150, 48)):
        set_slider(page, "Depth", index)
        wait_until_refined(page, Frame("temperature", 115, r))
    assert not [url for url in asked if not url.endswith((".css", ".svg"))]


def test_a_coded_picture_comes_first(page: Page, gateway: Gateway, asked: list[str]) -> None:
    open_client(page, gateway, "#t=115&r=150", Frame("temperature", 115, 150))
    wait_until_refined(page, Frame("temperature", 115, 150))
    page.evaluate(
        """() => {
          window.details = [];
          const { dataset } = document.documentElement;
          new MutationObserver(() => window.details.push([dataset.loaded, dataset.detail].join(" ")))
            .observe(document.documentElement, { attributes: true });
        }"""
    )
    follow(page, "#t=121&r=150")
    wait_until_refined(page, Frame("temperature", 121, 150))
    seen = list(dict.fromkeys(page.evaluate("window.details")))
    assert seen.index("temperature/121/150 coded") < seen.index("temperature/121/150 refined")
    expect(page.locator("#engine")).to_contain_text(re.compile(r"this browser\s+\d\d kB · "))
    follow(page, "#t=115&r=150")
    wait_until_refined(page, Frame("temperature", 115, 150))
    expect(page.locator("#engine")).to_contain_text(re.compile(r"this browser\s+0 B · "))


def test_a_drag_on_a_slow_network_shows_its_steps_and_reads_them_once(page: Page, gateway: Gateway) -> None:
    """Twenty steps, one in 60 ms, as in `make bench-web`. However slow the machine, the steps from which the last one
    is predicted are shown on the way to it.
    """
    steps = [step["t"] for step in gateway.catalog["steps"]]
    spec = json.loads((DEFAULT_SURROGATE / "spec.json").read_text())
    chain = chain_of(spec["inputs"]["steps"][::-1])  # the last of the longest
    last = steps.index(chain[-1])
    places = range(last - DRAGGED_STEPS + 1, last + 1)
    with relay(gateway.url) as at:
        page.goto(f"{at.url}/#t={steps[places[0] - 1]}&r=150")
        wait_until_refined(page, Frame("temperature", steps[places[0] - 1], 150))
        page.evaluate(COUNT_FRAMES)
        at.network = PHONE
        for fewest, most_bytes in ((len(chain), 250_000), (1, 0)):
            at.reset()
            page.evaluate(DRAG, ["time", list(places), EVERY_MS, 0])
            wait_until_refined(page, Frame("temperature", steps[last], 150))
            shown = list(dict.fromkeys(page.evaluate("window.frames_shown")))
            assert len(shown) >= fewest, shown
            assert at.received_bytes <= most_bytes


def test_the_server_takes_over(page: Page, gateway: Gateway, asked: list[str], faults: Faults) -> None:
    faults.allow("404")
    page.route("**/worker.js*", lambda route: route.fulfill(status=404, json={"detail": "no such file"}))
    open_client(page, gateway)  # the page itself holds the first field
    expect(page.get_by_label("this browser")).to_be_disabled()
    expect(page.get_by_label("server")).to_be_checked()
    expect(page.locator('[value="server"] ~ .cost')).to_contain_text("B ·")  # its picture is on the map
    assert [url for url in asked if "/tiles/" in url]
    assert page.locator("html").get_attribute("data-loaded") == gateway.default.key
    expect(page.locator("#message")).to_be_hidden()


def test_the_choice_is_kept(page: Page, gateway: Gateway, asked: list[str]) -> None:
    open_client(page, gateway)
    page.get_by_label("server").check()
    wait_until_loaded(page, gateway.default)
    assert page.evaluate("localStorage['earthgan.engine']") == "server"
