"""`earthgan simulate`: the other commands can read its files, a killed run continues, and the published benchmarks
hold.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from earthgan.errors import BadInput, WrongUsage
from earthgan_training.simulate import initial
from earthgan_training.simulate.benchmark import BENCHMARKS
from earthgan_training.simulate.command import add_simulate
from earthgan_training.simulate.model import Model
from earthgan_training.simulate.output import Axes, OutputFields
from earthgan_training.simulate.parameters import (
    DIFFUSION_TIME_MYR,
    PRESETS,
    VELOCITY_M_PER_S,
    OutputGrid,
    Physics,
    Resolution,
    Setup,
    Stage,
    ViscosityStep,
)
from earthgan_training.simulate.run import Progress, simulate, write_archived
from earthgan_training.simulations.contest import CONTEST_LATITUDES_DEG, contest_radius_km
from earthgan_training.simulations.opening import open_source

VARIABLES = (
    *("temperature", "vx", "vy", "vz", "thermal conductivity", "thermal expansivity", "temperature anomaly"),
    "spin transition-induced density anomaly",
)
TINY = Setup(
    name="tiny",
    physics=Physics(2000.0, heating=1.0, viscosity_steps=(ViscosityStep(660, 0.3, 80),)),
    resolution=Resolution(16, 10),
    grid=OutputGrid(19, 12, 37),
    interval=4e-3,
    spin_up=2,
)
STAGED = replace(
    TINY,
    name="staged",
    spin_up=1,
    stages=(
        Stage(1000.0, Resolution(14, 10, vanishing=100.0), interval=8e-3, intervals=2),
        Stage(1500.0, Resolution(15, 12), interval=3e-3, intervals=3),
    ),
)
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_simulate import TINY
from earthgan_training.simulate.run import simulate
simulate(TINY, 7, int(sys.argv[3]), Path(sys.argv[2]))
"""


def command(*arguments: str) -> None:
    parser = argparse.ArgumentParser()
    add_simulate(parser.add_subparsers())
    parsed = parser.parse_args(["simulate", *arguments])
    parsed.run(parsed)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    simulate(TINY, 7, 6, folder)
    return folder


def test_files_are_read_as_contest_data(whole: Path) -> None:
    source = open_source([whole])
    assert [step.t for step in source.steps] == [1, 2, 3, 4, 5, 6]
    assert source.grid.shape == (10, 19, 36)
    temperature, *velocity = (source.read(2, name) for name in VARIABLES[:4])
    assert np.isfinite([temperature, *velocity]).all()
    assert 290 < temperature.min() < temperature.max() < 3700
    assert temperature[0].mean() > temperature[-1].mean() + 1000, "shell 0 lies next to the core"
    assert 1e-12 < np.abs(velocity).max() < 1e-7
    assert source.step(2).time_myr is not None


def test_files_say_what_they_are(whole: Path) -> None:
    with netCDF4.Dataset(whole / "spherical003.nc") as file:
        assert list(file.dimensions) == ["lon", "r", "lat"]
        assert [name for name in file.variables if name not in file.dimensions] == list(VARIABLES)
        assert all(file[name].dimensions == ("lat", "r", "lon") for name in VARIABLES)
        assert "not the IEEE SciVis Contest 2021 data" in file.title
        assert (file.seed, file.rayleigh_number, file.harmonic_degree) == (7, 2000.0, 10)
        assert file.viscosity == "x 0.3 above 660 km (tanh, 80 km)"
        temperature = file["temperature"][:]
        np.testing.assert_array_equal(temperature[:, :, 0], temperature[:, :, -1])
        np.testing.assert_allclose(temperature[:, 0], 3600, atol=0.05)
        np.testing.assert_allclose(temperature[:, -1], 293, atol=0.05)
        anomaly = file["temperature anomaly"][:]
        lateral = temperature - anomaly
        assert np.ptp(lateral, axis=(0, 2)).max() < 2e-3, "the anomaly is from one mean of each shell"
        weights = np.cos(np.radians(file["lat"][:]))
        assert np.abs(np.average(anomaly.mean(axis=2), axis=0, weights=weights)).max() < 0.05 * np.abs(anomaly).max()
        for name in VARIABLES:  # a pole is one point, in Cartesian components too
            poles = file[name][:][[0, -1]]
            assert np.ptp(poles, axis=2).max() < 2e-5 * np.abs(file[name][:]).max(), name


