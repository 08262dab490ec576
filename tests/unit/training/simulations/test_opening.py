"""Whatever the layout of a source, the same place has the same value; what is not a globe is refused in one line."""

import json
import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from earthgan.errors import BadInput
from earthgan_training.simulations.layout import Missing
from earthgan_training.simulations.mapping import parse_mapping
from earthgan_training.simulations.opening import open_source

LAT, LON, RADII = np.linspace(87.5, -87.5, 36), np.arange(72) * 5.0, np.linspace(3500.0, 6350.0, 7)
K = {"units": "K"}


def truth(radii: Any, lat: Any, lon: Any) -> np.ndarray:
    """A temperature in K `(radius, latitude, longitude)` that differs in every direction."""
    la, lo = np.deg2rad(lat)[None, :, None], np.deg2rad(lon)[None, None, :]
    waves = 300 * np.sin(la) + 200 * np.cos(la) * np.cos(lo - np.pi / 6)
    return np.asarray(1500 + waves + 0.2 * (np.asarray(radii)[:, None, None] - 5000))


def dataset(
    r: np.ndarray = RADII,
    lat: np.ndarray = LAT,
    lon: np.ndarray = LON,
    names: tuple[str, str, str] = ("r", "lat", "lon"),
    stored: dict[str, np.ndarray] | None = None,
    attrs: dict[str, dict[str, Any]] | None = None,
    name: str = "T",
    about: dict[str, Any] = K,
    **more: Any,
) -> xr.Dataset:
    """The truth on axes, whose stored numbers may be others than the radii and degrees that they mean."""
    stored, attrs = stored or {}, attrs or {}
    axes = dict(zip(names, (r, lat, lon)))
    coords = {each: (each, np.asarray(stored.get(each, axis)), attrs.get(each, {})) for each, axis in axes.items()}
    return xr.Dataset({name: (names, truth(r, lat, lon).astype("f4"), about)}, coords, more)


def assert_same(source, name: str = "temperature", **tolerance: float) -> None:  # type: ignore[no-untyped-def]
    grid = source.grid
    assert grid.shape == (7, 36, 72)
    np.testing.assert_allclose(grid.radii_km, RADII, rtol=1e-9)
    np.testing.assert_allclose(grid.latitudes_deg, LAT, atol=1e-6)
    due = truth(grid.radii_km, np.array(grid.latitudes_deg), np.array(grid.longitudes_deg))
    np.testing.assert_allclose(source.read(source.steps[0].t, name), due, **({"rtol": 1e-6} | tolerance))
    part = source.read(source.steps[0].t, name, range(2, 4))
    np.testing.assert_allclose(part, due[2:4], **({"rtol": 1e-6} | tolerance))


def twice(lon: np.ndarray) -> np.ndarray:
    return np.append(lon, lon[0] + 360)


