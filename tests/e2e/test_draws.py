"""The page over a generator with noise: a seed, the mean or the spread, in the controls, the link and the picture."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from e2e.client import Gateway, open_client, picture, wait_for_fragment
from gateway_server import gateway as serve
from noisy_surrogate import make_noisy

pytestmark = pytest.mark.page


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serve(make_noisy(tmp_path_factory.mktemp("noisy") / "surrogate")) as url:
        yield Gateway(url)


def wait_until_drawn(page: Page, gateway: Gateway, draw: str | None) -> None:
    key = gateway.default.key + (f"@{draw}" if draw else "")
    page.wait_for_selector(f'html[data-loaded="{key}"]', state="attached")


def test_each_draw_has_its_picture_legend_and_link(page: Page, noisy: Gateway) -> None:
    open_client(page, noisy)
    draw, seed = page.get_by_label("Draw"), page.get_by_label("Seed")
    expect(draw).to_have_value("seed")
    expect(seed).to_have_value("0")
    pictures = [picture(page)]

    seed.fill("3")
    wait_until_drawn(page, noisy, "3")
    expect(page.locator("#legend-title")).to_have_text("Temperature, draw 3 (K)")
    wait_for_fragment(page, "draw=3")
    pictures.append(picture(page))
    for statistic, name in (("mean", "mean"), ("std", "spread")):
        draw.select_option(statistic)
        expect(seed).to_be_hidden()
        wait_until_drawn(page, noisy, statistic)
        expect(page.locator("#legend-title")).to_have_text(f"Temperature, {name} of 8 draws (K)")
        wait_for_fragment(page, f"draw={statistic}")
        pictures.append(picture(page))
    assert all((one != other).any() for i, one in enumerate(pictures) for other in pictures[:i])
    assert page.locator("#legend-ticks span").first.text_content() == "0"
    expect(page.locator("#value")).to_have_text(re.compile(r"^[0-9.]+ K$"))

    page.go_back()
    wait_until_drawn(page, noisy, "mean")
    expect(draw).to_have_value("mean")
    draw.select_option("seed")
    seed.fill("0")
    wait_until_drawn(page, noisy, None)
    page.wait_for_function("!location.hash.includes('draw')")
    assert (picture(page) == pictures[0]).all()


def test_a_link_names_a_draw(page: Page, noisy: Gateway) -> None:
    page.goto(f"{noisy.url}/#draw=5")
    wait_until_drawn(page, noisy, "5")
    expect(page.get_by_label("Seed")).to_have_value("5")
    page.goto(f"{noisy.url}/#draw=median")
    expect(page.locator("#message-text")).to_contain_text("There is no draw=median")
    wait_until_drawn(page, noisy, None)


def test_a_surrogate_without_noise_has_no_such_control(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    expect(page.locator("#draw-control")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_the_control_fits_the_screen(page: Page, noisy: Gateway, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{noisy.url}/#draw=999999999")
    wait_until_drawn(page, noisy, "999999999")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    control, seed = page.locator("#draw-control").bounding_box(), page.get_by_label("Seed").bounding_box()
    assert control
    assert seed
    assert seed["x"] + seed["width"] <= control["x"] + control["width"] + 1
    assert page.get_by_label("Seed").evaluate("element => element.scrollWidth <= element.clientWidth")
