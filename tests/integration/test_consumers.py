"""Data of other people go through `prepare`, `train`, `baseline`, `evaluate` and `figures`, and every statement about
them is true.
"""

import json
import re
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from cases import generate, mapping_of
from contest_file import write_fields
from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan.cli import main
from earthgan_training.prepare.dataset import Dataset
from places import CASES

needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the generators of cases are not here")
ONE_UPDATE = ["--device", "cpu", "--set", "content.steps=1", "--set", "adversarial.steps=0", "--set", "batch=1"]
COMMENT = "Simulated by somebody. No phase transitions."


def run(*arguments: object) -> int:
    return main([*map(str, arguments)])


def case(name: str, out: Path) -> tuple[object, list[object]]:
    """The module of a case, and the words that name its source."""
    module = generate(name, out)
    mapping = mapping_of(name, out)
    return module, [out / name, *(["--mapping", mapping] if mapping else [])]


def served(folder: Path, name: str, r: int) -> tuple[np.ndarray, Surrogate]:
    """A shell in units."""
    surrogate = Surrogate(folder)
    shells = surrogate.shells(onnx_backend(surrogate), [name], surrogate.steps[0].t, [r])
    return surrogate.in_units(shells, [name])[0, 0], surrogate


def test_what_a_source_says_of_itself_is_true_of_all_that_is_made_of_it(tmp_path: Path, capsys) -> None:
    """Title, notice, licence and credit reach the data set, the trained surrogate, and the exported one."""
    raw, data, folder = tmp_path / "raw", tmp_path / "data", tmp_path / "run"
    raw.mkdir()
    latitudes, longitudes, radii = np.linspace(90, -90, 37), np.linspace(0, 360, 73), np.linspace(3485, 6371, 14)
    field = 1500 + 300 * np.sin(np.radians(latitudes))[:, None] * np.cos(np.radians(longitudes))
    fields = {name: np.broadcast_to(field, (14, *field.shape)) for name in ("temperature", "vx", "vy", "vz")}
    write_fields(raw / "spherical001.nc", fields, latitudes, radii, longitudes)
    with netCDF4.Dataset(raw / "spherical001.nc", "a") as file:
        file.setncatts({"title": "A mantle of ours", "comment": COMMENT, "license": "CC-BY-4.0", "credit": "A. Nonym"})
    assert run("prepare", raw, "--out", data, "--workers", 0) == 0
    assert run("train", "--data", data, "--out", folder, *ONE_UPDATE) == 0
    assert run("export", folder / "surrogate") == 0
    assert run("baseline", raw, "--out", tmp_path / "plain") == 0
    assert run("baseline", raw, "--out", tmp_path / "said", "--licence", "CC0-1.0", "--measured", "--title", "T") == 0
    described = Dataset(data).spec
    made = [Surrogate(path).spec for path in (folder / "surrogate", tmp_path / "plain")]
    for spec in (described, *made):
        origin = spec.provenance
        assert spec.title == "A mantle of ours"
        assert (origin.notice, origin.licence, origin.credit) == (COMMENT, "CC-BY-4.0", "A. Nonym")
        assert origin.simulated is True
        assert spec.planet.radius_km == 6371
    said = Surrogate(tmp_path / "said").spec
    assert (said.title, said.provenance.licence, said.provenance.simulated) == ("T", "CC0-1.0", False)
    assert said.provenance.notice == COMMENT
    told = capsys.readouterr().out
    assert "held-out" not in told + made[0].description
    assert "samples of a step that was trained on" in told
    assert "samples of a step that was trained on" in made[0].description


@needs_cases
def test_nothing_is_assumed_of_somebody_elses_data(tmp_path: Path) -> None:
    _, source = case("scalar_not_temperature", tmp_path)
    assert run("baseline", *source, "--out", tmp_path / "b") == 0
    spec = Surrogate(tmp_path / "b").spec
    assert (spec.provenance.licence, spec.provenance.simulated, spec.provenance.notice) == ("", None, "")
    (variable,) = spec.variables
    assert (variable.name, variable.unit) == ("dvs", "percent")
    assert variable.range[0] == -variable.range[1]
    text = (tmp_path / "b" / "spec.json").read_text()
    assert not re.search(r"Temperature|\"K\"|convection|Apache", text)


