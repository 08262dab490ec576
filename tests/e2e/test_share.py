"""What readers share and compare: the page within another page, a citation, a film, and two pictures side by side."""

import re
from base64 import b64encode
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from e2e.client import (
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
from e2e.static_server import static_server

pytestmark = pytest.mark.page

LESSON = """<!doctype html><title>Lesson</title><script>
  window.heard = [];
  window.latest = {{}};
  addEventListener("message", ({{ data }}) => {{
    window.latest[data.earthgan] = data;
    if (data.earthgan === "shown") window.heard.push(data);
  }});
</script><iframe src="{url}/?embed=depth#depth=660" width="700" height="420"></iframe>"""
#: How wide and how high a film is.
FILM = """async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const video = document.createElement("video");
  video.src = URL.createObjectURL(new Blob([bytes], { type: "video/webm" }));
  await new Promise((onloadeddata, onerror) => Object.assign(video, { onloadeddata, onerror }));
  return [video.videoWidth, video.videoHeight];
}"""


@pytest.fixture
def engine() -> str:
    return "browser"


def test_another_page_shows_the_picture_and_is_told_of_it(page: Page, gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(LESSON.format(url=gateway.url))
    (tmp_path / "favicon.ico").touch()
    with static_server(tmp_path) as lesson:
        page.goto(lesson)
        inner = page.frame_locator("iframe")
        page.wait_for_function("window.heard.some(({ earthgan }) => earthgan === 'shown')")
        expect(inner.locator("#caption")).to_contain_text("660 km")
        expect(inner.locator("#notice")).to_contain_text("A simulation, not the Earth")
        for shown in ("#legend", "#depth"):
            expect(inner.locator(shown)).to_be_visible()
        for hidden in ("#time", "#variable", "#zoom", "footer", "h1"):
            expect(inner.locator(hidden)).to_be_hidden()
        entries = page.evaluate("history.length")
        page.evaluate("frames[0].postMessage({ earthgan: 'show', t: 2, depth: 1600 }, '*')")
        page.wait_for_function("/1,60[0-9] km · step 2/.test(window.heard.at(-1).caption)")
        assert page.evaluate("window.heard.at(-1).hash").startswith("#var=temperature&t=2&r=")
        chosen = page.evaluate("window.latest.chosen")
        assert (chosen["t"], chosen["view"], chosen["place"]) == (2, None, None)
        assert chosen["depth_km"] == pytest.approx(1600, abs=9)
        inner.locator("#depth").fill("50")
        page.wait_for_function("!/1,60[0-9] km/.test(window.heard.at(-1).caption)")
        page.wait_for_timeout(600)
        assert page.evaluate("history.length") == entries
        whole = inner.get_by_text("Whole page")
        whole.hover()
        assert re.fullmatch(r".*/#var=temperature&t=2&r=\d+", whole.evaluate("link => (link.focus(), link.href)"))
    for query, around in (("?embed", "frame-ancestors *"), ("", "frame-ancestors 'self'")):
        assert around in httpx.get(f"{gateway.url}/{query}").headers["content-security-policy"]


def test_a_citation_and_a_film(page: Page, gateway: Gateway, tmp_path: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_client(page, gateway)
    page.get_by_role("button", name="Cite").click()
    expect(page.locator("#message-text")).to_have_text("The citation is copied.")
    text = page.evaluate("navigator.clipboard.readText()")
    assert "Temperature · 703 km · step 1. A simulation, not the Earth" in text
    assert page.evaluate("location.href") in text
    page.locator("#message-close").click()
    page.get_by_role("button", name="Play through depth").click()
    page.get_by_role("button", name="Film").click()
    page.wait_for_timeout(1500)
    with page.expect_download() as download:
        page.get_by_role("button", name="Stop", exact=True).click()
    assert re.fullmatch(r"Temperature-\d+-km-step-1\.(webm|mp4)", download.value.suggested_filename)
    download.value.save_as(tmp_path / "film")
    film = (tmp_path / "film").read_bytes()
    size = page.locator("#map").bounding_box()
    assert size is not None
    shown = page.evaluate(FILM, b64encode(film).decode())
    assert shown == [pytest.approx(size["width"], abs=2), pytest.approx(size["height"] + 128, abs=2)]


def test_a_pinned_picture_stays_beside_another_one(page: Page, gateway: Gateway) -> None:
    frame, other = gateway.default, Frame(gateway.default.variable, gateway.default.t, 40)
    open_client(page, gateway)
    page.get_by_label("Compare with this picture").click()
    page.wait_for_selector(f'#pinned[data-shown="{frame.key}"]')
    set_slider(page, "Depth", len(gateway.catalog["shells"]) - 1 - other.r)
    wait_until_loaded(page, other)
    page.wait_for_selector("html[data-detail=refined]:not([data-busy])", state="attached")
    globe, legend = WholeGlobe.of(page), gateway.json(f"legends/{frame.variable}.json")
    page.add_style_tag(content="#divider, #pinned { display: none }")
    places = np.array([(lat, lng) for lat in (-60, -20, 35, 60) for lng in (20, 50, 95, 130)], float)

    def misfit(of: Frame, side: int) -> float:
        x, y = zip(*(globe.within_element(lat, side * lng) for lat, lng in places), strict=True)
        drawn = values_of_colors(picture(page)[np.array(y).astype(int), np.array(x).astype(int)], legend)
        truth = gateway.sample(gateway.shell(of), places[:, 0], side * places[:, 1])
        return float(np.median(np.abs(drawn - truth)) / (legend["range"][1] - legend["range"][0]))

    assert misfit(frame, -1) < 0.01
    assert misfit(other, 1) < 0.01
    for _ in range(25):
        page.locator("#divider").dispatch_event("keydown", {"key": "ArrowLeft"})
    assert misfit(other, -1) < 0.01  # the line is at the left edge
    wait_for_fragment(page, f"r={other.r}", "compare=")
    page.reload()
    page.wait_for_selector(f'#pinned[data-shown="{frame.key}"]')
    page.get_by_label("Compare with this picture").click()
    expect(page.locator("#pinned")).to_be_hidden()
    page.wait_for_function("!location.hash.includes('compare')")
