"""The natural cubic spline, as a matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def spline(knots: ArrayLike, at: ArrayLike) -> Array:
    """`(at, knot)`: the matrix from values at ascending knots to the natural cubic spline's values at `at`.

    The spline is continued as a constant beyond the first and the last knot.
    """
    x = np.asarray(knots, np.float64)
    t = np.clip(at, x[0], x[-1])
    step = np.diff(x)
    slopes = np.diff(np.eye(len(x)), axis=0) / step[:, None]
    # The first and second derivatives are continuous, and the second derivatives are zero at both ends.
    system, right = np.eye(len(x)), np.zeros((len(x), len(x)))
    inside = np.arange(1, len(x) - 1)
    system[inside, inside - 1], system[inside, inside + 1] = step[:-1], step[1:]
    system[inside, inside] = 2 * (step[:-1] + step[1:])
    right[1:-1] = 6 * np.diff(slopes, axis=0)
    bend = np.linalg.solve(system, right)
    i = np.clip(np.searchsorted(x, t, side="right") - 1, 0, len(x) - 2)
    after, h = ((t - x[i]) / step[i])[:, None], step[i][:, None]
    before = 1 - after
    unit = np.eye(len(x))
    curved = (before**3 - before) * bend[i] + (after**3 - after) * bend[i + 1]
    return np.asarray(before * unit[i] + after * unit[i + 1] + curved * h**2 / 6)