@needs_cases
def test_a_trained_surrogate_of_one_coarse_step_is_what_it_says(tmp_path: Path, capsys) -> None:
    """The truth is no finer than the source; the default preset is cut to it; the source itself is accepted as truth;
    and a network that loses to interpolating its own input is seen to lose.
    """
    _, source = case("coarser_than_the_preset", tmp_path)
    data, folder = tmp_path / "data", tmp_path / "run"
    assert run("prepare", *source, "--out", data, "--workers", 0) == 0
    told = capsys.readouterr().out
    assert "the source has 36 x 72 cells: the ground truth has 32 x 64, and the conditional input 12 x 4 x 8" in told
    assert Dataset(data).spec.truth_grid.shell_grid.shape == (12, 32, 64)
    assert run("train", "--data", data, "--out", folder, *ONE_UPDATE) == 0
    assert json.loads((folder / "config.json").read_text())["samples"]["patch"] == [12, 32, 64]
    assert "held-out" not in capsys.readouterr().out
    truth = ["--truth", *source]
    assert run("evaluate", "--surrogate", folder / "surrogate", *truth, "--json", tmp_path / "e.json") == 0
    assert "dB below interpolating its own input: interpolation is better" in capsys.readouterr().out
    found = json.loads((tmp_path / "e.json").read_text())
    assert found["grid"] == [12, 36, 72]
    assert found["gain_over_same_bytes_db"]["temperature"] < -0.1
    own = found["baselines"]["same_bytes_cubic"]["temperature"]["bytes"]
    assert own == found["bytes"]["inputs_per_step"] < found["bytes"]["per_step_over_251"]
    assert run("figures", "--surrogate", folder / "surrogate", *truth, "--out", tmp_path / "f", "--kind", "maps") == 0
    finer = ["--truth", "112x224", "--inputs", "12x14x28", "--workers", 0]
    assert run("prepare", *source, "--out", tmp_path / "finer", *finer) == 0
    assert "112 x 224 cells are finer than the source's 36 x 72" in capsys.readouterr().out
    patch = [*ONE_UPDATE, "--set", "samples.patch=[40,32,64]"]
    assert run("train", "--data", data, "--out", tmp_path / "no", *patch) == 1
    assert "samples.patch: 40 shells, but the generator computes 1 to 12" in capsys.readouterr().err


@needs_cases
def test_a_baseline_of_a_coarse_source_is_compared_on_the_sources_own_cells(tmp_path: Path, capsys) -> None:
    _, source = case("coarser_than_the_preset", tmp_path)
    folder = tmp_path / "b"
    assert run("baseline", *source, "--out", folder) == 0
    assert Surrogate(folder).grid.shape == (12, 36, 72)
    assert run("evaluate", "--surrogate", folder, "--truth", *source, "--codecs", "none") == 0
    assert "as good as interpolating its own input" in capsys.readouterr().out
    assert run("figures", "--surrogate", folder, "--truth", *source, "--out", tmp_path / "f", "--kind", "profiles") == 0


@needs_cases
def test_somebody_elses_grid_becomes_a_map(tmp_path: Path) -> None:
    module, source = case("mapped_to_map", tmp_path)
    assert run("baseline", *source, "--out", tmp_path / "b") == 0
    field, surrogate = served(tmp_path / "b", "temperature", 6)
    assert (surrogate.spec.title, surrogate.spec.variables[0].unit) == ("mapped_to_map", "K")
    grid = surrogate.grid
    due = module.truth(grid.radii_km, np.array(grid.latitudes_deg), np.array(grid.longitudes_deg))[6]
    assert np.abs(field - due).max() < 0.02 * np.ptp(due)


@needs_cases
def test_numbers_from_0_to_1_have_colours_from_0_to_1(tmp_path: Path) -> None:
    _, source = case("nondim_temperature", tmp_path)
    assert run("baseline", *source, "--out", tmp_path / "b") == 0
    low, high = Surrogate(tmp_path / "b").spec.variables[0].range
    assert -0.1 <= low <= 0.1
    assert 0.9 <= high <= 1.05


@needs_cases
def test_sound_levels_far_apart_are_not_called_damaged(tmp_path: Path, capsys) -> None:
    _, source = case("few_levels", tmp_path)
    assert run("prepare", *source, "--inspect") == 0
    assert "temperature: no damage found" in capsys.readouterr().out


@needs_cases
def test_cells_that_were_filled_are_counted(tmp_path: Path) -> None:
    _, source = case("nan_topography", tmp_path)
    assert run("prepare", *source, "--missing", "fill", "--out", tmp_path / "d", "--workers", 0) == 0
    described = json.loads((tmp_path / "d" / "dataset.json").read_text())
    assert described["missing"] == "fill"
    assert described["steps"][0]["filled"] == {"temperature": 720}


@needs_cases
def test_steps_keep_their_times_and_labels(tmp_path: Path) -> None:
    for name, label in (("cf_time", None), ("step_not_whole", "0.5Ma")):
        _, source = case(name, tmp_path)
        assert run("prepare", *source, "--out", tmp_path / f"{name}-d", "--workers", 0) == 0
        assert run("baseline", *source, "--out", tmp_path / f"{name}-b") == 0
        steps = (Dataset(tmp_path / f"{name}-d").spec.steps[0], Surrogate(tmp_path / f"{name}-b").steps[0])
        for step in steps:
            assert step.label == label
            assert step.time_myr == pytest.approx(0.0 if name == "cf_time" else 0.5)


@needs_cases
@pytest.mark.parametrize("command", ["prepare", "baseline"])
@pytest.mark.parametrize("name", ["regional", "nondim_radius", "fill_without_attribute", "velocity_spherical"])
def test_what_cannot_be_is_one_line_and_leaves_nothing(name: str, command: str, tmp_path: Path, capsys) -> None:
    _, source = case(name, tmp_path)
    assert run(command, *source, "--out", tmp_path / "out", *(["--workers", 0] if command == "prepare" else [])) == 1
    said = capsys.readouterr().err
    assert said.startswith("earthgan: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()
