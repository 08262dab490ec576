"""A surrogate's folder that a reader drops on the page, or chooses, is shown by this browser alone."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect

import earthgan
from e2e.client import Frame, Gateway, WholeGlobe, wait_until_loaded
from places import DEFAULT_SURROGATE, ROOT

pytestmark = pytest.mark.page
STEPS = 3


@pytest.fixture
def engine() -> str:
    return "browser"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder that no server has: the first steps of the shipped surrogate, with another title."""
    folder = tmp_path / "my run"
    shutil.copytree(DEFAULT_SURROGATE, folder)
    spec = json.loads((folder / "spec.json").read_text())
    for step in spec["inputs"]["steps"][STEPS:]:
        (folder / step["file"]).unlink()
    del spec["inputs"]["steps"][STEPS:]
    spec["title"] = "A run of <mine>"
    (folder / "spec.json").write_text(json.dumps(spec))
    return folder


def drop(page: Page, *paths: Path) -> None:
    """Drags files or folders over the map and drops them, as a hand does."""
    session: CDPSession = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})
        if kind == "dragOver":
            expect(page.locator("html")).to_have_attribute("data-dropping", "")


def first_frame(folder: Path) -> Frame:
    run = earthgan.open(folder)
    return Frame("temperature", run.steps[0], int(abs(run.depths_km - 700).argmin()))


@pytest.mark.parametrize("way", ["dropped", "chosen"])
def test_a_folder_of_the_readers_own_is_shown_and_sent_nowhere(
    page: Page, gateway: Gateway, mine: Path, way: str
) -> None:
    page.goto(gateway.url)
    wait_until_loaded(page, gateway.default)
    sent: list[str] = []
    page.on("request", lambda request: request.method != "GET" and sent.append(request.url))
    if way == "dropped":
        drop(page, mine)
    else:
        page.get_by_role("button", name="What am I looking at?").click()
        page.locator('input[name="folder"]').set_input_files(mine)
    expect(page.locator("#title")).to_have_text("A run of <mine>")
    assert "?dropped=" in page.url
    frame = first_frame(mine)
    wait_until_loaded(page, frame)
    page.wait_for_selector("html[data-detail=refined]", state="attached")

    run = earthgan.open(mine)
    i, j = 30, 200
    value = float(run.shell("temperature", frame.t, frame.r)[i, j])
    latitude, longitude = run.grid.latitudes_deg[i], run.grid.longitudes_deg[j]
    page.mouse.move(*WholeGlobe.of(page).on_page(latitude, longitude - 360))
    shown = float(page.locator("#value").inner_text().split()[0])
    assert abs(shown - value) < 5  # the pointer is half a pixel off
    page.select_option("#variable", "v_radial")
    expect(page.locator("#legend")).to_contain_text("scaled cm/yr")
    wait_until_loaded(page, Frame("v_radial", frame.t, frame.r))

    page.wait_for_url("**var=v_radial*")
    page.reload()
    expect(page.locator("#title")).to_have_text("A run of <mine>")
    wait_until_loaded(page, Frame("v_radial", frame.t, frame.r))
    assert sent == []


def test_what_is_no_surrogate_leaves_the_page_and_says_why(page: Page, gateway: Gateway, mine: Path) -> None:
    page.goto(gateway.url)
    wait_until_loaded(page, gateway.default)
    message = page.locator("#message-text")
    single = mine.parent / "data.nc"
    single.write_bytes(b"CDF\x01")
    empty = mine.parent / "empty"
    empty.mkdir()
    for path, reason in (
        (single, "data.nc is not a surrogate's folder: there is no spec.json in it."),
        (empty, "empty is not a surrogate's folder"),
        (ROOT / "model_store" / "gan", "Browsers do not compute surrogates of the kind"),
    ):
        drop(page, path)
        expect(message).to_contain_text(reason)
    spec = json.loads((mine / "spec.json").read_text())
    cut = [json.dumps({**spec, **part}) for part in ({"grid": {}}, {"variables": [{}]}, {"inputs": {"steps": [None]}})]
    wrong = [(text, "does not describe a surrogate.") for text in ("{}", "null", *cut)]
    for text, reason in [("[", "is not JSON."), *wrong]:
        (mine / "spec.json").write_text(text)
        drop(page, mine)
        expect(message).to_contain_text(reason)
    wait_until_loaded(page, gateway.default)
    assert "dropped" not in page.url


def test_a_damaged_file_of_it_is_named(page: Page, gateway: Gateway, mine: Path) -> None:
    page.goto(gateway.url)
    wait_until_loaded(page, gateway.default)
    first = json.loads((mine / "spec.json").read_text())["inputs"]["steps"][0]["file"]
    (mine / first).write_bytes(b"damaged")
    drop(page, mine)
    expect(page.locator("#message-text")).to_contain_text(first)


def test_an_address_of_a_folder_that_is_not_kept_says_so(page: Page, gateway: Gateway) -> None:
    page.goto(f"{gateway.url}?dropped=00000000")
    expect(page.locator("#message-text")).to_contain_text("Drop it on the page again.")
