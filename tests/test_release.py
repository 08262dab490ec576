"""The metadata of a release: one version everywhere, a valid citation file, and the checks before a commit."""

import asyncio
import re
import time
import tomllib

import httpx2 as httpx
import pytest
import yaml
from packaging.version import Version

import earthgan
from earthgan import Surrogate
from earthgan.cli import main
from earthgan.errors import EngineUnavailable
from earthgan_gateway import Settings, create_app
from earthgan_gateway.engines.torchserve import TorchServeEngine
from places import DEFAULT_SURROGATE, ROOT

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
#: The keys of CFF 1.2.0 that the file uses. Readers would ignore a misspelt key.
CITATION_KEYS = {"cff-version", "message", "type", "title", "abstract", "authors", "version", "license", "keywords"}
REFERENCE_KEYS = {"type", "title", "authors", "year", "url", "identifiers"}


def test_the_version_is_a_plain_release_and_the_changelogs_newest() -> None:
    assert str(Version(earthgan.__version__)) == earthgan.__version__
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == earthgan.__version__


@pytest.mark.parametrize("project", ["services/core", "services/gateway", "training"])
def test_a_package_states_no_version_of_its_own(project: str) -> None:
    settings = tomllib.loads((ROOT / project / "pyproject.toml").read_text())
    assert "version" not in settings["project"]
    file = ROOT / project / settings["tool"]["setuptools"]["dynamic"]["version"]["file"]
    assert file.resolve() == ROOT / "services" / "core" / "src" / "earthgan" / "VERSION"


def test_the_command_tells_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"earthgan {earthgan.__version__}\n"


def test_the_openapi_document_tells_the_version() -> None:
    assert create_app(Settings()).openapi()["info"]["version"] == earthgan.__version__


def test_the_model_server_is_told_the_version() -> None:
    agents = []

    def busy(request: httpx.Request) -> httpx.Response:
        agents.append(request.headers["user-agent"])
        return httpx.Response(503)

    async def ask() -> None:
        engine = TorchServeEngine(Surrogate(DEFAULT_SURROGATE), "http://model", transport=httpx.MockTransport(busy))
        with pytest.raises(EngineUnavailable):
            await engine.shells(["temperature"], 120, [0], None, time.monotonic() + 5)
        await engine.close()

    asyncio.run(ask())
    assert set(agents) == {f"earthgan/{earthgan.__version__}"}


def test_the_citation_is_of_this_version_and_names_the_paper() -> None:
    assert set(CITATION) == CITATION_KEYS | {"references"}
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["message"]
    assert CITATION["title"] == "EarthGAN"
    assert CITATION["authors"] == [{"name": "The EarthGAN developers"}]
    assert CITATION["version"] == earthgan.__version__
    assert CITATION["license"] == "Apache-2.0"
    (paper,) = CITATION["references"]
    assert set(paper) == REFERENCE_KEYS
    assert [author["family-names"] for author in paper["authors"]] == ["Hahn", "Mechefske"]
    assert (paper["type"], paper["year"]) == ("article", 2021)
    assert paper["url"] in (ROOT / "README.md").read_text()


def test_what_runs_before_a_commit_is_what_make_lint_runs() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    (hook,) = repository["hooks"]
    assert repository["repo"] == "local"
    assert (hook["entry"], hook["language"], hook["pass_filenames"]) == ("make lint", "system", False)
    assert re.search(r"^lint:", (ROOT / "Makefile").read_text(), re.MULTILINE)
