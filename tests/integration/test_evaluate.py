"""`earthgan evaluate`: a whole run on small files, the published numbers on a real time step, and wrong usage."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import spectral_surrogate
from contest_file import write_fields
from earthgan import Surrogate
from earthgan.cli import main
from earthgan.spec import SurrogateSpec
from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.evaluate.codecs import available_codecs, code
from earthgan_training.evaluate.grids import comparison_grid
from earthgan_training.evaluate.inputs import encode_inputs, opened_at
from earthgan_training.evaluate.interpolation import cubic, paper_input, paper_input_grid
from earthgan_training.evaluate.scores import MEASURES
from earthgan_training.grids.area_mean import area_mean
from earthgan_training.simulations.opening import open_source
from earthgan_training.surrogates.baseline import baseline
from earthgan_training.surrogates.folder import write_spec

LATITUDES = np.concatenate([[90.0], 90 - (np.arange(38) + 0.5) * 180 / 38, [-90.0]])
LONGITUDES = np.linspace(0, 360, 81)
RADII_KM = np.linspace(3485, 6371, 18)
NAMES = ("temperature", "vx", "vy", "vz")


def write_step(path: Path, phase: float, hotter: float = 1.0) -> None:
    """Three plumes, a rotation and a flow, all turned a little by `phase`."""
    latitude, longitude = np.radians(LATITUDES)[:, None], np.radians(LONGITUDES) + phase
    x, y, z = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    radii = RADII_KM[:, None, None] / 6371
    z = z + 0 * longitude
    plumes = sum(np.exp(-8 * ((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2)) for a, b, c in np.eye(3))
    fields = {
        "temperature": 1500 + hotter * 2000 * (1 - radii) + hotter * 900 * plumes * radii,
        "vx": 1e-10 * (-y * radii + 0.3 * plumes),
        "vy": 1e-10 * (x * radii - 0.2 * plumes * z),
        "vz": 1e-10 * (0.5 * plumes * radii),
    }
    write_fields(path, fields, LATITUDES, RADII_KM, LONGITUDES)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("truth")
    for t in (1, 2, 3):
        write_step(folder / f"spherical{t:03d}.nc", phase=0.2 * t)
    write_step(folder / "spherical004.nc", phase=0.1, hotter=1.5)
    return folder


@pytest.fixture(scope="module")
def surrogate(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("surrogate") / "interpolated"
    chosen = open_source([raw]).chosen(steps=[1, 2])
    baseline(chosen, folder, chosen.provenance.model_copy(update={"notice": "Made up"}), "Plumes")
    return folder


def run(*arguments: object) -> int:
    return main(["evaluate", *map(str, arguments)])


def test_a_run_tells_and_writes_what_it_found(
    raw: Path, surrogate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = ["--json", tmp_path / "f.json", "--figures", tmp_path / "figures", "--markdown", tmp_path / "f.md"]
    asked = ["--surrogate", surrogate, "--truth", raw, "--steps", "2-3", *outputs]
    codecs = [each.name for each in available_codecs() if each.name == "sperr"]
    assert run(*asked, "--codecs", ",".join(codecs) or "none", *(["--rates", "400,800"] if codecs else [])) == 0
    found = json.loads((tmp_path / "f.json").read_text())
    assert found["steps"] == [2, 3]
    assert set(found["variables"]) == set(NAMES)
    deterministic = {"psnr_mean_db", "spread", "crps"}
    for numbers in found["variables"].values():
        assert set(MEASURES) - deterministic <= set(numbers)
        assert numbers["psnr_global_db"] > 25
        assert 0.5 < numbers["ssim"] <= 1
        assert 0.8 < numbers["power_ratio_1_5"] < 1.2
    assert set(found["bytes"]) >= {"inputs_per_step", "model", "per_step_over_251"}
    assert set(found["baselines"]) == {
        *("same_bytes_trilinear", "same_bytes_cubic", "trilinear", "cubic"),
        *codecs,
        *(f"{c}_all_bytes_on_temperature" for c in codecs),
    }
    assert found["baselines"]["cubic"]["vx"].keys() >= {"psnr_global_db", "bytes"}
    assert found["velocity"]["divergence"] > 0
    assert len(found["shells"]["temperature"]["psnr_db"]) == len(found["shells"]["depth_km"]) == 16
    assert [step["inputs_differ_from_stored"] for step in found["by_step"]] == [0.0, None]

    text = (tmp_path / "f.md").read_text()
    assert f"earthgan evaluate --surrogate {surrogate.name} --truth {raw.name} --steps 2-3" in text
    assert str(tmp_path) not in text
    assert "Made up" in text
    for path in (tmp_path / "figures").iterdir():
        assert f"](figures/{path.name})" in text
        assert path.read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.rglob(".*"))
    told = capsys.readouterr().out
    assert "PSNR against others" in told
    assert "SSIM" in told


def test_another_run_is_measured_beside_it(raw: Path, surrogate: Path, tmp_path: Path) -> None:
    other = tmp_path / "hotter"
    other.mkdir()
    (other / "spherical007.nc").symlink_to(raw / "spherical004.nc")
    outputs = ["--json", tmp_path / "f.json", "--figures", tmp_path / "figures", "--markdown", tmp_path / "f.md"]
    runs = ["--truth", raw, "--steps", "2", "--truth", other, "--steps", "7"]
    assert run("--surrogate", surrogate, *runs, "--codecs", "none", *outputs) == 0
    found = json.loads((tmp_path / "f.json").read_text())
    assert found["steps"] == [2]
    assert found["other_runs"]["hotter"]["steps"] == [7]
    text = (tmp_path / "f.md").read_text()
    assert f"--truth {raw.name} --steps 2 --truth hotter --steps 7" in text
    assert "## Another run: `hotter`" in text
    for path in (tmp_path / "figures").iterdir():
        assert f"](figures/{path.name})" in text
    assert (tmp_path / "figures/fidelity-hotter-shells.png").exists()


def test_the_sources_own_grid_takes_the_sources_own_values(raw: Path, surrogate: Path, tmp_path: Path) -> None:
    """The largest error names a place on the source's grid, and the value that the source has there."""
    outputs = ["--json", tmp_path / "f.json", "--markdown", tmp_path / "f.md"]
    asked = ["--surrogate", surrogate, "--truth", raw, "--steps", "2", "--codecs", "none", "--grid", "source", *outputs]
    assert run(*asked) == 0
    source, found = open_source([raw]), json.loads((tmp_path / "f.json").read_text())
    assert found["grid"] == list(source.grid.shape)
    for name in NAMES:
        worst = found["largest_errors"][name]
        place = (
            np.abs(6371 - worst["depth"] - np.asarray(source.grid.radii_km)).argmin(),
            source.grid.latitudes_deg.index(worst["latitude_deg"]),
            source.grid.longitudes_deg.index(worst["longitude_deg"]),
        )
        assert worst["truth"] == pytest.approx(float(source.read(2, name)[place]))
    page = (tmp_path / "f.md").read_text()
    assert "own grid of {} shells x {} rows x {} columns".format(*source.grid.shape) in page
    assert "--grid source" in page