LAYOUTS: dict[str, Callable[[], xr.Dataset]] = {
    "plain": dataset,
    "from the top": lambda: dataset(r=RADII[::-1]),
    "from the south": lambda: dataset(lat=LAT[::-1]),
    "westwards": lambda: dataset(lon=LON[::-1]),
    "from the date line": lambda: dataset(lon=LON - 180),
    "from 20 degrees": lambda: dataset(lon=LON + 20),
    "east and then west": lambda: dataset(lon=np.where(LON > 180, LON - 360, LON)),
    "the meridian twice": lambda: dataset(lon=twice(LON)),
    "the meridian twice, westwards": lambda: dataset(lon=twice(LON)[::-1]),
    "the date line twice": lambda: dataset(lon=twice(LON - 180)),
    "a halo": lambda: dataset(lon=np.arange(-2, 75) * 5.0),
    "transposed": lambda: dataset().transpose("lon", "lat", "r"),
    "latitude first": lambda: dataset().transpose("lat", "r", "lon"),
    "metres": lambda: dataset(stored={"r": RADII * 1000}, attrs={"r": {"units": "m"}}),
    "depth": lambda: dataset(names=("depth", "lat", "lon"), stored={"depth": 6371 - RADII}),
    "depth in metres": lambda: dataset(
        names=("depth", "lat", "lon"), stored={"depth": 1000 * (6371 - RADII)}, attrs={"depth": {"units": "m"}}
    ),
    "depth, positive up": lambda: dataset(
        names=("depth", "lat", "lon"), stored={"depth": RADII - 6371}, attrs={"depth": {"positive": "up"}}
    ),
    "negative depth": lambda: dataset(names=("depth", "lat", "lon"), stored={"depth": RADII - 6371}),
    "z, positive down": lambda: dataset(
        names=("z", "lat", "lon"), stored={"z": 6371 - RADII}, attrs={"z": {"positive": "down", "units": "km"}}
    ),
    "z, positive up": lambda: dataset(
        names=("z", "lat", "lon"), stored={"z": RADII - 6371}, attrs={"z": {"positive": "up", "units": "km"}}
    ),
    "z that is a radius": lambda: dataset(names=("z", "lat", "lon")),
    "standard names alone": lambda: dataset(
        names=("a", "b", "c"),
        stored={"a": 6371 - RADII},
        attrs={
            "a": {"standard_name": "depth"},
            "b": {"standard_name": "latitude"},
            "c": {"standard_name": "longitude"},
        },
    ),
    "units alone": lambda: dataset(
        names=("a", "b", "c"),
        attrs={"a": {"units": "km"}, "b": {"units": "degrees_north"}, "c": {"units": "degree_E"}},
    ),
    "axis alone": lambda: dataset(
        names=("a", "b", "c"), attrs={"a": {"axis": "Z"}, "b": {"axis": "Y"}, "c": {"axis": "X"}}
    ),
    "long names alone": lambda: dataset(
        names=("a", "b", "c"),
        attrs={"a": {"long_name": "Radius"}, "b": {"long_name": "Latitude"}, "c": {"long_name": "Longitude, east"}},
    ),
    "numbers alone": lambda: dataset(names=("a", "b", "c")),
    "theta": lambda: dataset(names=("r", "theta", "phi"), stored={"theta": 90 - LAT}),
    "theta and phi in radians": lambda: dataset(
        names=("r", "theta", "phi"),
        stored={"theta": np.radians(90 - LAT), "phi": np.radians(LON)},
        attrs={"theta": {"units": "radians"}, "phi": {"units": "radian"}},
    ),
    "colatitude by its long name": lambda: dataset(
        stored={"lat": 90 - LAT}, attrs={"lat": {"long_name": "co-latitude", "units": "degrees"}}
    ),
    "bare degrees": lambda: dataset(attrs={"lat": {"units": "degrees"}, "lon": {"units": "degrees"}}),
    "in no order": lambda: dataset().isel(r=[3, 1, 0, 2, 6, 5, 4], lat=np.random.default_rng(0).permutation(36)),
    "of length one besides": lambda: dataset().expand_dims("member"),
    "with a time": lambda: dataset().expand_dims(time=[0.0]),
    "coordinates beside dimensions": lambda: _beside(),
}


