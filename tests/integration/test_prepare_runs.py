"""`earthgan prepare`: taken up wherever it was killed, the same bytes every time; one line where it cannot be."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from contest_file import write_contest_file, write_fields
from earthgan.cli import main
from earthgan.quantities import cell_weights
from earthgan.sampling import ShellSampler
from earthgan_training.prepare.dataset import Dataset
from places import ROOT, SIMULATED, needs_simulated

SMALL = ["--truth", "14x28", "--inputs", "3x7x14", "--variables", "temperature,vx,vy,vz"]
MEDIUM = ["--truth", "112x224", "--variables", "temperature,vx,vy,vz"]

#: Prepares RAW into OUT again and again, killed at the first, the second, the third... operation on a file, and after
#: each time once more to its end. Forks, so that a run costs milliseconds; prints how many runs were killed.
KILLED_EVERYWHERE = """
import hashlib, os, shutil, sys
from pathlib import Path
from earthgan.spec import Provenance
from earthgan_training.contest import CONTEST
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.prepare.recipe import Preset, Recipe
from earthgan_training.prepare.run import prepare

raw, out, start, due = (Path(argument) for argument in sys.argv[1:])
recipe = Recipe(preset=Preset.DEFAULT, layout=CONTEST, variables=("temperature", "vx"), truth=(4, 8), inputs=(3, 2, 4))
about = Provenance(source="test", licence="CC0-1.0", notice="", simulated=True)
OPERATIONS = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "shutil.rmtree"}

def run():
    prepare(raw, out, recipe, about, lambda function, tasks: map(function, tasks))

def forked(kill_at):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    left = kill_at
    def hook(event, arguments):
        nonlocal left
        if event in OPERATIONS and "killed" in str(arguments[0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), 9)
    if kill_at:
        sys.addaudithook(hook)
    try:
        run()
    except BaseException as error:
        print(error, file=sys.stderr)
        os._exit(1)
    os._exit(0)

def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

wanted = contents(due)
kills = 0
while True:
    shutil.rmtree(out, ignore_errors=True)
    if start.exists():
        shutil.copytree(start, out)
    status = forked(kills + 1)
    if status == 0:
        break
    assert status == 9, status
    kills += 1
    if start.exists():
        Dataset(out).verify()  # the dataset that was there, or the new one: whole
    else:
        assert not (out / "dataset.json").exists() or contents(out) == wanted
    assert forked(0) == 0
    assert contents(out) == wanted, kills
