"""Any source becomes coded harmonics: on any grid, of the bytes or the quality that are asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earthgan.errors import BadInput
from earthgan.kinds.harmonics_arguments import HarmonicsArguments
from earthgan.sphere.grid import ShellGrid
from earthgan.surrogate import Surrogate
from earthgan.verified import files_of
from earthgan_training.coding.harmonics import Result, fit_harmonics
from earthgan_training.coding.make import add_steps
from earthgan_training.coding.scalars import borne_degree
from earthgan_training.simulations.labelled import Source
from memory_source import smooth_field, source_of

LEVELS = tuple(np.linspace(3500, 6350, 10).tolist())


LATITUDES, LONGITUDES = 87.5 - 5 * np.arange(36), 5.0 * np.arange(72)


def grid_of(
    radii: tuple[float, ...] = LEVELS, latitudes: np.ndarray = LATITUDES, longitudes: np.ndarray = LONGITUDES
) -> ShellGrid:
    return ShellGrid(radii_km=radii, latitudes_deg=tuple(latitudes.tolist()), longitudes_deg=tuple(longitudes.tolist()))


GRIDS = {
    "cells": grid_of(),
    "poles on the grid": grid_of(latitudes=np.linspace(90, -90, 37)),
    "narrow rows at the poles": grid_of(latitudes=np.r_[90, 90 - (np.arange(34) + 0.5) * 180 / 34, -90]),
    "from 2.5 degrees east": grid_of(longitudes=2.5 + 5.0 * np.arange(72)),
    "doubled and uneven levels": grid_of((3480.0, 3500, 3600, 5701, 5701.001, 6346, 6371)),
    "two levels": grid_of((0.55, 1.0)),
    "few rows": grid_of(latitudes=np.linspace(75, -75, 6), longitudes=np.arange(8) * 45.0),
}


def made(source: Source, out: Path, **options) -> Result:  # type: ignore[no-untyped-def]
    return fit_harmonics(source, out, report=lambda *_: None, **options)


def served(out: Path, t: int, name: str) -> np.ndarray:
    surrogate = Surrogate(out)
    return surrogate.in_units(surrogate.shells(None, [name], t, range(surrogate.grid.shape[0])), [name])[0]


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_every_cell_of_any_grid_is_the_sources(grid: ShellGrid, tmp_path: Path) -> None:
    field = 0.03 * smooth_field(grid, min(6, borne_degree(grid)))
    result = made(source_of(grid, {(3, "dlnVs"): field}), tmp_path / "made", psnr_db=60)
    found = served(tmp_path / "made", 3, "dlnVs")
    assert Surrogate(tmp_path / "made").grid == grid
    error = np.abs(found - field)
    psnr_db = 20 * np.log10(np.ptp(field) / np.sqrt(np.mean(error**2)))
    assert psnr_db >= 59.95
    assert result.accuracy["dlnVs"].psnr_db == pytest.approx(psnr_db, abs=0.01)
    assert result.accuracy["dlnVs"].max_error == pytest.approx(error.max(), rel=0.01)
    assert result.measured == (3,)


@pytest.mark.parametrize("step_bytes", [600, 1200, 2400])
@pytest.mark.parametrize("steps", [1, 5])
def test_all_bytes_together_are_those_that_were_asked_for(steps: int, step_bytes: int, tmp_path: Path) -> None:
    grid = grid_of()
    fields = {(t, "rho"): smooth_field(grid, 20, t) for t in range(steps)}
    result = made(source_of(grid, fields), tmp_path / "made", step_bytes=step_bytes)
    spec = Surrogate(tmp_path / "made").spec
    files = [each for each in files_of(spec) if each != spec.generator.onnx]
    assert result.bytes == sum((tmp_path / "made" / each.file).stat().st_size for each in files)
    assert result.bytes == pytest.approx(steps * step_bytes, rel=0.04)
    assert result.steps == steps


def test_more_bytes_are_nearer_and_all_variables_alike(tmp_path: Path) -> None:
    """Names, units and magnitudes do not matter."""
    grid = grid_of()
    fields = {(1, name): scale * smooth_field(grid, 12, i) for i, (name, scale) in enumerate(SCALES.items())}
    found = [
        [each.psnr_db for each in made(source_of(grid, fields), tmp_path / str(n), step_bytes=n).accuracy.values()]
        for n in (1500, 3000)
    ]
    assert np.ptp(found[0]) < 2
    assert (np.subtract(found[1], found[0]) > 6).all()


SCALES = {"dlnVs": 0.03, "u": 1e-10, "temperature": 4000.0}


def test_what_the_source_says_is_what_the_folder_says(tmp_path: Path) -> None:
    grid = grid_of()
    names = ("vx", "vy", "vz")
    fields = {
        (t, name): (i + 1) * 1e-9 * smooth_field(grid, 4, 3 * t + i) for t in (4, 7) for i, name in enumerate(names)
    }
    source = source_of(grid, fields, unit="m/s", vector=names)
    made(source, tmp_path / "made", step_bytes=2000)
    spec = Surrogate(tmp_path / "made").spec
    assert (spec.title, spec.provenance, spec.planet) == (source.title, source.provenance, source.planet)
    assert [(step.t, step.label, step.time_myr) for step in spec.inputs.steps] == [
        (4, "step 4", 2.0),
        (7, "step 7", 3.5),
    ]
    assert [(v.name, v.long_name, v.unit) for v in spec.variables] == [(n, f"Our {n}", "m/s") for n in names]
    assert len({v.range for v in spec.variables}) == 1, "the components of a velocity share a range"
    low, high = spec.variables[0].range
    assert low == -high
    assert 2.5e-9 < high < 3.5e-9
    assert "emperature" not in spec.description


@pytest.mark.parametrize("value", [0.0, 1.0, -273.15, 1e-30])
@pytest.mark.parametrize("symmetric", [True, False])
def test_a_field_may_be_the_same_everywhere(value: float, symmetric: bool, tmp_path: Path) -> None:
    grid = grid_of()
    fields = {(1, "flat"): np.full(grid.shape, value), (1, "other"): smooth_field(grid)}
    for name, options in (("bytes", {"step_bytes": 900}), ("psnr", {"psnr_db": 50})):
        result = made(source_of(grid, fields, symmetric), tmp_path / name, **options)
        np.testing.assert_allclose(
            served(tmp_path / name, 1, "flat"), np.float32(value), rtol=1e-2, atol=1e-3 * abs(value)
        )
        assert result.accuracy["other"].psnr_db > 40


def test_a_fields_mean_may_be_far_from_zero(tmp_path: Path) -> None:
    grid = grid_of()
    field = 5000 + np.linspace(0, 300, 10)[:, None, None] + 2 * smooth_field(grid)
    made(source_of(grid, {(1, "vp"): field}, symmetric=False), tmp_path / "made", psnr_db=70)
    assert np.abs(served(tmp_path / "made", 1, "vp") - field).max() < 1


def test_degrees_that_hold_nothing_are_left_out(tmp_path: Path) -> None:
    source = source_of(grid_of(), {(1, "dlnVs"): smooth_field(grid_of(), 9)})
    assert made(source, tmp_path / "nine", psnr_db=60).degree == 9
    assert made(source, tmp_path / "four", psnr_db=60, degree=4).degree == 4
    with pytest.raises(BadInput, match="36 x 72 points bear harmonics to degree 35, not 36"):
        made(source, tmp_path / "too-high", psnr_db=60, degree=36)
    assert not (tmp_path / "too-high").exists()


def test_what_the_degree_cannot_hold_takes_no_end_of_bytes(tmp_path: Path) -> None:
    """Beyond the degree, more bytes would not help: rounding then misses a quarter of what the degree misses."""
    grid = grid_of()
    rough = np.random.default_rng(0).standard_normal(grid.shape)
    result = made(source_of(grid, {(1, "noise"): rough}), tmp_path / "made", psnr_db=80)
    assert result.accuracy["noise"].psnr_db < 40
    assert result.bytes < rough.size


def test_modes_are_learned_where_steps_share_their_bytes(tmp_path: Path) -> None:
    """The steps are one rough profile in radius, times patterns."""
    grid = grid_of(tuple(np.linspace(3500, 6350, 40).tolist()))
    profile = np.random.default_rng(0).standard_normal(40)[:, None, None]
    fields = {(t, "rho"): profile * smooth_field(grid, 8, t)[:1] for t in range(4)}
    made(source_of(grid, fields), tmp_path / "made", step_bytes=300)
    arguments = Surrogate(tmp_path / "made").spec.generator.arguments
    assert isinstance(arguments, HarmonicsArguments)
    assert arguments.components[0].groups, "learned"
    assert arguments.components[0].modes[0] == 1
    smooth = {(0, "rho"): smooth_field(grid, 8)}
    made(source_of(grid, smooth), tmp_path / "smooth", step_bytes=300)
    arguments = Surrogate(tmp_path / "smooth").spec.generator.arguments
    assert isinstance(arguments, HarmonicsArguments)
    assert not arguments.components[0].groups, "polynomials take no bytes"


def test_further_steps_are_as_accurate(tmp_path: Path) -> None:
    grid = grid_of()
    fields = {(t, "rho"): (4 if t == 9 else 1) * smooth_field(grid, 10, t) for t in range(10)}
    source = source_of(grid, fields)
    made(source.chosen(steps=range(6)), tmp_path / "made", step_bytes=900)
    error = np.sqrt(np.mean((served(tmp_path / "made", 5, "rho") - fields[5, "rho"]) ** 2))
    add_steps(tmp_path / "made", source, [7, 9], lambda *_: None)
    surrogate = Surrogate(tmp_path / "made")
    assert [(step.t, step.label) for step in surrogate.steps[-2:]] == [(7, "step 7"), (9, "step 9")]
    for t, times in ((7, 1.6), (9, 3.5)):  # step 9 is four times as large, and so is what its modes miss
        assert np.sqrt(np.mean((served(tmp_path / "made", t, "rho") - fields[t, "rho"]) ** 2)) < times * error
    elsewhere = source_of(grid_of(tuple(np.linspace(3500, 6300, 10).tolist())), fields)
    with pytest.raises(BadInput, match="its shells are not those of the surrogate"):
        add_steps(tmp_path / "made", elsewhere, [7], lambda *_: None)
    with pytest.raises(BadInput, match="has no variable 'rho'"):
        add_steps(tmp_path / "made", source_of(grid, {(1, "other"): fields[1, "rho"]}), [1], lambda *_: None)
    grid = ShellGrid.cell_centred(LEVELS, 8, 16)
    coarse = source_of(grid, {(1, "rho"): smooth_field(grid)})
    with pytest.raises(BadInput, match="points are too few for degree"):
        add_steps(tmp_path / "made", coarse, [1], lambda *_: None)


def test_a_cell_without_a_value_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    field = smooth_field(grid_of())
    field[2, 3, 4] = np.nan
    with pytest.raises(BadInput, match="memory: dlnVs has cells without a value"):
        made(source_of(grid_of(), {(1, "dlnVs"): field}), tmp_path / "made", step_bytes=1000)
    assert not (tmp_path / "made").exists()


def test_a_part_of_the_shells_is_read_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(grid_of(), {(1, "dlnVs"): smooth_field(grid_of())})
    made(source, tmp_path / "at-once", step_bytes=800)
    read: list[int] = []
    reader = source.reader

    class Counted:
        storage, missing = reader.storage, reader.missing

        def read(self, t: int, name: str, shells: range) -> np.ndarray:
            read.append(len(shells))
            return reader.read(t, name, shells)

    monkeypatch.setattr("earthgan_training.coding.scalars.VALUES", 3 * 36 * 72)
    made(replace(source, reader=Counted()), tmp_path / "in-parts", step_bytes=800)  # type: ignore[arg-type]
    assert max(read) == 3
    np.testing.assert_allclose(
        served(tmp_path / "in-parts", 1, "dlnVs"), served(tmp_path / "at-once", 1, "dlnVs"), atol=1e-5
    )


@pytest.mark.parametrize("options", [{}, {"step_bytes": 100, "psnr_db": 50}])
def test_either_bytes_or_quality_is_given(options: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="either"):
        made(source_of(grid_of(), {(1, "a"): smooth_field(grid_of())}), tmp_path / "made", **options)


def test_the_degree_that_a_grid_bears() -> None:
    due = {
        "cells": 35,
        "poles on the grid": 35,
        "narrow rows at the poles": 34,
        "from 2.5 degrees east": 35,
        "two levels": 35,
        "few rows": 3,
    }
    assert {name: borne_degree(GRIDS[name]) for name in due} == due
    gap = grid_of(latitudes=np.r_[87.5 - 5 * np.arange(10), 10 - 5 * np.arange(20)])
    assert borne_degree(gap) == 5
