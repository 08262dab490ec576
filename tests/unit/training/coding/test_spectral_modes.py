"""Radial modes: they are principal components, the nodes can represent them, and they leave out what
shells hardly see.
"""

import numpy as np
import pytest

from earthgan.numerics.radial import RadialGrid
from earthgan_training.coding.modes import Covariance, Shells, weighted

DEGREE, NODES, SHELLS = 6, 45, 199
INNER, OUTER = 3485 / 2886, 6371 / 2886


@pytest.fixture(scope="module")
def shells() -> Shells:
    """The radii of the contest's files: the outermost lie half a cell from the boundaries."""
    radii = INNER + (np.arange(SHELLS) + 0.5) / SHELLS * (OUTER - INNER)
    return Shells(RadialGrid(NODES, INNER, OUTER).interpolation(radii), SHELLS)


@pytest.fixture(scope="module")
def covariance(shells: Shells) -> Covariance:
    """Fields that vanish at the boundaries, and a profile that does not. They are float32, as fields from files."""
    rng, depth = np.random.default_rng(0), (np.arange(SHELLS) + 0.5) / SHELLS
    found = Covariance(DEGREE, shells)
    for _ in range(4):
        c = np.zeros((DEGREE + 1, DEGREE + 1, 2, SHELLS))
        for k in (1, 2, 3, 4):
            c += rng.standard_normal((DEGREE + 1, DEGREE + 1, 2, 1)) * np.sin(np.pi * k * depth) / k**3
        c[0, 0, 0] = 3.5 * (1 - depth**8) + 0.01 * rng.standard_normal() * np.sin(np.pi * depth)
        found.add(c + 1e-7 * rng.standard_normal(c.shape))
    return found


def test_no_mode_is_large_where_no_shell_sees_it(covariance: Covariance, shells: Shells) -> None:
    """The noise is 1e-7 of the field. Between a boundary and the next shell, the modes could otherwise be anything."""
    modes = covariance.modes(NODES, mean_first=True)
    on_shells = np.abs(modes @ shells.interpolation.T).max(axis=-1)
    assert (np.abs(modes).max(axis=-1) <= 3 * on_shells + 1e-9).all()


def test_modes_are_orthogonal_over_the_shells(covariance: Covariance, shells: Shells) -> None:
    on_shells = covariance.modes(NODES, mean_first=True) @ shells.interpolation.T
    products = on_shells @ on_shells.transpose(0, 2, 1) / SHELLS / (4 * np.pi)
    some = np.linalg.norm(on_shells, axis=-1) > 0
    assert (some.sum(axis=1) == NODES - 2).all(), "two profiles lie beside the boundaries"
    np.testing.assert_allclose(products, np.einsum("bi,ij->bij", some, np.eye(NODES)), atol=1e-6)


def test_the_first_is_the_mean_profile(covariance: Covariance, shells: Shells) -> None:
    first = shells.interpolation @ covariance.modes(NODES, mean_first=True)[0, 0]
    assert abs(first @ covariance.mean) == pytest.approx(np.linalg.norm(first) * np.linalg.norm(covariance.mean))


def test_a_few_modes_hold_the_training_fields(covariance: Covariance, shells: Shells) -> None:
    depth = (np.arange(SHELLS) + 0.5) / SHELLS
    field = np.sin(np.pi * 2 * depth) - 0.3 * np.sin(np.pi * 3 * depth)
    four = shells.interpolation @ covariance.modes(4, mean_first=True)[3].T
    left = field - four @ np.linalg.lstsq(four, field, rcond=None)[0]
    assert np.abs(left).max() < 1e-4


def test_orders_that_stand_for_two_weigh_as_much() -> None:
    np.testing.assert_allclose(weighted(np.ones((3, 2, 1)))[:, 0, 0] ** 2, [1, 2, 2])
