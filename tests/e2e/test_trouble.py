"""Servers that hang, die, return, are busy or slow: the page says so, keeps its picture, and goes on by itself."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator

import httpx2 as httpx
import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from e2e.client import Faults, Frame, Gateway, open_client, picture, set_slider, wait_until_loaded
from gateway_server import EARTHGAN, READY_WITHIN_S, free_port
from gateway_server import gateway as serve
from places import DEFAULT_SURROGATE, ROOT

pytestmark = [pytest.mark.alone, pytest.mark.page]

#: The numbers to reach: from the fault to the sentence, and from the server's return to the picture.
SAID_WITHIN_MS, BACK_WITHIN_MS = 10_000, 5_000
SENTENCE = "The server does not answer; the page goes on by itself as soon as it does."


class Server:
    """A gateway that can be stopped, killed and started again at the same address."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = os.environ | {"EARTHGAN_PREFETCH": "false"}
        command = [*EARTHGAN, "serve", str(DEFAULT_SURROGATE), "--port", str(self._port)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment)
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def end(self) -> None:
        self.signal(signal.SIGCONT)
        self.kill()


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    server = Server()
    yield server
    server.end()


@pytest.fixture
def server(shared_server: Server, page: Page, faults: Faults) -> Iterator[Server]:
    faults.allow("ERR_", "Failed to fetch", "503", "429")
    yield shared_server
    page.goto("about:blank")  # or requests would be on their way when the server ends


def deeper_than(frame: Frame) -> Frame:
    return Frame(frame.variable, frame.t, frame.r - 10)


def go_deeper(page: Page, frame: Frame) -> None:
    page.evaluate("r => { location.hash = location.hash.replace(/r=\\d+/, `r=${r}`); }", frame.r)


def words(page: Page) -> list[str]:
    texts = page.locator("#legend-title, #legend-ticks, #value, #caption").all_inner_texts()
    return [*texts, page.title()]


@pytest.mark.parametrize("engine", ["server", "browser"])
@pytest.mark.parametrize("how", ["hung", "killed"])
def test_a_server_that_goes_and_returns(page: Page, server: Server, how: str, engine: str) -> None:
    first = Gateway(server.url).default
    other = Frame("vx", first.t, first.r) if engine == "server" else Frame(first.variable, first.t + 7, first.r)
    page.goto(f"{server.url}/")
    page.wait_for_selector('html[data-detail="refined"]', state="attached")
    expect(page.locator("#value")).to_have_text(re.compile(r"\d K$"))
    before, said = picture(page), words(page)
    if how == "hung":
        server.signal(signal.SIGSTOP)
    else:
        server.kill()
    page.evaluate("fragment => { location.hash = fragment; }", f"#var={other.variable}&t={other.t}&r={other.r}")
    expect(page.locator("#message-text")).to_have_text(SENTENCE, timeout=SAID_WITHIN_MS)
    expect(page.locator("#message")).to_be_in_viewport()
    assert (picture(page) == before).all(), "the last good picture is gone"
    assert words(page) == said
    if how == "hung":
        server.signal(signal.SIGCONT)
    else:
        server.start()
    since = time.monotonic()
    page.wait_for_selector(f'html[data-loaded="{other.key}"]', state="attached", timeout=BACK_WITHIN_MS)
    expect(page.locator("#message")).to_be_hidden(timeout=1000 * (since - time.monotonic()) + BACK_WITHIN_MS)
    assert (picture(page) != before).any()


def test_a_page_that_opens_while_the_server_hangs(page: Page, server: Server) -> None:
    """Everything but the catalog has come to the page from its sources."""
    page.goto(f"{server.url}/client/index.html")
    wait_until_loaded(page, Gateway(server.url).default)
    held: list[Route] = []
    page.route("**/catalog", lambda route: held.append(route))
    page.route("**/icon.svg", lambda route: held.append(route))
    page.reload()
    expect(page.locator("#message-text")).to_have_text(SENTENCE, timeout=SAID_WITHIN_MS)
    page.unroute("**/icon.svg")
    page.unroute("**/catalog")
    wait_until_loaded(page, Gateway(server.url).default)
    expect(page.locator("#message")).to_be_hidden()


def busy(status: int, retry_after: str | None = None) -> dict:
    return {
        "status": status,
        "headers": {} if retry_after is None else {"retry-after": retry_after},
        "content_type": "application/problem+json",
        "body": json.dumps({"title": "Busy", "detail": "more requests than 10 per 1 second", "status": status}),
    }


@pytest.mark.parametrize("status", [503, 429])
def test_retry_after_is_honoured(page: Page, gateway: Gateway, faults: Faults, status: int) -> None:
    faults.allow(str(status))
    deeper = deeper_than(gateway.default)
    open_client(page, gateway)
    before = picture(page)
    asked: list[float] = []
    refused: list[float] = []

    def refuse(route: Route) -> None:
        asked.append(time.monotonic())
        if asked[-1] < asked[0] + 3:
            refused.append(asked[-1])
            route.fulfill(**busy(status, "4"))
        else:
            route.continue_()

    page.route("**/tiles/**", refuse)
    go_deeper(page, deeper)
    expect(page.locator("#message-text")).to_have_text(re.compile("by itself"))
    assert "10 per 1" not in page.locator("#message-text").inner_text() or status == 503
    assert (picture(page) == before).all()
    page.wait_for_selector(f'html[data-loaded="{deeper.key}"]', state="attached", timeout=4000 + BACK_WITHIN_MS)
    expect(page.locator("#message")).to_be_hidden()
    assert min(at for at in asked if at not in refused) - refused[-1] >= 3.9
    assert len(refused) <= 12, "what was refused was asked again before the time"


