"""Inputs of other people that were read wrongly once: each is right to its own precision, or refused in one line."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cases import generate
from earthgan.errors import BadInput
from earthgan_training.simulations.layout import Missing
from earthgan_training.simulations.opening import open_source
from places import CASES

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the generators of cases are not here")

#: What a case is refused for, with its mapping where it has one.
REFUSED = {
    "colatitude": 'lat runs from 2.5 to 177.5.*latitude_kind = "colatitude"',
    "fill_without_attribute": r"T holds 1e\+20 in 20 cells, first on shell 3 .*--missing",
    "nan_topography": "T has values that are not finite in 720 cells on 1 of its shells.*--missing fill",
    "nondim_radius": "r runs from 0.549.*unit_km = 6371",
    "regional": "lat covers latitudes 20 to 50, which is not the whole globe",
    "velocity_spherical": r'v_r is called the component x.*system = "spherical"',
}
#: What is read right, with and without its mapping.
READ = (
    *("cf_time", "coarser_than_the_preset", "coordinates_beside_dimensions", "depth_positive_up", "few_levels"),
    *("levels_twice", "longitudes_descending", "mapped_to_map", "one_step", "radius_metres", "scalar_not_temperature"),
    *("step_not_whole", "time_in_one_file", "zarr_store"),
)
CONTEST = ("core_radius", "nondim_temperature")
#: The fields of these are not their generator's `truth`.
NOT_THE_TRUTH = {"few_levels", "scalar_not_temperature"}


def mapping_of(name: str, out: Path) -> Path | None:
    path = out / f"{name}.toml"
    return path if path.exists() else None


def read_all(folder: Path, mapping: Path | None) -> None:
    source = open_source([folder], mapping)
    for variable in source.variables:
        source.read(source.steps[0].t, variable.variable.name)


def assert_true(source, module: ModuleType, name: str) -> None:  # type: ignore[no-untyped-def]
    """Compare all steps with the truth at the places that the source names."""
    grid = source.grid
    due = module.truth(grid.radii_km, np.array(grid.latitudes_deg), np.array(grid.longitudes_deg))
    for i, step in enumerate(source.steps):
        moved = due + 10 * i if module.NAME == "time_in_one_file" else due
        np.testing.assert_allclose(source.read(step.t, name), moved, rtol=3e-7, atol=1e-3)


def test_every_case_is_tested() -> None:
    assert {*REFUSED, *READ, *CONTEST} == {path.stem for path in CASES.glob("*.py")}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("mapped", [True, False])
def test_a_case_is_read_right(tmp_path: Path, name: str, mapped: bool) -> None:
    module = generate(name, tmp_path)
    source = open_source([tmp_path / name], mapping_of(name, tmp_path) if mapped else None)
    (variable,) = source.variables
    assert source.grid.shape == (13 if name == "levels_twice" else 12, 36, 72)
    values = source.read(source.steps[0].t, variable.variable.name)
    assert np.isfinite(values).all()
    if name not in NOT_THE_TRUTH:
        assert_true(source, module, variable.variable.name)
    else:
        assert values.std() > 0
    if name == "scalar_not_temperature" and mapped:
        assert (variable.variable.name, variable.variable.unit, variable.variable.symmetric) == ("dvs", "percent", True)


def test_steps_have_their_times(tmp_path: Path) -> None:
    times = {
        "cf_time": [(1, 0.0), (2, 1.0), (3, 2.0)],
        "step_not_whole": [(0, 0.5), (1, 1.0), (2, 12.5)],
        "time_in_one_file": [(0, 0.0), (1, 1.5), (2, 3.0), (3, 4.5)],
    }
    for name, due in times.items():
        generate(name, tmp_path)
        source = open_source([tmp_path / name], mapping_of(name, tmp_path))
        assert [step.t for step in source.steps] == [t for t, _ in due]
        assert [step.time_myr for step in source.steps] == pytest.approx([time for _, time in due])
    assert [step.label for step in open_source([tmp_path / "step_not_whole"]).steps] == ["0.5Ma", "1.0Ma", "12.5Ma"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_case_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    generate(name, tmp_path)
    with pytest.raises(BadInput, match=REFUSED[name]) as caught:
        read_all(tmp_path / name, mapping_of(name, tmp_path))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("name", CONTEST)
def test_a_case_in_the_contest_layout_is_read_as_the_contest(tmp_path: Path, name: str) -> None:
    generate(name, tmp_path)
    source = open_source([tmp_path / name])
    assert [each.variable.name for each in source.variables] == ["temperature", "vx", "vy", "vz"]
    assert source.vector == ("vx", "vy", "vz")
    assert source.grid.radii_km[0] == pytest.approx(3480 if name == "core_radius" else 3485 + 2886 / 33)
    core = source.planet.core_radius_km
    assert core is None or core <= source.grid.radii_km[0]
    largest = source.read(1, "temperature").max()
    assert 0 < largest <= (3000 if name == "core_radius" else 1)
    assert [step.t for step in source.steps] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "was", "instead"),
    [
        ("colatitude", 'latitude = "lat"', 'colatitude = "lat"'),
        ("colatitude", "[axes]", '[axes]\nlatitude_kind = "colatitude"'),
        ("nondim_radius", "[axes]", "[axes]\nunit_km = 6371"),
        ("fill_without_attribute", "[axes]", 'missing = "fill"\n[axes]'),
        ("nan_topography", "[axes]", 'missing = "fill"\n[axes]'),
    ],
)
def test_the_way_out_leads_out(tmp_path: Path, name: str, was: str, instead: str) -> None:
    module = generate(name, tmp_path)
    mapping = mapping_of(name, tmp_path)
    assert mapping is not None
    mapping.write_text(mapping.read_text().replace(was, instead))
    source = open_source([tmp_path / name], mapping)
    if "missing" not in instead:
        assert_true(source, module, "temperature")
        return
    grid = source.grid
    due = module.truth(grid.radii_km, np.array(grid.latitudes_deg), np.array(grid.longitudes_deg))
    values = source.read(1, "temperature")
    lacking = np.isnan(open_source([tmp_path / name], mapping, missing=Missing.MASK).read(1, "temperature"))
    assert lacking.any()
    np.testing.assert_allclose(values[~lacking], due[~lacking], rtol=3e-7)
    assert np.abs(values - due)[lacking].max() < 200, "a smooth fill stays near a smooth field"


def test_a_spherical_velocity_is_turned(tmp_path: Path) -> None:
    generate("velocity_spherical", tmp_path)
    mapping = tmp_path / "velocity_spherical.toml"
    said, vector = mapping.read_text().split("[vector]")
    assert vector
    mapping.write_text(said + '[vector]\nsystem = "spherical"\nradial = "v_r"\nsouth = "v_theta"\neast = "v_phi"\n')
    for source in (
        open_source([tmp_path / "velocity_spherical"], mapping),
        open_source([tmp_path / "velocity_spherical"]),
    ):
        assert source.vector == ("vx", "vy", "vz")
        t = source.steps[0].t
        for name, due in (("vx", 1), ("vy", 0), ("vz", 0)):
            np.testing.assert_allclose(source.read(t, name), due, atol=1e-6)
    mapping.write_text(said.replace('name = "temperature"', 'name = "speed"'))
    with pytest.raises(BadInput, match="'speed' is the name of a quantity that is derived"):
        open_source([tmp_path / "velocity_spherical"], mapping)
