"""Vectors between Cartesian and local axes: known places, lengths, there and back, turned globes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.sphere.vectors import LocalAxes, about_axis

#: The sine and the cosine of 10°.
S, C = np.sin(np.pi / 18), np.cos(np.pi / 18)
latitudes, longitudes, components = st.floats(-120, 120), st.floats(-400, 400), st.floats(-5, 5)
vectors = st.tuples(components, components, components)


@pytest.mark.parametrize(
    ("latitude", "longitude", "outwards", "southwards", "eastwards"),
    [
        (0, 0, (1, 0, 0), (0, 0, -1), (0, 1, 0)),
        (0, 90, (0, 1, 0), (0, 0, -1), (-1, 0, 0)),
        (90, 0, (0, 0, 1), (1, 0, 0), (0, 1, 0)),
        (-90, 0, (0, 0, -1), (-1, 0, 0), (0, 1, 0)),
        (100, 0, (-S, 0, C), (C, 0, S), (0, 1, 0)),
    ],
)
def test_the_axes_of_known_places(
    latitude: float, longitude: float, outwards: tuple, southwards: tuple, eastwards: tuple
) -> None:
    """A meridian reaches latitude 100° after it has crossed the pole."""
    found = LocalAxes.at(latitude, longitude).unit_vectors()
    np.testing.assert_allclose(found, [outwards, southwards, eastwards], atol=1e-15)


@given(latitude=latitudes, longitude=longitudes, vector=vectors)
def test_there_and_back_keeps_length_and_vector(latitude: float, longitude: float, vector: tuple) -> None:
    axes, v = LocalAxes.at(latitude, longitude), np.array(vector)
    local = np.array(axes.local(*v))
    np.testing.assert_allclose(np.linalg.norm(local), np.linalg.norm(v), atol=1e-12)
    np.testing.assert_allclose(axes.cartesian(*local), v, atol=1e-12)
    np.testing.assert_allclose(axes.unit_vectors() @ v, local, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(axes.unit_vectors()), 1, atol=1e-12)  # right-handed


@given(latitude=latitudes, longitude=longitudes, vector=vectors, angle=st.floats(-400, 400))
def test_local_components_turn_with_the_globe(latitude: float, longitude: float, vector: tuple, angle: float) -> None:
    x, y, z = (np.array(each) for each in vector)
    turned = *about_axis(x, y, np.radians(angle)), z
    here, there = LocalAxes.at(latitude, longitude), LocalAxes.at(latitude, longitude + angle)
    np.testing.assert_allclose(there.local(*turned), here.local(x, y, z), atol=1e-11)


def test_a_grid_of_float32_stays_so() -> None:
    axes = LocalAxes.on_grid([80.0, 0.0, -80.0], [0.0, 120.0, 240.0, 300.0], np.float32)
    assert axes.unit_vectors().shape == (3, 3, 3, 4)
    field = np.random.default_rng(0).standard_normal((3, 5, 3, 4)).astype(np.float32)
    local = axes.local(*field)
    assert {each.dtype for each in (*local, *axes.cartesian(*local), *about_axis(field[0], field[1], 1.0))} == {
        np.dtype(np.float32)
    }
    np.testing.assert_allclose(axes.cartesian(*local), field, atol=1e-6)
