"""`earthgan prepare` reads and inspects files from other sources, also through a mapping file."""

import json
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from contest_file import write_fields
from earthgan.sphere.grid import cell_weights
from earthgan.sphere.sampling import ShellSampler
from earthgan_training.prepare.dataset import Dataset
from preparation import prepare


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
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert prepare(raw, "--inspect", "--out", tmp_path / "shells.gif") == 2


@pytest.mark.slow
def test_a_file_of_another_origin_prepares_to_the_fields_that_the_reader_gives(
    tmp_path: Path, simulated_raw: Path
) -> None:
    from earthgan_training.simulations.opening import open_source
    from earthgan_training.surrogates.baseline import coarse_grid, coarsened

    out = tmp_path / "out"
    assert prepare(simulated_raw, "--out", out) == 0
    data, names = Dataset(out), ("temperature", "vx", "vy", "vz")
    source = open_source([simulated_raw])
    values = np.stack([source.read(30, name) for name in names])
    assert data.spec.steps[0].time_myr == source.step(30).time_myr
    means = [coarsened(field, source.grid, coarse_grid(source.grid)) for field in values]
    np.testing.assert_array_equal(data.inputs(30, names, normalised=False), np.stack(means))
    truth = data.truth(30, names, normalised=False).astype(np.float64)
    due = values.astype(np.float64)
    means, due_means = (
        (fields * cell_weights(grid)).sum(axis=(-2, -1))
        for fields, grid in ((truth, data.truth_grid), (due, source.grid))
    )
    spread = np.abs(due).max(axis=(-2, -1))
    assert np.abs((means - due_means) / spread).max() < 1e-6
    # The average of such a smooth field is almost the field itself: sampled at the ground truth's cells, it differs by
    # little.
    sampler = ShellSampler(source.grid)
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
    """A temperature that falls by 6.5 K per km and towards the poles, stored from south to north, as in many such
    files.
    """
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
        ('source = "T"', "", "variables.0.source: Field required"),
        ("([0-9]+)", "[0-9]+", "files: needs a group"),
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
