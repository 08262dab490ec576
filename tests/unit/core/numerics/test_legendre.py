"""Legendre functions: closed forms, and slopes by differences."""

import numpy as np

from earthgan.numerics.legendre import Legendre


def test_closed_forms() -> None:
    theta = np.linspace(0, np.pi, 7)
    functions = Legendre(3, theta)
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
    above, here, below = (Legendre(12, theta + d) for d in (step, 0, -step))
    for m in range(13):
        np.testing.assert_allclose(here.slopes[m], (above.values[m] - below.values[m]) / (2 * step), atol=1e-7)


def test_degree_0_is_a_constant() -> None:
    functions = Legendre(0, np.array([0.0, 1.0]))
    np.testing.assert_allclose(functions.values[0], np.full((2, 1), np.sqrt(1 / 4 / np.pi)))
    for kind in (functions.slopes, functions.eastward):
        np.testing.assert_array_equal(kind[0], np.zeros((2, 1)))
