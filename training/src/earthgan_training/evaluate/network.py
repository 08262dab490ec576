"""A coordinate network as a code of a field: a network from a place to the value there, trained on that field alone.

In the manner of Huang & Hoefler (2023), ICLR, arXiv 2210.12538: a place on the unit sphere and its radius become random
Fourier features (Tancik et al., 2020), then follow blocks of two layers with a skip, and the weights are stored as
float16. The features follow from a seed and take no bytes. A batch norm would be a part of the layer beside it once the
network is trained, so it takes no bytes either; networks as small as these train without one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan_training.evaluate.codecs import CONSTANTS_BYTES, Coded

Array = NDArray[np.float32]

#: The standard deviation of the features' frequencies, in turns for a coordinate from 0 to 1. On the temperature of a
#: step of the simulated run, in 11 kB and after 1,500 updates, 0.6 gave 29.9 dB, 1.0 gave 27.6 and 1.6 gave 22.0.
FREQUENCY = 0.6
#: The learning rate falls from this one along a cosine; each update sees this many places.
RATE, PLACES = 1e-2, 8192
SEED = 2210
_WEIGHT_BYTES, _PLACES_AT_ONCE = 2, 2**17


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = x + self.second(nn.functional.gelu(self.first(nn.functional.gelu(x))))
        return found


class _Network(nn.Module):
    """From places `(point, 4)` to values `(point,)`: two features for each of `2 width` frequencies, and a block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        frequencies = torch.randn(4, 2 * width, generator=torch.Generator().manual_seed(SEED)) * FREQUENCY
        self.register_buffer("frequencies", frequencies * 2 * math.pi, persistent=False)
        self.frequencies: Tensor
        self.layers = nn.Sequential(nn.Linear(4 * width, width), _Block(width), nn.GELU(), nn.Linear(width, 1))

    def forward(self, places: Tensor) -> Tensor:
        turns = places @ self.frequencies
        found: Tensor = self.layers(torch.cat([turns.sin(), turns.cos()], 1))[:, 0]
        return found


def code_by_network(field: Array, grid: ShellGrid, size: float, updates: int) -> Coded:
    """Code a field `(shell, latitude, longitude)` on `grid` as a network of at most `size` bytes, or the smallest one,
    which has a width of 1. Training minimises the mean square error over the sphere, shell by shell, with `updates`
    updates of Adam. The result is what the weights give once they are rounded to float16.
    """
    low, extent = float(field.min()), float(np.ptp(field)) or 1.0
    values = torch.from_numpy(((field - np.float32(low)) / np.float32(extent)).reshape(-1))
    places = _places(grid)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = _Network(_width(size))
    _train(network, places, values, _chosen(grid, updates), updates)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(weight.half().float())
        runs = range(0, len(places), _PLACES_AT_ONCE)
        found = torch.cat([network(places[first : first + _PLACES_AT_ONCE]) for first in runs])
    decoded = (found.double() * extent + low).float().numpy().reshape(field.shape)
    return Coded(decoded, _bytes(network))


def _width(size: float) -> int:
    """The largest width whose network has at most this many bytes."""
    width = 1
    while _bytes(_Network(width + 1)) <= size:
        width += 1
    return width


def _bytes(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters()) * _WEIGHT_BYTES + CONSTANTS_BYTES


def _places(grid: ShellGrid) -> Tensor:
    """The four coordinates of each cell `(point, 4)`: its place on the unit sphere, and its radius from -1 to 1."""
    latitudes, longitudes = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    unit = [np.cos(latitudes) * np.cos(longitudes), np.cos(latitudes) * np.sin(longitudes)]
    unit.append(np.sin(latitudes) + 0 * longitudes)
    radii = np.interp(grid.radii_km, (grid.radii_km[0], grid.radii_km[-1]), (-1, 1))[:, None, None]
    every = np.empty((*grid.shape, 4), np.float32)
    for i, coordinate in enumerate(unit):
        every[..., i] = coordinate
    every[..., 3] = radii
    return torch.from_numpy(every.reshape(-1, 4))


def _chosen(grid: ShellGrid, updates: int) -> Iterator[Tensor]:
    """The cells of each update, evenly distributed over shells and over the sphere."""
    random = np.random.default_rng(SEED)
    shells, rows, columns = grid.shape
    by_area = np.cumsum(cell_weights(grid).sum(axis=1))
    for _ in range(updates):
        shell, column = random.integers(shells, size=PLACES), random.integers(columns, size=PLACES)
        row = np.searchsorted(by_area, random.uniform(0, by_area[-1], PLACES)).clip(max=rows - 1)
        yield torch.from_numpy((shell * rows + row) * columns + column)


def _train(network: _Network, places: Tensor, values: Tensor, chosen: Iterator[Tensor], updates: int) -> None:
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, updates))
    for cells in chosen:
        optimiser.zero_grad()
        loss = (network(places[cells]) - values[cells]).square().mean()
        loss.backward()
        optimiser.step()
        schedule.step()
