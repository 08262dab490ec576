"""What `earthgan site` writes computes in the browser: from any file server, in any folder, without a network."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Response, expect

from e2e.client import Faults, Frame, Gateway, WholeGlobe, follow, picture
from e2e.static_server import static_server
from e2e.test_computed import wait_until_refined
from places import DEFAULT_SURROGATE
from static_site import make_excerpt, make_site

#: The first step, and others that are not predicted, so that no chain has to be computed.
FIRST, OTHER = Frame("temperature", 1, 150), 115
#: Of what the page moves until its first field is refined. The gateway compresses.
MOST_BYTES, MOST_REQUESTS = 250_000, 12


@pytest.fixture
def engine() -> str:
    return "browser"


@pytest.fixture
def answers(page: Page) -> list[Response]:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    return answers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A web server's folder with a site in `some/where`, which shows the shipped surrogate and a part of it."""
    folder, excerpt = tmp_path_factory.mktemp("served"), make_excerpt(tmp_path_factory.mktemp("made") / "excerpt")
    (folder / "some").mkdir()
    (folder / "favicon.ico").touch()
    make_site(folder / "some" / "where", DEFAULT_SURROGATE, excerpt)
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    with static_server(folder) as url:
        yield f"{url}/some/where/"


def test_the_first_field_takes_few_bytes_and_requests(page: Page, gateway: Gateway, answers: list[Response]) -> None:
    page.goto(gateway.url)
    wait_until_refined(page, FIRST)
    sizes = [answer.request.sizes() for answer in answers]
    moved = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    assert len(answers) <= MOST_REQUESTS, [answer.url for answer in answers]
    assert 50_000 < moved <= MOST_BYTES
    assert not [answer.url for answer in answers if re.search(r"/client/(?!bundle/)", answer.url)], "sources were read"
    for answer in answers[1:]:
        assert "immutable" in answer.headers["cache-control"], answer.url


def test_the_page_comes_again_for_nothing(page: Page, gateway: Gateway, answers: list[Response]) -> None:
    page.goto(gateway.url)
    wait_until_refined(page, FIRST)
    answers.clear()
    page.goto("about:blank")
    page.goto(gateway.url)
    wait_until_refined(page, FIRST)
    moved = page.evaluate("performance.getEntriesByType('resource').map(({ transferSize }) => transferSize)")
    assert len(moved) >= 3
    assert sum(moved) == 0
    assert page.evaluate("performance.getEntriesByType('navigation')[0].transferSize") < 1000  # nothing has changed


def test_a_site_shows_what_the_gateway_computes(
    page: Page, gateway: Gateway, site: str, answers: list[Response]
) -> None:
    page.goto(f"{site}#t={OTHER}&r=150")
    wait_until_refined(page, Frame("temperature", OTHER, 150))
    asked = [answer.url for answer in answers]
    assert all(url.startswith(site) for url in asked), asked
    assert len(asked) <= MOST_REQUESTS
    expect(page.get_by_label("this browser")).to_be_checked()
    expect(page.get_by_label("server", exact=True)).to_be_hidden()
    page.mouse.move(*WholeGlobe.of(page).on_page(44.5, 77))
    expect(page.locator("#value")).to_have_text(re.compile(r"^\d+ K$"))
    shown = float(page.locator("#value").inner_text().split()[0])
    low, high = gateway.spread(gateway.shell(Frame("temperature", OTHER, 150)), 44.5, 77, radius_deg=0.3)
    assert low - 1 <= shown <= high + 1


def test_several_surrogates_have_an_address_each(page: Page, site: str, answers: list[Response]) -> None:
    page.goto(site)
    wait_until_refined(page, FIRST)
    before = picture(page)
    page.get_by_label("Surrogate").select_option("excerpt")
    page.wait_for_url("**surrogate=excerpt*")
    wait_until_refined(page, Frame("temperature", 67, 150))
    assert np.abs(picture(page) - before).mean() > 0.5, "both surrogates look alike"
    page.go_back()
    wait_until_refined(page, FIRST)
    expect(page.get_by_label("Surrogate")).to_have_value("default")


def test_a_surrogate_that_is_not_there(page: Page, site: str, answers: list[Response]) -> None:
    page.goto(f"{site}?surrogate=nothing")
    expect(page.locator("#message")).to_contain_text("There is no surrogate nothing here. There are default, excerpt.")


