"""The built page is what its sources make, and small."""

import shutil
import subprocess
from pathlib import Path

import pytest

from earthgan_gateway.page.bundle import Bundle
from earthgan_gateway.page.html import Entry, built_page
from places import ROOT

SOURCE, WEB = ROOT / "clients" / "bundle", ROOT / "clients" / "web"
BUNDLE = WEB / "bundle"
DECOMPRESS = "process.stdout.write(require('zlib').brotliDecompressSync(require('fs').readFileSync(process.argv[1])))"


def test_the_built_page_is_made_of_the_sources_beside_it() -> None:
    assert Bundle.of(WEB) is not None, "the built page is stale: run `make bundle`"


def test_its_code_is_small() -> None:
    code = {path.name: path.stat().st_size for path in (*BUNDLE.glob("*.br"), BUNDLE / "index.html")}
    assert code.pop("zarr.js.br") <= 25_000, "the Zarr store is for other programs: the page does not use it"
    assert sum(code.values()) <= 200_000


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_what_is_compressed_is_the_code() -> None:
    for name in (
        "main.js",
        "more.js",
        "uplot.js",
        "globe.js",
        "coast.js",
        "dropped.js",
        "mantle.js",
        "beside.js",
        "leaflet.js",
        "worker.js",
        "zarr.js",
    ):
        command = ["node", "-e", DECOMPRESS, str(BUNDLE / f"{name}.br")]
        found = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
        assert found == (BUNDLE / name).read_bytes()


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_committed_bundle_is_what_the_sources_make(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tools = request.config.cache.mkdir("bundle")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, tools / name)
    if not (tools / "node_modules" / "esbuild").is_dir():
        installed = subprocess.run(["npm", "ci", "--silent"], cwd=tools, capture_output=True, timeout=120, check=False)
        if installed.returncode != 0:
            pytest.skip("npm cannot download esbuild here")
    shutil.copytree(WEB, tmp_path / "web", ignore=shutil.ignore_patterns("bundle"))
    (tmp_path / "bundle").mkdir()
    shutil.copy(SOURCE / "build.js", tmp_path / "bundle")
    (tmp_path / "bundle" / "node_modules").symlink_to(tools / "node_modules")
    command = ["node", "build.js"]
    built = subprocess.run(command, cwd=tmp_path / "bundle", capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr
    names = {path.name for path in BUNDLE.iterdir()}
    assert names == {path.name for path in (tmp_path / "web" / "bundle").iterdir()}
    for name in names:
        if not name.endswith(".br"):  # versions of Node.js compress differently
            assert (tmp_path / "web" / "bundle" / name).read_bytes() == (BUNDLE / name).read_bytes(), name


def test_a_page_of_one_surrogate_holds_its_title_and_notice_as_words() -> None:
    catalog = {"title": "<b>A & B</b>", "notice": "a simulation", "credit": "by </p> us"}
    bundle = Bundle.required(WEB)
    one, other = (Entry(name, catalog["title"], "", {"catalog": catalog}) for name in ("one", "other"))
    html = built_page(bundle, "", [one], gateway=None)
    assert '<p id="title">&lt;b&gt;A &amp; B&lt;/b&gt;</p>' in html
    assert '<p id="notice">a simulation · by &lt;/p&gt; us</p>' in html
    several = built_page(bundle, "", [one, other], gateway=None)
    assert '<p id="title"></p>' in several
