"""What cannot be true is refused in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from earthgan.errors import BadInput
from earthgan_training.simulations.mapping import parse_mapping
from earthgan_training.simulations.opening import open_source
from source_files import LAT, LON, RADII, assert_same, dataset, read_first, truth, twice

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
