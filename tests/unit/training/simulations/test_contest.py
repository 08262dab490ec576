"""Reading files in the contest's layout, whole and damaged."""

from pathlib import Path

import numpy as np
import pytest

from contest_file import write_contest_file
from earthgan.errors import BadInput
from earthgan_training.simulations.contest import contest_files, read_snapshot


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF4"])
def test_a_snapshot_has_every_value_in_its_place(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "spherical007.nc"
    write_contest_file(path, kind)  # type: ignore[arg-type]
    snapshot = read_snapshot(path, 7, ["temperature", "vz"])
    assert snapshot.values.shape == (2, 4, 6, 8), "boundary faces and the repeated meridian are left out"
    assert snapshot.values[1, 0, 2, 3] == 123
    assert snapshot.values[0, 3, 5, 7] == 457
    assert snapshot.grid.radii_km == (3600, 4000, 5000, 6000)
    assert snapshot.grid.longitudes_deg[-1] == 315
    assert snapshot.time_myr is None


def test_steps_come_from_file_names_in_order(tmp_path: Path) -> None:
    for name in ("spherical010.nc", "spherical009.nc", "spherical251.nc", "other.nc", "spherical1x.nc"):
        (tmp_path / name).touch()
    assert list(contest_files(tmp_path)) == list(contest_files(tmp_path, [251, 9])) == [9, 10, 251]
    with pytest.raises(BadInput, match="no file for step 11"):
        contest_files(tmp_path, [9, 11])


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no spherical<step>\.nc files"):
        contest_files(tmp_path)


def test_damaged_files_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "spherical001.nc"

    def all_nan_shell(values: np.ndarray) -> np.ndarray:
        values[:, 2] = np.nan
        return values

    write_contest_file(path, spoil=all_nan_shell)
    with pytest.raises(BadInput, match=r"spherical001\.nc: temperature has a shell without a finite value"):
        read_snapshot(path, 1, ["temperature"])
    write_contest_file(path, variables=("temperature",))
    with pytest.raises(BadInput, match=r"spherical001\.nc: .*vx"):
        read_snapshot(path, 1, ["temperature", "vx"])
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(BadInput, match=r"spherical001\.nc: "):
        read_snapshot(path, 1, ["temperature"])
    path.write_bytes(b"not NetCDF")
    with pytest.raises(BadInput, match=r"spherical001\.nc: "):
        read_snapshot(path, 1, ["temperature"])
