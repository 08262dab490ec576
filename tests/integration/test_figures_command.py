"""`earthgan figures`: it draws the requested figures under names that sort, writes whole files, and fails with one
line.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contest_file import write_fields
from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan.cli import main
from earthgan_training.figures.sources import Generated, Interpolated, OnGrid, truth_of_dataset, truth_of_source
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.simulations.opening import open_source
from places import ROOT

LATITUDES = np.concatenate([[90.0], 90 - (np.arange(178) + 0.5) * 180 / 178, [-90.0]])
LONGITUDES = np.linspace(0, 360, 361)
RADII_KM = np.array([3485.0, 3600, 4500, 5400, 6300, 6371])


def waves(t: int) -> dict[str, np.ndarray]:
    """A flow outwards of speed 1e-9 m/s and a temperature; both are waves that drift eastwards."""
    lat, lon = np.radians(LATITUDES)[None, :, None], np.radians(LONGITUDES)[None, None, :]
    outwards = (1e-9 * np.cos(lat) ** 2 * np.cos(2 * lon - 0.3 * t)) * (RADII_KM / 6371)[:, None, None]
    axes = {"vx": np.cos(lat) * np.cos(lon), "vy": np.cos(lat) * np.sin(lon), "vz": np.sin(lat) + 0 * lon}
    temperature = 3600 - (RADII_KM - 3485)[:, None, None] + 4e11 * outwards
    fields = {"temperature": temperature} | {name: outwards * axis for name, axis in axes.items()}
    return {name: values.astype(np.float32) for name, values in fields.items()}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small steps."""
    folder = tmp_path_factory.mktemp("figures") / "raw"
    folder.mkdir()
    for t in (1, 2, 3):
        write_fields(folder / f"spherical{t:03d}.nc", waves(t), LATITUDES, RADII_KM, LONGITUDES)
    return folder


@pytest.fixture(scope="module")
def surrogate(raw: Path) -> Path:
    folder = raw.with_name("surrogate")
    assert main(["baseline", str(raw), "--out", str(folder), "--notice", "Waves that drift."]) == 0
    return folder


def figures(*arguments: object) -> int:
    return main(["figures", *map(str, arguments)])


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_the_usual_figures(raw: Path, surrogate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, chosen = tmp_path / "out", ["--variables", "v_radial,temperature", "--depths", "100"]
    assert (
        figures("--surrogate", surrogate, "--truth", raw, "--out", out, *chosen, "--json", tmp_path / "found.json") == 0
    )
    assert names(out) == [
        "animation-temperature-shell003.gif",
        "animation-v_radial-shell003.gif",
        "maps-temperature-step001.png",
        "maps-v_radial-step001.png",
        "preparation-temperature-step001-shell003.png",
        "preparation-v_radial-step001-shell003.png",
        "profiles-step001.png",
        "size.png",
    ]
    with Image.open(out / "animation-v_radial-shell003.gif") as animation:
        assert animation.n_frames == 3
    found = json.loads((tmp_path / "found.json").read_text())
    assert sorted(found["files"]) == names(out)
    assert found["left_out"] == {}
    assert found["bytes"]["surrogate"] == sum(p.stat().st_size for p in surrogate.rglob("*") if p.is_file())
    printed = capsys.readouterr().out
    assert printed.splitlines() == [str(out / name) for name in found["files"]]


def test_every_shell_is_an_image_of_its_own(surrogate: Path, tmp_path: Path) -> None:
    chosen = ["--kind", "shells", "--variables", "temperature", "--steps", "2-3"]
    assert figures("--surrogate", surrogate, "--out", tmp_path, *chosen) == 0
    due = [f"shells/temperature/step{t:03d}-shell{r:03d}.png" for t in (2, 3) for r in range(4)]
    assert names(tmp_path) == due
    pictures = [pixels(tmp_path / name) for name in due]
    assert len({picture.tobytes() for picture in pictures}) == len(due)
    assert len({picture.shape for picture in pictures}) == 1


def test_the_steps_asked_for_are_drawn_beside_the_truth(surrogate: Path, raw: Path, tmp_path: Path) -> None:
    chosen = ["--kind", "maps", "--variables", "temperature", "--steps", "2-3"]
    assert figures("--surrogate", surrogate, "--truth", raw, "--out", tmp_path, *chosen) == 0
    assert names(tmp_path) == ["maps-temperature-step002.png", "maps-temperature-step003.png"]


def test_the_same_seed_is_the_same_shells(surrogate: Path, tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 1)):
        chosen = ["--kind", "maps", "--variables", "speed", "--seed", seed]
        assert figures("--surrogate", surrogate, "--out", tmp_path / folder, *chosen) == 0
    maps = [(tmp_path / folder / "maps-speed-step001.png").read_bytes() for folder in ("a", "b")]
    assert maps[0] == maps[1]


