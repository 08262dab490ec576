"""`spec.json` states evenly spaced axes by their ends, and any other axis number by number."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from earthgan.records import GridSpec
from earthgan.sphere.grid import ShellGrid

RADII_KM = (3500.0, 5000.0, 6300.0)


def again(spec: GridSpec) -> GridSpec:
    return GridSpec.model_validate_json(spec.model_dump_json())


@settings(deadline=None)
@given(
    st.integers(2, 400),
    st.integers(2, 720),
    st.floats(-180, 180),
    st.sampled_from(["cells", "poles", "steps"]),
)
def test_a_grid_is_read_back_as_it_was_written(rows: int, columns: int, west: float, how: str) -> None:
    latitudes = {
        "cells": [90 - (i + 0.5) * 180 / rows for i in range(rows)],
        "poles": np.linspace(90, -90, rows).tolist(),
        "steps": (89.5 - np.arange(rows) * (179 / rows)).tolist(),
    }[how]
    longitudes = [west + j * 360 / columns for j in range(columns)]
    grid = ShellGrid(radii_km=RADII_KM, latitudes_deg=tuple(latitudes), longitudes_deg=tuple(longitudes))
    spec = GridSpec.of(grid)
    assert again(spec) == spec
    assert np.abs(np.subtract(spec.latitudes_deg, latitudes)).max() <= 1e-9
    assert np.abs(np.subtract(spec.longitudes_deg, longitudes)).max() <= 1e-9
    if min(rows, columns) >= 8:
        assert len(spec.model_dump_json()) < 350


@settings(deadline=None)
@given(st.lists(st.floats(-90, 90), min_size=2, max_size=40, unique=True))
def test_an_uneven_axis_keeps_every_number(latitudes: list[float]) -> None:
    latitudes = sorted(latitudes, reverse=True)
    spec = GridSpec(radii_km=RADII_KM, latitudes_deg=tuple(latitudes), longitudes_deg=(0.0, 90.0))
    assert again(spec).latitudes_deg == tuple(latitudes)


def test_a_list_of_an_older_folder_is_read() -> None:
    text = json.dumps({"radii_km": RADII_KM, "latitudes_deg": [45, 0, -45], "longitudes_deg": list(range(0, 360, 30))})
    assert GridSpec.model_validate_json(text).longitudes_deg[-1] == 330


@pytest.mark.parametrize(
    "axis",
    [
        {"first": 90, "last": -90},
        {"first": 90, "last": -90, "count": 1},
        {"first": 90, "last": -90, "count": 10**9},
        {"first": "north", "last": -90, "count": 10},
        {"first": 90, "last": -90, "count": 10, "step": 1},
        {"first": -90, "last": 90, "count": 10},
        {"first": 90, "last": 1e999, "count": 10},
        {},
        "even",
    ],
)
def test_what_is_no_axis_is_refused(axis: object) -> None:
    text = json.dumps({"radii_km": RADII_KM, "latitudes_deg": axis, "longitudes_deg": [0, 90]})
    with pytest.raises(ValidationError):
        GridSpec.model_validate_json(text)
