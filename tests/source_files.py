"""Writes sources of one known field in any layout, and reads them."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

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


def step_file(path: Path, value: float, names: tuple[str, ...] = ("T",), times: list[float] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = xr.Dataset(coords={"r": RADII, "lat": LAT, "lon": LON})
    for name in names:
        made[name] = (("r", "lat", "lon"), truth(RADII, LAT, LON).astype("f4") + np.float32(value), K)
    if times is not None:
        made = xr.concat([made + 10 * i for i in range(len(times))], "time").assign_coords(time=times)
        made["time"].attrs["units"] = "Myr"
    made.to_netcdf(path)


def read_first(*addresses: Path, **options: Any) -> np.ndarray:
    source = open_source(addresses, **options)
    return np.asarray(source.read(source.steps[0].t, source.variables[0].variable.name))