def test_without_truth_the_command_says_what_it_leaves_out(
    surrogate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    chosen = ["--kind", "preparation,size,profiles", "--variables", "temperature"]
    assert figures("--surrogate", surrogate, "--out", out, *chosen, "--json", tmp_path / "found.json") == 0
    assert names(out) == ["profiles-step001.png", "size.png"]
    assert "left out: preparation (it shows the ground truth, so it needs --truth)" in capsys.readouterr().out
    assert list(json.loads((tmp_path / "found.json").read_text())["left_out"]) == ["truth", "preparation"]


def test_a_dataset_is_truth_too(raw: Path, tmp_path: Path) -> None:
    """Files and a data set on the surrogate's own grid give the same ground truth, except that the data set's cells are
    shifted.
    """
    from earthgan_training.surrogates.baseline import baseline

    dataset, folder = tmp_path / "dataset", tmp_path / "surrogate"
    prepare = ["prepare", raw, "--out", dataset, "--truth", "180x360", "--inputs", "3x6x12", "--workers", "0"]
    assert main([*map(str, prepare)]) == 0
    source = open_source([raw]).chosen(steps=[1, 2])
    baseline(source, folder, source.provenance)
    surrogate = Surrogate(folder)
    sources = [truth_of_source(source, surrogate)[0], truth_of_dataset(dataset, surrogate)[0]]
    sources.append(Generated(surrogate, onnx_backend(surrogate)))
    found = [source.stored(["temperature", "vx"], 2, [0, 3]) for source in sources]
    spread = found[0].std(axis=(1, 2, 3))[:, None, None, None]
    assert (np.abs(found[1] - found[0]) / spread).max() < 0.02
    assert (np.abs(found[2] - found[0]) / spread).mean() < 0.2
    interpolated = Interpolated(surrogate).stored(["temperature", "vx"], 2, [0, 3])
    assert (np.abs(found[2] - interpolated) / spread).max() < 1e-4
    chosen = ["--kind", "preparation,maps", "--variables", "v_radial", "--projection", "plate-carree"]
    assert figures("--surrogate", folder, "--truth", dataset, "--out", tmp_path / "out", *chosen) == 0
    assert len(names(tmp_path / "out")) == 2


def test_a_coarser_truth_is_compared_on_its_own_cells(raw: Path, surrogate: Path, tmp_path: Path) -> None:
    dataset, opened = tmp_path / "dataset", Surrogate(surrogate)
    prepare = ["prepare", raw, "--out", dataset, "--truth", "24x48", "--inputs", "3x6x12", "--workers", "0"]
    assert main([*map(str, prepare)]) == 0
    truth, grid = truth_of_dataset(dataset, opened)
    assert grid.shape == (4, 24, 48)
    assert grid.radii_km == opened.grid.radii_km
    due = Dataset(dataset).truth(2, ["temperature"], normalised=False)
    np.testing.assert_array_equal(truth.stored(["temperature"], 2, range(4)), due)
    generated = OnGrid(Generated(opened, onnx_backend(opened)), opened.grid, grid)
    found = generated.stored(["temperature"], 2, range(4))
    assert np.abs(found - due).max() < 0.1 * np.ptp(due)
    chosen = ["--kind", "preparation,maps,profiles", "--variables", "v_radial"]
    assert figures("--surrogate", surrogate, "--truth", dataset, "--out", tmp_path / "out", *chosen) == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--variables", "salinity"], "unknown variable 'salinity': this surrogate has temperature, vx,"),
        (["--steps", "9"], "no time step 9: this surrogate has steps between 1 and 3"),
        (["--shells", "4"], "no radial shell 4"),
        (["--truth", "RAW", "--steps", "3"], "partial: has no step 3; its steps: 1 to 1"),
        (["--truth", "nowhere"], "nowhere: no such file or folder"),
        (["--centre", "1000"], "--centre 1000"),
        (["--surrogate", "nowhere"], "nowhere/spec.json: No such file"),
    ],
)
def test_what_cannot_be_is_one_line(
    raw: Path, surrogate: Path, tmp_path: Path, capsys, arguments: list[str], reason: str
) -> None:
    partial = tmp_path / "partial"
    partial.mkdir()
    (partial / "spherical001.nc").symlink_to(raw / "spherical001.nc")
    arguments = [str(partial) if argument == "RAW" else argument for argument in arguments]
    status = 2 if "--centre" in arguments else 1
    assert figures("--surrogate", surrogate, "--out", tmp_path / "out", *arguments) == status
    said = capsys.readouterr()
    assert said.err.startswith("earthgan: ")
    assert reason in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_unknown_kind_is_wrong_usage(surrogate: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit) as exit_:
        figures("--surrogate", surrogate, "--out", tmp_path, "--kind", "maps,globes")
    assert exit_.value.code == 2
    assert "unknown kind 'globes': choose from preparation, size, maps" in capsys.readouterr().err


def limited(surrogate: Path, out: Path, before: str) -> subprocess.CompletedProcess[str]:
    """Draws size.png in a process of its own, after some lines of Python."""
    command = ["figures", "--surrogate", str(surrogate), "--out", str(out), "--kind", "size"]
    program = f"import os, resource, signal, sys\n{before}\nfrom earthgan.cli import main\nsys.exit(main({command!r}))"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_full_disk_leaves_nothing_half_written(surrogate: Path, tmp_path: Path) -> None:
    before = (
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    )
    done = limited(surrogate, tmp_path, before)
    assert done.returncode == 1, done.stderr
    assert done.stderr == f"earthgan: {tmp_path / 'size.png'}: cannot be written (File too large)\n"
    assert names(tmp_path) == []


def test_a_killed_figure_is_absent_and_drawn_the_next_time(surrogate: Path, tmp_path: Path) -> None:
    before = """
def hook(event, arguments):
    if event == "os.rename" and "size.png" in str(arguments[0]):
        os.kill(os.getpid(), 9)
sys.addaudithook(hook)"""
    done = limited(surrogate, tmp_path, before)
    assert done.returncode == -9, done.stderr
    left = names(tmp_path)
    assert left
    assert all(name.startswith(".size.png.") for name in left)
    assert limited(surrogate, tmp_path, "").returncode == 0
    assert names(tmp_path) == ["size.png"]
    assert pixels(tmp_path / "size.png").size
