"""The page shows the field that it holds before it has what computes fields, and only where the address asks for it."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from e2e.client import Faults, Frame, Gateway, WholeGlobe, picture, wait_until_loaded
from e2e.static_server import static_server
from e2e.test_computed import wait_until_refined
from places import DEFAULT_SURROGATE
from static_site import make_site

pytestmark = pytest.mark.page
#: The frames that a page has shown since it was opened.
NOTE_SHOWN = """new MutationObserver(() => {
  const { loaded, detail } = document.documentElement.dataset;
  window.shown ??= [];
  if (loaded) window.shown.push(`${loaded} ${detail}`);
}).observe(document, { attributes: true, subtree: true });"""

#: Notes how far what is on the screen moves, as Chromium counts it, and what it was.
NOTE_MOVED = """window.moved = [];
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    window.moved.push([value, sources.map(({ node }) => node?.id || node?.nodeName)]);
  }
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture
def engine() -> str:
    return "browser"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("served")
    make_site(folder / "where", DEFAULT_SURROGATE)
    (folder / "favicon.ico").touch()
    with static_server(folder) as url:
        yield f"{url}/where/"


@pytest.mark.parametrize("where", ["gateway", "site"])
def test_the_field_that_the_page_holds_comes_before_what_computes_it(
    page: Page, gateway: Gateway, site: str, where: str
) -> None:
    held: list[Route] = []
    page.route("**/worker.js*", lambda route: held.append(route))  # the page asks for it once
    page.goto(gateway.url if where == "gateway" else site)
    wait_until_loaded(page, gateway.default)
    html = page.locator("html")
    assert html.get_attribute("data-detail") == "coded"
    assert html.get_attribute("data-busy") is None
    expect(page.locator("#engine")).to_contain_text("coded, refining …")
    expect(page.locator("#caption")).to_contain_text("Temperature")
    expect(page.locator("#legend")).to_contain_text("K")

    shell, legend = gateway.shell(gateway.default), gateway.json("legends/temperature.json")
    step = (legend["range"][1] - legend["range"][0]) / 254
    page.mouse.move(*WholeGlobe.of(page).on_page(44.5, 77))
    expect(page.locator("#value")).to_have_text(re.compile(r"^\d+ K$"))
    shown = float(page.locator("#value").inner_text().split()[0])
    low, high = gateway.spread(shell, 44.5, 77, radius_deg=0.3)
    assert low - 3 * step <= shown <= high + 3 * step
    before = picture(page)

    for route in held:
        route.continue_()
    wait_until_refined(page, gateway.default)
    page.wait_for_function("performance.getEntriesByType('resource').some(({ name }) => name.includes('more.js'))")
    apart = np.abs(picture(page) - before)
    assert 0 < apart.mean() < 3
    assert page.locator("canvas.field[hidden]").count() == 1


@pytest.mark.parametrize("fragment", ["depth=1000", "anomaly=1", "range=depth"])
def test_other_addresses_never_show_it(page: Page, gateway: Gateway, fragment: str) -> None:
    page.add_init_script(NOTE_SHOWN)
    page.goto(f"{gateway.url}/#{fragment}")
    page.wait_for_selector("html[data-loaded]", state="attached")
    first = page.evaluate("window.shown[0]")
    assert first.split()[0] != gateway.default.key


@pytest.mark.parametrize("engine", ["server"])
def test_a_reader_who_had_the_server_changes_to_the_browser(page: Page, gateway: Gateway, engine: str) -> None:
    page.goto(gateway.url)
    wait_until_loaded(page, gateway.default)
    page.get_by_label("this browser").check()
    wait_until_refined(page, gateway.default)
    expect(page.locator('[value="browser"] ~ .cost')).to_contain_text("B ·")
    expect(page.get_by_label("this browser")).to_be_checked()


def test_a_worker_that_does_not_start_is_started_again(page: Page, site: str, faults: Faults) -> None:
    """A site has no server that takes over."""
    faults.allow("404")
    page.route("**/worker.js*", lambda route: route.fulfill(status=404), times=1)
    page.goto(f"{site}#t=115&r=150")
    wait_until_refined(page, Frame("temperature", 115, 150))
    expect(page.locator("#message")).to_be_hidden()


@pytest.mark.parametrize("size", [(360, 640), (412, 823), (640, 360), (820, 1180), (1280, 800)])
def test_hardly_anything_moves_while_the_page_fills(page: Page, gateway: Gateway, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.add_init_script(NOTE_MOVED)
    page.goto(gateway.url)
    wait_until_refined(page, gateway.default)
    moved = page.evaluate("moved")
    assert sum(value for value, _ in moved) < 0.06, moved  # 0.1 and less is good: https://web.dev/articles/cls
