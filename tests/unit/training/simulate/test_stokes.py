"""The Stokes maps agree with closed forms, with continuity, and with themselves on finer grids."""

import numpy as np
import pytest

from earthgan.flow.stokes import stokes_maps
from earthgan.numerics.radial import RadialGrid
from earthgan_training.simulate.parameters import Physics, ViscosityStep

INNER, OUTER = 1.2, 2.2
LAYERED = Physics(1.0, viscosity_steps=(ViscosityStep(660, 0.3, 80), ViscosityStep(100, 10, 80)))


def biharmonic(r: np.ndarray, degree: int, power: float, free_slip: bool) -> tuple[np.ndarray, np.ndarray]:
    """U and V for T = r^power, Ra = 1 and viscosity 1, in closed form.

    `u = curl curl (P r)` turns the momentum balance into `laplacian laplacian P = T / r`. Its solutions are powers of
    r; four constants meet P = 0 and P'' = 0 (free slip) or P' = 0 (no slip). U = l(l + 1) P / r, V = P' + P / r.
    """
    laplace = degree * (degree + 1)
    a = power + 3
    particular = 1 / ((a * (a + 1) - laplace) * ((a - 2) * (a - 1) - laplace))
    # Each power is scaled to 1 where it is largest: r^95 and r^-96 would not fit one matrix.
    exponents = np.array([degree, degree + 2, -degree - 1, 1 - degree], float)
    scales = np.array([OUTER, OUTER, INNER, INNER])

    def powers(radius: np.ndarray, derivative: int) -> np.ndarray:
        factor = np.prod([exponents - k for k in range(derivative)], axis=0) if derivative else np.ones(4)
        return factor * (radius[:, None] / scales) ** exponents / radius[:, None] ** derivative

    def forced(radius: np.ndarray, derivative: int) -> np.ndarray:
        return particular * np.prod([a - k for k in range(derivative)]) * radius ** (a - derivative)

    ends, second = np.array([INNER, OUTER]), 2 if free_slip else 1
    matrix = np.concatenate([powers(ends, 0), powers(ends, second)])
    constants = np.linalg.solve(matrix, -np.concatenate([forced(ends, 0), forced(ends, second)]))
    p, slope = (powers(r, k) @ constants + forced(r, k) for k in (0, 1))
    return laplace * p / r, slope + p / r


@pytest.mark.parametrize("free_slip", [True, False])
@pytest.mark.parametrize("degree", [1, 2, 7, 30, 95])
def test_constant_viscosity_against_the_biharmonic_form(degree: int, free_slip: bool) -> None:
    grid = RadialGrid(45, INNER, OUTER)
    maps = stokes_maps(grid, degree, 1.0, np.ones_like, free_slip)
    u, v = biharmonic(grid.nodes, degree, 0.5, free_slip)
    temperature = grid.nodes**0.5
    assert np.abs(maps.radial[degree] @ temperature - u).max() < 1e-8 * np.abs(u).max()
    assert np.abs(maps.lateral[degree] @ temperature - v).max() < 1e-8 * np.abs(v).max()


@pytest.mark.parametrize("free_slip", [True, False])
def test_velocity_has_no_divergence(free_slip: bool) -> None:
    grid = RadialGrid(45, INNER, OUTER)
    maps = stokes_maps(grid, 40, 1e5, LAYERED.viscosity, free_slip)
    temperature = np.random.default_rng(0).standard_normal(45)
    r = grid.nodes
    for n in range(1, 41):
        u, v = maps.radial[n] @ temperature, maps.lateral[n] @ temperature
        slope = grid.derivative @ u
        divergence = slope + 2 * u / r - n * (n + 1) * v / r
        assert np.abs(divergence).max() < 1e-12 * np.abs(slope).max()


def test_boundaries_hold() -> None:
    grid = RadialGrid(33, INNER, OUTER)
    temperature = np.sin(np.pi * (grid.nodes - INNER))
    for free_slip in (True, False):
        maps = stokes_maps(grid, 6, 1.0, np.ones_like, free_slip)
        assert (maps.radial[:, [0, -1]] == 0).all()
        v = maps.lateral[4] @ temperature
        tangential = grid.derivative @ v - v / grid.nodes if free_slip else v
        assert np.abs(tangential[[0, -1]]).max() < 1e-8 * np.abs(v).max()


def test_layered_viscosity_converges() -> None:
    """The flow of a smooth temperature on more and more nodes, compared with the flow on many more."""

    def flow(count: int) -> np.ndarray:
        grid = RadialGrid(count, LAYERED.inner, LAYERED.outer)
        maps = stokes_maps(grid, 12, 1.0, LAYERED.viscosity)
        at = np.linspace(LAYERED.inner, LAYERED.outer, 50)
        return np.asarray(grid.interpolation(at) @ maps.radial[12] @ np.sin(np.pi * (grid.nodes - LAYERED.inner)))

    exact = flow(129)
    errors = [np.abs(flow(count) - exact).max() / np.abs(exact).max() for count in (25, 45, 85)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2], errors
    assert errors[1] < 1e-4, errors
    assert errors[2] < 1e-7, errors


def test_a_stiffer_shell_flows_slower_and_hot_rises() -> None:
    grid = RadialGrid(25, INNER, OUTER)
    temperature = np.sin(np.pi * (grid.nodes - INNER))
    soft, stiff = (
        stokes_maps(grid, 3, 1.0, lambda r, eta=eta: np.full_like(r, eta)).radial[3] @ temperature
        for eta in (1.0, 10.0)
    )
    assert (soft[1:-1] > 0).all()
    np.testing.assert_allclose(stiff * 10, soft, atol=1e-10 * soft.max())
