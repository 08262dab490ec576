"""The same field is read at the same places, in whatever layout it was written.

`EARTHGAN_LAYOUT_DRAWS` says how many layouts to draw; `make test-layouts` draws 2,000.
"""

import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

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
