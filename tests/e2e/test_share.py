"""What readers take elsewhere: the page within another page, a citation, and a film."""

import re
from base64 import b64encode
from pathlib import Path

import httpx2 as httpx
import pytest
from playwright.sync_api import Page, expect

from e2e.client import Gateway, open_client
from e2e.static_server import static_server

LESSON = """<!doctype html><title>Lesson</title><script>
  window.heard = [];
  addEventListener("message", ({{ data }}) => window.heard.push(data));
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
    page.set_default_timeout(60_000)
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
    page.get_by_text("Copy a citation").click()
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
