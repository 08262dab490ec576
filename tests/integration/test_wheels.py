"""The three wheels stand alone: each holds what it needs, and serves or archives far away from the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx2 as httpx
import pytest
from packaging.metadata import Metadata

import earthgan
from gateway_server import gateway
from places import DEFAULT_SURROGATE, ROOT

PROJECTS = {
    "earthgan": Path("services/core"),
    "earthgan_gateway": Path("services/gateway"),
    "earthgan_training": Path("training"),
}
CLIENT = ROOT / "clients" / "web"
HANDLER = ROOT / "services" / "torchserve"
README = (ROOT / "README.md").read_text()
INSTALL_WITHIN_S = 600


def files_of(folder: Path, but: Sequence[str] = ()) -> dict[str, bytes]:
    """The content of each file below a folder, by its path from there."""
    paths = (path for path in folder.rglob("*") if path.is_file() and "node_modules" not in path.parts)
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {name: content for name, content in contents.items() if not name.startswith(tuple(but))}


def files_in(wheel: zipfile.ZipFile, folder: str) -> dict[str, bytes]:
    """The content of each file below a folder of a wheel, by its path from there."""
    names = [name for name in wheel.namelist() if name.startswith(f"{folder}/") and not name.endswith("/")]
    return {name.removeprefix(f"{folder}/"): wheel.read(name) for name in names}


def run(command: Sequence[str | Path], cwd: Path, **environment: str) -> str:
    """What a command prints. It has to succeed, and sees no settings of EarthGAN's and no path to the sources."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("EARTHGAN_", "PYTHONPATH"))}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=INSTALL_WITHIN_S,
        check=False,
    )
    if "Retrying (" in done.stderr and "from versions: none" in done.stderr:
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheels are made of: builds write beside the sources."""
    copy = tmp_path_factory.mktemp("checkout")
    generated = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "node_modules", ".*")
    for name in ("services", "training", "clients", "model_store/default"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=generated)
    for name in ("Makefile", "reproduce.mk", "constraints.txt", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheels(checkout: Path) -> dict[str, Path]:
    """What `make wheels` makes, by package."""
    run(["make", "wheels", f"VENV={sys.prefix}"], checkout)
    return {path.name.split("-")[0]: path for path in (checkout / "dist").iterdir()}


@pytest.fixture(scope="module")
def home(checkout: Path, wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of somebody who has typed the README's commands in the checkout, all but the last."""
    section = README.split("## Install it without the checkout\n")[1].split("\n## ")[0]
    make, *install, serve = re.findall(r"^    (.+)$", section, re.MULTILINE)
    assert (make, serve) == ("make wheels", "~/earthgan/bin/earthgan serve")
    folder = tmp_path_factory.mktemp("home")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # Compiling everything takes longer than compiling what is used.
    run(["bash", "-ec", "\n".join(install)], checkout, HOME=str(folder), PATH=path, PIP_COMPILE="0")
    return folder


