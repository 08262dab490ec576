"""Spherical harmonics: closed forms, round trips, products without aliasing, poles."""

import numpy as np
import pytest

from earthgan.numerics.legendre import legendre
from earthgan_training.harmonics.transform import SphereTransform, degree_power, per_degree, resized


def some_coefficients(degree: int, nodes: int = 3) -> np.ndarray:
    coefficients = np.random.default_rng(1).standard_normal((degree + 1, degree + 1, 2, nodes))
    n, m = np.indices((degree + 1, degree + 1))
    coefficients[m > n] = 0
    coefficients[:, 0, 1] = 0
    return coefficients


def longitudes(transform: SphereTransform) -> np.ndarray:
    return 2 * np.pi * np.arange(transform.longitudes)[:, None, None] / transform.longitudes


def test_closed_forms() -> None:
    theta = np.linspace(0, np.pi, 7)
    functions = legendre(3, theta)
    c, s = np.cos(theta), np.sin(theta)
    np.testing.assert_allclose(functions.values[0][:, 2], np.sqrt(5 / 16 / np.pi) * (3 * c**2 - 1), atol=1e-15)
    np.testing.assert_allclose(functions.values[2][:, 1], np.sqrt(105 / 32 / np.pi) * s**2 * c, atol=1e-15)
    np.testing.assert_allclose(functions.slopes[0][:, 2], -np.sqrt(5 / 16 / np.pi) * 6 * c * s, atol=1e-14)
    np.testing.assert_allclose(functions.slopes[1][:, 0], np.sqrt(3 / 8 / np.pi) * c, atol=1e-15)
    np.testing.assert_allclose(functions.eastward[1][:, 0], np.sqrt(3 / 8 / np.pi), atol=1e-15)
    np.testing.assert_allclose(functions.slopes[2][:, 1], np.sqrt(105 / 32 / np.pi) * (2 * s * c**2 - s**3), atol=1e-14)


def test_slopes_against_differences() -> None:
    theta = np.linspace(0.05, 3.1, 20)
    step = 1e-6
    above, here, below = (legendre(12, theta + d) for d in (step, 0, -step))
    for m in range(13):
        np.testing.assert_allclose(here.slopes[m], (above.values[m] - below.values[m]) / (2 * step), atol=1e-7)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 5e-6)])
def test_round_trip(dtype: str, tolerance: float) -> None:
    transform = SphereTransform(21, 3, dtype)
    coefficients = some_coefficients(21).astype(dtype)
    field = transform.values(coefficients)
    assert field.shape == (transform.longitudes, transform.latitudes, 3)
    assert field.dtype == dtype
    np.testing.assert_allclose(transform.coefficients(field), coefficients, atol=tolerance)


def test_products_are_not_aliased() -> None:
    coarse, fine = SphereTransform(10, 2, "float64"), SphereTransform(31, 2, "float64")
    a, b = some_coefficients(10, 2), some_coefficients(10, 2)[..., ::-1]
    exact = fine.coefficients(fine.values(resized(a, 31)) * fine.values(resized(b, 31)))
    np.testing.assert_allclose(coarse.coefficients(coarse.values(a) * coarse.values(b)), exact[:11, :11], atol=1e-12)


def test_gradient_of_a_cartesian_coordinate() -> None:
    transform = SphereTransform(4, 1, "float64")
    theta, phi = transform.colatitudes[None, :, None], longitudes(transform)
    coefficients = transform.coefficients(np.sin(theta) * np.cos(phi) + 2 * np.cos(theta))
    south, east = transform.gradient(coefficients)
    np.testing.assert_allclose(south, np.cos(theta) * np.cos(phi) - 2 * np.sin(theta), atol=1e-14)
    np.testing.assert_allclose(east, -np.sin(phi) * np.ones_like(theta), atol=1e-14)


def test_power_is_the_integral_of_the_square() -> None:
    coefficients = some_coefficients(9)
    fine = SphereTransform(19, 3, "float64")
    squared = fine.coefficients(fine.values(resized(coefficients, 19)) ** 2)[0, 0, 0] * np.sqrt(4 * np.pi)
    weights = np.array([1.0, 2.0, 3.0])
    assert degree_power(coefficients, weights).sum() == pytest.approx(squared @ weights, rel=1e-12)


def test_a_map_of_each_degree() -> None:
    coefficients = some_coefficients(5)
    maps = np.random.default_rng(2).standard_normal((6, 3, 3))
    np.testing.assert_allclose(
        per_degree(maps, coefficients), np.einsum("lij,lmpj->lmpi", maps, coefficients), atol=1e-13
    )
