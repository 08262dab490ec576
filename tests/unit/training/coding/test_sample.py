"""A sample of a step's velocity says what all of its cells say, or all of them are compared."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from earthgan.kinds.spectral_arguments import ComponentSpec, SpectralArguments
from earthgan.sphere.grid import ShellGrid
from earthgan_training.coding.flow import MARGIN, Flow
from earthgan_training.coding.modes import bands_to
from earthgan_training.coding.sample import LEAST, Sample, Velocity, drawn
from earthgan_training.coding.shares import Products
from earthgan_training.harmonics.analysis import scalar_coefficients, vector_coefficients
from earthgan_training.velocity.moments import spherical
from spectral_surrogate import DEGREE, INNER_KM, NODES, OUTER_KM, PROFILE, RADII_KM, truth

GRID = ShellGrid(
    radii_km=tuple(RADII_KM[1:-1].tolist()),
    latitudes_deg=tuple((90 - (np.arange(96) + 0.5) * 180 / 96).tolist()),
    longitudes_deg=tuple((np.arange(200) * 1.8).tolist()),
)
SHELL = 11
ARGUMENTS = SpectralArguments(
    degree=DEGREE,
    nodes=NODES,
    inner_km=INNER_KM,
    outer_km=OUTER_KM,
    bands=bands_to(DEGREE),
    components=(ComponentSpec(field="temperature", step=1),),
    stokes=PROFILE,
)


@pytest.fixture(scope="module")
def flow() -> Flow:
    return Flow(ARGUMENTS, GRID.radii_km)


def step(t: int, stirred: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The velocity `(component, shell, latitude, longitude)` and the coefficients of the temperature of a step."""
    fields = truth(t, np.array(GRID.radii_km), GRID.latitudes_deg, GRID.longitudes_deg, stirred)
    velocity = np.stack([fields[name] for name in ("vx", "vy", "vz")]).astype(np.float32)
    return velocity, scalar_coefficients(fields["temperature"], GRID, DEGREE)


def reading(velocity: np.ndarray, read: Counter[int] | None = None) -> Velocity:
    """Read a velocity. `read` counts the shells that were read of each component."""

    def component(i: int, shells: range) -> np.ndarray:
        if read is not None:
            read[i] += len(shells)
        return velocity[i, shells.start : shells.stop]

    return component


def test_each_cell_has_its_turn() -> None:
    seen = np.zeros(GRID.shape[1:], int)
    for t in range(100):
        rows, columns = drawn(GRID, t)
        assert min(seen[rows, columns].shape) >= LEAST
        assert (rows, columns) == drawn(GRID, t)
        seen[rows, columns] += 1
    assert seen.min() > 0
    coarse = replace(GRID, latitudes_deg=GRID.latitudes_deg[::2], longitudes_deg=GRID.longitudes_deg[::3])
    assert np.ones(coarse.shape[1:])[drawn(coarse, 7)].all(), "a small grid is compared in all cells"


@pytest.mark.parametrize("t", range(1, 6))
def test_a_sample_leaves_what_all_cells_leave(flow: Flow, t: int) -> None:
    velocity, kelvins = step(t, stirred=True)
    sample = Sample.of(reading(velocity), flow.driven(kelvins @ flow.span), flow.span, GRID, t)
    true = np.stack(vector_coefficients(*spherical(*velocity, GRID), GRID, DEGREE))
    driven = np.zeros_like(true)
    driven[:2] = flow.driven(kelvins @ flow.span) @ flow.span.T
    whole = Products.of_coefficients(true, driven)
    assert sample.products.strength == pytest.approx(whole.strength, rel=0.05)
    left, due = (1 - each.explained(whole.strength) for each in (sample.products, whole))
    assert due.max() > 0.1, "or this shows little"
    np.testing.assert_array_less(due[due > 1e-6], MARGIN * left[due > 1e-6])
    np.testing.assert_allclose(sample.true * 4 * np.pi, whole.true.sum(axis=0), rtol=0.01)
    np.testing.assert_allclose(sample.driven * 4 * np.pi, whole.driven.sum(axis=0), rtol=1e-4)


@pytest.mark.parametrize("t", [2, 3])
def test_a_velocity_that_follows_is_read_once(flow: Flow, t: int) -> None:
    (velocity, kelvins), read = step(t), Counter[int]()
    found = flow.of(reading(velocity, read), GRID, t, kelvins @ flow.span)
    assert found.strength == pytest.approx(1, abs=1e-4)
    assert found.explained.min() > 0.9999
    assert read == dict.fromkeys(range(3), len(GRID.radii_km))


@pytest.mark.parametrize("t", [2, 3])
def test_what_lies_between_a_samples_cells_is_found(flow: Flow, t: int) -> None:
    """A fifth of a shell's velocity, in one corner of the globe, where the sample has no cell."""
    (velocity, kelvins), read = step(t), Counter[int]()
    rows, columns = drawn(GRID, t)
    hidden = np.zeros(GRID.shape[1:], bool)
    hidden[40:60, 50:90] = True
    hidden[rows, columns] = False
    size = np.sqrt(0.2 * np.square(velocity[:, SHELL]).sum() / hidden.sum())
    velocity[2, SHELL][hidden] += size * np.sign(velocity[2, SHELL][hidden])
    sample = Sample.of(reading(velocity), flow.driven(kelvins @ flow.span), flow.span, GRID, t)
    assert sample.products.explained().min() > 0.9999
    np.testing.assert_array_equal(np.flatnonzero(~sample.agrees(1.0)), [SHELL])
    found = flow.of(reading(velocity, read), GRID, t, kelvins @ flow.span)
    assert found.explained[:, SHELL].min() < 0.9
    assert np.delete(found.explained, SHELL, axis=1).min() > 0.99
    assert read[0] > len(GRID.radii_km)
