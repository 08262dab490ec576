"""Measures the averaged weights on a few samples, and draws the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from earthgan.records import PlanetSpec
from earthgan_training.train.losses import Terms
from earthgan_training.train.objective import Objective, interpolation
from earthgan_training.train.samples import Batch
from earthgan_training.train.task import Task

matplotlib.use("agg")

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Validation:
    """A validation. `numbers` holds `validation/content`, the weighted content loss, and `gain_db/<name>` for each
    variable: how far its root-mean-square error lies below that of interpolation, in decibels. `shown` holds
    prediction, interpolation and ground truth `(3, variable, row, column)` for the middle shell of the first sample.
    """

    numbers: dict[str, float]
    shown: Array

    @property
    def content(self) -> float:
        return self.numbers["validation/content"]


def validate(objective: Objective, batches: Sequence[Batch], task: Task) -> Validation:
    """Measure an objective's generator on batches with one sample each."""
    content = 0.0
    errors = np.zeros((2, len(task.names)))
    shown: list[Array] = []
    with torch.no_grad():
        for batch in batches:
            predicted, interpolated = objective.predict(batch), interpolation(batch.feeds)
            content += _weighted(objective.content_of(predicted, batch)) / len(batches)
            for row, field in zip(errors, (predicted, interpolated), strict=True):
                row += ((field - batch.truth) / batch.spread).square().mean(dim=(0, 2, 3, 4)).double().cpu().numpy()
            if not shown:
                middle = predicted.shape[2] // 2
                shown = [f[0, :, middle].float().cpu().numpy() for f in (predicted, interpolated, batch.truth)]
    gains = 10 * np.log10(errors[1] / errors[0].clip(1e-30))
    numbers = {f"gain_db/{name}": float(gain) for name, gain in zip(task.names, gains, strict=True)}
    return Validation({"validation/content": content, **numbers}, np.stack(shown))


def _weighted(terms: Terms) -> float:
    return sum(weight * float(loss.mean()) for weight, loss in terms.values())


def panel(validation: Validation, batch: Batch, task: Task, planet: PlanetSpec, step: int) -> NDArray[np.uint8]:
    """A picture `(row, column, colour)` of `shown`, with a line for each variable and a colour scale for each line."""
    sample = batch.samples[0]
    shell = sample.window.shells[len(sample.window.shells) // 2]
    latitudes = _continued(np.array(task.outputs.latitudes_deg), sample.window.rows)
    longitudes = _continued(np.array(task.outputs.longitudes_deg), sample.window.columns)
    extent = (longitudes[0], longitudes[-1], latitudes[-1], latitudes[0])
    figure = Figure(figsize=(10.5, 0.6 + 2.2 * len(task.names)), layout="constrained", dpi=80)
    place = planet.place_in_words(task.outputs.radii_km[shell], planet.decimals(task.outputs.radii_km))
    figure.suptitle(f"after {step} updates: time step {sample.t}, {place}, normalised")
    axes = figure.subplots(len(task.names), 3, squeeze=False, sharex=True, sharey=True)
    for index, name in enumerate(task.names):
        low, high = float(validation.shown[2, index].min()), float(validation.shown[2, index].max())
        for axis, title, field in zip(
            axes[index], ("prediction", "interpolation", "truth"), validation.shown[:, index], strict=True
        ):
            image = axis.imshow(field, vmin=low, vmax=high, extent=extent, aspect="auto", cmap="viridis")
            axis.set_title(f"{name}, {title}", fontsize=9)
            axis.tick_params(labelsize=7)
        axes[index, 0].set_ylabel("latitude", fontsize=8)
        figure.colorbar(image, ax=list(axes[index])).ax.tick_params(labelsize=7)
    for axis in axes[-1]:
        axis.set_xlabel("longitude", fontsize=8)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]


def _continued(axis: NDArray[np.float64], indices: range) -> NDArray[np.float64]:
    """The coordinates at indices that may lie beyond either end, where the axis continues evenly."""
    return np.asarray(axis[0] + np.arange(indices.start, indices.stop) * (axis[1] - axis[0]))
