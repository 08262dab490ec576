"""Only the files of the chosen steps have to be readable and of one kind, whatever is wrong with the others."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contest_file import write_contest_file
from earthgan.errors import BadInput
from earthgan_training.simulations.mapping import parse_mapping
from earthgan_training.simulations.opening import open_source
from source_files import RADII, dataset, step_file


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def _cut_classic(path: Path) -> None:
    dataset().to_netcdf(path, format="NETCDF3_64BIT", engine="netcdf4")
    _cut(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": _cut,
    "truncated, classic": _cut_classic,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("<html>404: not found</html>"),
    "another grid": lambda path: dataset(r=RADII - 5).to_netcdf(path),
    "another variable": lambda path: dataset(name="X").to_netcdf(path),
    "another unit": lambda path: dataset(about={"units": "degC"}).to_netcdf(path),
    "other axes": lambda path: dataset(names=("radius", "lat", "lon")).to_netcdf(path),
    "no axes": lambda path: dataset().drop_vars("r").to_netcdf(path),
    "no globe": lambda path: dataset(lon=np.arange(0, 90, 5.0)).to_netcdf(path),
}
#: Files of a series by name with the times of each, the file that is damaged, and steps that need it not.
SERIES: dict[str, tuple[list[str], int, str, list[int]]] = {
    "numbers": (["T_1.nc", "T_2.nc", "T_3.nc"], 1, "T_2.nc", [1, 3]),
    "the first": (["T_1.nc", "T_2.nc", "T_3.nc"], 1, "T_1.nc", [2]),
    "decimals": (["T_0.5.nc", "T_1.0.nc", "T_12.nc"], 1, "T_0.5.nc", [1, 2]),
    "texts": (["early.nc", "late.nc", "middle.nc"], 1, "early.nc", [1, 2]),
    "a folder a step": (["s_2/T.nc", "s_10/T.nc", "s_11/T.nc"], 1, "s_10/T.nc", [2, 11]),
    "many times a file": (["T_1.nc", "T_2.nc", "T_3.nc"], 4, "T_3.nc", [1, 7]),
    "the second of many": (["T_1.nc", "T_2.nc", "T_3.nc"], 4, "T_2.nc", [0, 3]),
}


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_files_of_other_steps_may_be_damaged(tmp_path: Path, series: str, damage: str) -> None:
    names, times, damaged, steps = SERIES[series]
    for i, name in enumerate(names):
        step_file(tmp_path / name, 100 * i, times=[i + j / 10 for j in range(times)] if times > 1 else None)
    whole = open_source([tmp_path])
    due = {step: whole.read(step.t, "temperature", range(2)) for step in whole.steps if step.t in steps}
    del whole
    DAMAGES[damage](tmp_path / damaged)
    source = open_source([tmp_path], steps=steps)
    assert source.steps == tuple(due)
    for step, values in due.items():
        np.testing.assert_array_equal(source.read(step.t, "temperature", range(2)), values)
    assert "left out, because" in source.notes[0]
    with pytest.raises(BadInput) as caught:
        open_source([tmp_path])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["truncated", "text", "another grid", "no axes"])
def test_the_chosen_steps_must_be_readable(tmp_path: Path, damage: str) -> None:
    for t in (1, 2, 3):
        step_file(tmp_path / f"T_{t}.nc", 0)
    DAMAGES[damage](tmp_path / "T_2.nc")
    with pytest.raises(BadInput, match=r"T_2\.nc: "):
        open_source([tmp_path], steps=[1, 2])
    with pytest.raises(BadInput, match=r"T_2\.nc: "):
        open_source([tmp_path], steps=[1, 7])


def test_many_steps_cannot_be_counted_through_a_damaged_file(tmp_path: Path) -> None:
    for year in (1, 2, 3):
        step_file(tmp_path / f"T_{year}.nc", 0, times=[year + 0.0, year + 0.5])
    _cut(tmp_path / "T_2.nc")
    with pytest.raises(BadInput, match=r"T_2\.nc: cannot be read"):
        open_source([tmp_path], steps=[4])


def test_a_damaged_file_of_one_variable_is_not_left_out(tmp_path: Path) -> None:
    for t in (1, 2):
        step_file(tmp_path / f"T_{t}.nc", 0)
        step_file(tmp_path / f"S_{t}.nc", 0, ("S",))
    _cut(tmp_path / "S_2.nc")
    source = open_source([tmp_path], steps=[1])
    assert {each.variable.name for each in source.variables} == {"temperature", "S"}
    with pytest.raises(BadInput, match=r"S_2\.nc: cannot be read"):
        open_source([tmp_path], steps=[2])
    for name in ("T", "S"):
        step_file(tmp_path / "apart" / f"{name}.nc", 0, (name,))
    _cut(tmp_path / "apart" / "S.nc")
    with pytest.raises(BadInput, match=r"S\.nc: cannot be read"):
        open_source([tmp_path / "apart"], steps=[0])


@pytest.mark.parametrize("said", ["", 'files = "T_([0-9]+).nc"\n[[variables]]\nsource = "T"\nunit = "K"'])
def test_a_foreign_file_beside_a_series_belongs_to_no_step(tmp_path: Path, said: str) -> None:
    for t in (1, 2):
        step_file(tmp_path / f"T_{t}.nc", 0)
    step_file(tmp_path / "topography.nc", 0, ("h",))
    (tmp_path / "T_9.nc").write_text("to come")
    source = open_source([tmp_path], parse_mapping(said) if said else None, steps=[2])
    assert [step.t for step in source.steps] == [2]


@pytest.mark.parametrize("damage", ["truncated", "text", "no axes", "another variable"])
def test_the_first_file_does_not_decide_what_the_others_are(tmp_path: Path, damage: str) -> None:
    for t in (1, 2, 3):
        write_contest_file(tmp_path / f"spherical00{t}.nc")
    due = open_source([tmp_path]).chosen(steps=[2, 3])
    DAMAGES[damage](tmp_path / "spherical001.nc")
    found = open_source([tmp_path], steps=[2, 3])
    assert (found.grid, found.variables, found.steps, found.vector) == (due.grid, due.variables, due.steps, due.vector)
