"""The same field is read at the same places, in whatever layout it was written.

`EARTHGAN_LAYOUT_DRAWS` says how many layouts to draw; `make test-layouts` draws 2,000.
"""

import os
import tempfile
import warnings
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from any_layout import AnyLayout, any_layout, holes_in, truth_of, write
from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.mapping import parse_mapping
from earthgan_training.simulations.opening import Missing, open_source

pytest.importorskip("zarr", reason="the extra xarray is not installed")

DRAWS = int(os.environ.get("EARTHGAN_LAYOUT_DRAWS", "100"))


@settings(max_examples=DRAWS, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(any_layout())
def test_the_same_field_at_the_same_places(layout: AnyLayout) -> None:
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore" if layout.container in ("zarr", "in_hand") else "error")
        addresses, text = write(layout, Path(name))
        warnings.simplefilter("error")
        mapping = None if text is None else parse_mapping(text)
        missing = Missing.REFUSE if layout.holes == "none" else Missing.MASK
        source = open_source(addresses, mapping, missing=missing)
        _is_the_truth(source, layout)
        # What was understood, said as a mapping, is understood in the same way.
        again = open_source(addresses, parse_mapping(source.mapping), missing=missing)
        _is_the_truth(again, layout)
        for part in ("address", "title", "provenance", "planet", "grid", "variables", "steps", "vector", "mapping"):
            assert getattr(again, part) == getattr(source, part), part
        assert again.digest(source.steps[0].t) == source.digest(source.steps[0].t)


def _is_the_truth(source: Source, layout: AnyLayout) -> None:
    truth = truth_of(layout)
    grid = source.grid
    np.testing.assert_allclose(grid.radii_km, truth.radii_km, atol=2e-3)
    np.testing.assert_allclose(grid.latitudes_deg, truth.latitudes_deg, atol=1e-4)
    longitudes = np.array(grid.longitudes_deg)
    turned = np.round(longitudes % 360, 6) % 360
    np.testing.assert_allclose(np.sort(turned), np.round(truth.longitudes_deg, 6) % 360, atol=1e-4)
    assert [each.time_myr for each in source.steps] == pytest.approx(list(truth.times_myr))
    assert [each.label for each in source.steps] == list(truth.labels)
    (variable,) = source.variables
    assert variable.variable.unit == truth.unit
    assert source.planet.unit == "km"
    holes = holes_in(layout, grid.shape)
    columns = np.argsort(np.argsort(turned))  # which column of the truth each column is
    for i, step in enumerate(source.steps):
        found = source.read(step.t, variable.variable.name)
        due = np.where(holes[:, :, columns], np.nan, truth.field(i, longitudes))
        np.testing.assert_allclose(found, due, atol=truth.tolerance, rtol=0)
        some = source.read(step.t, variable.variable.name, range(1, 2))
        np.testing.assert_array_equal(some, found[1:2])


#: Names of components outwards, southwards or northwards, and eastwards, and attributes that tell them.
SPHERICAL = [
    (("v_r", "v_theta", "v_phi"), ({}, {}, {}), 1),
    (("ur", "uth", "uphi"), ({}, {}, {}), 1),
    (("vel_r", "vel_lat", "vel_lon"), ({}, {}, {}), -1),
    (("a", "b", "c"), tuple({"standard_name": f"{way}_velocity"} for way in ("upward", "northward", "eastward")), -1),
    (("a", "b", "c"), tuple({"long_name": f"{way} velocity"} for way in ("Radial", "Southward", "Eastward")), 1),
    (("p", "q", "w"), None, 1),  # nothing tells: a mapping must
    (("p", "q", "w"), None, -1),
]


@settings(max_examples=max(50, DRAWS // 10), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(SPHERICAL),
    st.tuples(*[st.floats(-5, 5)] * 6),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(None, 1.0), ("cm/yr", 1.0), ("mm/yr", 10.0)]),
)
def test_a_velocity_along_local_axes_is_the_cartesian_one(
    naming: tuple, flow: tuple[float, ...], poles: bool, northwards_first: bool, asked: tuple[str | None, float]
) -> None:
    """A translation and a rotation, which are smooth on the poles, where components along local axes are not."""
    names, attributes, across = naming
    latitudes = np.linspace(90, -90, 7) if poles else np.arange(75, -90, -30.0)
    longitudes, radii = np.arange(0, 360, 30.0), np.linspace(3500, 6350, 4)
    la, lo, r = (np.radians(latitudes)[:, None], np.radians(longitudes)[None], radii[:, None, None] / 6371)
    outwards = np.stack([np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la) + 0 * lo])
    south = np.stack([np.sin(la) * np.cos(lo), np.sin(la) * np.sin(lo), -np.cos(la) + 0 * lo])
    east = np.stack([-np.sin(lo) + 0 * la, np.cos(lo) + 0 * la, 0 * la + 0 * lo])
    due = np.array(flow[:3])[:, None, None, None] + np.cross(flow[3:], outwards, axisb=0, axisc=0)[:, None] * r
    parts = [(due * axis[:, None]).sum(axis=0) for axis in (outwards, across * south, east)]
    needs_mapping = attributes is None
    unit, factor = asked if needs_mapping else (None, 1.0)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "flow.nc"
        with netCDF4.Dataset(path, "w") as file:
            order = slice(None, None, -1 if northwards_first else 1)
            for axis, numbers in (("radius", radii), ("lat", latitudes[order]), ("lon", longitudes)):
                file.createDimension(axis, len(numbers))
                file.createVariable(axis, "f8", (axis,))[:] = numbers
            file["radius"].units = "km"
            for i, component in enumerate(names):
                variable = file.createVariable(component, "f8", ("radius", "lat", "lon"))
                variable.setncatts({"units": "cm/yr"} | ({} if attributes is None else attributes[i]))
                variable[:] = parts[i][:, order]
        mapping = None
        if needs_mapping:
            direction = "south" if across == 1 else "north"
            said = [f'[[variables]]\nsource = "{each}"\nname = "{each}"' for each in names]
            said = [f'{each}\nunit = "{unit}"' if unit else each for each in said]
            vector = f'system = "spherical"\nradial = "{names[0]}"\n{direction} = "{names[1]}"\neast = "{names[2]}"'
            mapping = parse_mapping("\n".join([*said, "[vector]", vector]))
        source = open_source([path], mapping)
        assert source.vector == ("vx", "vy", "vz")
        assert {each.variable.unit for each in source.variables} == {unit or "cm/yr"}
        for component, values in zip(source.vector, due):
            np.testing.assert_allclose(source.read(0, component), factor * values, atol=2e-5 * factor)
        again = open_source([path], parse_mapping(source.mapping))
        assert (again.variables, again.vector) == (source.variables, source.vector)
        np.testing.assert_array_equal(again.read(0, "vx"), source.read(0, "vx"))
