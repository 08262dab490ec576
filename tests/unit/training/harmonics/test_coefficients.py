"""Operations on coefficients without a field."""

import numpy as np
import pytest

from earthgan.numerics.transform import Transform
from earthgan_training.harmonics.coefficients import degree_power, resized
from earthgan_training.simulate.model import product_transform
from harmonics import random_coefficients


def test_power_is_the_integral_of_the_square() -> None:
    coefficients = random_coefficients(1, 9, 3)
    fine = Transform.gauss(19, 20, 40, "float64")
    squared = fine.coefficients(fine.values(resized(coefficients, 19)) ** 2)[0, 0, 0] * np.sqrt(4 * np.pi)
    weights = np.array([1.0, 2.0, 3.0])
    assert degree_power(coefficients, weights).sum() == pytest.approx(squared @ weights, rel=1e-12)


def test_the_simulation_forms_products_without_aliasing() -> None:
    coarse, fine = product_transform(10, "float64"), product_transform(31, "float64")
    a, b = random_coefficients(1, 10), random_coefficients(2, 10)
    exact = fine.coefficients(fine.values(resized(a, 31)) * fine.values(resized(b, 31)))
    np.testing.assert_allclose(coarse.coefficients(coarse.values(a) * coarse.values(b)), exact[:11, :11], atol=1e-12)