def test_a_coarse_tile_is_asked_for_again(page: Page, gateway: Gateway) -> None:
    """The coarse tiles are those of another variable here, so that they differ from the whole ones."""
    deeper = deeper_than(gateway.default)
    open_client(page, gateway)
    before = picture(page)
    asked: dict[str, float] = {}
    waited: list[float] = []
    marks = {"cache-status": "earthgan; fwd=miss; detail=coarse", "retry-after": "1", "cache-control": "no-store"}

    def coarse_at_first(route: Route) -> None:
        waited_s = time.monotonic() - asked.setdefault(route.request.url, time.monotonic())
        if waited_s > 0.5:  # the page asks for some tiles twice at once
            waited.append(waited_s)
            route.continue_()
            return
        other = route.fetch(url=route.request.url.replace(f"/{deeper.variable}/", "/vx/"))
        route.fulfill(response=other, headers=other.headers | marks)

    page.route("**/tiles/**", coarse_at_first)
    go_deeper(page, deeper)
    page.wait_for_selector(f'html[data-loaded="{deeper.key}"]', state="attached")
    coarse = picture(page)
    deadline = time.monotonic() + 15
    while np.abs(picture(page) - before).mean() > np.abs(coarse - before).mean() / 3:
        assert time.monotonic() < deadline
        page.wait_for_timeout(200)
    assert len(waited) >= len(asked) / 2
    assert min(waited) >= 0.95


def test_a_gateway_with_a_limit_is_not_overrun(page: Page, gateway: Gateway, faults: Faults) -> None:
    """The page itself needs fewer requests than the limit, and its tiles more."""
    faults.allow("429")
    with serve(rate_limit="12 per 4 second") as url:
        page.goto(f"{url}/#zoom=3")
        page.wait_for_selector("html[data-loaded]", state="attached")
        for index in (20, 40, 60):
            set_slider(page, "Depth", index)
            page.wait_for_timeout(50)
        page.wait_for_selector("html[data-loaded]:not([data-busy])", state="attached")
        assert faults.seen, "the limit was not reached"
        expect(page.locator("#value")).to_have_text(re.compile(r"\d K$"))
        expect(page.locator("#message")).to_be_hidden()
        page.goto("about:blank")


@pytest.mark.parametrize("fault", ["404", "500", "broken"])
def test_a_failed_load_keeps_the_picture_and_its_words(
    page: Page, gateway: Gateway, faults: Faults, fault: str
) -> None:
    faults.allow("404", "500")
    first = gateway.default
    open_client(page, gateway)
    expect(page.locator("#value")).to_have_text(re.compile(r"\d K$"))
    before, said = picture(page), words(page)
    answer = {"body": "no picture", "content_type": "image/png"} if fault == "broken" else busy(int(fault))
    page.route("**/tiles/vx/**", lambda route: route.fulfill(**answer))
    page.get_by_label("Variable").select_option("vx")
    expect(page.locator("#message")).to_be_visible()
    page.wait_for_timeout(300)
    assert (picture(page) == before).all()
    assert words(page) == said
    page.get_by_label("Zoom in").click()  # the tiles of the old picture go on coming
    page.wait_for_timeout(500)
    assert (np.abs(picture(page) - np.array([11, 14, 18])).sum(axis=2) > 0).mean() > 0.99
    page.unroute("**/tiles/vx/**")
    page.wait_for_selector(f'html[data-loaded="vx/{first.t}/{first.r}"]', state="attached")  # by itself
    expect(page.locator("#message")).to_be_hidden()


def test_a_picture_waits_for_its_legend(page: Page, gateway: Gateway) -> None:
    page.goto(f"{gateway.url}/client/index.html")  # the built page is told its legends
    wait_until_loaded(page, gateway.default)
    before, said = picture(page), words(page)
    held: list[Route] = []
    page.route("**/legends/vx.json", lambda route: held.append(route))
    with page.expect_request("**/legends/vx.json"), page.expect_response("**/tiles/vx/**"):
        page.get_by_label("Variable").select_option("vx")
    page.wait_for_timeout(1000)
    assert (picture(page) == before).all()
    assert words(page)[:2] == said[:2]
    held[0].continue_()
    page.wait_for_selector('html[data-loaded^="vx/"]', state="attached")
    expect(page.locator("#caption")).to_contain_text("Velocity")
    assert (picture(page) != before).any()


def test_frames_of_a_drag_are_shown_on_a_slow_network(page: Page, gateway: Gateway) -> None:
    """Each tile takes longer than a step of the drag, so no frame is there before the next is wanted."""
    open_client(page, gateway)
    steps = [step["t"] for step in gateway.catalog["steps"]]
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 700, "downloadThroughput": 200_000, "uploadThroughput": 100_000},
    )
    page.evaluate(
        """() => {
          window.seen = [];
          const { dataset } = document.documentElement;
          new MutationObserver(() => dataset.loaded && window.seen.push(Number(dataset.loaded.split("/")[1])))
            .observe(document.documentElement, { attributes: true });
        }"""
    )
    start = steps.index(gateway.default.t)
    for i in range(1, 21):
        set_slider(page, "Time step", start + i)
        page.wait_for_timeout(200)
    during = list(dict.fromkeys(page.evaluate("window.seen")))
    assert during, "no frame was seen during the drag"
    page.wait_for_selector(f'html[data-loaded="temperature/{steps[start + 20]}/{gateway.default.r}"]', state="attached")
    seen = page.evaluate("window.seen")
    assert seen == sorted(seen), "the drag went back"
