"""The samples that a generator is trained on: patches of the ground truth, each with the generator's inputs for that
patch.

A sample is a pure function of the seed and of its place in the run (step, draw, index). So a run that is continued or
spread over processes sees the same samples, and no random state has to be stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earthgan.errors import BadInput
from earthgan.records import Affine
from earthgan.sphere.grid import ShellGrid, Window, cell_weights
from earthgan_training.grids.area_mean import meridional_weights, zonal_weights
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.train.config import SampleConfig
from earthgan_training.train.symmetry import Symmetry
from earthgan_training.train.task import RATIO, Task, radial_weights

Array = NDArray[np.float32]

#: A spread counts as at least this share of its variable's largest spread, because nothing moves near an isothermal
#: boundary.
SMALLEST_SPREAD = 0.05
#: The number of training steps that the spreads are measured on.
SCALE_STEPS = 8
#: The number of time steps whose inputs are kept in memory for all rotations. Each takes 1.5 MB for 30 x 14 x 28 cells
#: and four variables.
KEPT_STEPS = 128


@dataclass(frozen=True)
class Scales:
    """The lateral mean and spread `(variable, shell)` of the ground truth's normalised values, at the radii of the
    generator's outputs.
    """

    mean: Array
    spread: Array


@dataclass(frozen=True)
class Sample:
    """A patch: the generator's inputs, and the normalised ground truth `(variable, shell, row, column)`. `share`, from
    0 to 1, is the point between prediction and ground truth at which the critic's gradient is penalised. `again` holds
    the noise of a second draw, if there is one.
    """

    t: int
    window: Window
    feeds: dict[str, NDArray[np.generic]]
    truth: Array
    share: float
    again: dict[str, NDArray[np.generic]] = field(default_factory=dict)

    def __str__(self) -> str:
        axes = zip(("shells", "rows", "columns"), self.window.axes, strict=True)
        return f"time step {self.t}, " + ", ".join(f"{name} {axis[0]} to {axis[-1]}" for name, axis in axes)


@dataclass(frozen=True)
class Batch:
    """Samples as tensors. `truth` is `(batch, variable, shell, row, column)`. `mean` and `spread` of its shells are
    `(batch, variable, shell, 1, 1)`. `share` is `(batch,)`. `again` holds the feeds of the second draw that differ.
    """

    samples: tuple[Sample, ...]
    feeds: dict[str, Tensor]
    truth: Tensor
    mean: Tensor
    spread: Tensor
    share: Tensor
    again: dict[str, Tensor] = field(default_factory=dict)


class Samples:
    """The samples of a data set for a task. Raises BadInput if the patch does not fit into the generator's output."""

    def __init__(self, data: Dataset, task: Task, config: SampleConfig, seed: int) -> None:
        self.data, self.task, self._config, self._seed = data, task, config, seed
        whole = task.planner.whole_pass
        gaps = config.every, 1, 1
        for axis, size, gap, name in zip(whole.axes, config.patch, gaps, ("shells", "rows", "columns"), strict=True):
            if not 0 < size <= len(axis[::gap]):
                raise BadInput(f"samples.patch: {size} {name}, but the generator computes 1 to {len(axis[::gap])}")
        self._starts = tuple(
            range(axis.start, axis.stop - (size - 1) * gap, every)
            for axis, size, gap, every in zip(whole.axes, config.patch, gaps, task.starts, strict=True)
        )
        self._means = lru_cache(maxsize=KEPT_STEPS)(self._cell_means)
        variables = [data.variable(name) for name in task.names]
        self._truth_affine = _affines([each.truth for each in variables])
        self._input_affine = _affines([each.inputs for each in variables])
        #: The smallest rotation, in columns of the ground truth. It is one column if the cells of the ground truth nest
        #: in those of the inputs, because the inputs can then be averaged again.
        self.finest_turn = 1 if _nest(data.truth_grid, data.input_grid) else RATIO

    def draw(self, step: int, draw: int, index: int, noise: bool = True, twice: bool = False) -> Sample:
        """The sample `index` in the batch of draw `draw` of a step; `twice` adds the noise of a second draw."""
        rng = np.random.default_rng([self._seed, step, draw, index])
        train = self.data.spec.split.train
        t = train[int(rng.integers(len(train)))]
        starts = [axis[int(rng.integers(len(axis)))] for axis in self._starts]
        columns = self.data.truth_grid.shape[2]
        turn = int(rng.integers(columns // self.finest_turn)) * self.finest_turn if self._config.rotate else 0
        east_west, north_south = (bool(each) and self._config.mirror for each in rng.integers(2, size=2))
        if east_west:
            turn += RATIO - 1  # so that the cells of the inputs keep their edges
        symmetry, noise_seed = Symmetry(turn, east_west, north_south), int(rng.integers(2**32))
        window, share = self._window(starts), rng.random()
        sample = self.sample(t, window, symmetry, noise_seed if noise else None, share)
        if not twice:
            return sample
        feeds = self.task.planner.feeds(window, int(rng.integers(2**32)))
        return replace(sample, again={name: each for name, each in feeds.items() if name.startswith("noise")})

    @property
    def validates_on(self) -> str:
        """What the samples for validation are, in words: they are only called held out if no step of theirs is trained
        on.
        """
        return "held-out samples" if self.data.spec.split.held_out else "samples of a step that was trained on"

    def validation(self, count: int, noise: bool = True) -> list[Sample]:
        """Samples for validation, without any symmetry. They are always the same. They come from held-out time steps,
        or from the last training step if nothing is held out.
        """
        steps = self.data.spec.split.held_out or self.data.spec.split.train[-1:]
        chosen = []
        for index in range(count):
            rng = np.random.default_rng([0, index])
            starts = [axis[int(rng.integers(len(axis)))] for axis in self._starts]
            chosen.append(
                self.sample(
                    steps[index * len(steps) // count], self._window(starts), Symmetry(), index if noise else None
                )
            )
        return chosen

    def _window(self, starts: Sequence[int]) -> Window:
        shells, rows, columns = (
            range(start, start + size) for start, size in zip(starts, self._config.patch, strict=True)
        )
        every = self._config.every
        return Window(range(shells.start, shells.start + (len(shells) - 1) * every + 1, every), rows, columns)

    def sample(self, t: int, window: Window, symmetry: Symmetry, noise_seed: int | None, share: float = 0.5) -> Sample:
        """A patch of time step `t`, changed by a symmetry. Without a seed, the noise is zero."""
        task, vector = self.task, self.data.spec.vector
        turned = symmetry.turn(self._truth(t, window, symmetry), task.names, vector, self.data.truth_grid)
        inputs = symmetry.turn(self._inputs(t, symmetry), task.names, vector, self.data.truth_grid)
        x = self.data.input_grid.window(_normalised(inputs, self._input_affine), task.planner.input_window(window))
        feeds: dict[str, NDArray[np.generic]] = {"x": np.ascontiguousarray(x[None])}
        feeds |= task.planner.feeds(window, noise_seed)
        return Sample(t, window, feeds, _normalised(turned, self._truth_affine), share)

    def _truth(self, t: int, window: Window, symmetry: Symmetry) -> Array:
        """The ground truth in units, at the radii of the outputs and at the places that the symmetry gives."""
        weights = self.task.radial[list(window.shells)]
        used = np.flatnonzero(weights.any(axis=0))
        as_stored = np.array_equal(weights[:, used], np.eye(*weights.shape[:1]))
        shells = range(int(used[0]), int(used[-1]) + 1, window.shells.step if as_stored else 1)
        source = symmetry.source(Window(shells, window.rows, window.columns), self.data.truth_grid.shape[1])
        stored = symmetry.flipped(self.data.truth(t, self.task.names, source, normalised=False))
        if as_stored:
            return stored
        return np.asarray(np.einsum("sk,vkrc->vsrc", weights[:, list(shells)], stored, optimize=True))

    def _inputs(self, t: int, symmetry: Symmetry) -> Array:
        """The whole conditional input in units, at the places that the symmetry gives."""
        cells = self.data.input_grid.shape[2]
        begins = symmetry.cells(cells, RATIO)
        if self.finest_turn == 1:
            field = self._means(t)[..., begins % (cells * RATIO)]
        else:
            field = self.data.inputs(t, self.task.names, normalised=False)[..., begins // RATIO % cells]
        return symmetry.flipped_rows(field)

    def _cell_means(self, t: int) -> Array:
        """Area means `(variable, layer, row, column)`, one for each column of the ground truth. Each covers the columns
        from that one on that make up a cell of the inputs. They contain the conditional inputs for all rotations.
        """
        truth, inputs = self.data.truth_grid, self.data.input_grid
        meridional = meridional_weights(truth, inputs).astype(np.float32)
        radial = radial_weights(np.array(truth.radii_km), np.array(inputs.radii_km))

        def means(name: str) -> Array:
            stored = self.data.stored_truth(t, name).transpose(1, 2, 0)  # the order on the disk
            rows = np.tensordot(meridional, stored, axes=1) @ radial.T
            ahead = np.concatenate([rows, rows[:, : RATIO - 1]], axis=1)
            windows = np.lib.stride_tricks.sliding_window_view(ahead, RATIO, axis=1)
            return np.asarray(windows.mean(axis=-1).transpose(2, 0, 1))

        return np.stack([means(name) for name in self.task.names])

    def scales(self) -> Scales:
        """The lateral means and spreads of the ground truth, over a few training steps."""
        train = self.data.spec.split.train
        steps = sorted({train[i * len(train) // SCALE_STEPS] for i in range(SCALE_STEPS)})
        weights = cell_weights(self.data.truth_grid)
        moments = np.array([[_moments(self.data.stored_truth(t, n), weights) for n in self.task.names] for t in steps])
        offset, scale = (each[:, :, 0, 0] for each in self._truth_affine)
        mean = (moments[:, :, 0].mean(axis=0) - offset) / scale
        spread = np.sqrt(moments[:, :, 1].mean(axis=0)) / scale
        spread = np.maximum(spread, SMALLEST_SPREAD * spread.max(axis=1, keepdims=True))
        radial = self.task.radial.astype(np.float64)
        return Scales((mean @ radial.T).astype(np.float32), (spread @ radial.T).astype(np.float32))


def make_batch(samples: Sequence[Sample], scales: Scales, device: torch.device) -> Batch:
    """Put samples of the same size on a device. `parity_*` depends on where a window starts and must be equal for all
    samples.
    """
    feeds = _joined([sample.feeds for sample in samples], device)

    def of_shells(values: Array) -> Tensor:
        cut = np.stack([values[:, list(sample.window.shells)] for sample in samples])
        return torch.from_numpy(cut[..., None, None]).to(device)

    truth = torch.from_numpy(np.stack([sample.truth for sample in samples])).to(device)
    share = torch.tensor([sample.share for sample in samples], dtype=torch.float32, device=device)
    again = _joined([sample.again for sample in samples], device)
    return Batch(tuple(samples), feeds, truth, of_shells(scales.mean), of_shells(scales.spread), share, again)


def _joined(several: Sequence[dict[str, NDArray[np.generic]]], device: torch.device) -> dict[str, Tensor]:
    """The feeds of samples as tensors with the samples on their first axis."""
    feeds = {}
    for name, first in several[0].items():
        arrays = [each[name] for each in several]
        if name.startswith("parity"):
            assert all((array == first).all() for array in arrays)
            feeds[name] = torch.from_numpy(first)
        else:
            feeds[name] = torch.from_numpy(np.concatenate(arrays)).to(device)
    return feeds


def _moments(field: Array, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lateral mean and variance `(shell,)` of a field `(shell, latitude, longitude)`."""
    mean = np.einsum("sij,ij->s", field, weights, dtype=np.float64)
    return mean, np.einsum("sij,ij->s", np.square(field - mean[:, None, None]), weights, dtype=np.float64)


def _affines(affines: Sequence[Affine]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    table = np.array([(each.offset, each.scale) for each in affines]).T[..., None, None, None]
    return table[0], table[1]


def _normalised(values: Array, affine: tuple[NDArray[np.float64], NDArray[np.float64]]) -> Array:
    return np.ascontiguousarray((values - affine[0]) / affine[1], dtype=np.float32)


def _nest(truth: ShellGrid, inputs: ShellGrid) -> bool:
    """Whether each cell of the inputs covers exactly `RATIO` columns of the ground truth."""
    nested = np.kron(np.eye(inputs.shape[2]), np.full(RATIO, 1 / RATIO))
    overlaps = zonal_weights(truth, inputs)
    return overlaps.shape == nested.shape and bool(np.allclose(overlaps, nested, atol=1e-9))