print(kills)
"""


def raw_folder(folder: Path, steps: int = 3, factor: float = 1.0) -> Path:
    folder.mkdir(exist_ok=True)
    for t in range(1, steps + 1):
        write_contest_file(folder / f"spherical{t:03d}.nc", spoil=lambda values, t=t: values * t * factor)
    return folder


def prepare(*arguments: object) -> int:
    return main(["prepare", *map(str, arguments), "--workers", "0"])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("earlier", [False, True], ids=["a new dataset", "in place of an earlier one"])
def test_killed_at_any_operation_it_can_be_taken_up_to_the_same_bytes(tmp_path: Path, earlier: bool) -> None:
    raw, out, start, due = (tmp_path / name for name in ("raw", "killed", "start", "due"))
    chosen = ["--truth", "4x8", "--inputs", "3x2x4", "--variables", "temperature,vx"]
    chosen += ["--licence", "CC0-1.0"]

    def with_the_programs_provenance(folder: Path) -> None:
        text = (folder / "dataset.json").read_text().replace('"source": "raw"', '"source": "test"')
        (folder / "dataset.json").write_text(text)

    if earlier:
        assert prepare(raw_folder(raw, factor=2), *chosen, "--out", start) == 0
        with_the_programs_provenance(start)
    assert prepare(raw_folder(raw), *chosen, "--out", due) == 0
    with_the_programs_provenance(due)
    done = subprocess.run(
        [sys.executable, "-c", KILLED_EVERYWHERE, *map(str, (raw, out, start, due))],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30


def test_killed_with_its_workers_it_can_be_taken_up(tmp_path: Path) -> None:
    raw, killed, due = tmp_path / "raw", tmp_path / "killed", tmp_path / "due"
    raw_folder(raw, steps=12)
    command = [sys.executable, "-m", "earthgan.cli", "prepare", str(raw), *MEDIUM, "--workers", "2", "--out"]
    process = subprocess.Popen([*command, str(killed)], cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(killed.glob("steps/[0-9]*"))) < 3:
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed / "dataset.json").exists()
    assert prepare(raw, *MEDIUM, "--out", killed) == 0  # by one process: the bytes do not depend on how many
    done = subprocess.run([*command, str(due)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert contents(killed) == contents(due)


def test_a_second_run_makes_nothing_and_a_changed_file_is_made_anew(tmp_path: Path, capsys) -> None:
    raw, out, report = raw_folder(tmp_path / "raw"), tmp_path / "out", tmp_path / "report.json"
    assert prepare(raw, *SMALL, "--out", out, "--json", report) == 0
    assert json.loads(report.read_text())["made"] == 3
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert prepare(raw, *SMALL, "--out", out) == 0
    assert "0 steps made, 3 were there" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    os.utime(raw / "spherical001.nc")  # younger, but the same
    write_contest_file(raw / "spherical002.nc", spoil=lambda values: values + 7)
    damaged = next(out.glob("steps/003-*/vx.npy"))
    damaged.write_bytes(damaged.read_bytes()[:-4] + b"ruin")
    assert prepare(raw, *SMALL, "--out", out, "--json", report) == 0
    assert json.loads(report.read_text())["made"] == 2
    assert len(list(out.glob("steps/*"))) == 3
    Dataset(out).verify()
    fresh = tmp_path / "fresh"
    assert prepare(raw, *SMALL, "--out", fresh) == 0
    assert contents(out) == contents(fresh)


def test_other_settings_and_lost_steps_need_overwrite(tmp_path: Path, capsys) -> None:
    raw, out = raw_folder(tmp_path / "raw"), tmp_path / "out"
    assert prepare(raw, *SMALL, "--out", out) == 0
    before = contents(out)
    assert prepare(raw, *SMALL[2:], "--out", out) == 1
    assert "other settings" in capsys.readouterr().err
    assert prepare(raw, *SMALL, "--steps", "1-2", "--out", out) == 1
    assert "holds step 3, which would be lost" in capsys.readouterr().err
    assert contents(out) == before
    assert prepare(raw, *SMALL, "--steps", "1-2", "--out", out, "--overwrite") == 0
    assert [step.t for step in Dataset(out).spec.steps] == [1, 2]
    assert len(list(out.glob("steps/*"))) == 2


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


def wrong_order(path: Path) -> None:
    axes = np.array([90.0, 60, 20, -20, -60, -90]), np.array([3485.0, 3600, 4000, 6371]), np.arange(5) * 90.0
    fields = {name: np.zeros((4, 6, 5), np.float32) for name in ("temperature", "vx", "vy", "vz")}
    write_fields(path, fields, *axes, order=("r", "lat", "lon"))


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
        (lambda path: write_contest_file(path, variables=("temperature", "vx")), "no variable 'vy' in it"),
        (wrong_order, "temperature has dimensions (r, lat, lon) where (lat, r, lon) were due"),
        (spoiled_nan, "temperature has a shell without a finite value (3)"),
        (one_nan, "temperature has values that are not finite in 1 of its shells (the first is 3)"),
        (lambda path: shutil.copy(path, path.with_name("spherical2.nc")), "spherical2.nc: is of step 2"),
        (other_axes, "its axes are not those of spherical001.nc"),
        (no_axis, "no coordinate 'r' in it"),
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
        assert said.err.startswith(f"earthgan: {raw}/spherical2") or f"{raw}/spherical002.nc: " in said.err
        assert reason in said.err
    kept = contents(out)
    assert {name: kept[name] for name in before} == before
    Dataset(out).verify()
    assert not (tmp_path / "new" / "dataset.json").exists()
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_a_full_disk_is_one_line_and_leaves_nothing_by_half(tmp_path: Path) -> None:
    """A limit on the size of files fails where a full disk does: in the middle of a write."""
    raw, out = raw_folder(tmp_path / "raw"), tmp_path / "out"
    program = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
from earthgan.cli import main
from earthgan.quantities import cell_weights
from earthgan.sampling import ShellSampler
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
        (["--steps", "9"], "no file for step 9"),
        (["--variables", "temperature,colour"], "unknown variable 'colour'"),
        (["--held-out", "1-3"], "nothing is left to train on"),
        (["--preset", "paper"], "too small for the paper's preset"),
        (["--preset", "paper", "--truth", "4x8"], "sizes of its own"),
        (["--truth", "4x8x2"], "--truth: 2 sizes are due"),
        (["--scheduler", "nonsense://127.0.0.1:9"], "no Dask scheduler answers"),
        (["--mapping", "nowhere.toml"], "nowhere.toml: cannot be read"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_made(tmp_path: Path, capsys, arguments, reason: str) -> None:
    raw, out = raw_folder(tmp_path / "raw"), tmp_path / "out"
    assert prepare(raw, "--out", out, *arguments) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, capsys) -> None:
    raw, out = raw_folder(tmp_path / "raw"), tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").touch()
    assert prepare(raw, *SMALL, "--out", out) == 1
    assert "is not empty, and not a dataset" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_inspection_finds_what_was_spoiled_and_draws_it(tmp_path: Path, capsys) -> None:
    raw, picture, report = tmp_path / "raw", tmp_path / "shells.png", tmp_path / "shells.json"
    raw.mkdir()
    lat, lon, radii = np.linspace(90, -90, 19), np.linspace(0, 360, 37), np.linspace(3485, 6371, 40)
    wave = np.cos(np.radians(lat))[:, None] * np.cos(np.radians(3 * lon))
    field = (1 + (radii[:, None, None] - 3485) / 3000) * wave + 1500
    rng = np.random.default_rng(0)
    spoiled = {"temperature": field.copy(), "thermal conductivity": field.copy()}
    spoiled["temperature"][10] = 1500
    spoiled["temperature"][20, 3, 4] = np.nan
    spoiled["temperature"][30] = 1500 + rng.normal(size=wave.shape)
    spoiled["thermal conductivity"][15] += 100
    write_fields(raw / "spherical001.nc", spoiled, lat, radii, lon)
    assert prepare(raw, "--inspect", "--out", picture, "--json", report) == 0
    said = capsys.readouterr().out
    found = json.loads(report.read_text())["1"]["variables"]
    assert [each["shell"] for each in found["temperature"]["found"]] == [10, 20, 30]
    assert [each["shell"] for each in found["thermal_conductivity"]["found"]] == [15]
    assert "shell 10 (4225 km): constant" in said
    assert "1 of 684 values are not finite" in said
    assert "vx: not in the file" in said
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert prepare(raw, "--inspect", "--out", tmp_path / "shells.gif") == 1


@pytest.mark.slow
@needs_simulated
def test_a_file_of_another_origin_prepares_to_the_fields_that_the_reader_gives(tmp_path: Path) -> None:
    from earthgan_training.baseline import coarse_snapshot
    from earthgan_training.contest import read_snapshot

    raw, out = tmp_path / "raw", tmp_path / "out"
    expand = [sys.executable, str(SIMULATED / "expand.py"), str(SIMULATED / "run-a.npz"), str(raw), "--steps", "1"]
    subprocess.run(expand, check=True, capture_output=True, timeout=120)
    assert prepare(raw, "--out", out) == 0
    data, names = Dataset(out), ("temperature", "vx", "vy", "vz")
    snapshot = read_snapshot(raw / "spherical001.nc", 1, names)
    assert data.spec.steps[0].time_myr == snapshot.time_myr
    np.testing.assert_array_equal(data.inputs(1, names, normalised=False), coarse_snapshot(snapshot).values)
    truth = data.truth(1, names, normalised=False).astype(np.float64)
    due = snapshot.values.astype(np.float64)
    means, due_means = (
        (fields * cell_weights(grid)).sum(axis=(-2, -1))
        for fields, grid in ((truth, data.truth_grid), (due, snapshot.grid))
    )
    spread = np.abs(due).max(axis=(-2, -1))
    assert np.abs((means - due_means) / spread).max() < 1e-6
    # A field so smooth is, averaged, almost what it is: sampled at the truth's cells it differs by little.
    sampler = ShellSampler(snapshot.grid)
    for shell in (0, 100, 198):
        grid = data.truth_grid
        lat, lon = np.array(grid.latitudes_deg), np.array(grid.longitudes_deg)
        sampled = sampler.sample(due[0, shell].astype(np.float32), lat, lon)
        assert np.sqrt(np.mean((sampled - truth[0, shell]) ** 2)) < 0.03 * max(due[0, shell].std(), 1)


MAPPING = """
title = "A test atmosphere"
files = "atmosphere_([0-9]+)\\\\.nc"
order = ["time", "height", "lat", "lon"]

