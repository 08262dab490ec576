"""Reading files in the contest's layout, whole and damaged."""

import re
from pathlib import Path

import numpy as np
import pytest

from contest_file import write_contest_file
from earthgan.errors import BadInput
from earthgan_training.simulations.opening import open_source


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF4"])
def test_a_snapshot_has_every_value_in_its_place(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "spherical007.nc"
    write_contest_file(path, kind)  # type: ignore[arg-type]
    source = open_source([tmp_path])
    assert source.grid.shape == (4, 6, 8), "boundary faces and the repeated meridian are left out"
    assert source.read(7, "vz")[0, 2, 3] == 123
    assert source.read(7, "temperature")[3, 5, 7] == 457
    assert source.grid.radii_km == (3600, 4000, 5000, 6000)
    assert source.grid.longitudes_deg[-1] == 315
    assert source.step(7).time_myr is None


def test_steps_come_from_file_names_in_order(tmp_path: Path) -> None:
    for name in ("spherical010.nc", "spherical009.nc", "spherical251.nc"):
        write_contest_file(tmp_path / name)
    source = open_source([tmp_path])
    assert [step.t for step in source.steps] == [9, 10, 251]
    with pytest.raises(BadInput, match="has no step 11"):
        open_source([tmp_path], steps=[9, 11])


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=re.escape(str(tmp_path))):
        open_source([tmp_path])


def test_damaged_files_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "spherical001.nc"

    def all_nan_shell(values: np.ndarray) -> np.ndarray:
        values[:, 2] = np.nan
        return values

    write_contest_file(path, spoil=all_nan_shell)
    with pytest.raises(BadInput, match=r"spherical001\.nc: temperature has a shell without a finite value"):
        open_source([tmp_path], variables=["temperature"]).read(1, "temperature")
    write_contest_file(path, variables=("temperature",))
    with pytest.raises(BadInput, match="has no variable 'vx'"):
        open_source([tmp_path], variables=["temperature", "vx"])
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(BadInput, match=r"spherical001\.nc: "):
        open_source([tmp_path], variables=["temperature"]).read(1, "temperature")
    path.write_bytes(b"not NetCDF")
    with pytest.raises(BadInput, match=r"spherical001\.nc: "):
        open_source([tmp_path], variables=["temperature"]).read(1, "temperature")