def test_times_and_speeds_are_scaled_so_that_the_surface_moves_as_plates_do(whole: Path) -> None:
    history = np.genfromtxt(whole / "history.csv", delimiter=",", names=True)
    speeds = []
    for t in (1, 6):
        with netCDF4.Dataset(whole / f"spherical{t:03d}.nc") as file:
            own_speed = history["surface_speed"][:2].mean() * VELOCITY_M_PER_S
            assert file.time_scale == pytest.approx(0.04 / 31557600 / own_speed)
            scale = file.time_scale
            assert f"{scale:.4g}" in file.comment
            own_time = history["time"][TINY.spin_up + t - 1] * DIFFUSION_TIME_MYR
            assert file.time_Myr == pytest.approx(own_time / file.time_scale)
            surface = np.array([file[name][:-1, -1, :-1] for name in ("vx", "vy", "vz")])
            weights = np.cos(np.radians(file["lat"][:-1]))
            square = np.average((surface**2).sum(axis=0).mean(axis=1), weights=weights)
            now = history["surface_speed"][TINY.spin_up + t - 1] / history["surface_speed"][:2].mean()
            speeds.append(np.sqrt(square) * 31557600 / now)
    np.testing.assert_allclose(speeds, 0.04, rtol=0.03)
    assert open_source([whole]).provenance.time_scale == pytest.approx(scale)


def test_coordinates_are_the_contest_s() -> None:
    model = Model(Physics(1.0), Resolution(8, 4), 0.4)
    axes = Axes.of(model.physics, PRESETS["contest-like"].setup.grid)
    np.testing.assert_allclose(axes.latitudes, CONTEST_LATITUDES_DEG)
    np.testing.assert_allclose(axes.radii_km[1:-1], contest_radius_km(np.arange(1, 200)), atol=1e-9)
    np.testing.assert_allclose(axes.radii_km[[0, -1]], [3485, 6371])
    np.testing.assert_array_equal(axes.longitudes, np.linspace(0, 360, 360))


def test_written_velocity_is_the_model_s() -> None:
    """A flow of degree 1 along x, whose Cartesian components are known in every direction."""
    model = Model(Physics(1000.0), Resolution(20, 4, "float64"), 0.4)
    coefficients = initial.perturbed(model.grid, 4, {(1, 1): 0.1})
    output = OutputFields(model, OutputGrid(13, 9, 25))
    fields = output.fields(coefficients)
    radial, lateral = model.velocity(coefficients)
    u, v = (output._radial @ part[1, 1, 0] * np.sqrt(3 / (2 * np.pi)) for part in (radial, lateral))
    degrees = output.axes.latitudes, output.axes.longitudes
    latitude, longitude = np.meshgrid(*map(np.radians, degrees), indexing="ij")
    x, y, z = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    # u = U x r^ + V grad x, and grad x on the unit sphere is x^ - x r^.
    for name, outward, along in (("vx", x, 1), ("vy", y, 0), ("vz", z, 0)):
        exact = (u - v)[None, :, None] * (x * outward)[:, None, :] + along * v[None, :, None]
        np.testing.assert_allclose(fields[name] / VELOCITY_M_PER_S, exact, atol=2e-5 * np.abs(u).max())


def test_a_run_can_be_made_longer(whole: Path, tmp_path: Path) -> None:
    simulate(TINY, 7, 2, tmp_path)
    assert len(open_source([tmp_path]).steps) == 2
    simulate(TINY, 7, 6, tmp_path)
    assert contents(tmp_path) == contents(whole)


