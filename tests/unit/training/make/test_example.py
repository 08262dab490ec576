"""The example files are what their documents say, and the same every time."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest

from earthgan.cli import main
from earthgan_training.make.example import write_series, write_tomography


def test_the_tomography_has_the_layout_of_the_emc(tmp_path: Path) -> None:
    with netCDF4.Dataset(write_tomography(tmp_path / "dvs.nc")) as file:
        dvs = file["dvs"]
        assert dvs.dimensions == ("depth", "latitude", "longitude")
        assert dvs.shape == (40, 90, 180)
        assert dvs.units == "percent"
        assert file["depth"].positive == "down"
        assert {"title", "reference", "license", "summary", "id"} <= set(file.ncattrs())
        values = dvs[:]
        assert not np.ma.is_masked(values)
        assert 1 < np.abs(values).max() < 20
        areas = np.cos(np.radians(file["latitude"][:]))
        means = np.average(values.mean(axis=2), axis=1, weights=areas)
        assert np.abs(means).max() < 1e-3, "perturbations are about zero"


def test_the_series_has_its_steps_in_one_file(tmp_path: Path) -> None:
    with netCDF4.Dataset(write_series(tmp_path / "series.nc")) as file:
        values = file["temperature"][:]
        assert file["temperature"].dimensions == ("time", "depth", "lat", "lon")
        assert file["time"].units == "Myr"
    assert values.shape == (5, 24, 46, 90)
    assert 200 < values.min() < values.max() < 5000
    assert np.abs(np.diff(values, axis=0)).max() > 10, "the steps differ"
    assert np.ptp(values[:, :, 0], axis=-1).max() < 0.01, "a pole has one value"


@pytest.mark.parametrize("what", ["tomography", "series"])
def test_the_command_writes_the_same_file_every_time(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.nc", "b.nc"):
        assert main(["example", what, str(tmp_path / name)]) == 0
        assert capsys.readouterr().out == f"{tmp_path / name}\n"
    contents = []
    for name in ("a.nc", "b.nc"):
        with netCDF4.Dataset(tmp_path / name) as file:
            contents.append([file[each][:].tobytes() for each in file.variables])
    assert contents[0] == contents[1]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["example", "series", str(tmp_path / "file" / "x.nc")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
