"""Files, folders and axes of time become the steps of one source."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest

from earthgan.errors import BadInput
from earthgan_training.simulations.mapping import parse_mapping
from earthgan_training.simulations.opening import open_source
from source_files import LAT, LON, RADII, dataset, step_file, truth

STEPS: dict[str, tuple[list[str], list[tuple[int, str | None]]]] = {
    "numbers": (["T_001.nc", "T_010.nc", "T_002.nc"], [(1, None), (2, None), (10, None)]),
    "decimals": (["T_0.5.nc", "T_12.nc", "T_1.0.nc"], [(0, "0.5"), (1, "1.0"), (2, "12")]),
    "exponents": (["T_1e2.nc", "T_5e1.nc"], [(50, "5e1"), (100, "1e2")]),
    "texts": (["late.nc", "early.nc"], [(0, "early"), (1, "late")]),
    "a folder a step": (["s_2/out.nc", "s_10/out.nc"], [(2, None), (10, None)]),
    "other numbers": (["run7_T_3.nc", "run7_T_4.nc"], [(3, None), (4, None)]),
    "one file": (["T_5.nc"], [(0, None)]),
}


@pytest.mark.parametrize("case", STEPS)
def test_steps_come_from_names(tmp_path: Path, case: str) -> None:
    names, due = STEPS[case]
    for name in names:
        step_file(tmp_path / "raw" / name, 0)
    for addresses in ([tmp_path / "raw"], [tmp_path / "raw" / name for name in names]):
        if "/" in names[0] and len(addresses) > 1:
            continue
        source = open_source(addresses)
        assert [(step.t, step.label) for step in source.steps] == due
        for step in source.steps:
            assert np.isfinite(source.read(step.t, "temperature", range(1))).all()


def test_variables_may_lie_in_files_of_their_own(tmp_path: Path) -> None:
    for t in (1, 2):
        step_file(tmp_path / f"T_{t:02d}.nc", 100 * t)
        step_file(tmp_path / f"S_{t:02d}.nc", -100 * t, ("S",))
    source = open_source([tmp_path])
    assert {each.variable.name for each in source.variables} == {"temperature", "S"}
    assert [step.t for step in source.steps] == [1, 2]
    apart = source.read(2, "temperature") - source.read(2, "S")
    np.testing.assert_allclose(apart, 400, atol=1e-3)
    (tmp_path / "S_02.nc").unlink()
    with pytest.raises(BadInput, match=r"T_02\.nc: holds no variable 'S', which other steps have"):
        open_source([tmp_path])
    assert len(open_source([tmp_path], variables=["temperature"]).steps) == 2


def test_many_steps_in_one_file_are_read_one_at_a_time(tmp_path: Path) -> None:
    step_file(tmp_path / "T.nc", 0, times=[0, 1.5, 3])
    step_file(tmp_path / "S.nc", 5, ("S",), times=[0, 1.5, 3])
    for addresses in ([tmp_path / "T.nc"], [tmp_path / "T.nc", tmp_path / "S.nc"], [tmp_path]):
        source = open_source(addresses)
        assert [(step.t, step.time_myr) for step in source.steps] == [(0, 0), (1, 1.5), (2, 3)]
        moved = source.read(2, "temperature") - source.read(0, "temperature")
        np.testing.assert_allclose(moved, 20, atol=1e-3)
        assert source.digest(0) != source.digest(1)
    del source
    step_file(tmp_path / "S.nc", 5, ("S",), times=[0, 2, 3])
    with pytest.raises(BadInput, match=r"3 times that are not the 3 of"):
        open_source([tmp_path])


def test_files_with_many_steps_each_are_one_series(tmp_path: Path) -> None:
    for year in (1, 2):
        step_file(tmp_path / f"T_{year}.nc", 100 * year, times=[year + 0.0, year + 0.5])
    source = open_source([tmp_path])
    assert [(step.t, step.time_myr) for step in source.steps] == [(0, 1.0), (1, 1.5), (2, 2.0), (3, 2.5)]
    np.testing.assert_allclose(source.read(3, "temperature") - source.read(0, "temperature"), 110, atol=1e-3)


def test_some_variables_and_steps_may_be_chosen(tmp_path: Path) -> None:
    step_file(tmp_path / "a.nc", 0, ("T", "S"), times=[0, 1, 2])
    source = open_source([tmp_path / "a.nc"], variables=["S"], steps=[2])
    assert [each.variable.name for each in source.variables] == ["S"]
    assert [step.t for step in source.steps] == [2]
    with pytest.raises(BadInput, match="has no variable 'X'; its variables: temperature, S"):
        open_source([tmp_path / "a.nc"], variables=["X"])


def test_another_grid_in_a_later_file_is_refused(tmp_path: Path) -> None:
    step_file(tmp_path / "T_1.nc", 0)
    dataset(r=RADII - 5).to_netcdf(tmp_path / "T_2.nc")
    with pytest.raises(BadInput, match=r"T_2\.nc: its axis r is not that of .*T_1\.nc"):
        open_source([tmp_path])


def test_time_without_a_coordinate_counts_steps(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        for name, axis in (("r", RADII), ("lat", LAT), ("lon", LON)):
            file.createDimension(name, len(axis))
            file.createVariable(name, "f8", (name,))[:] = axis
        file.createDimension("time", None)
        file.createVariable("T", "f4", ("time", "r", "lat", "lon"))[:] = np.stack([truth(RADII, LAT, LON)] * 3)
    assert [(step.t, step.label) for step in open_source([tmp_path / "a.nc"]).steps] == [
        (0, None),
        (1, None),
        (2, None),
    ]


def test_files_that_state_different_units_are_refused(tmp_path: Path) -> None:
    dataset().to_netcdf(tmp_path / "T_1.nc")
    dataset(about={"units": "degC"}).to_netcdf(tmp_path / "T_2.nc")
    with pytest.raises(BadInput, match=r"T_2\.nc: T states the unit 'degC', and 'K' in .*T_1\.nc"):
        open_source([tmp_path])


def test_a_folder_for_each_variable_is_one_series(tmp_path: Path) -> None:
    for t in (3, 4):
        step_file(tmp_path / "raw" / "temp" / f"{t}.nc", 0)
        step_file(tmp_path / "raw" / "salt" / f"{t}.nc", 0, ("S",))
    source = open_source([tmp_path / "raw"])
    assert [step.t for step in source.steps] == [3, 4]
    assert {each.variable.name for each in source.variables} == {"temperature", "S"}


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("other", ["another variable", "another axis", "no axis"])
def test_no_file_of_a_series_is_left_out_in_silence(tmp_path: Path, mapped: bool, other: str) -> None:
    step_file(tmp_path / "T_1.nc", 0)
    made = {
        "another variable": dataset(name="X"),
        "another axis": dataset(names=("radius", "lat", "lon")),
        "no axis": dataset().drop_vars("r"),
    }[other]
    made.to_netcdf(tmp_path / "T_2.nc")
    said = 'files = "T_([0-9]+).nc"\n[[variables]]\nsource = "T"\nunit = "K"'
    with pytest.raises(BadInput, match=r"T_[12]\.nc: "):
        open_source([tmp_path], parse_mapping(said) if mapped else None)