def test_a_killed_run_goes_on_to_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path), "6"]
    for wanted in (1, 4):
        process = subprocess.Popen(arguments)
        deadline = time.monotonic() + 60
        while not (tmp_path / f"spherical{wanted:03d}.nc").exists():
            assert process.poll() is None, "ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "spherical006.nc").exists()
    subprocess.run(arguments, check=True)
    assert contents(tmp_path) == contents(whole)


def test_a_run_in_stages_stops_and_continues_anywhere_to_the_same_bytes(tmp_path: Path) -> None:
    """Also from the checkpoints at the ends of stages."""
    seen: list[float] = []
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    simulate(STAGED, 3, 2, whole, lambda now: seen.append(now.intervals))
    assert seen[-1] == 2 + 3 + 1 + 2
    assert seen == sorted(seen)
    assert len(list(whole.glob("spherical*.nc"))) == 2

    class Stopped(Exception):
        pass

    for limit in (1, 2, 2, 5, 5, 6, 7):

        def watch(now: Progress, limit: int = limit) -> None:
            if now.intervals >= limit:
                raise Stopped

        with pytest.raises(Stopped):
            simulate(STAGED, 3, 2, stopped, watch)
    simulate(STAGED, 3, 2, stopped)
    assert contents(stopped) == contents(whole)
    times = np.loadtxt(whole / "history.csv", delimiter=",", skiprows=1)[:, 1]
    expected = np.cumsum([8e-3] * 2 + [3e-3] * 3 + [4e-3] * 3)
    np.testing.assert_allclose(times, expected)


def test_kept_coefficients_read_like_files(whole: Path, tmp_path: Path) -> None:
    """Each command that reads files reads a run's coefficients, in any shells and in any order. A field as a whole has
    the same bits.
    """
    simulate(TINY, 7, 6, tmp_path, keep="coefficients")
    kept, files = (open_source([each]) for each in (tmp_path, whole))
    assert (kept.grid, kept.variables, kept.steps) == (files.grid, files.variables, files.steps)
    assert kept.planet == files.planet
    assert kept.provenance.model_copy(update={"source": whole.name}) == files.provenance
    shells = len(kept.grid.radii_km)
    for t, run in ((6, range(shells)), (2, range(3, 5)), (2, range(shells - 1, shells)), (1, range(2))):
        for each in reversed(kept.variables):
            name = each.variable.name
            found, due = kept.read(t, name, run), files.read(t, name, run)
            if len(run) == shells:
                np.testing.assert_array_equal(found, due)
            np.testing.assert_allclose(found, due, rtol=0, atol=1e-5 * np.abs(files.read(t, name, range(shells))).max())


def test_coefficients_without_their_history_are_refused(tmp_path: Path) -> None:
    simulate(TINY, 7, 1, tmp_path, keep="coefficients")
    (tmp_path / "history.csv").unlink()
    with pytest.raises(BadInput, match="cannot be read as the history of a run"):
        open_source([tmp_path])
    (tmp_path / "other.npz").write_bytes(b"")
    with pytest.raises(BadInput, match="is not named as the coefficients"):
        open_source([tmp_path / "other.npz"])


def test_files_follow_from_kept_coefficients(whole: Path, tmp_path: Path) -> None:
    kept, written = tmp_path / "kept", tmp_path / "written"
    simulate(TINY, 7, 6, kept, keep="coefficients")
    assert not list(kept.glob("*.nc"))
    write_archived(kept, written, None)
    assert contents(written) == {name: data for name, data in contents(whole).items() if name.endswith(".nc")}
    command("--from", str(kept), "--out", str(tmp_path / "two"), "--steps", "2")
    assert [path.name for path in sorted((tmp_path / "two").iterdir())] == ["spherical001.nc", "spherical002.nc"]
    with pytest.raises(BadInput, match="holds no coefficients"):
        write_archived(whole, tmp_path / "none", None)
    (kept / "coefficients003.npz").write_bytes(b"PK torn")
    with pytest.raises(BadInput, match="cannot be read as coefficients"):
        write_archived(kept, tmp_path / "three", None)
    with pytest.raises(WrongUsage, match="--from needs --out"):
        command("--from", str(kept), "--benchmark", "cubic")