def test_computed_inputs_are_those_that_were_stored(raw: Path, surrogate: Path) -> None:
    opened = Surrogate(surrogate)
    for t in (1, 2):
        encoded = encode_inputs(opened, open_source([raw]), t)
        assert encoded is not None
        assert encoded.content == (surrogate / f"inputs/00{t}.npy").read_bytes()
        assert encoded.clipped == 0


def test_coded_inputs_are_computed_too(tmp_path: Path) -> None:
    """The inputs of this surrogate are the code of coefficients. It has never coded step 4."""
    truth = spectral_surrogate.write_raw(tmp_path / "raw")
    folder = spectral_surrogate.make(truth, tmp_path / "surrogate")
    asked = ["--surrogate", folder, "--truth", truth, "--steps", "4-5", "--codecs", "none"]
    assert run(*asked, "--json", tmp_path / "f.json") == 0
    found = json.loads((tmp_path / "f.json").read_text())
    assert [step["inputs_differ_from_stored"] for step in found["by_step"]] == [None, 0.0]
    for name in NAMES:
        assert found["variables"][name]["psnr_global_db"] > found["baselines"]["cubic"][name]["psnr_global_db"]


def test_what_a_surrogate_cannot_store_is_clipped_and_counted(
    raw: Path, surrogate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened_at(Surrogate(surrogate), open_source([raw]), 4) as there:
        codes = np.load(there.surrogate.folder / there.surrogate.steps[0].file)
        assert there.clipped > 0
        assert there.clipped <= np.isin(codes, (0, 65535)).sum()
    assert run("--surrogate", surrogate, "--truth", raw, "--steps", "4", "--codecs", "none") == 0
    assert f"step 4: {there.clipped} numbers" in capsys.readouterr().out


def test_draws_of_a_surrogate_with_a_seed_are_told_apart(raw: Path, surrogate: Path, tmp_path: Path) -> None:
    """Interpolation has no noise, so all members are equal: the spread is 0, and the CRPS is the mean error."""
    folder = tmp_path / "seeded"
    subprocess.run(["cp", "-r", surrogate, folder], check=True)
    spec = SurrogateSpec.model_validate_json((folder / "spec.json").read_text())
    write_spec(folder, spec.model_copy(update={"seed": 2**32 - 1}))
    asked = ["--surrogate", folder, "--truth", raw, "--steps", "2", "--codecs", "none", "--json", tmp_path / "f.json"]
    assert run(*asked, "--members", "3") == 0
    numbers = json.loads((tmp_path / "f.json").read_text())["variables"]["temperature"]
    assert numbers["spread"] == pytest.approx(0, abs=1e-3)
    assert numbers["crps"] > 0
    assert numbers["psnr_mean_db"] == pytest.approx(numbers["psnr_global_db"], abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--steps", "9"], "has no step 9"),
        (["--steps", "1", "--codecs", "zip"], "codec 'zip' is not installed"),
        (["--steps", "1", "--members", "2"], "the surrogate has no noise"),
        (["--steps", "5"], "is truncated"),
        (["--steps", "1", "--mapping", "nothing.toml"], "nothing.toml"),
    ],
)
def test_one_line_says_what_is_wrong(
    raw: Path, surrogate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for t in (1, 2):
        (folder / f"spherical00{t}.nc").symlink_to(raw / f"spherical00{t}.nc")
    if "5" in arguments:
        (folder / "spherical005.nc").write_bytes((raw / "spherical001.nc").read_bytes()[:-5000])
    out = tmp_path / "found.json"
    assert run("--surrogate", surrogate, "--truth", folder, "--json", out, *arguments) == 1
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1
    assert not out.exists()


def test_numbers_without_a_unit_have_no_truth(
    raw: Path, published_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--surrogate", published_folder, "--truth", raw) == 1
    assert "normalised" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--steps", "b"],
        ["--steps", "1", "--steps", "2"],
        ["--truth", "z/y"],
        ["--members", "0"],
        ["--rates", "1,x"],
        [],
    ],
)
def test_wrong_usage(wrong: list[str]) -> None:
    try:
        status = run(*(["--surrogate", "x", "--truth", "y", *wrong] if wrong else []))
    except SystemExit as exit_:
        status = exit_.code
    assert status == 2


