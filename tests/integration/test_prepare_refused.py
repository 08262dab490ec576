"""`earthgan prepare` refuses bad input with one line, and leaves existing data unchanged."""

import shutil
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from contest_file import write_contest_file
from earthgan_training.prepare.dataset import Dataset
from preparation import MEDIUM, SMALL, contents, prepare, raw_folder


def spoiled_nan(path: Path) -> None:
    def spoil(values: np.ndarray) -> np.ndarray:
        values[:, 3] = np.nan
        return values

    write_contest_file(path, spoil=spoil)


def one_nan(path: Path) -> None:
    def spoil(values: np.ndarray) -> np.ndarray:
        values[2, 3, 1] = np.nan
        return values

    write_contest_file(path, spoil=spoil)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])


def truncated_hdf(path: Path) -> None:
    write_contest_file(path, "NETCDF4")
    path.write_bytes(path.read_bytes()[:-5000])


def other_axes(path: Path) -> None:
    with netCDF4.Dataset(path, "a") as file:
        file["r"][2] = 4001


def no_axis(path: Path) -> None:
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("r", 3)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (truncated, "is truncated"),
        (truncated_hdf, "cannot be read as NetCDF"),
        (lambda path: path.write_bytes(b"not NetCDF"), "cannot be read as NetCDF"),
        (lambda path: path.write_bytes(b""), "cannot be read as NetCDF"),
        (lambda path: write_contest_file(path, variables=("temperature", "vx")), "holds no variable 'vy'"),
        (spoiled_nan, "temperature has a shell without a finite value (2)"),
        (one_nan, "not finite in 1 cells on 1 of its shells, first on shell 2 (5000 km)"),
        (
            lambda path: shutil.copy(path, path.with_name("spherical2.nc")),
            "has the same time step as spherical002.nc (2)",
        ),
        (other_axes, "its axis r is not that of"),
        (no_axis, "holds no variable 'temperature'"),
    ],
)
def test_bad_files_are_one_line_and_what_was_there_is_intact(tmp_path: Path, capsys, damage, reason: str) -> None:
    raw, out = raw_folder(tmp_path / "raw"), tmp_path / "out"
    assert prepare(raw, *SMALL, "--out", out) == 0
    before = contents(out)
    damage(raw / "spherical002.nc")
    capsys.readouterr()
    for folder in (out, tmp_path / "new"):
        assert prepare(raw, *SMALL, "--out", folder) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert said.err.startswith(f"earthgan: {raw}/spherical")
        assert reason in said.err
    kept = contents(out)
    assert {name: kept[name] for name in before} == before
    Dataset(out).verify()
    assert not (tmp_path / "new" / "dataset.json").exists()
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_a_full_disk_is_one_line_and_leaves_nothing_by_half(tmp_path: Path) -> None:
    """A limit on the size of files makes a write fail in the middle, as a full disk does."""
    raw, out = raw_folder(tmp_path / "raw"), tmp_path / "out"
    program = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
from earthgan.cli import main
sys.exit(main(sys.argv[1:]))
"""
    for workers in ("0", "2"):
        command = ["prepare", str(raw), *MEDIUM, "--out", str(out), "--workers", workers]
        done = subprocess.run(
            [sys.executable, "-c", program, *command], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith(f"earthgan: {out}/steps/00")
        assert "cannot be written (File too large)" in done.stderr
        assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--steps", "9"], "has no step 9"),
        (["--variables", "temperature,colour"], "has no variable 'colour'"),
        (["--held-out", "1-3"], "nothing is left to train on"),
        (["--preset", "paper"], "too small for the preset paper"),
        (["--preset", "paper", "--truth", "4x8"], "has its own sizes"),
        (["--truth", "4x8x2"], "--truth: 2 sizes are needed"),
        (["--scheduler", "nonsense://127.0.0.1:9"], "no Dask scheduler answers"),
        (["--mapping", "nowhere.toml"], "nowhere.toml: cannot be read"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_made(tmp_path: Path, capsys, arguments, reason: str) -> None:
    raw, out = raw_folder(tmp_path / "raw"), tmp_path / "out"
    assert prepare(raw, "--out", out, *arguments) == (2 if "--truth" in arguments else 1)
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, capsys) -> None:
    raw, out = raw_folder(tmp_path / "raw"), tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").touch()
    assert prepare(raw, *SMALL, "--out", out) == 1
    assert "is not empty and is not a data set" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