[axes]
latitude = "lat"
longitude = "lon"
vertical = "height"
kind = "height"
unit_km = 0.001

[[variables]]
source = "T"
name = "temperature"
long_name = "Air temperature"
unit = "K"
"""


def write_atmosphere(path: Path) -> None:
    """A temperature that falls by 6.5 K a km and towards the poles; from south to north, as such files often are."""
    heights, lat, lon = np.arange(0, 11_000, 500.0), np.linspace(-88, 88, 45), np.arange(-180, 180, 4.0)
    field = 288 - 0.0065 * heights[:, None, None] - 40 * np.sin(np.radians(lat))[:, None] ** 2 + 0 * lon
    with netCDF4.Dataset(path, "w") as file:
        for name, axis in (("height", heights), ("lat", lat), ("lon", lon), ("time", np.zeros(1))):
            file.createDimension(name, len(axis))
            file.createVariable(name, "f8", (name,))[:] = axis
        file.createVariable("T", "f4", ("time", "height", "lat", "lon"))[0] = field


def test_another_field_is_prepared_by_a_mapping_file(tmp_path: Path, capsys) -> None:
    raw, out, mapping = tmp_path / "raw", tmp_path / "out", tmp_path / "atmosphere.toml"
    raw.mkdir()
    mapping.write_text(MAPPING)
    for hour in (0, 6):
        write_atmosphere(raw / f"atmosphere_{hour:02d}.nc")
    assert prepare(raw, "--mapping", mapping, "--truth", "45x90", "--inputs", "5x9x18", "--out", out) == 0
    data = Dataset(out)
    assert [step.t for step in data.spec.steps] == [0, 6]
    assert data.truth_grid.radii_km[0] == 6371
    values = data.truth(6, ("temperature",), normalised=False)[0]
    latitudes, heights = np.array(data.truth_grid.latitudes_deg), np.array(data.truth_grid.radii_km) - 6371
    due = 288 - 6.5 * heights[:, None] - 40 * np.sin(np.radians(latitudes)) ** 2
    np.testing.assert_allclose(values.mean(axis=-1), due, rtol=0, atol=0.2)
    assert data.spec.vector is None
    assert prepare(raw, "--mapping", mapping, "--inspect") == 0
    assert "temperature: no damage found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("was", "instead", "reason"),
    [
        ('unit = "K"', "", "variables.0.unit: Field required"),
        ('vertical = "height"', 'vertical = "level"', "order: lacks the axis 'level'"),
        ("([0-9]+)", "[0-9]+", "files: Value error, needs a group"),
        ("title", "= title", "is not TOML"),
        ('kind = "height"', 'kind = "bottom"', "axes.kind: Input should be"),
        ("unit_km", "unit_cm", "axes.unit_cm: Extra inputs"),
    ],
)
def test_a_mapping_that_cannot_be_is_one_line(tmp_path: Path, capsys, was: str, instead: str, reason: str) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING.replace(was, instead))
    assert prepare(tmp_path, "--mapping", mapping, "--out", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"earthgan: {mapping}: ")
    assert reason in said
    assert said.count("\n") == 1
