"""The documents are correct: their commands run, their settings exist, and their links and figures are right."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from earthgan import Surrogate
from earthgan.cli import make_parser
from earthgan.kept import FOLDER_SETTING
from earthgan.kinds.paper import PaperPlanner
from earthgan_gateway import Settings
from earthgan_training.simulations.mapping import parse_mapping
from earthgan_training.surrogates.published import contest_radius_km, published_grids
from places import DEFAULT_SURROGATE, ROOT

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "model_store/*.md", "services/*/*.md", "training/*.md", "clients/web/*.md")
    for path in ROOT.glob(pattern)
)
README = (ROOT / "README.md").read_text()
REPRODUCE = (ROOT / "reproduce.mk").read_text()


def commands(text: str, start: str) -> list[str]:
    """Return the indented command lines of a document, without comments and with continuation lines joined."""
    text = text.replace("\\\n", " ")
    return [line.split("  #")[0].strip() for line in text.splitlines() if re.match(rf"\s{{4,}}{start}", line)]


def test_the_first_screen_has_the_two_commands_of_the_set_up() -> None:
    first_screen = "\n".join(README.splitlines()[:12])
    assert commands(first_screen, "make") == [
        ["make serve", "", "# install what serving needs, and open the map at http://127.0.0.1:8000"][0],
        "make test",
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text() + REPRODUCE, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
    named |= {command.split()[1] for command in commands(document.read_text(), "make ")}
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_earthgan_command_parses(document: Path) -> None:
    for command in commands(document.read_text(), "earthgan "):
        make_parser().parse_args(shlex.split(command)[1:])  # this exits with 2 if an option does not exist


#: The paths in the repository that commands read, and the options that name what a command writes.
SHIPPED = (Path("model_store/default"), Path("model_store/baseline"), Path("services"), Path("yourfile.nc"))
WRITTEN = ("out", "json", "figures", "markdown")
#: Commands whose output is for people or for other programs: no later command has to read it.
LAST = ("figures", "archive", "make", "site")
#: Options that name sources by their addresses, which may be URLs and are not paths.
SOURCES = ("source", "truth")


def flat(value: object) -> list[Any]:
    """The values of an option that may be repeated, and may take several each time."""
    return [each for item in value for each in flat(item)] if isinstance(value, list) else [value]


def tutorial() -> Iterator[tuple[str, list[Path], list[Path]]]:
    """Yield each command of the README in order: its name, the paths that it reads and the paths that it writes."""
    for command in commands(README, "earthgan "):
        arguments = make_parser().parse_args(shlex.split(command)[1:])
        read: list[Path] = []
        written: list[Path] = []
        for name, value in vars(arguments).items():
            addresses = name in SOURCES and isinstance(value, list)
            paths = [Path(each) if addresses and isinstance(each, str) else each for each in flat(value)]
            paths = [path for path in paths if isinstance(path, Path)]
            (written if name in WRITTEN else read).extend(paths)
        yield shlex.split(command)[1], read, written


def test_the_tutorials_commands_read_what_ships_or_what_an_earlier_one_wrote() -> None:
    there = list(SHIPPED)
    for command, read, written in tutorial():
        for path in read:
            assert any(path.is_relative_to(known) for known in there), f"earthgan {command} reads {path}"
        there += written


def test_a_later_command_of_the_tutorial_reads_what_each_one_writes() -> None:
    steps = list(tutorial())
    for i, (command, _, written) in enumerate(steps):
        later = [path for _, read, _ in steps[i + 1 :] for path in read]
        for path in written if command not in LAST else ():
            assert any(other.is_relative_to(path) for other in later), f"nothing reads {path} of earthgan {command}"


def test_the_tutorial_shows_the_whole_path() -> None:
    names = [command for command, _, _ in tutorial()]
    for path in (
        ("simulate", "prepare", "train", "evaluate", "figures", "export", "archive", "serve"),
        ("simulate", "fit-velocity", "spectral", "evaluate"),
    ):
        left = iter(names)
        assert all(name in left for name in path), path


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert target.startswith("https://") or (document.parent / target).exists(), target


def test_every_page_has_one_place_in_the_navigation_of_the_site() -> None:
    sections = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    places = [place for section in sections for (listed,) in [section.values()] for place in flat(listed)]
    assert sorted(places) == sorted(str(path.relative_to(ROOT / "docs")) for path in ROOT.glob("docs/**/*.md"))


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    documented = set(re.findall(r"`(EARTHGAN_[A-Z_]+)`", text))
    files = [file.read_text() for file in ROOT.glob("docker-compose*.yml")]
    compose = set(re.findall(r"\$\{(EARTHGAN_[A-Z_]+)", "\n".join(files)))
    settings = {f"EARTHGAN_{name.upper()}" for name in Settings.model_fields}
    assert documented == settings | compose | {FOLDER_SETTING}
    for name, field in Settings.model_fields.items():
        row = next(line for line in text.splitlines() if f"`EARTHGAN_{name.upper()}`" in line)
        default = "shipped" if isinstance(field.default, Path) else f"`{field.default}`"
        assert field.default is None or default in row, row


def test_every_direct_dependency_is_explained_and_pinned() -> None:
    decisions = (ROOT / "docs" / "decisions.md").read_text().lower()
    pinned = (ROOT / "constraints.txt").read_text().lower()
    for name in dependencies():
        assert name in decisions, name
        assert re.search(rf"^{re.escape(name)}==", pinned, re.MULTILINE), name


def dependencies() -> Iterator[str]:
    for project in (*ROOT.glob("services/*/pyproject.toml"), ROOT / "training" / "pyproject.toml"):
        stated = tomllib.loads(project.read_text())["project"]
        extras = stated.get("optional-dependencies", {}).values()
        for requirement in (*stated["dependencies"], *chain.from_iterable(extras)):
            name = re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower()
            if name != "earthgan":
                yield name


EXPORTS = (ROOT / "docs" / "sources.md").read_text()


@pytest.mark.parametrize("mapping", re.findall(r"```toml\n(.*?)```", EXPORTS, re.DOTALL))
def test_every_mapping_of_the_sources_is_one(mapping: str) -> None:
    parse_mapping(mapping)


def test_the_readmes_requests_are_answered(gateway_url: str) -> None:
    import httpx2 as httpx

    urls = re.findall(r"curl [^']*'http://127\.0\.0\.1:8000([^']+)'", README)
    assert len(urls) >= 4
    for url in urls:
        assert httpx.get(gateway_url + url, trust_env=False, timeout=30).status_code == 200, url


def test_the_figures_about_the_published_system_hold() -> None:
    text = (ROOT / "docs" / "published.md").read_text()
    inputs, outputs = published_grids()
    from earthgan.kinds.paper import PaperArguments

    preset = PaperPlanner(PaperArguments(), inputs, outputs)
    whole = 2 * preset.multiply_adds(preset.whole_pass, 4) / 1e9
    shell = 2 * preset.multiply_adds(outputs.shell(100), 4) / 1e9
    assert f"{shell:.0f} of {whole:,.0f} GFLOP ({shell / whole:.1%})".replace("%", " %") in text
    deeper_km = contest_radius_km(182) - outputs.radii_km[180]
    assert f"{deeper_km:.0f} km deeper" in text
    assert f"{outputs.latitudes_deg[0]:.2f}°" in text


def test_the_readmes_figures_of_what_ships_hold() -> None:
    surrogate = Surrogate(DEFAULT_SURROGATE)
    sizes = [(DEFAULT_SURROGATE / step.file).stat().st_size for step in surrogate.steps]
    whole = sum(path.stat().st_size for path in DEFAULT_SURROGATE.rglob("*") if path.is_file())
    told = " ".join(README.replace("\n> ", " ").split())
    assert f"holds {len(sizes)} steps of a *simulated* mantle in {whole / 1e6:.1f} MB" in told
    assert f"A step is {sum(sizes) / len(sizes) / 1e3:.0f} kB" in told
    sharp = (ROOT / "docs" / "spectral.md").read_text().split("### A sharp run, predicted")[1].split("\n## ")[0]
    own = [float(db) for db in re.findall(r"^\| 1\d\d,[^|]*\| [\d,]+ \| ([\d.]+) \|", sharp, re.MULTILINE)]
    codec = re.search(r"\| ([\d.]+) dB \([\d,]+ bytes\)", sharp)
    assert len(own) == 4
    assert codec
    assert f"it is {int(min(own))} dB from the true temperature" in told
    assert f"reaches {int(float(codec[1]))} dB with the same bytes" in told


@pytest.mark.parametrize("preset", ["quick", "contest-like", "earth"])
def test_the_commands_that_make_the_tables_again_are_whole(preset: str, tmp_path: Path) -> None:
    """What make would run is what the shell understands, and what `earthgan` does."""
    make = ["make", "-n", "reproduce", "reproduce-gan", f"PRESET={preset}", f"WORK={tmp_path}", f"VENV={tmp_path}"]
    run = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert subprocess.run(["sh", "-n"], input=run, capture_output=True, text=True, check=False).stderr == ""
    lines = run.replace("\\\n", " ").splitlines()
    ours = [line.split(f"{tmp_path}/bin/earthgan ")[1] for line in lines if "/bin/earthgan " in line]
    assert len(ours) >= 10
    for command in ours:
        make_parser().parse_args(shlex.split(command))
