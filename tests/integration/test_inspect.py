"""`earthgan inspect` says what is understood of a source, what is suspicious, and the mapping that says the same."""

import json
import runpy
import sys
import warnings
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from contest_file import write_fields
from earthgan.cli import main
from earthgan_training.simulations.mapping import read_mapping
from earthgan_training.simulations.opening import open_source
from places import SHARED

CASES = SHARED / "data" / "cases"
RADII, LAT, LON = np.linspace(3500, 6350, 12), np.arange(87.5, -90, -5), np.arange(0, 360, 5.0)


def written(path: Path, values: np.ndarray | None = None, **attributes: str) -> Path:
    """A file whose depths are in metres, with all that CF can say."""
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({"title": "A model", "license": "CC-BY-4.0", "references": "Doe et al. 2020"})
        said = {
            "depth": (1000 * (6371 - RADII), {"units": "m", "positive": "down", "standard_name": "depth"}),
            "latitude": (LAT, {"units": "degrees_north"}),
            "longitude": (LON, {"units": "degrees_east"}),
        }
        for name, (numbers, more) in said.items():
            file.createDimension(name, len(numbers))
            variable = file.createVariable(name, "f8", (name,))
            variable.setncatts(more)
            variable[:] = numbers
        variable = file.createVariable("tk", "f4", tuple(said))
        variable.setncatts(
            {"units": "K", "long_name": "Mantle temperature", "standard_name": "temperature"} | attributes
        )
        variable[:] = field() if values is None else values
    return path


def field() -> np.ndarray:
    la, lo = np.radians(LAT)[:, None], np.radians(LON)
    return 1500 + 0.1 * RADII[:, None, None] + 300 * np.cos(la) * np.cos(lo) * (RADII / 6371)[:, None, None]


def inspect(*arguments: object) -> int:
    return main(["inspect", *map(str, arguments)])


def test_says_what_is_understood_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "model.nc")
    assert inspect(path) == 0
    said = capsys.readouterr().out
    for words in (
        "A model",
        'standard_name = "depth"',
        "depth in m, 12 from 2.871e+06 to 21000",
        "12 radii from 3500 to 6350 km",
        'units = "degrees_north"',
        "36 latitudes from 87.5 to -87.5°",
        "tk, Mantle temperature [K]: 1685",
        "CC-BY-4.0",
        "Doe et al. 2020",
        "radius 6371 km",
        "nothing looks suspicious",
        "[axes]",
        'vertical = "depth"',
    ):
        assert words in said


def test_the_written_mapping_gives_the_same_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, mapping = written(tmp_path / "model.nc"), tmp_path / "model.toml"
    assert inspect(path, "--write-mapping", mapping) == 0
    one, other = open_source([path]), open_source([path], read_mapping(mapping))
    assert one.mapping == other.mapping == mapping.read_text()
    for part in ("grid", "variables", "steps", "planet", "provenance", "title"):
        assert getattr(one, part) == getattr(other, part)
    capsys.readouterr()
    mapping.write_text("mine")
    assert inspect(path, "--write-mapping", mapping) == 1
    assert "exists already" in capsys.readouterr().err
    assert mapping.read_text() == "mine"
    assert inspect(path, "--write-mapping", mapping, "--overwrite") == 0
    assert mapping.read_text() == one.mapping