@pytest.fixture(scope="module")
def served(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `earthgan serve`, run without an argument in an empty folder."""
    program = home / "earthgan" / "bin" / "earthgan"
    # Isolated (-I), Python sees the modules of that environment alone.
    with gateway(None, [str(program.with_name("python")), "-I", str(program)], tmp_path_factory.mktemp("empty")) as url:
        yield url


@pytest.mark.parametrize("package", PROJECTS)
def test_a_wheel_holds_every_module_of_its_package(wheels: dict[str, Path], package: str) -> None:
    source = ROOT / PROJECTS[package] / "src"
    with zipfile.ZipFile(wheels[package]) as wheel:
        shipped = f"{package}/shipped/"
        modules = {name for name in wheel.namelist() if name.endswith(".py") and not name.startswith(shipped)}
        assert f"{package}/py.typed" in wheel.namelist()
    assert modules == {path.relative_to(source).as_posix() for path in source.rglob("*.py")}


@pytest.mark.parametrize("package", PROJECTS)
def test_a_wheel_says_what_it_is_whose_it_is_and_under_which_licence(wheels: dict[str, Path], package: str) -> None:
    about = f"{package}-{earthgan.__version__}.dist-info"
    with zipfile.ZipFile(wheels[package]) as wheel:
        metadata = Metadata.from_email(wheel.read(f"{about}/METADATA"), validate=True)
        assert wheel.read(f"{about}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        for name in metadata.license_files or ():
            assert wheel.read(f"{about}/licenses/{name}")
    assert str(metadata.version) == earthgan.__version__
    assert metadata.author == "The EarthGAN developers"
    assert str(metadata.license_expression).startswith("Apache-2.0")
    assert metadata.project_urls
    assert metadata.keywords
    assert metadata.classifiers
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description == (ROOT / PROJECTS[package] / "README.md").read_text()
    # Where a package index shows it, there is no repository around it.
    assert all(target.startswith("https://") for target in re.findall(r"\]\(([^)]+)\)", metadata.description))


def test_the_gateways_wheel_holds_the_page_and_the_surrogate(wheels: dict[str, Path]) -> None:
    with zipfile.ZipFile(wheels["earthgan_gateway"]) as wheel:
        client = files_in(wheel, "earthgan_gateway/shipped/client")
        surrogate = files_in(wheel, "earthgan_gateway/shipped/surrogate")
        licences = set(files_in(wheel, f"earthgan_gateway-{earthgan.__version__}.dist-info/licenses"))
    assert client == files_of(CLIENT, but=["test/", "README.md"])
    assert surrogate == files_of(DEFAULT_SURROGATE)
    assert len(licences) == 1 + len(list(CLIENT.glob("vendor/*/LICENSE")))


def test_the_training_wheel_holds_the_handler_and_the_presets(wheels: dict[str, Path]) -> None:
    with zipfile.ZipFile(wheels["earthgan_training"]) as wheel:
        handler = files_in(wheel, "earthgan_training/shipped/torchserve")
        presets = files_in(wheel, "earthgan_training/configs")
    assert handler == {name: (HANDLER / name).read_bytes() for name in ("handler.py", "model-config.yaml")}
    assert presets == files_of(ROOT / "training" / "src" / "earthgan_training" / "configs")


@pytest.mark.parametrize("package", PROJECTS)
def test_a_source_distribution_makes_the_same_wheel(
    checkout: Path, wheels: dict[str, Path], tmp_path: Path, package: str
) -> None:
    build = "import sys, setuptools.build_meta as m; getattr(m, 'build_' + sys.argv[1])(sys.argv[2])"
    run([sys.executable, "-c", build, "sdist", tmp_path], checkout / PROJECTS[package])
    run(["tar", "-xzf", f"{package}-{earthgan.__version__}.tar.gz"], tmp_path)

    run([sys.executable, "-c", build, "wheel", tmp_path], tmp_path / f"{package}-{earthgan.__version__}")

    with zipfile.ZipFile(tmp_path / wheels[package].name) as again, zipfile.ZipFile(wheels[package]) as wheel:
        record = f"{package}-{earthgan.__version__}.dist-info/RECORD"
        assert sorted(again.read(record).splitlines()) == sorted(wheel.read(record).splitlines())


@pytest.mark.parametrize("project", ["services/gateway", "services/torchserve", "training"])
def test_an_image_is_built_with_all_that_its_packages_link_to(project: str) -> None:
    """A link that leads nowhere leaves its files out of the wheel, and the build does not complain."""
    ignored = (ROOT / ".dockerignore").read_text()
    sent = [Path(name) for name in re.findall(r"^!(.+)$", ignored, re.MULTILINE)]
    stage = (ROOT / project / "Dockerfile").read_text().split("\nFROM ")[1]  # the one that installs
    copied = [Path(name) for line in re.findall(r"^COPY (.+)$", stage, re.MULTILINE) for name in line.split()[:-1]]
    links = [link for name in copied for link in (ROOT / name).rglob("*") if link.is_symlink()]
    assert links
    for link in links:
        target = link.resolve(strict=True).relative_to(ROOT)
        for given in (sent, copied):
            assert any(target.is_relative_to(name) for name in given), f"{link} leads to {target}"


def test_the_map_is_served_from_an_empty_folder(served: str) -> None:
    with httpx.Client(base_url=served, trust_env=False, timeout=60) as client:
        page = client.get("/")
        assert page.status_code == 200
        assert 'src="client/bundle/main.js?v=' in page.text
        for name, content in files_of(CLIENT, but=["test/", "README.md", "index.html"]).items():
            assert client.get(f"/client/{name}").content == content, name
        tile = client.get("/tiles/temperature/120/150/1/0/0")
        assert (tile.status_code, tile.headers["content-type"]) == (200, "image/png")
        assert client.get("/readyz").status_code == 200


def test_what_serving_needs_is_installed_and_nothing_for_training(home: Path) -> None:
    python = home / "earthgan" / "bin" / "python"
    names = "import importlib.metadata as m; print(*(distribution.name for distribution in m.distributions()))"
    installed = set(run([python, "-I", "-c", names], home).split())
    assert {"earthgan", "earthgan-gateway", "onnxruntime"} <= installed
    assert not {"torch", "torchserve", "earthgan-training"} & installed
    version = run([python, "-I", python.with_name("earthgan"), "--version"], home)
    assert version == f"earthgan {earthgan.__version__}\n"


def test_a_surrogate_is_archived_far_away_from_the_checkout(wheels: dict[str, Path], tmp_path: Path) -> None:
    """The wheels are unpacked instead of installed: torch is large, and this environment has it."""
    installed, folder = tmp_path / "installed", tmp_path / "empty"
    for wheel in wheels.values():
        with zipfile.ZipFile(wheel) as file:
            file.extractall(installed)
    folder.mkdir()
    surrogate = installed / "earthgan_gateway" / "shipped" / "surrogate"

    command = [sys.executable, "-m", "earthgan.cli", "archive", surrogate, "--out", "mine.mar"]
    assert run(command, folder, PYTHONPATH=str(installed)) == "mine.mar\n"

    with zipfile.ZipFile(folder / "mine.mar") as mar:
        for name in ("handler.py", "model-config.yaml"):
            assert mar.read(name) == (HANDLER / name).read_bytes()
        assert mar.read("spec.json") == (DEFAULT_SURROGATE / "spec.json").read_bytes()
