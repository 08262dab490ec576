"""`earthgan site`: files that any web server serves, whole or not there, and one clear line for whatever is unfit."""

import errno
import gzip
import json
import re
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from earthgan.cli import main
from earthgan.parts import divided
from earthgan_gateway.page.bundle import Bundle
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE, ROOT
from static_site import make_excerpt, make_site

CLIENT = ROOT / "clients" / "web"


def told(html: str) -> dict:
    """What a page is told."""
    found = re.search(r'<script id="earthgan" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def excerpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A surrogate whose name no address may have as it is."""
    return make_excerpt(tmp_path_factory.mktemp("made") / "my run #2")


@pytest.fixture(scope="module")
def site(excerpt: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("out") / "site", DEFAULT_SURROGATE, excerpt)


def test_it_holds_the_page_the_surrogates_and_nothing_else(site: Path, excerpt: Path) -> None:
    code = {
        f"{name}.js"
        for name in (
            "main",
            "more",
            "uplot",
            "globe",
            "coast",
            "dropped",
            "mantle",
            "beside",
            "leaflet",
            "worker",
            "sw",
            "zarr",
        )
    }
    page = code | {"index.html", "leaflet.LICENSE.txt", "uplot.LICENSE.txt"}
    lessons = {f"pages/{path.name}" for path in (CLIENT / "pages").iterdir()}
    due = page | lessons
    for name, folder, more in (
        ("default", DEFAULT_SURROGATE, {"coded.safetensors.gz", "refinement.safetensors.gz", "store.json"}),
        (
            "my-run-2",
            excerpt,
            {"coded.safetensors.gz", "refinement.safetensors.gz", "manifest.json", "store.json"},
        ),
    ):
        own = files(folder)
        due |= {f"surrogates/{name}/{path}" for path in own | more}
        for path in own:
            assert (site / "surrogates" / name / path).read_bytes() == (folder / path).read_bytes()
    assert files(site) == due
    assert not [name for name in page if "sourceMappingURL" in (site / name).read_text()]


def test_it_holds_the_lesson_where_that_is_about_its_first_surrogate(site: Path, excerpt: Path) -> None:
    links = re.findall(r'href="([^"]+)"', (site / "pages" / "lesson.html").read_text())
    assert sum(link.startswith("../#") for link in links) == 3, "they lead to the page above"
    assert all(link.startswith("../#") or (site / "pages" / link).is_file() for link in links)
    other = make_site(excerpt.parent / "other", excerpt)
    assert not (other / "pages").exists()


def test_every_address_of_the_page_is_a_file_beside_it_in_that_version(site: Path) -> None:
    html = (site / "index.html").read_text()
    said = told(html)
    assert said["gateway"] is None
    bundle = Bundle.required(CLIENT)
    for name, version in re.findall(r'(?:src|href)="([a-z]+\.js)\?v=([0-9a-f]{16})"', html):
        assert bundle.versions[name] == version
    assert set(re.findall(r'(?:src|href)="(?!data:|https://)([^"?]+)', html)) == {"main.js", "leaflet.js"}
    first, second = said["surrogates"]
    assert (first["name"], second["name"]) == ("default", "my-run-2")
    path, version = second["manifest"].split("?v=")
    assert sha256((site / path).read_bytes()).hexdigest().startswith(version)
    for entry, manifest in ((first, first["manifest"]), (second, json.loads((site / path).read_text()))):
        packed = manifest["surrogate"]
        named = [*filter(None, packed["parts"].values()), *packed["spec"]["inputs"]["steps"]]
        for file in named:
            assert len(file["sha256"]) >= 32
            assert sha256((site / entry["folder"] / file["file"]).read_bytes()).hexdigest().startswith(file["sha256"])
        assert set(manifest["legends"]) == set(manifest["catalog"]["variables"])


def test_the_parts_are_the_weights(site: Path) -> None:
    folder = site / "surrogates" / "default"
    packed = [(folder / f"{name}.safetensors.gz").read_bytes() for name in ("coded", "refinement")]
    parts = [load(gzip.decompress(part)) for part in packed]
    whole = load((DEFAULT_SURROGATE / "generator.safetensors").read_bytes())
    assert not set(parts[0]) & set(parts[1])
    assert set(parts[0] | parts[1]) == set(whole)
    assert all(name.startswith("refinement.") for name in parts[1])
    for name, array in (parts[0] | parts[1]).items():
        np.testing.assert_array_equal(array, whole[name])


def test_what_is_no_safetensors_file_is_not_divided() -> None:
    with pytest.raises(ValueError, match="not a safetensors file"):
        divided(b"short", lambda _: True)


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        (ROOT / "docs", "docs is not a surrogate folder: it holds no spec.json"),
        (ROOT / "nowhere", "nowhere is not a surrogate folder: it holds no spec.json"),
        (BASELINE_SURROGATE, "browsers compute surrogates of the kind spectral only, and this one is interpolate"),
    ],
)
def test_a_folder_that_no_browser_computes(
    folder: Path, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["site", str(DEFAULT_SURROGATE), str(folder), "--out", str(tmp_path / "site")]) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_surrogate_that_is_given_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(DEFAULT_SURROGATE, tmp_path / "copy")
    out = tmp_path / "site"
    assert main(["site", str(DEFAULT_SURROGATE), str(tmp_path / "copy"), "--out", str(out)]) == 1
    assert "are the same surrogate" in capsys.readouterr().err
    assert not out.exists()


def test_a_damaged_surrogate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(DEFAULT_SURROGATE, tmp_path / "damaged")
    step = next((tmp_path / "damaged" / "inputs").iterdir())
    step.write_bytes(step.read_bytes()[:-1])
    assert main(["site", str(tmp_path / "damaged"), "--out", str(tmp_path / "site")]) == 1
    assert step.name in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_nothing_that_is_there_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name, said in (("full", "is not empty"), ("file", "is not a folder")):
        assert main(["site", str(DEFAULT_SURROGATE), "--out", str(tmp_path / name)]) == 1
        assert said in capsys.readouterr().err
    assert files(tmp_path) == {"full/mine.txt", "file"}


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = []

    def full(source: Path, target: Path) -> None:
        copied.append(target)
        if len(copied) > 9:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        target.write_bytes(source.read_bytes())

    monkeypatch.setattr("earthgan_gateway.site.write.shutil.copyfile", full)
    assert main(["site", str(DEFAULT_SURROGATE), "--out", str(tmp_path / "site")]) == 1
    told = capsys.readouterr().err
    assert "No space left on device" in told
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_page_that_is_not_built_of_its_sources(tmp_path: Path) -> None:
    shutil.copytree(CLIENT, tmp_path / "web")
    assert Bundle.of(tmp_path / "web") is not None
    source = tmp_path / "web" / "legend.js"
    source.write_text(source.read_text() + "// changed\n")
    assert Bundle.of(tmp_path / "web") is None
    shutil.rmtree(tmp_path / "web" / "bundle")
    assert Bundle.of(tmp_path / "web") is None
