"""Octants hold the values of the grid, and multiply fields as the grid does."""

import numpy as np
import pytest

from earthgan.numerics.octants import Octants
from earthgan.numerics.transform import Array, Transform

LAYERS = 7

# Odd and even numbers of rows, columns whose quarter is a column and columns whose quarter is not, more rows than are
# computed at a time, and a mean alone.
GRIDS = [(0, 1, 2), (3, 4, 8), (4, 5, 10), (6, 9, 16), (7, 8, 18), (95, 96, 192), (20, 300, 44)]


def coefficients(degree: int, rng: np.random.Generator) -> Array:
    out = rng.standard_normal((degree + 1, degree + 1, 2, LAYERS))
    out[np.triu_indices(degree + 1, 1)] = 0
    out[:, 0, 1] = 0
    return out


@pytest.mark.parametrize(("degree", "rows", "columns"), GRIDS)
def test_every_place_of_the_grid_is_there(degree: int, rows: int, columns: int) -> None:
    transform = Transform.gauss(degree, rows, columns, np.float64)
    c = coefficients(degree, np.random.default_rng(0))
    grid = transform.values(c)
    octants = Octants(transform).fields(transform.rows.modes(c, "values"))

    near, half, quarter = np.arange(columns // 4 + 1), columns // 2, columns // 4 + 1
    assert octants.shape == (2, 2, 2, quarter, LAYERS, transform.rows.kept)
    of_images = {(0, 0): near, (0, 1): -near, (1, 0): half + near, (1, 1): half - near}
    for (far, west), at in of_images.items():
        north = grid[..., at % columns].transpose(2, 0, 1)[..., : transform.rows.kept]
        south = grid[:, ::-1, at % columns].transpose(2, 0, 1)[..., : transform.rows.kept]
        np.testing.assert_allclose(octants[0, far, west], north, atol=1e-12)
        np.testing.assert_allclose(octants[1, far, west], south, atol=1e-12)


@pytest.mark.parametrize(("degree", "rows", "columns"), GRIDS)
def test_products_are_those_of_the_grid(degree: int, rows: int, columns: int) -> None:
    transform = Transform.gauss(degree, rows, columns, np.float64)
    octants, rng = Octants(transform), np.random.default_rng(1)
    factors, others = ([coefficients(degree, rng) for _ in range(3)] for _ in range(2))

    product = sum(transform.values(a) * transform.values(b) for a, b in zip(factors, others, strict=True))
    modes = [transform.rows.modes(c, "values") for c in factors]
    fields = [octants.fields(transform.rows.modes(c, "values")) for c in others]
    found = octants.of_products(modes, fields)
    expected = transform.coefficients(product)
    np.testing.assert_allclose(transform.rows.coefficients(found), expected, atol=1e-12 * np.abs(expected).max())
    # What went in is as it was.
    again = octants.of_products(modes, fields)
    np.testing.assert_array_equal(again, found)
