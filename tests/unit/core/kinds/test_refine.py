"""The refinement of decoded temperature: it has exact harmonics, no seam and the same numbers as torch, and it is worth
its bytes.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike
from safetensors.numpy import load_file, save_file

from contest_file import write_fields
from earthgan.errors import DamagedSurrogate
from earthgan.kinds.coded import Component
from earthgan.kinds.refine import Refinement
from earthgan.kinds.spectral_arguments import ComponentSpec, RefinementArguments, SpectralArguments
from earthgan.surrogate import Surrogate
from earthgan_training.coding.make import Recipe, make_spectral
from earthgan_training.coding.refine import Network
from earthgan_training.simulations.opening import open_source
from spectral_surrogate import INNER_KM, LATITUDES_DEG, LONGITUDES_DEG, OUTER_KM, RADII_KM, evaluated, make, write_raw

DEGREE, NODES, MODES = 10, 12, 5
NETWORK = RefinementArguments(shells=6, channels=4, layers=3, field_rms=0.1, error_rms=1.0)
ARGUMENTS = SpectralArguments(
    degree=DEGREE,
    nodes=NODES,
    inner_km=3485,
    outer_km=6371,
    bands=(0,),
    components=(ComponentSpec(field="temperature", step=0.01),),
    refinement=NETWORK,
)


def random_coefficients(last: int, seed: int = 0, degree: int = DEGREE) -> np.ndarray:
    c = np.random.default_rng(seed).standard_normal((degree + 1, degree + 1, 2, last)).astype(np.float32)
    c[:, 0, 1] = 0
    c[np.arange(degree + 1)[:, None] < np.arange(degree + 1)] = 0
    return c


@pytest.fixture
def network() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = Network(NETWORK)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return network


@pytest.fixture
def temperature() -> Component:
    """A component whose last mode is coded in low degrees only."""
    tables = np.ones((DEGREE + 1, MODES), np.uint8)
    tables[5:, -1] = 0
    return Component(
        np.random.default_rng(2).standard_normal((DEGREE + 1, MODES, NODES)), np.zeros(MODES), tables, 0.01
    )


@pytest.fixture
def gains() -> np.ndarray:
    return np.linspace(0, 1, DEGREE + 1, dtype=np.float32)


@pytest.fixture
def weights(network: Network, gains: np.ndarray, tmp_path: Path) -> Path:
    save_file({**network.arrays(), "refinement.gains": gains}, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


@pytest.fixture
def refinement(weights: Path, temperature: Component) -> Refinement:
    return Refinement.load(weights, ARGUMENTS, temperature)


def test_the_network_sees_over_the_poles_and_the_date_line(refinement: Refinement) -> None:
    """The field `sin(theta) cos(phi)` continues smoothly beyond the pole, where it is odd in theta."""
    coefficients = np.zeros((DEGREE + 1, DEGREE + 1, 2, MODES), np.float32)
    coefficients[1, 1, 0, 0] = 1
    seen = refinement.seen(coefficients)[3, 1]
    halo, grid = NETWORK.layers, refinement.grid
    south = 2 * np.pi - grid.rows.colatitudes[: -halo - 1 : -1]
    theta = np.concatenate([-grid.rows.colatitudes[halo - 1 :: -1], grid.rows.colatitudes, south])
    phi = np.arange(-halo, grid.columns.count + halo) * 2 * np.pi / grid.columns.count
    plane = np.outer(np.sin(theta), np.cos(phi))
    amplitude = np.sum(seen * plane) / np.sum(plane**2)
    np.testing.assert_allclose(seen, amplitude * plane, atol=1e-5 * abs(amplitude))


def test_a_turned_globe_is_refined_alike(refinement: Refinement) -> None:
    """The date line is therefore like any other meridian."""
    columns = 5
    angle = np.arange(DEGREE + 1) * columns * 2 * np.pi / refinement.grid.columns.count

    def turned(c: np.ndarray) -> np.ndarray:
        z = (c[:, :, 0] + 1j * c[:, :, 1]) * np.exp(-1j * angle)[:, None]
        return np.stack([z.real, z.imag], axis=2).astype(np.float32)

    coefficients = random_coefficients(MODES)
    added = refinement(coefficients)
    assert np.abs(added).max() > 0.1
    np.testing.assert_allclose(refinement(turned(coefficients)), turned(added), atol=2e-4 * np.abs(added).max())


def test_numpy_computes_what_was_trained(
    network: Network, refinement: Refinement, temperature: Component, gains: np.ndarray
) -> None:
    stored = network.arrays()
    for i, layer in enumerate(network.layers):
        rounded = stored[f"refinement.{i}.weight"] * stored[f"refinement.{i}.scale"][:, None, None, None]
        exact, *_ = (parameter.detach().numpy() for parameter in layer.parameters())
        assert np.abs(rounded - exact).max() <= stored[f"refinement.{i}.scale"].max() * 0.51
        next(layer.parameters()).data = torch.from_numpy(rounded.astype(np.float32))
    coefficients = random_coefficients(MODES)
    with torch.no_grad():
        fields = network(torch.from_numpy(refinement.seen(coefficients))).numpy()
    found = refinement.grid.coefficients(fields)
    shells, nodes = refinement.shells, refinement.nodes
    root = np.sqrt(nodes.integral)
    for degree in (1, DEGREE):  # the coded modes fit the output best, in the mean square over radius
        coded = temperature.tables[degree] > 0
        on_nodes = gains[degree] * found[degree, 1, 0] @ shells.interpolation(nodes.nodes).T
        nearest = np.zeros(MODES)
        nearest[coded] = np.linalg.lstsq((temperature.basis[degree, coded] * root).T, root * on_nodes, rcond=None)[0]
        np.testing.assert_allclose(refinement(coefficients)[degree, 1, 0], nearest, rtol=1e-3, atol=1e-4)


def test_weights_of_another_shape_are_damaged(weights: Path, temperature: Component) -> None:
    arrays = load_file(weights)
    for name in ("refinement.1.weight", "refinement.gains"):
        rest = {other: array for other, array in arrays.items() if other != name}
        for broken in ({name: arrays[name][1:].copy()}, {}):
            save_file(rest | broken, weights)
            with pytest.raises(DamagedSurrogate, match="refinement"):
                Refinement.load(weights, ARGUMENTS, temperature)


def plumes(t: int, radii_km: ArrayLike, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> np.ndarray:
    """The temperature `(radius, latitude, longitude)` in K of round plumes. Coarse scales determine fine ones."""
    theta, phi = np.radians(90 - np.asarray(latitudes_deg))[:, None], np.radians(longitudes_deg)
    points = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta) + 0 * phi])
    axes = np.random.default_rng(t).standard_normal((3, 9))
    axes /= np.linalg.norm(axes, axis=0)
    hot = 600 * np.exp((np.einsum("irc,ip->prc", points, axes) - 1) * 25).sum(axis=0)
    depth = (OUTER_KM - np.asarray(radii_km)[:, None, None]) / (OUTER_KM - INNER_KM)
    return (1000 + 1500 * depth + np.sin(np.pi * depth) * hot).astype(np.float32)


def test_it_is_worth_its_bytes_on_steps_it_has_not_seen(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for t in range(1, 10):
        path = raw / f"spherical{t:03d}.nc"
        field = plumes(t, RADII_KM, LATITUDES_DEG, LONGITUDES_DEG)
        write_fields(path, {"temperature": field}, LATITUDES_DEG, RADII_KM, LONGITUDES_DEG)

    def error(updates: int) -> float:
        """The mean square error, in K^2, of a time step that is not a training step."""
        out = tmp_path / f"with-{updates}"
        recipe = Recipe(step_bytes=80, degree=15, nodes=NODES, updates=updates, profile=None)
        make_spectral(open_source([raw]), range(1, 9), [9], out, recipe, lambda *_: None, overwrite=False)
        surrogate = Surrogate(out)
        assert (surrogate.spec.generator.arguments.refinement is not None) == (updates > 0)
        grid, shells = surrogate.grid, [8, 12, 16]
        found = evaluated(surrogate, ["temperature"], 9, shells)
        due = plumes(9, np.array(grid.radii_km)[shells], grid.latitudes_deg, grid.longitudes_deg)
        return float(np.mean((found[0] - due) ** 2))

    without, refined = error(0), error(300)
    assert (tmp_path / "with-0/inputs/009.bin").read_bytes() == (tmp_path / "with-300/inputs/009.bin").read_bytes()
    assert refined < 0.6 * without


def test_where_fine_scales_follow_from_nothing_there_is_no_network(tmp_path: Path) -> None:
    folder = make(write_raw(tmp_path / "raw"), tmp_path / "blobs", step_bytes=400, updates=60)
    assert Surrogate(folder).spec.generator.arguments.refinement is None