def test_the_published_generator_needs_files_of_its_size(
    raw: Path, surrogate: Path, published_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--surrogate", surrogate, "--truth", raw, "--steps", "2", "--codecs", "none"]
    assert run(*asked, "--beside", published_folder) == 1
    assert "too small for the preset paper" in capsys.readouterr().err


@pytest.mark.slow
def test_the_published_generator_is_on_the_curve(simulated_raw: Path, published_folder: Path, tmp_path: Path) -> None:
    """With the best possible constants, the published generator explains part of another simulation, but less than
    interpolation does.
    """
    source = open_source([simulated_raw]).chosen(NAMES, [30])
    baseline(source, tmp_path / "interpolated", source.provenance, "Interpolated")
    asked = ["--surrogate", tmp_path / "interpolated", "--truth", simulated_raw, "--codecs", "none"]
    assert run(*asked, "--beside", published_folder, "--json", tmp_path / "f.json") == 0
    found = json.loads((tmp_path / "f.json").read_text())
    for name, (point,) in found["rates"]["published"].items():
        assert point["bytes"] > 190_000
        assert 15 < point["psnr_global_db"] < found["baselines"]["cubic"][name]["psnr_global_db"]


@pytest.mark.slow
def test_step_30_of_the_simulated_run(simulated_raw: Path) -> None:
    """The results of others on this step: cubic interpolation of the paper's input, and SPERR by rate (temperature,
    vx).
    """
    sperr = {each.name: each for each in available_codecs()}.get("sperr")
    measured = {
        "temperature": (24.9, {2931: 31.4, 11592: 42.6}),
        "vx": (33.1, {5818: 50.7, 23139: 65.7}),
    }
    source = open_source([simulated_raw])
    grid = comparison_grid(180, 360, source.grid.radii_km)
    for name, (interpolated, by_rate) in measured.items():
        truth = area_mean(source.read(30, name)[1:], source.grid, grid)
        coarse_grid = paper_input_grid(grid)
        coarse, size = paper_input(truth, grid, coarse_grid)
        assert size == 11_340 + 8
        assert psnr(cubic(coarse, coarse_grid, grid), truth) == pytest.approx(interpolated, abs=0.5)
        for rate, decibels in by_rate.items() if sperr else ():
            assert psnr(code(sperr, truth, rate).field, truth) == pytest.approx(decibels, abs=0.3)