def test_it_works_without_a_network_after_one_visit(page: Page, folder: Path, faults: Faults) -> None:
    faults.allow("net::ERR")
    with static_server(folder) as url:
        address = f"{url}/some/where/"
        page.goto(address)
        page.wait_for_selector("html[data-offline=kept]", state="attached")
    expect(page.get_by_text("Kept in this browser")).to_be_visible()
    for t, r in ((121, 40), (OTHER, 150), (FIRST.t, FIRST.r)):
        page.goto("about:blank")
        page.goto(f"{address}#t={t}&r={r}")
        wait_until_refined(page, Frame("temperature", t, r))
    follow(page, "#var=vx&t=97&r=100")
    wait_until_refined(page, Frame("vx", 97, 100))


def test_what_is_kept_makes_room_for_a_new_version(page: Page, folder: Path, tmp_path: Path) -> None:
    """The second visit finds the new page, and the old page's files and surrogate are removed."""
    served = tmp_path / "served"
    shutil.copytree(folder, served)
    names = "caches.keys().then((names) => names.map((name) => name.split(' ').slice(2).join(' ')))"
    with static_server(served) as url:
        page.goto(f"{url}/some/where/?surrogate=excerpt")
        page.wait_for_selector("html[data-offline=kept]", state="attached")
        before = page.evaluate(names)
        assert len(before) == 2
        shutil.rmtree(served / "some" / "where")
        make_site(served / "some" / "where", DEFAULT_SURROGATE)
        page.goto(f"{url}/some/where/")
        page.wait_for_selector("html[data-offline=kept]", state="attached")
        for _ in range(5):  # the new version takes over when no page of the old one is open, and it is whole
            page.goto("about:blank")
            page.goto(f"{url}/some/where/")
            page.wait_for_selector("html[data-offline=kept]", state="attached")
            after = page.evaluate(names)
            if not set(after) & set(before):
                break
    assert len(after) == 2
    assert not set(after) & set(before)


def test_a_pinned_picture_stays_beside_another_surrogate(page: Page, site: str) -> None:
    page.goto(f"{site}#t={OTHER}&r=150")
    wait_until_refined(page, Frame("temperature", OTHER, 150))
    globe = WholeGlobe.of(page)
    left, right = (globe.within_element(20, lng) for lng in (-100, 100))
    own = picture(page)
    page.get_by_role("button", name="Compare with this picture").click()
    pinned = page.locator("#pinned")
    expect(pinned).to_have_attribute("data-shown", f"temperature/{OTHER}/150")
    page.get_by_label("Surrogate").select_option("excerpt")
    page.wait_for_url("**surrogate=excerpt*pinned=default*")
    expect(pinned).to_contain_text(f"Simulated mantle convection · Temperature · 703 km · step {OTHER}")
    expect(page.locator("#message")).to_be_visible()  # the excerpt has no such step, and shows the nearest one
    page.evaluate("document.querySelector('#message-close').click()")
    wait_until_refined(page, Frame("temperature", 67 if OTHER < 67 else 69, 150))
    both = picture(page)
    for (x, y), is_same in ((left, True), (right, False)):
        box = np.s_[int(y) - 20 : int(y) + 20, int(x) - 20 : int(x) + 20]
        assert (np.abs(both[box] - own[box]).mean() < 0.5) == is_same
    page.reload()
    expect(pinned).to_contain_text("Simulated mantle convection · Temperature")
    page.get_by_role("button", name="Compare with this picture").click()
    expect(pinned).to_be_hidden()
    page.wait_for_url("**surrogate=excerpt#*")
    page.get_by_role("button", name="Compare with this picture").click()
    page.wait_for_url("**surrogate=excerpt#*compare=*")
    expect(pinned).not_to_contain_text("Simulated mantle convection")
    page.go_back()
    expect(pinned).to_be_hidden()
    page.go_back()
    expect(pinned).to_contain_text("Simulated mantle convection · Temperature")


def test_a_picture_of_a_surrogate_that_is_not_there(page: Page, site: str) -> None:
    page.goto(f"{site}?surrogate=excerpt&pinned=nothing#compare=temperature,67,150")
    expect(page.locator("#message")).to_contain_text("There is no surrogate nothing here")
