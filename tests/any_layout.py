"""One field in any layout that people write: axes in any order, direction, offset and unit, packed or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from hypothesis import strategies as st

RADIUS_KM = 6371.0
FILL = {"i2": -32000, "u2": 65000, "i4": -(2**31) + 5, "f4": -9999.0, "f8": 1e30}
SPAN = (200.0, 3200.0)  # holds all values of the field, in K or degC

#: How the vertical axis is written: the kind, its unit, `positive`, its sign, and km in the unit.
VERTICALS = {
    "radius_km": ("radius", "km", None, 1, 1.0),
    "radius_m": ("radius", "m", None, 1, 0.001),
    "radius_up": ("radius", "meters", "up", 1, 0.001),
    "depth_km": ("depth", "km", "down", 1, 1.0),
    "depth_m": ("depth", "m", "down", 1, 0.001),
    "depth_negative": ("depth", "km", "up", -1, 1.0),
    "height_km": ("height", "km", "up", -1, 1.0),
    "fraction": ("radius", "1", None, 1, RADIUS_KM),
}


@dataclass(frozen=True)
class AnyLayout:
    """What is drawn. Its repr is enough to write the same files again."""

    rows: int
    columns: int
    levels: int
    seed: int
    poles: bool
    order: tuple[str, ...]  # of "level", "lat", "lon", with "time" and "one" where they are dimensions
    reversed_axes: tuple[bool, bool, bool]  # level, lat, lon, against the order of the grid
    first_longitude: float
    rolled: int  # the columns begin in the middle of the numbers
    doubled_meridian: bool
    doubled_level: bool
    vertical: str
    latitude: str  # "latitude" or "colatitude"
    angle: str  # "degrees" or "radians"
    unit: str
    asked_unit: str | None  # by the mapping
    stored: str  # the type
    endian: str
    named_by: str  # "cf", "axis", "names" or "mapping"
    beside: bool  # coordinates have other names than dimensions
    time: str  # "none", "one", "one_date", "Myr", "years_since", "dates", "files", "decimal_files", "folders"
    holes: str  # "none", "_FillValue", "missing_value", "nan"
    container: str  # a format of netCDF4, "zarr" or "in_hand"


@st.composite
def any_layout(draw: st.DrawFn) -> AnyLayout:
    def one(*options: Any) -> Any:
        return draw(st.sampled_from(options))

    yes = st.booleans()
    time = one("none", "none", "one", "one_date", "Myr", "years_since", "dates", "files", "decimal_files", "folders")
    container = one(
        "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF4", "NETCDF4", "NETCDF4_CLASSIC", "zarr", "in_hand"
    )
    if container == "in_hand" and time in ("files", "decimal_files", "folders"):
        time = "Myr"
    axes = ["level", "lat", "lon"] + ([] if time in ("none", "files", "decimal_files", "folders") else ["time"])
    named_by = one("cf", "axis", "names", "mapping")
    vertical = one(*VERTICALS)
    if named_by != "mapping" and vertical == "fraction":
        vertical = "radius_km"
    if named_by == "axis" and VERTICALS[vertical][0] != "depth":
        vertical = one("depth_km", "depth_m", "radius_km")  # nothing else says the kind
    stored = one("f4", "f4", "f8", "i2", "i4") if container.startswith(("NETCDF3", "NETCDF4_C")) else one(*FILL)
    holes = one("none", "none", "none", "_FillValue", "missing_value", "nan" if stored[0] == "f" else "_FillValue")
    unit = one("K", "degC", "kelvin")
    return AnyLayout(
        rows=draw(st.integers(5, 9)),
        columns=draw(st.integers(6, 12)),
        levels=draw(st.integers(3, 7)),
        seed=draw(st.integers(0, 99)),
        poles=draw(yes),
        order=tuple(draw(st.permutations([*axes, *(["one"] if draw(yes) and draw(yes) else [])]))),
        reversed_axes=(draw(yes), draw(yes), draw(yes)),
        first_longitude=one(0.0, 0.0, -180.0, 180.0, 12.5, -360.0, -7.25, 359.0),
        rolled=one(0, 0, 0, 3),
        doubled_meridian=draw(yes),
        doubled_level=draw(yes) and draw(yes),
        vertical=vertical,
        latitude=one("latitude", "latitude", "colatitude") if named_by in ("names", "mapping") else "latitude",
        angle=one("degrees", "degrees", "radians"),
        unit=unit,
        asked_unit=one(None, "K", "degC") if named_by == "mapping" else None,
        stored=stored,
        endian=one("<", ">") if container != "in_hand" else "<",
        named_by=named_by,
        beside=draw(yes) if named_by != "axis" or container != "in_hand" else False,
        time=time,
        holes=holes,
        container=container,
    )


@dataclass(frozen=True)
class Truth:
    """The grid that must be found, and the field at each step, `(shell, latitude, longitude)`, in the unit due."""

    radii_km: np.ndarray
    latitudes_deg: np.ndarray
    longitudes_deg: np.ndarray  # from 0 to 360
    times_myr: tuple[float | None, ...]
    labels: tuple[str | None, ...]
    unit: str
    tolerance: float

    def field(self, step: int, longitudes_deg: np.ndarray) -> np.ndarray:
        return _field(self.radii_km, self.latitudes_deg, longitudes_deg, step) - (273.15 if self.unit == "degC" else 0)


def _field(radii: np.ndarray, latitudes: np.ndarray, longitudes: np.ndarray, step: int) -> np.ndarray:
    r = radii[:, None, None] / RADIUS_KM
    la, lo = np.radians(latitudes)[None, :, None], np.radians(longitudes)[None, None, :]
    x, y, z = np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la)
    return 1700 + 300 * r * x + 200 * y * z + 150 * z + 400 * (r - 0.8) + 7 * step


def truth_of(layout: AnyLayout) -> Truth:
    random = np.random.default_rng(layout.seed)
    radii = np.linspace(3500, 6350, layout.levels) + random.uniform(-40, 20, layout.levels)
    if layout.doubled_level:
        radii = np.sort(np.append(radii, radii[1]))
    rows = layout.rows
    latitudes = np.linspace(90, -90, rows) if layout.poles else 90 - (np.arange(rows) + 0.5) * 180 / rows
    longitudes = (layout.first_longitude + np.arange(layout.columns) * 360 / layout.columns) % 360
    labels: tuple[str | None, ...] = (None,)
    times: tuple[float | None, ...] = (None,)
    match layout.time:
        case "one":
            times = (0.5,)
        case "one_date":
            labels = ("2001-02-03",)
        case "Myr":
            labels, times = (None,) * 3, (0.0, 1.5, 4.0)
        case "years_since":
            labels, times = (None,) * 3, (0.0, 1.0, 2.0)
        case "dates":
            labels, times = ("1999-12-31", "2000-01-01", "2000-01-01T06:00"), (None,) * 3
        case "files" | "folders":
            labels, times = (None,) * 2, (None,) * 2
        case "decimal_files":
            labels, times = ("0.5", "1e2"), (None,) * 2
    step = (SPAN[1] - SPAN[0]) / {"i2": 60000, "u2": 60000, "i4": 4e9}.get(layout.stored, np.inf)
    unit = layout.asked_unit or layout.unit
    return Truth(radii, latitudes, np.sort(longitudes), times, labels, unit, 0.51 * step + 2e-3)


def holes_in(layout: AnyLayout, shape: tuple[int, ...]) -> np.ndarray:
    """Where cells lack a value `(shell, latitude, longitude)`: on both copies of a meridian, wherever it lies."""
    found = np.zeros(shape, bool)
    if layout.holes != "none":
        found[-1, 1:3, 1:3] = True
    return found


def write(layout: AnyLayout, folder: Path) -> tuple[list[Any], str | None]:
    """Write the files of a layout. Returns what to open, and the text of a mapping, if one is needed."""
    truth = truth_of(layout)
    steps = len(truth.labels)
    if layout.time in ("files", "decimal_files", "folders"):
        single = replace(layout, time="none")
        names = [label or str(i + 1) for i, label in enumerate(truth.labels)]
        suffix = ".zarr" if layout.container == "zarr" else ".nc"
        for i, name in enumerate(names):
            path = folder / (f"{name}/field{suffix}" if layout.time == "folders" else f"run_{name}{suffix}")
            path.parent.mkdir(exist_ok=True)
            _store(single, _arrays(single, truth, [i]), path)
        return [folder], _mapping(layout)
    arrays = _arrays(layout, truth, list(range(steps)))
    if layout.container == "in_hand":
        return [_dataset(arrays)], _mapping(layout)
    path = folder / ("model.zarr" if layout.container == "zarr" else "model.nc")
    _store(layout, arrays, path)
    return [path], _mapping(layout)


Arrays = dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, Any]]]


def names_of(layout: AnyLayout) -> dict[str, str]:
    """The names of the coordinates."""
    kind = VERTICALS[layout.vertical][0]
    if layout.named_by == "names":
        lat = "colatitude" if layout.latitude == "colatitude" else "lat"
        return {"level": kind, "lat": lat, "lon": "longitude", "time": "time"}
    return {"level": "c1", "lat": "c2", "lon": "c3", "time": "time"}


def _arrays(layout: AnyLayout, truth: Truth, steps: list[int]) -> Arrays:
    names = names_of(layout)
    dims = {role: f"n_{name}" if layout.beside else name for role, name in names.items()} | {"one": "member"}
    lon, index = np.asarray(truth.longitudes_deg), np.arange(layout.columns)
    # The columns begin at `first_longitude` and ascend; `rolled` begins in the middle of them.
    begin = int(np.argmin(np.abs((lon - layout.first_longitude + 180) % 360 - 180)))
    index = np.roll(index, -begin)
    lon = layout.first_longitude + np.arange(layout.columns) * 360 / layout.columns
    if layout.rolled:
        lon, index = np.roll(lon, layout.rolled), np.roll(index, layout.rolled)
    elif layout.doubled_meridian:
        lon, index = np.append(lon, lon[0] + 360), np.append(index, index[0])
    coordinates = {
        "level": _levels(layout, truth.radii_km),
        "lat": truth.latitudes_deg if layout.latitude == "latitude" else 90 - truth.latitudes_deg,
        "lon": lon,
    }
    if layout.angle == "radians":
        coordinates |= {role: np.radians(coordinates[role]) for role in ("lat", "lon")}
    field = np.stack([_field(truth.radii_km, truth.latitudes_deg, truth.longitudes_deg, i) for i in steps])
    field = np.where(holes_in(layout, field.shape[1:]), np.nan, field)[..., index]
    for axis, (role, turn) in enumerate(zip(("level", "lat", "lon"), layout.reversed_axes)):
        if turn:
            coordinates[role] = coordinates[role][::-1]
            field = np.flip(field, axis + 1)
    if layout.unit == "degC":
        field = field - 273.15
    stored, attributes = _packed(layout, field)
    attributes["units"] = layout.unit
    if layout.beside:
        named = " ".join(names[each] for each in layout.order if each != "one")
        attributes["coordinates"] = named
    if layout.named_by != "mapping":
        attributes["long_name"] = "Temperature"
    roles = ["time", "level", "lat", "lon"]
    if "time" not in layout.order:
        stored, roles = stored[0], roles[1:]
    if "one" in layout.order:
        stored, roles = stored[None], ["one", *roles]
    stored = stored.transpose([roles.index(role) for role in layout.order])
    arrays: Arrays = {
        names[role]: ((dims[role],), np.asarray(values), _said_of(layout, role)) for role, values in coordinates.items()
    }
    if "time" in layout.order:
        arrays[names["time"]] = ((dims["time"],), *_times(layout))
    arrays["T"] = (tuple(dims[role] for role in layout.order), stored, attributes)
    return arrays


def _levels(layout: AnyLayout, radii: np.ndarray) -> np.ndarray:
    kind, _, _, sign, unit_km = VERTICALS[layout.vertical]
    return (radii if kind == "radius" else sign * (RADIUS_KM - radii)) / unit_km


def _said_of(layout: AnyLayout, role: str) -> dict[str, str]:
    """The attributes of a coordinate."""
    kind, unit, positive, _, _ = VERTICALS[layout.vertical]
    if layout.named_by == "mapping":
        return {}
    if role == "level":
        said = {"units": unit} | ({"positive": positive} if positive else {})
        if layout.named_by == "cf":
            said |= {"standard_name": kind if kind != "height" else "height"}
        elif layout.named_by == "axis":
            said |= {"axis": "Z"}
        return said
    east = role == "lon"
    unit = "radians" if layout.angle == "radians" else "degrees"
    match layout.named_by:
        case "cf":
            name = "longitude" if east else layout.latitude
            if layout.angle == "radians":
                return {"units": unit, "standard_name": name}
            return {"units": "degrees_east" if east else "degrees_north"} | (
                {"standard_name": name} if layout.seed % 2 else {}
            )
        case "axis":
            return {"units": unit, "axis": "X" if east else "Y"}
        case _:
            return {"units": unit}


def _times(layout: AnyLayout) -> tuple[np.ndarray, dict[str, str]]:
    match layout.time:
        case "one":
            return np.array([0.5]), {"units": "Myr"}
        case "one_date":
            return np.array([33.0]), {"units": "days since 2001-01-01", "calendar": "standard"}
        case "Myr":
            return np.array([0.0, 1.5, 4.0]), {"units": "Ma"}
        case "years_since":
            return np.array([0.0, 1e6, 2e6]), {"units": "years since 0001-01-01", "calendar": "365_day"}
        case _:
            return np.array([-24, 0, 6], "i4"), {"units": "hours since 2000-01-01", "calendar": "proleptic_gregorian"}


def _packed(layout: AnyLayout, field: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    dtype, attributes = np.dtype(layout.stored), {}
    values = field
    if dtype.kind != "f":
        limits = {"i2": (-30000, 30000), "u2": (0, 60000), "i4": (-2e9, 2e9)}[layout.stored]
        scale = (SPAN[1] - SPAN[0]) / (limits[1] - limits[0])
        attributes = {"scale_factor": scale, "add_offset": SPAN[0] - 300 - limits[0] * scale}
        values = np.round((field - attributes["add_offset"]) / scale)
    holes = np.isnan(field)
    if layout.holes in ("_FillValue", "missing_value"):
        fill = dtype.type(FILL[layout.stored])
        attributes[layout.holes] = fill
        values = np.where(holes, fill, values)
    return values.astype(dtype), attributes


def _store(layout: AnyLayout, arrays: Arrays, path: Path) -> None:
    if layout.container == "zarr":
        _dataset(arrays).to_zarr(path, consolidated=layout.seed % 2 == 0)
        return
    with netCDF4.Dataset(path, "w", format=layout.container) as file:
        file.setncatts({"title": "A test", "license": "CC0-1.0"})
        for dimensions, values, _ in arrays.values():
            for name, size in zip(dimensions, values.shape):
                if name not in file.dimensions:
                    file.createDimension(name, size)
        for name, (dimensions, values, attributes) in arrays.items():
            big = layout.endian == ">" and layout.container == "NETCDF4"
            dtype = values.dtype.newbyteorder(">" if big else "=")
            variable = file.createVariable(
                name,
                dtype,
                dimensions,
                fill_value=attributes.get("_FillValue"),
                endian="big" if big else "native",
            )
            variable.set_auto_maskandscale(False)
            variable.setncatts({k: v for k, v in attributes.items() if k != "_FillValue"})
            variable[:] = values.astype(dtype)


def _dataset(arrays: Arrays) -> Any:
    import xarray as xr

    variables = {
        name: xr.Variable(dimensions, values, dict(said)) for name, (dimensions, values, said) in arrays.items()
    }
    for each in variables.values():
        each.attrs.pop("coordinates", None)
    named = [name for name in variables if name != "T"]
    return xr.Dataset(variables).set_coords(named).assign_attrs(title="A test", license="CC0-1.0")


def _mapping(layout: AnyLayout) -> str | None:
    if layout.named_by != "mapping":
        return None
    kind, _, positive, _, unit_km = VERTICALS[layout.vertical]
    names = names_of(layout)
    lines = ["[axes]", f'{layout.latitude} = "{names["lat"]}"', f'longitude = "{names["lon"]}"']
    lines += [f'vertical = "{names["level"]}"', f'kind = "{kind}"', f"unit_km = {unit_km}"]
    if positive:
        lines.append(f'positive = "{positive}"')
    lines.append(f'angle_unit = "{layout.angle}"')
    lines += ["[[variables]]", 'source = "T"', 'name = "temperature"']
    if layout.asked_unit:
        lines.append(f'unit = "{layout.asked_unit}"')
    return "\n".join(lines) + "\n"
