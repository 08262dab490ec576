"""Random coefficients of spherical harmonics for tests, and their evaluation by ducc0."""

import ducc0
import numpy as np


def random_coefficients(seed: int, degree: int, last: int = 2, lowest: int = 0) -> np.ndarray:
    """Return coefficients `(degree, order, part, last)`, which are zero below the lowest degree."""
    c = np.random.default_rng(seed).standard_normal((degree + 1, degree + 1, 2, last))
    order = np.arange(degree + 1)
    c[order[:, None] < order] = 0
    c[:, 0, 1] = 0
    c[:lowest] = 0
    return c


def of_ducc0(coefficients: np.ndarray) -> np.ndarray:
    """Convert coefficients `(degree, order, part)` to ducc0's layout: order by order, with the Condon-Shortley sign."""
    order, degree = np.triu_indices(len(coefficients))
    c = coefficients[degree, order] * np.where(order % 2, -1.0, 1.0)[:, None]
    return c[:, 0] + 1j * c[:, 1]


def ducc0_fields(
    coefficients: np.ndarray, colatitudes: np.ndarray, columns: int, first: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Evaluate coefficients `(degree, order, part)` by ducc0.

    The rows may be any. The columns divide a turn evenly, from a first longitude in radians. Returns the values and the
    southward and eastward derivatives, `(row, column)` each.
    """
    rows, degree = len(colatitudes), len(coefficients) - 1
    around = {
        "theta": colatitudes,
        "nphi": np.full(rows, columns, np.uint64),
        "phi0": np.full(rows, first),
        "ringstart": np.arange(rows, dtype=np.uint64) * columns,
        "lmax": degree,
    }
    alm = of_ducc0(coefficients)[None]
    (values,) = ducc0.sht.synthesis(alm=alm, spin=0, **around)
    south, east = ducc0.sht.synthesis_deriv1(alm=alm, **around)
    return tuple(each.reshape(rows, columns) for each in (values, south, east))  # type: ignore[return-value]