def test_another_run_s_folder_is_refused(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="belongs to another run \\(seed is 7 there and 8 here\\)"):
        simulate(TINY, 8, 6, whole)
    (tmp_path / "spherical001.nc").touch()
    with pytest.raises(BadInput, match="no checkpoint"):
        simulate(TINY, 7, 1, tmp_path)
    (tmp_path / "checkpoint.npz").write_bytes(b"PK torn")
    with pytest.raises(BadInput, match="cannot be read as a checkpoint"):
        simulate(TINY, 7, 1, tmp_path)


def test_an_under_resolved_run_stops_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="under-resolved") as failure:
        command("--out", str(tmp_path / "raw"), "--rayleigh", "1e6", "--degree", "8", "--nodes", "12")
    assert "\n" not in str(failure.value)
    assert not list((tmp_path / "raw").glob("*.nc"))


def test_several_seeds_and_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PRESETS, "quick", type(PRESETS["quick"])(TINY, 1, "nothing"))
    command("--out", str(tmp_path / "raw"), "--seed", "1", "2", "--json", str(tmp_path / "out.json"))
    found = json.loads((tmp_path / "out.json").read_text())
    assert list(found) == [str(tmp_path / "raw" / "seed-1"), str(tmp_path / "raw" / "seed-2")]
    assert (tmp_path / "raw/seed-1/spherical001.nc").read_bytes() != (
        tmp_path / "raw/seed-2/spherical001.nc"
    ).read_bytes()
    command("--out", str(tmp_path / "one"), "--seed", "1", "--json", str(tmp_path / "one.json"))
    one = json.loads((tmp_path / "one.json").read_text())
    assert set(one) == {"nusselt_top", "nusselt_bottom", "v_rms", "mean_temperature"}
    assert one == found[str(tmp_path / "raw" / "seed-1")]
    assert "nusselt_top" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "0"], "'0' is not a whole number of at least 1"),
        (["--rayleigh", "-5"], "-5 is not a positive number"),
        (["--cfl", "nan"], "nan is not a positive number"),
        (["--seed", "-1"], "'-1' is not a whole number of at least 0"),
    ],
)
def test_bad_options(arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command("--out", str(tmp_path), *arguments)
    assert message in capsys.readouterr().err


def test_presets_say_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    command("--list-presets")
    text = capsys.readouterr().out
    for name, preset in PRESETS.items():
        assert f"{name}: Ra" in text
        assert "MB" in preset.needs
        assert "CPU" in preset.needs


@pytest.mark.slow
@pytest.mark.parametrize("case", ["tetrahedral", "cubic"])
def test_benchmark_of_zhong_et_al(case: str, tmp_path: Path) -> None:
    command("--benchmark", case, "--json", str(tmp_path / "b.json"))
    found, published = json.loads((tmp_path / "b.json").read_text()), BENCHMARKS[case]
    assert found["nusselt_top"] == pytest.approx(published.nusselt, rel=1e-3)
    assert found["nusselt_bottom"] == pytest.approx(published.nusselt, rel=1e-3)
    assert found["v_rms"] == pytest.approx(published.v_rms, rel=1e-3)


@pytest.mark.slow
def test_a_contest_like_step_costs_half_a_cpu_second_at_most() -> None:
    script = """
import time
from earthgan_training.simulate import initial
from earthgan_training.simulate.clock import Clock
from earthgan_training.simulate.model import Model
from earthgan_training.simulate.parameters import PRESETS
setup = PRESETS["contest-like"].setup
model = Model(setup.physics, setup.resolution, setup.cfl)
state = model.start(initial.random(model.grid, setup.resolution.degree, 0), Clock(setup.interval))
state = model.advanced(model.advanced(state))
before = time.process_time()
for _ in range(8):
    state = model.advanced(state)
print((time.process_time() - before) / 8)
"""
    single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | single, check=True, capture_output=True)
    assert float(done.stdout) < 0.5