def _beside() -> xr.Dataset:
    values = truth(RADII, LAT, LON).astype("f4")
    return xr.Dataset(
        {
            "T": (("nr", "ny", "nx"), values, K | {"coordinates": "radius lat lon"}),
            "radius": ("nr", RADII),
            "lat": ("ny", LAT),
            "lon": ("nx", LON),
        }
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_field(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "model.nc"
    written = LAYOUTS[layout]()
    written.to_netcdf(path)
    source = open_source([path])
    assert_same(source)
    assert_same(open_source([path], parse_mapping(source.mapping)))
    assert_same(open_source(written))
    assert source.variables[0].variable.unit == "K"


@pytest.mark.parametrize("layout", ["plain", "from the top", "with a time", "theta and phi in radians"])
@pytest.mark.parametrize("address", ["model.zarr", "folder", "file://{}/model.zarr"])
def test_a_store_is_a_source_like_a_file(tmp_path: Path, layout: str, address: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        LAYOUTS[layout]().to_zarr(tmp_path / ("folder" if address == "folder" else "model.zarr"))
    source = open_source([address.format(tmp_path) if "{}" in address else tmp_path / address])
    assert_same(source)
    assert_same(pickle.loads(pickle.dumps(source)))


def test_references_are_a_source(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset().to_zarr(tmp_path / "model.zarr", zarr_format=2, consolidated=False)
    found: dict[str, Any] = {}
    for path in sorted((tmp_path / "model.zarr").rglob("*")):
        if path.is_file():
            key = path.relative_to(tmp_path / "model.zarr").as_posix()
            is_text = path.name.startswith(".z")
            found[key] = path.read_text() if is_text else [str(path), 0, path.stat().st_size]
    (tmp_path / "model.json").write_text(json.dumps({"version": 1, "refs": found}))
    assert_same(open_source([tmp_path / "model.json"]))


PACKED = [
    {"dtype": "i2", "scale_factor": 0.1, "add_offset": 1500.0, "_FillValue": -32768},
    {"dtype": "u1", "scale_factor": 8.0, "add_offset": 600.0, "_FillValue": 255},
    {"dtype": "f8"},
    {"dtype": ">f4"},
]


@pytest.mark.parametrize("encoding", PACKED)
def test_packed_numbers_are_unpacked(tmp_path: Path, encoding: dict[str, Any]) -> None:
    dataset().to_netcdf(tmp_path / "a.nc", encoding={"T": encoding})
    assert_same(open_source([tmp_path / "a.nc"]), atol=0.51 * encoding.get("scale_factor", 1e-3), rtol=1e-6)


REFUSED: dict[str, tuple[Callable[[], xr.Dataset], str]] = {
    "regional": (lambda: dataset(lat=LAT[5:20]), r"lat covers latitudes -7.5 to 62.5, which is not the whole globe"),
    "half the longitudes": (lambda: dataset(lon=LON[:36]), r"lon covers longitudes 0 to 175"),
    "across Greenwich": (lambda: dataset(lon=np.arange(-60, 61, 5.0)), r"longitudes -60 to 60"),
    "across Greenwich, eastwards": (
        lambda: dataset(lon=np.r_[np.arange(300, 360, 5.0), np.arange(0, 61, 5.0)]),
        r"longitudes -60 to 60",
    ),
    "a column is absent": (lambda: dataset(lon=np.delete(LON, 30)), "a gap of 10 degrees"),
    "rows are absent": (lambda: dataset(lat=np.delete(LAT, range(15, 19))), "a gap of 25 degrees"),
    "one level": (lambda: dataset(r=RADII[:1]), "one level is no shell"),
    "no unit": (lambda: dataset(stored={"r": RADII * 1000}), r"cannot be km: say unit_km under \[axes\]"),
    "no unit of a share": (lambda: dataset(stored={"r": RADII / 6371}), "say unit_km = 6371"),
    "outside the planet": (lambda: dataset(stored={"r": RADII + 100}), "outside the planet of 6371 km"),
    "another planet": (lambda: dataset(stored={"r": RADII / 6371 * 1737}), r"say radius_km under \[planet\]"),
    "depths called radii": (lambda: dataset(stored={"r": 6371 - RADII}), r"say radius_km under \[planet\], or kind"),
    "radii called depths": (lambda: dataset(names=("depth", "lat", "lon")), "all lies in the core"),
    "a wrong unit": (lambda: dataset(attrs={"r": {"units": "m"}}), r"gives radii of 3.5 to 6.35 km"),
    "a depth that is none": (
        lambda: dataset(
            names=("depth", "lat", "lon"), stored={"depth": 6371 - RADII}, attrs={"depth": {"positive": "up"}}
        ),
        'positive = "up", which is no depth',
    ),
    "latitudes beyond the poles": (lambda: dataset(stored={"lat": LAT * 2}), "no latitude from -90 to 90"),
    "nothing but indices": (
        lambda: dataset().drop_vars(["r", "lat", "lon"]),
        r"T \(r, lat, lon\).*name them under \[axes\]",
    ),
    "radians that nobody says": (
        lambda: dataset(stored={"lat": np.radians(LAT), "lon": np.radians(LON)}),
        'looks like radians: say angle_unit = "radians"',
    ),
    "a contradiction": (
        lambda: dataset(attrs={"lat": {"units": "degrees_north", "axis": "X"}}),
        "lat contradicts itself",
    ),
    "z that may be anything": (lambda: dataset(names=("z", "lat", "lon"), stored={"z": 6371 - RADII}), "say kind ="),
    "an axis with a hole": (
        lambda: dataset(stored={"r": np.where(np.arange(7) == 2, np.nan, RADII)}),
        "is not an axis",
    ),
    "two dimensions": (
        lambda: xr.Dataset(
            {"T": (("r", "y", "x"), truth(RADII, LAT, LON))},
            {"r": RADII, "lat": (("y", "x"), np.ones((36, 72))), "lon": (("y", "x"), np.ones((36, 72)))},
        ),
        "have two dimensions",
    ),
    "the level three times": (lambda: dataset(r=RADII[[0, 1, 1, 1, 2, 6]]), "more than twice"),
    "two meridians that differ": (
        lambda: dataset(lon=twice(LON)).assign(T=(("r", "lat", "lon"), np.arange(7.0 * 36 * 73).reshape(7, 36, 73))),
        "the meridian that is stored twice differs",
    ),
    "a left-in fill": (lambda: dataset().where(dataset().lat < 80, -9999.0), "holds -9999 in .* cells"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, case: str) -> None:
    make, reason = REFUSED[case]
    path = tmp_path / "model.nc"
    make().to_netcdf(path)
    with pytest.raises(BadInput, match=reason) as caught:
        read_first(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def read_first(*addresses: Path, **options: Any) -> np.ndarray:
    source = open_source(addresses, **options)
    return np.asarray(source.read(source.steps[0].t, source.variables[0].variable.name))


SAID = [
    (
        *("[axes]\nunit_km = 0.001", "r", {"units": "km"}, "states units of 'km'"),
        "[axes]\nignore_attributes = true\nunit_km = 0.001",
    ),
    ('[axes]\nkind = "radius"', "r", {"positive": "down"}, 'positive = "down", which is no radius', ""),
    ('[axes]\nlatitude = "lon"', "lon", {"units": "degrees_east"}, "calls lon the latitude axis", ""),
    ('[axes]\nkind = "radius"', "r", {"standard_name": "depth"}, "and the mapping says radius", ""),
    ('[axes]\nkind = "pressure"', "r", {"units": "km"}, "the mapping says pressure", ""),
    ('[axes]\nangle_unit = "radians"', "lat", {"units": "degrees_north"}, "the mapping says radians", ""),
    ('[axes]\nvertical = "level"', "r", {}, "holds no coordinate 'level'", ""),
    ('order = ["lat", "r", "lon"]', "r", {}, r"T has dimensions \(r, lat, lon\) instead of \(lat, r, lon\)", ""),
    ('[[variables]]\nsource = "X"', "r", {}, "holds no variable 'X'; its variables: T", ""),
    ('[[variables]]\nsource = "T"\nunit = "m"', "r", {}, "the unit 'K', which cannot become 'm'", ""),
    ('[vector]\nx = "a"\ny = "b"\nz = "c"', "r", {}, "vector: there is no variable 'a'", ""),
    ('[planet]\nradius_km = 100\ncore_radius_km = 200', "r", {}, "the core is not smaller than the planet", ""),
]  # fmt: skip


@pytest.mark.parametrize(("said", "axis", "attributes", "reason", "instead"), SAID)
def test_a_mapping_that_contradicts_the_source_is_refused(
    tmp_path: Path, said: str, axis: str, attributes: dict[str, Any], reason: str, instead: str
) -> None:
    stored = {"r": RADII * 1000} if instead else {}
    dataset(attrs={axis: attributes}, stored=stored).to_netcdf(tmp_path / "model.nc")
    with pytest.raises(BadInput, match=reason):
        read_first(tmp_path / "model.nc", mapping=parse_mapping(said))
    if instead:
        assert_same(open_source([tmp_path / "model.nc"], parse_mapping(instead)))


def test_units_are_converted_to_what_is_asked(tmp_path: Path) -> None:
    cold = dataset(about={"units": "degC", "long_name": "Potential"})
    cold["T"] = (cold["T"] - 273.15).assign_attrs(cold["T"].attrs)
    cold.to_netcdf(tmp_path / "a.nc")
    said = '[[variables]]\nsource = "T"\nname = "temperature"\nunit = "K"'
    assert_same(open_source([tmp_path / "a.nc"], parse_mapping(said)))
    assert open_source([tmp_path / "a.nc"]).variables[0].variable.unit == "degC"


def test_a_planet_without_a_unit_keeps_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    dataset(stored={"r": RADII / 6371}).to_netcdf(path)
    source = open_source([path], parse_mapping('[planet]\nunit = "1"'))
    assert (source.planet.unit, source.planet.radius_km) == ("1", 1.0)
    np.testing.assert_allclose(source.grid.radii_km, RADII / 6371)
    assert_same(open_source([path], parse_mapping("[axes]\nunit_km = 6371")))
    moon = open_source(
        [path], parse_mapping("[axes]\nunit_km = 1737\n[planet]\nradius_km = 1737\ncore_radius_km = 330")
    )
    assert (moon.planet.radius_km, moon.planet.core_radius_km) == (1737, 330)
    np.testing.assert_allclose(moon.grid.radii_km, RADII / 6371 * 1737)


def test_a_level_stored_twice_keeps_both_sides(tmp_path: Path) -> None:
    twice = np.insert(RADII, 3, RADII[3])
    for down in (False, True):
        field = xr.DataArray(np.arange(8.0)[:, None, None] + 0 * truth(twice, LAT, LON), dims=("r", "lat", "lon"))
        made = xr.Dataset({"T": field}, {"r": twice, "lat": LAT, "lon": LON})
        made.isel(r=slice(None, None, -1 if down else 1)).to_netcdf(tmp_path / f"a{down}.nc")
        source = open_source([tmp_path / f"a{down}.nc"])
        assert source.grid.radii_km[3] == pytest.approx(source.grid.radii_km[4] - 1e-3)
        np.testing.assert_array_equal(source.read(0, "T")[:, 0, 0], np.arange(8))
        assert "stored twice" in source.notes[0]


def test_the_contents_of_a_source_are_labelled_as_it_says(tmp_path: Path) -> None:
    about = {"units": "percent", "long_name": "Shear velocity perturbation"}
    made = dataset(name="dlnVs", about=about, title="A model", license="CC-BY-4.0", reference="Doe (2020)")
    made.to_netcdf(tmp_path / "a.nc")
    source = open_source([tmp_path / "a.nc"])
    (found,) = source.variables
    v = found.variable
    assert (v.name, v.long_name, v.unit, v.symmetric) == ("dlnVs", "Shear velocity perturbation", "percent", True)
    assert (source.title, source.provenance.licence, source.provenance.credit) == ("A model", "CC-BY-4.0", "Doe (2020)")
    assert source.provenance.simulated is None
    said = '[provenance]\nsimulated = false\nlicence = "CC0-1.0"'
    about_it = open_source([tmp_path / "a.nc"], parse_mapping(said)).provenance
    assert (about_it.simulated, about_it.licence) == (False, "CC0-1.0")


def step_file(path: Path, value: float, names: tuple[str, ...] = ("T",), times: list[float] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = xr.Dataset(coords={"r": RADII, "lat": LAT, "lon": LON})
    for name in names:
        made[name] = (("r", "lat", "lon"), truth(RADII, LAT, LON).astype("f4") + np.float32(value), K)
    if times is not None:
        made = xr.concat([made + 10 * i for i in range(len(times))], "time").assign_coords(time=times)
        made["time"].attrs["units"] = "Myr"
    made.to_netcdf(path)


STEPS: dict[str, tuple[list[str], list[tuple[int, str | None]]]] = {
    "numbers": (["T_001.nc", "T_010.nc", "T_002.nc"], [(1, None), (2, None), (10, None)]),
    "decimals": (["T_0.5.nc", "T_12.nc", "T_1.0.nc"], [(0, "0.5"), (1, "1.0"), (2, "12")]),
    "exponents": (["T_1e2.nc", "T_5e1.nc"], [(50, "5e1"), (100, "1e2")]),
    "texts": (["late.nc", "early.nc"], [(0, "early"), (1, "late")]),
    "a folder a step": (["s_2/out.nc", "s_10/out.nc"], [(2, None), (10, None)]),
    "other numbers": (["run7_T_3.nc", "run7_T_4.nc"], [(3, None), (4, None)]),
    "one file": (["T_5.nc"], [(0, None)]),
}


@pytest.mark.parametrize("case", STEPS)
def test_steps_come_from_names(tmp_path: Path, case: str) -> None:
    names, due = STEPS[case]
    for name in names:
        step_file(tmp_path / "raw" / name, 0)
    for addresses in ([tmp_path / "raw"], [tmp_path / "raw" / name for name in names]):
        if "/" in names[0] and len(addresses) > 1:
            continue
        source = open_source(addresses)
        assert [(step.t, step.label) for step in source.steps] == due
        for step in source.steps:
            assert np.isfinite(source.read(step.t, "temperature", range(1))).all()


def test_variables_may_lie_in_files_of_their_own(tmp_path: Path) -> None:
    for t in (1, 2):
        step_file(tmp_path / f"T_{t:02d}.nc", 100 * t)
        step_file(tmp_path / f"S_{t:02d}.nc", -100 * t, ("S",))
    source = open_source([tmp_path])
    assert {each.variable.name for each in source.variables} == {"temperature", "S"}
    assert [step.t for step in source.steps] == [1, 2]
    apart = source.read(2, "temperature") - source.read(2, "S")
    np.testing.assert_allclose(apart, 400, atol=1e-3)
    (tmp_path / "S_02.nc").unlink()
    with pytest.raises(BadInput, match=r"T_02\.nc: holds no variable 'S', which other steps have"):
        open_source([tmp_path])
    assert len(open_source([tmp_path], variables=["temperature"]).steps) == 2


def test_many_steps_in_one_file_are_read_one_at_a_time(tmp_path: Path) -> None:
    step_file(tmp_path / "T.nc", 0, times=[0, 1.5, 3])
    step_file(tmp_path / "S.nc", 5, ("S",), times=[0, 1.5, 3])
    for addresses in ([tmp_path / "T.nc"], [tmp_path / "T.nc", tmp_path / "S.nc"], [tmp_path]):
        source = open_source(addresses)
        assert [(step.t, step.time_myr) for step in source.steps] == [(0, 0), (1, 1.5), (2, 3)]
        moved = source.read(2, "temperature") - source.read(0, "temperature")
        np.testing.assert_allclose(moved, 20, atol=1e-3)
        assert source.digest(0) != source.digest(1)
    del source
    step_file(tmp_path / "S.nc", 5, ("S",), times=[0, 2, 3])
    with pytest.raises(BadInput, match=r"3 times that are not the 3 of"):
        open_source([tmp_path])


def test_files_with_many_steps_each_are_one_series(tmp_path: Path) -> None:
    for year in (1, 2):
        step_file(tmp_path / f"T_{year}.nc", 100 * year, times=[year + 0.0, year + 0.5])
    source = open_source([tmp_path])
    assert [(step.t, step.time_myr) for step in source.steps] == [(0, 1.0), (1, 1.5), (2, 2.0), (3, 2.5)]
    np.testing.assert_allclose(source.read(3, "temperature") - source.read(0, "temperature"), 110, atol=1e-3)


def test_some_variables_and_steps_may_be_chosen(tmp_path: Path) -> None:
    step_file(tmp_path / "a.nc", 0, ("T", "S"), times=[0, 1, 2])
    source = open_source([tmp_path / "a.nc"], variables=["S"], steps=[2])
    assert [each.variable.name for each in source.variables] == ["S"]
    assert [step.t for step in source.steps] == [2]
    with pytest.raises(BadInput, match="has no variable 'X'; its variables: temperature, S"):
        open_source([tmp_path / "a.nc"], variables=["X"])


def test_another_grid_in_a_later_file_is_refused(tmp_path: Path) -> None:
    step_file(tmp_path / "T_1.nc", 0)
    dataset(r=RADII - 5).to_netcdf(tmp_path / "T_2.nc")
    with pytest.raises(BadInput, match=r"T_2\.nc: its axis r is not that of .*T_1\.nc"):
        open_source([tmp_path])


@pytest.mark.parametrize("where", ["a third", "a pole", "one cell"])
def test_missing_cells_are_refused_filled_or_masked(tmp_path: Path, where: str) -> None:
    made = dataset()
    lacking = {
        "a third": (made.r > 6000) & (made.lon > 100) & (made.lon < 200) & (made.lat < 99),
        "a pole": (made.r > 6000) & (made.lat > 80) & (made.lon < 999),
        "one cell": (made.r > 6000) & (made.lat == LAT[3]) & (made.lon == LON[3]),
    }[where]
    made["T"] = made["T"].where(~lacking).assign_attrs(K)
    made.to_netcdf(tmp_path / "a.nc")
    with pytest.raises(BadInput, match=f"not finite in {int(lacking.sum())} cells on 1 of its shells.*--missing fill"):
        read_first(tmp_path / "a.nc")
    masked = read_first(tmp_path / "a.nc", missing=Missing.MASK)
    np.testing.assert_array_equal(np.isnan(masked), lacking.transpose("r", "lat", "lon").values)
    filled = read_first(tmp_path / "a.nc", missing=Missing.FILL)
    np.testing.assert_array_equal(filled[~np.isnan(masked)], masked[~np.isnan(masked)])
    assert np.abs(filled - truth(RADII, LAT, LON)).max() < (150 if where == "a third" else 15)
    np.testing.assert_array_equal(filled, read_first(tmp_path / "a.nc", missing=Missing.FILL))


@pytest.mark.parametrize(
    "names",
    [
        ("v_r", "v_theta", "v_phi"),
        ("vr", "vtheta", "vphi"),
        ("u_r", "u_th", "u_phi"),
        ("a", "b", "c"),
        ("vr", "v_lat", "v_lon"),
    ],
)
def test_spherical_components_are_turned(tmp_path: Path, names: tuple[str, str, str]) -> None:
    lat = np.linspace(90, -90, 37)
    la, lo = np.deg2rad(lat)[None, :, None], np.deg2rad(LON)[None, None, :] + 0 * RADII[:, None, None]
    fields = np.cos(la) * np.cos(lo), np.sin(la) * np.cos(lo), -np.sin(lo) + 0 * la
    made = dataset(lat=lat)
    attributes: list[dict[str, str]] = [{}, {}, {}]
    if names[0] == "a":
        standard = ("upward_velocity", "northward_velocity", "eastward_velocity")
        attributes = [{"standard_name": each} for each in standard]
    northwards = names[0] == "a" or names[1] == "v_lat"
    for name, values, more in zip(names, fields, attributes):
        signed = -values if northwards and values is fields[1] else values
        made[name] = (("r", "lat", "lon"), signed.astype("f4"), {"units": "cm/yr"} | more)
    made.to_netcdf(tmp_path / "a.nc")
    source = open_source([tmp_path / "a.nc"])
    assert source.vector == ("vx", "vy", "vz")
    assert {each.variable.unit for each in source.variables} == {"K", "cm/yr"}
    for name, due in (("vx", 1), ("vy", 0), ("vz", 0)):
        np.testing.assert_allclose(source.read(0, name), due, atol=1e-6)
    again = open_source([tmp_path / "a.nc"], parse_mapping(source.mapping))
    np.testing.assert_array_equal(again.read(0, "vx"), source.read(0, "vx"))


@pytest.mark.parametrize(
    ("name", "words", "colormap"),
    [
        ("dvs", "", "crameri:roma"),
        ("dlnVs", "", "crameri:roma"),
        ("x", "S-wave velocity perturbation", "crameri:roma"),
        ("x", "shear velocity anomaly", "crameri:roma"),
        ("x", "density anomaly", "crameri:vik"),
        ("Vs", "S velocity", "crameri:batlow"),
    ],
)
def test_slow_is_red_in_tomography(tmp_path: Path, name: str, words: str, colormap: str) -> None:
    made = dataset()
    values = truth(RADII, LAT, LON).astype("f4") - 1500 * (colormap != "crameri:batlow")
    made[name] = (("r", "lat", "lon"), values, {"long_name": words} if words else {})
    made.to_netcdf(tmp_path / "a.nc")
    shown = {each.source: each.variable.colormap for each in open_source([tmp_path / "a.nc"]).variables}
    assert shown[name] == colormap


@pytest.mark.parametrize("words", ["radial velocity", "southward velocity", "zonal wind", "azimuthal flow"])
def test_a_lone_component_is_never_taken_for_a_cartesian_one(tmp_path: Path, words: str) -> None:
    """Quantities are derived from whatever is named vx, vy and vz, so these names say Cartesian."""
    made = dataset()
    made["vx"] = (("r", "lat", "lon"), truth(RADII, LAT, LON).astype("f4"), {"units": "m/s", "long_name": words})
    made.to_netcdf(tmp_path / "a.nc")
    source = open_source([tmp_path / "a.nc"])
    assert source.vector is None
    assert [each.variable.name for each in source.variables] == ["temperature", "stored_vx"]
    with pytest.raises(BadInput, match=f"vx is named vx, but long_name = .{words}. says"):
        open_source([tmp_path / "a.nc"], parse_mapping('[[variables]]\nsource = "vx"\nname = "vx"\n'))


def test_a_reader_works_in_another_process_and_after_a_change(tmp_path: Path) -> None:
    step_file(tmp_path / "a.nc", 0)
    source = pickle.loads(pickle.dumps(open_source([tmp_path / "a.nc"])))
    assert_same(source)
    digest = source.digest(0)
    step_file(tmp_path / "b.nc", 50)
    (tmp_path / "b.nc").replace(tmp_path / "a.nc")
    assert source.digest(0) != digest
    np.testing.assert_allclose(source.read(0, "temperature"), truth(RADII, LAT, LON) + 50, rtol=1e-6)


def test_an_atmosphere_has_its_heights(tmp_path: Path) -> None:
    levels = np.array([1000.0, 850, 500, 250, 100])
    made = dataset(
        r=np.arange(5.0), names=("plev", "lat", "lon"), stored={"plev": levels}, attrs={"plev": {"units": "hPa"}}
    )
    made.to_netcdf(tmp_path / "a.nc")
    source = open_source([tmp_path / "a.nc"])
    np.testing.assert_allclose(source.grid.radii_km, 6371 + 7.6 * np.log(1013.25 / levels))
    np.testing.assert_allclose(source.read(0, "temperature"), truth(np.arange(5.0), LAT, LON), rtol=1e-6)


@pytest.mark.parametrize("address", ["nowhere", "nowhere.zarr", "empty", "text.nc", "memory://nowhere.zarr"])
def test_what_cannot_be_opened_is_one_line(tmp_path: Path, address: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.nc").write_text("not NetCDF")
    with pytest.raises(BadInput, match=address) as caught:
        open_source([address if "://" in address else tmp_path / address])
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    dataset().to_netcdf(tmp_path / "a.nc", format="NETCDF3_64BIT", engine="netcdf4")
    whole = (tmp_path / "a.nc").read_bytes()
    (tmp_path / "a.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="is truncated"):
        open_source([tmp_path / "a.nc"])


def test_time_without_a_coordinate_counts_steps(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        for name, axis in (("r", RADII), ("lat", LAT), ("lon", LON)):
            file.createDimension(name, len(axis))
            file.createVariable(name, "f8", (name,))[:] = axis
        file.createDimension("time", None)
        file.createVariable("T", "f4", ("time", "r", "lat", "lon"))[:] = np.stack([truth(RADII, LAT, LON)] * 3)
    assert [(step.t, step.label) for step in open_source([tmp_path / "a.nc"]).steps] == [
        (0, None),
        (1, None),
        (2, None),
    ]


def test_files_that_state_different_units_are_refused(tmp_path: Path) -> None:
    dataset().to_netcdf(tmp_path / "T_1.nc")
    dataset(about={"units": "degC"}).to_netcdf(tmp_path / "T_2.nc")
    with pytest.raises(BadInput, match=r"T_2\.nc: T states the unit 'degC', and 'K' in .*T_1\.nc"):
        open_source([tmp_path])


def test_a_dimension_that_is_no_axis_is_named(tmp_path: Path) -> None:
    made = dataset()
    many = xr.concat([made["T"], made["T"]], "member").rename("E")
    many.to_dataset().to_netcdf(tmp_path / "a.nc")
    with pytest.raises(BadInput, match="E has more than one member, which is no axis of a globe"):
        open_source([tmp_path / "a.nc"])
    made.assign(E=many).to_netcdf(tmp_path / "b.nc")
    source = open_source([tmp_path / "b.nc"])
    assert [each.variable.name for each in source.variables] == ["temperature"]
    assert "left out: E has more than one member" in source.notes[0]


def test_a_folder_for_each_variable_is_one_series(tmp_path: Path) -> None:
    for t in (3, 4):
        step_file(tmp_path / "raw" / "temp" / f"{t}.nc", 0)
        step_file(tmp_path / "raw" / "salt" / f"{t}.nc", 0, ("S",))
    source = open_source([tmp_path / "raw"])
    assert [step.t for step in source.steps] == [3, 4]
    assert {each.variable.name for each in source.variables} == {"temperature", "S"}


def test_a_store_in_memory_is_an_address(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset().to_zarr("memory://model.zarr", mode="w")
    assert_same(open_source("memory://model.zarr"))


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.zarr").mkdir()
    monkeypatch.setitem(sys.modules, "earthgan_training.simulations.xarray_store", None)
    for address in (tmp_path / "model.zarr", dataset()):
        with pytest.raises(BadInput, match=r"pip install 'earthgan-training\[xarray\]'"):
            open_source([address])


ODD: list[dict[str, dict[str, Any]]] = [
    {"T": {"units": 5}},
    {"T": {"standard_name": [1.0, 2.0]}},
    {"T": {"scale_factor": "one"}},
    {"T": {"missing_value": "none"}},
    {"T": {"valid_min": "low"}},
    {"T": {"coordinates": "nowhere r"}},
    {"T": {"long_name": "\x00 \n a"}},
    {"T": {"units": "K" * 500}},
    {"T": {"units": "kelvins per (per"}},
    {"r": {"units": "parsecs since breakfast"}},
    {"r": {"positive": "sideways"}},
    {"lat": {"axis": 3}},
    {"lon": {"bounds": "lon_bounds"}},
    {"time": {"units": "fortnights since the flood"}},
    {"time": {"units": "days since 2001-02-30"}},
    {"time": {"units": "days since 2000-01-01", "calendar": "martian"}},
    {"time": {"units": 3}},
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_attributes_are_read_past_or_refused_in_one_line(tmp_path: Path, odd: dict[str, dict[str, Any]]) -> None:
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        for name, axis in (("r", RADII), ("lat", LAT), ("lon", LON), ("time", np.arange(2.0))):
            file.createDimension(name, len(axis))
            file.createVariable(name, "f8", (name,))[:] = axis
        file.createVariable("T", "f4", ("time", "r", "lat", "lon"))[:] = np.stack([truth(RADII, LAT, LON)] * 2)
        for name, attributes in odd.items():
            file[name].setncatts(attributes)
    try:
        source = open_source([tmp_path / "a.nc"])
        values = [source.read(step.t, source.variables[0].variable.name) for step in source.steps]
    except BadInput as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    np.testing.assert_allclose(values, np.stack([truth(RADII, LAT, LON)] * 2), rtol=1e-6)
    assert open_source([tmp_path / "a.nc"], parse_mapping(source.mapping)).grid == source.grid


@pytest.mark.parametrize("shape", ["nothing", "groups", "text", "empty time", "two axes"])
def test_odd_files_are_refused_in_one_line(tmp_path: Path, shape: str) -> None:
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        if shape == "groups":
            file.createGroup("inside")
        if shape == "text":
            file.createDimension("n", 3)
            file.createVariable("names", str, ("n",))[:] = np.array(["a", "b", "c"], dtype=object)
        if shape in ("empty time", "two axes"):
            for name, axis in (("r", RADII), ("lat", LAT), ("lon", LON)):
                file.createDimension(name, len(axis))
                file.createVariable(name, "f8", (name,))[:] = axis
            file.createDimension("time", None)
            file.createVariable("T", "f4", ("time", "r", "lat", "lon") if shape == "empty time" else ("lat", "lon"))
    with pytest.raises(BadInput, match=r"a\.nc: ") as caught:
        open_source([tmp_path / "a.nc"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("other", ["another variable", "another axis", "no axis"])
def test_no_file_of_a_series_is_left_out_in_silence(tmp_path: Path, mapped: bool, other: str) -> None:
    step_file(tmp_path / "T_1.nc", 0)
    made = {
        "another variable": dataset(name="X"),
        "another axis": dataset(names=("radius", "lat", "lon")),
        "no axis": dataset().drop_vars("r"),
    }[other]
    made.to_netcdf(tmp_path / "T_2.nc")
    said = 'files = "T_([0-9]+).nc"\n[[variables]]\nsource = "T"\nunit = "K"'
    with pytest.raises(BadInput, match=r"T_[12]\.nc: "):
        open_source([tmp_path], parse_mapping(said) if mapped else None)
