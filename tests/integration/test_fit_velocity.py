"""`earthgan fit-velocity`: it finds the viscosity of a known mantle from files, and names files that it cannot use."""

import argparse
from pathlib import Path

import numpy as np
import pytest

from contest_file import write_contest_file
from earthgan.errors import BadInput
from earthgan_training.simulate import initial
from earthgan_training.simulate.model import Model
from earthgan_training.simulate.output import ContestWriter, file_name
from earthgan_training.simulate.parameters import (
    CONTRAST_K,
    VELOCITY_M_PER_S,
    OutputGrid,
    Physics,
    Resolution,
    ViscosityStep,
)
from earthgan_training.velocity.command import add_fit_velocity
from earthgan_training.velocity.fit import Settings
from earthgan_training.velocity.gate import VelocityFit
from earthgan_training.velocity.published import published_moments
from earthgan_training.velocity.run import fit_published
from places import PUBLISHED, needs_published

RAYLEIGH = 2e4


def command(*arguments: str) -> None:
    parser = argparse.ArgumentParser()
    add_fit_velocity(parser.add_subparsers())
    parsed = parser.parse_args(["fit-velocity", *arguments])
    parsed.run(parsed)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four files with different temperatures, for a mantle that is softer above 660 km."""
    folder = tmp_path_factory.mktemp("raw")
    physics = Physics(RAYLEIGH, viscosity_steps=(ViscosityStep(660, 0.3, 200),))
    model = Model(physics, Resolution(24, 8, "float64"), 0.4)
    writer = ContestWriter(model, OutputGrid(20, 62, 37))
    for t in range(1, 5):
        random = np.random.default_rng(t).standard_normal((9, 9, 2, 6))
        waves = np.sin(np.pi * np.arange(1, 7)[:, None] * (model.grid.nodes - model.grid.inner))
        temperature = initial.conduction(model.grid, 8) + 0.004 * random @ waves
        order = np.arange(9)
        temperature[order[:, None] < order] = 0
        temperature[:, 0, 1] = 0
        writer.write(folder / file_name(t), temperature, 0.0, {})
    return folder


def test_the_viscosity_is_found_and_velocity_made_of_it(raw: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "velocity.json"
    command(str(raw), "--steps", "1-3", "--held-out", "4", "--degree", "8", "--out", str(out))
    fit = VelocityFit.read(out)
    assert fit.fitted_steps == (1, 2, 3)
    assert fit.held_out_steps == (4,)
    assert fit.gate.served.all()
    assert min(fit.psnr_db.values()) > 60
    softer = np.exp(fit.profile.log_viscosity.at(np.array([6171.0, 6021.0])))
    np.testing.assert_allclose(softer, 0.3, rtol=0.1)
    assert fit.profile.strength == pytest.approx(RAYLEIGH * VELOCITY_M_PER_S / CONTRAST_K, rel=0.02)
    assert "velocity is computed from temperature" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--steps", "1-9"], "has no step 5"),
        (["--held-out", "7"], "has no step 7"),
        ([], "use --held-out"),
        (["--held-out", "4", "--degree", "40"], "harmonics up to degree 17"),
    ],
)
def test_what_cannot_be_done_is_said(raw: Path, tmp_path: Path, arguments: list[str], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        command(str(raw), *arguments, "--out", str(tmp_path / "velocity.json"))
    assert not list(tmp_path.iterdir())


def test_files_of_two_grids_are_refused(raw: Path, tmp_path: Path) -> None:
    (tmp_path / file_name(1)).symlink_to(raw / file_name(1))
    for t in (2, 3):
        write_contest_file(tmp_path / file_name(t))
    with pytest.raises(BadInput, match=r"spherical002.nc: its axis r is not that of"):
        command(str(tmp_path), "--steps", "1-2", "--held-out", "3", "--out", str(tmp_path / "velocity.json"))


def test_a_file_that_is_no_published_input_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x_001.npy"
    np.save(path, np.zeros((4, 3, 2)))
    with pytest.raises(BadInput, match=r"x_001\.npy"):
        command(str(path), "--out", str(tmp_path / "velocity.json"))


@needs_published
def test_a_real_mantle_is_explained_in_part() -> None:
    path = PUBLISHED / "x_001.npy"
    fit = fit_published(path, Settings(degrees=(1, 2, 3, 5, 8), nodes=40, iterations=40, smoothness=1e-3))
    moments = published_moments(path)[1]
    deep = moments.radii_km < 6371 - 700
    errors = moments.errors(fit.profile.shell_maps(moments.radii_km, 10))
    radial, lateral = (1 - e[:, deep].sum() / s[:, deep].sum() for e, s in zip(errors, (moments.uu, moments.lateral)))
    assert radial > 0.7
    assert lateral > 0.65
    # Where point samples explain less than nine tenths, velocity must be stored.
    assert not fit.gate.served.all()
