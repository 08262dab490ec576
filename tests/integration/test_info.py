"""`earthgan info` fails where a server would, with one line, and never otherwise."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earthgan.cli import main
from earthgan.errors import EarthGANError
from earthgan.records import GridSpec
from earthgan.surrogate import Surrogate
from earthgan_gateway import Settings, create_app
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE
from small_surrogate import MOON, UNIT_SHELL, make_small, radii_of

Spec = dict[str, Any]


def outcome(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `info` says about a folder: nothing if it verifies it. A server must agree."""
    capsys.readouterr()
    status = main(["info", str(folder)])
    said = capsys.readouterr().err
    assert status == (1 if said else 0)
    assert said.count("\n") == (1 if said else 0)
    try:
        create_app(Settings(surrogate=folder))
        served = ""
    except EarthGANError as error:
        served = f"earthgan: {error}\n"
    assert served == said
    return said


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_small(tmp_path_factory.mktemp("small") / "surrogate", MOON)


def edited(original: Path, folder: Path, edit: Callable[[Spec], object]) -> Path:
    shutil.copytree(original, folder)
    spec = json.loads((folder / "spec.json").read_text())
    edit(spec)
    (folder / "spec.json").write_text(json.dumps(spec))
    return folder


def _variable(spec: Spec) -> Any:
    return spec["variables"][0]


def _radii_km(spec: Spec) -> list[float]:
    return list(GridSpec.model_validate(spec["grid"]).radii_km)


BROKEN: dict[str, Callable[[Spec], object]] = {
    "radii outside the inputs": lambda spec: spec["grid"].update(radii_km=[*_radii_km(spec)[:-1], 1e4]),
    "radii that do not ascend": lambda spec: spec["grid"].update(radii_km=_radii_km(spec)[::-1]),
    "no radii": lambda spec: spec["grid"].update(radii_km=[]),
    "a range upside down": lambda spec: _variable(spec)["range"].reverse(),
    "a range that is empty": lambda spec: _variable(spec).update(range=[1.0, 1.0]),
    "a range that float32 cannot tell apart": lambda spec: _variable(spec).update(range=[1e6, 1e6 + 1e-3]),
    "a range beyond float32": lambda spec: _variable(spec).update(range=[0, 1e39]),
    "a scale beyond float32": lambda spec: _variable(spec)["normalisation"].update(scale=1e300),
    "a scale of zero": lambda spec: _variable(spec)["normalisation"].update(scale=0),
    "two variables of one name": lambda spec: spec["variables"].append(_variable(spec)),
    "no variables": lambda spec: spec.update(variables=[]),
    "a name with a space": lambda spec: _variable(spec).update(name="d ln vs"),
    "an unknown colour map": lambda spec: _variable(spec).update(colormap="jet"),
    "more codings than variables": lambda spec: spec["inputs"]["coding"].append(spec["inputs"]["coding"][0]),
    "a core larger than the planet": lambda spec: spec["planet"].update(core_radius_km=1e5),
    "a planet of no size": lambda spec: spec["planet"].update(radius_km=0),
    "lengths in miles": lambda spec: spec["planet"].update(unit="mi"),
    "missing weights": lambda spec: spec["generator"]["weights"].update(file="nothing"),
    "another file's digest": lambda spec: spec["generator"]["weights"].update(sha256="0" * 64),
    "no generator as ONNX": lambda spec: spec["generator"].update(onnx=None),
    "weights instead of ONNX": lambda spec: spec["generator"].update(onnx=spec["generator"]["weights"]),
    "a mask that is something else": lambda spec: spec.update(mask=spec["generator"]["weights"]),
    "steps that do not ascend": lambda spec: spec["inputs"]["steps"].reverse(),
    "no steps": lambda spec: spec["inputs"].update(steps=[]),
    "another kind": lambda spec: spec["generator"]["arguments"].update(preset="paper"),
    "no kind": lambda spec: spec["generator"]["arguments"].update(preset="nothing"),
    "a later format": lambda spec: spec.update(format=2),
}
WHOLE: dict[str, Callable[[Spec], object]] = {
    "nothing": lambda spec: None,
    "a planet smaller than its shells": lambda spec: spec["planet"].update(radius_km=1700.0),
    "any planet": lambda spec: spec["planet"].update(radius_km=7e4, core_radius_km=None),
    "names that differ in case": lambda spec: _variable(spec).update(name="Temperature"),
    "a derived quantity's name": lambda spec: _variable(spec).update(name="speed"),
    "no unit": lambda spec: _variable(spec).update(unit=""),
}


@pytest.mark.parametrize("edit", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_served_is_not_verified(
    small: Path, tmp_path: Path, edit: Callable[[Spec], object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert str(tmp_path) in outcome(edited(small, tmp_path / "edited", edit), capsys)


@pytest.mark.parametrize("edit", WHOLE.values(), ids=WHOLE)
def test_what_is_merely_unusual_is_verified_and_served(
    small: Path, tmp_path: Path, edit: Callable[[Spec], object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(edited(small, tmp_path / "edited", edit), capsys) == ""


@pytest.mark.parametrize("folder", [DEFAULT_SURROGATE, BASELINE_SURROGATE], ids=["default", "baseline"])
def test_what_ships_is_verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(folder, capsys) == ""


@pytest.mark.parametrize("radius_km", [1.0, 3000.0, 6371.1, 1e5])
def test_shells_beyond_the_radial_modes_are_found_at_once(
    tmp_path: Path, radius_km: float, capsys: pytest.CaptureFixture[str]
) -> None:
    radii = Surrogate(DEFAULT_SURROGATE).grid.radii_km

    def edit(spec: Spec) -> None:
        spec["grid"]["radii_km"] = sorted([*radii[1:], radius_km])

    assert "reach beyond the radial modes" in outcome(edited(DEFAULT_SURROGATE, tmp_path / "edited", edit), capsys)


@pytest.mark.parametrize("planet", [MOON, UNIT_SHELL], ids=["Moon", "non-dimensional"])
def test_info_counts_depths_from_the_planets_surface(
    tmp_path: Path, planet: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    make_small(tmp_path / "surrogate", planet)
    assert main(["info", str(tmp_path / "surrogate"), "--json", str(tmp_path / "facts.json")]) == 0
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["depths_km"] == pytest.approx([planet.radius_km - radii_of(planet)[0], 0], abs=1e-9)
    assert (facts["radius_km"], facts["length_unit"]) == (planet.radius_km, planet.unit)
    assert "simulated" not in capsys.readouterr().out


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document where something could be altered."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        if not (isinstance(value, list) and len(value) > 4 and key not in (0, len(value) - 1)):
            yield (*path, key)
            yield from _places(child, (*path, key))


ODD = st.sampled_from(
    [None, 0, -1, 1, 2, 0.5, 1e-300, 1e-40, 1e39, 1e300, -1e22, "", "1", "0" * 64, [], {}, True, "x/y"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_corruption_of_a_spec_is_one_line_for_both(
    small: Path, data: st.DataObject, capsys: pytest.CaptureFixture[str]
) -> None:
    original = json.loads((small / "spec.json").read_text())
    *path, last = data.draw(st.sampled_from(list(_places(original))))
    odd = data.draw(ODD)

    def edit(spec: Spec) -> None:
        where: Any = spec
        for key in path:
            where = where[key]
        where[last] = copy.deepcopy(odd)

    with tempfile.TemporaryDirectory() as scratch:
        outcome(edited(small, Path(scratch) / "edited", edit), capsys)
