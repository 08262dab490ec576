"""Whatever the layout of a source is, the same place has the same value."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from earthgan.errors import BadInput
from earthgan_training.simulations.layout import Missing
from earthgan_training.simulations.mapping import parse_mapping
from earthgan_training.simulations.opening import open_source
from source_files import LAT, LON, RADII, K, assert_same, dataset, read_first, truth, twice

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


def test_an_atmosphere_has_its_heights(tmp_path: Path) -> None:
    levels = np.array([1000.0, 850, 500, 250, 100])
    made = dataset(
        r=np.arange(5.0), names=("plev", "lat", "lon"), stored={"plev": levels}, attrs={"plev": {"units": "hPa"}}
    )
    made.to_netcdf(tmp_path / "a.nc")
    source = open_source([tmp_path / "a.nc"])
    np.testing.assert_allclose(source.grid.radii_km, 6371 + 7.6 * np.log(1013.25 / levels))
    np.testing.assert_allclose(source.read(0, "temperature"), truth(np.arange(5.0), LAT, LON), rtol=1e-6)


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