def test_programs_read_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, report = written(tmp_path / "model.nc"), tmp_path / "report.json"
    assert inspect(path, "--json", report) == 0
    capsys.readouterr()
    assert inspect(path, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(report.read_text())
    assert [axis["role"] for axis in printed["axes"]] == ["vertical", "latitude", "longitude"]
    assert printed["variables"][0]["source"] == "tk"
    assert printed["variables"][0]["range"] == pytest.approx([float(field().min()), float(field().max())], rel=1e-6)
    assert printed["suspicious"] == []
    assert printed["planet"]["radius_km"] == 6371


@pytest.mark.parametrize(
    ("spoil", "attributes", "words"),
    [
        ((3, 1e20), {}, "1e+20"),
        ((3, -9999.0), {}, "-9999"),
        ((3, np.nan), {}, "not finite"),
        ((slice(None), lambda x: x - 1800), {}, "beneath absolute zero"),
        ((slice(None), lambda x: x / 3000), {}, "non-dimensional"),
        ((slice(None), lambda x: 0 * x + 5), {}, "5 everywhere"),
        ((3, lambda x: np.roll(x, 30, axis=-1)), {}, "shell 3"),
        ((3, lambda x: x + 2000), {}, "its mean"),
        ((3, lambda x: (x - x.mean()) * 10 + x.mean()), {}, "times as much"),
    ],
)
def test_what_is_suspicious_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: tuple, attributes: dict, words: str
) -> None:
    values = field()
    where, what = spoil
    if callable(what):
        values[where] = what(values[where])
    else:
        values[where, 2:5, 3:9] = what
    assert inspect(written(tmp_path / "model.nc", values, **attributes)) == 0
    suspicious = [line for line in capsys.readouterr().out.splitlines() if "suspicious:" in line]
    assert any(words in line for line in suspicious), suspicious


@pytest.mark.parametrize("kind", ["few", "boundary layers", "rough"])
def test_healthy_levels_are_not_called_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    la, lo = np.radians(LAT)[:, None], np.radians(LON)
    phase = np.arange(12)[:, None, None]
    wave = np.cos(la) ** 2 * np.cos(2 * lo + 0.75 * phase)
    values = {
        "few": 1500 + 30 * wave + 0 * phase,
        "boundary layers": np.array([3700, 2500, *np.linspace(2400, 1600, 9), 300])[:, None, None]
        + np.array([5, 80, 90, 80, 60, 50, 40, 50, 60, 90, 120, 10])[:, None, None] * wave,
        "rough": 2000 + np.random.default_rng(0).normal(size=(12, len(LAT), len(LON))) * (1 + phase / 3),
    }[kind]
    assert inspect(written(tmp_path / "model.nc", values)) == 0
    assert "suspicious:" not in capsys.readouterr().out


def test_the_known_faults_of_the_contest_are_no_suspicion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lat, lon, radii = np.linspace(90, -90, 19), np.linspace(0, 360, 37), np.linspace(3485, 6371, 12)
    wave = np.cos(np.radians(lat))[:, None] * np.cos(np.radians(3 * lon))
    values = 1500 + 100 * wave * (radii / 6371)[:, None, None]
    values[0] = values[-1] = 0
    write_fields(tmp_path / "spherical001.nc", {"temperature": values}, lat, radii, lon)
    assert inspect(tmp_path, "--picture", tmp_path / "shells.png") == 0
    said = capsys.readouterr().out
    assert "suspicious:" not in said
    assert "a boundary face, left out" in said
    assert (tmp_path / "shells.png").read_bytes().startswith(b"\x89PNG")


def test_what_nothing_can_be_made_of_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.nc").write_bytes(b"no")
    with netCDF4.Dataset(tmp_path / "flat.nc", "w") as file:
        file.createDimension("x", 3)
        file.createVariable("v", "f4", ("x",))
    for arguments in ([tmp_path / "no.nc"], [tmp_path / "flat.nc"], [tmp_path / "absent.nc"]):
        assert inspect(*arguments) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert arguments[0].name in error
    assert inspect(written(tmp_path / "model.nc"), "--step", 9) == 1
    assert "has no step 9" in capsys.readouterr().err
    assert inspect(tmp_path / "model.nc", "--picture", tmp_path / "p.gif") == 2


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("*.py")))
def test_cases_are_understood_or_end_in_one_line(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [case, str(tmp_path)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from the libraries that write the case
        runpy.run_path(str(CASES / f"{case}.py"), run_name="__main__")
    mapping = tmp_path / f"{case}.toml"
    capsys.readouterr()
    for arguments in ([], ["--mapping", mapping] if mapping.exists() else []):
        code = inspect(tmp_path / case, *arguments, "--json")
        out, error = capsys.readouterr()
        if code == 0:
            found = json.loads(out)
            assert error == ""
            assert all(len(text) < 500 for text in found["suspicious"])
            if case == "few_levels":
                assert found["suspicious"] == []
            if case == "fill_without_attribute":
                assert any("1e+20" in text for text in found["suspicious"])
        else:
            assert (code, out, error.count("\n")) == (1, "", 1)
