"""The map of a notebook, on the side of Python: what it takes, what it answers its page with, and what it refuses."""

import json
import re
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

import earthgan
from earthgan.errors import InvalidRequest, UnknownStep, UnknownVariable
from earthgan.run.run import Run
from earthgan_gateway import notebook
from earthgan_gateway.notebook.widget import Map
from places import DEFAULT_SURROGATE, ROOT


@pytest.fixture(scope="module")
def run() -> Run:
    return earthgan.open(DEFAULT_SURROGATE)


@pytest.fixture(scope="module")
def shown(run: Run) -> Map:
    return notebook.map_of(run, variable="temperature", depth_km=660, step=120)


def answers_of(shown: Map, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    told: list[tuple[dict[str, Any], list[bytes]]] = []
    shown.send = lambda content, buffers=None: told.append((content, buffers or []))
    shown._handle_custom_msg(question, [])
    (answer,) = told
    return answer


def test_a_run_makes_a_map_that_names_what_it_shows(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = EntryPoint("map_of", "earthgan_gateway.notebook:map_of", "earthgan.functions")
    monkeypatch.setattr(earthgan, "entry_points", lambda **_: EntryPoints([found]))
    first = run.map()
    assert (first.variable, first.step, first.depth_km) == ("temperature", 1, 703)
    assert repr(run.map("speed", 1600, 120.5)) == "Map of Speed, 1,603 km deep, step 120.5. Run this cell to see it."


def test_what_is_set_is_checked(run: Run, shown: Map) -> None:
    for name, value, refused, words in (
        ("variable", "salt", UnknownVariable, "unknown variable 'salt': this surrogate has temperature"),
        ("step", 200, UnknownStep, "no time step 200"),
        ("depth_km", 7000, InvalidRequest, "no depth of 7000 km: the planet's radius is 6371 km"),
        ("place", (95, 0), InvalidRequest, "latitudes lie from -90 to 90 degrees"),
    ):
        with pytest.raises(refused, match=words) as caught:
            setattr(shown, name, value)
        assert "\n" not in str(caught.value)
    assert (shown.variable, shown.step, shown.depth_km, shown.place) == ("temperature", 120, 660, None)
    assert run.depths_km[shown.shell] == pytest.approx(660, abs=0.5)
    with pytest.raises(InvalidRequest, match="no control play: a map has variable, depth"):
        Map(run, controls=["play"])
    with pytest.raises(TypeError, match="a map takes no colour"):
        Map(run, colour="red")


def test_what_the_page_says_stays_as_it_is(shown: Map) -> None:
    """Otherwise Python and the page would correct each other without an end."""
    for depth_km in shown._held.depths_km:
        shown.depth_km = depth_km
        assert shown.depth_km == depth_km
    shown.step = 119.25
    assert shown.step == 119.25
    shown.step = 120.0
    assert isinstance(shown.step, int)


def test_its_page_gets_what_it_needs_and_nothing_else(shown: Map) -> None:
    told, (html, *files) = answers_of(shown, {"ask": "page"})
    document = html.decode()
    said = json.loads(re.findall(r'<script id="earthgan" type="application/json">(.*?)</script>', document)[0])
    assert said["query"] == "?embed=variable,depth,time,zoom,below"
    assert not re.search(r'(src|href)="(?!data:|https://leafletjs)', document)  # nothing is fetched
    steps = [step.file for step in shown.run.surrogate.steps]
    assert told["files"] == ["coded.safetensors.gz", "refinement.safetensors.gz", *steps]
    assert files[2] == (DEFAULT_SURROGATE / steps[0]).read_bytes()
    assert answers_of(shown, {"ask": "file", "file": "spec.json"})[1] == [
        (DEFAULT_SURROGATE / "spec.json").read_bytes()
    ]
    for other in ("../README.md", "/etc/hostname", None):
        told, files = answers_of(shown, {"ask": "file", "file": other})
        assert (told["error"], files) == (f"the surrogate has no file {other}", [])


def test_one_line_says_what_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest, match=r"no map of .*gan: browsers compute surrogates of the kind spectral only"):
        notebook.map_of(earthgan.open(ROOT / "model_store" / "gan"))
    monkeypatch.setattr(notebook, "find_spec", lambda _: None)
    with pytest.raises(
        ImportError, match=r"^a map in a notebook needs anywidget: pip install 'earthgan-gateway\[notebook\]'$"
    ):
        notebook.map_of(run)
    monkeypatch.setattr(earthgan, "entry_points", lambda **_: EntryPoints())
    with pytest.raises(AttributeError, match=r"map_of needs .*: pip install 'earthgan-gateway\[notebook\]'"):
        run.map()
