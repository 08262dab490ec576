"""Draws the preparation, as in figure 2 of von Hahn & Mechefske (2021): a shell in the simulation's file, in the ground
truth, in the conditional input, and as computed from that input. Each has its number of bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from earthgan.quantities import Quantity
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid
from earthgan.surrogate import Surrogate
from earthgan_training.figures.globe_map import GlobeMap
from earthgan_training.figures.page import new_page
from earthgan_training.figures.projection import Projection
from earthgan_training.figures.scale import Scale
from earthgan_training.figures.size import shown_bytes
from earthgan_training.figures.sources import Array, Origin, Truth, fields, input_fields


@dataclass(frozen=True)
class Stage:
    """A stage of the preparation: a shell `(latitude, longitude)` at a radius, and its caption."""

    title: str
    grid: ShellGrid
    radius_km: float
    values: Array
    caption: str


def stages(
    truth: Truth, surrogate: Surrogate, generated: Origin, grid: ShellGrid, quantity: Quantity, t: int, shell: int
) -> list[Stage]:
    """The stages for one shell of the surrogate, generated and compared on `grid`. The shells of the source and
    of the input are those nearest in radius.
    """
    radius_km, count = surrogate.check_shell(shell), len(surrogate.variables)
    found = []
    file = truth.file_shell(quantity.needs, t, radius_km)
    if file is not None:
        values = quantity.of(dict(zip(quantity.needs, file.values, strict=True)), file.grid)
        file_bytes = 4 * file.variables * math.prod(file.cells)
        caption = (
            f"{_cells(file.cells)} cells, {_variables(file.variables)}\n{shown_bytes(file_bytes)} a step as float32"
        )
        found.append(Stage("The source", file.grid, file.radius_km, values, caption))
    due = fields(truth, [quantity], t, [shell], grid)[quantity.name][0]
    truth_bytes = 4 * count * math.prod(grid.shape)
    caption = f"{_cells(grid.shape)} cells, {_variables(count)}, float32\n{shown_bytes(truth_bytes)} a step"
    found.append(Stage("Truth", grid, radius_km, due, caption))
    coarse_grid, coarse = input_fields(surrogate, [quantity], t)
    layer = int(np.abs(np.array(coarse_grid.radii_km) - radius_km).argmin())
    input_bytes = (surrogate.folder / surrogate.check_step(t).file).stat().st_size
    ratio = f"{shown_bytes(input_bytes)} a step: 1 : {truth_bytes / input_bytes:.0f}"
    caption = f"{_input_cells(surrogate, coarse_grid)}\n{ratio}"
    found.append(
        Stage("Conditional input", coarse_grid, coarse_grid.radii_km[layer], coarse[quantity.name][layer], caption)
    )
    back = fields(generated, [quantity], t, [shell], grid)[quantity.name][0]
    generator_bytes = surrogate.onnx_path.stat().st_size + surrogate.weights_path.stat().st_size
    caption = (
        f"{_cells(grid.shape)} cells\ncomputed from the input by a generator of {shown_bytes(generator_bytes)}, "
        "which is the same for all steps"
    )
    found.append(Stage(f"{generated.label}, at the truth's cells", grid, radius_km, back, caption))
    return found


def draw_preparation(
    found: list[Stage],
    quantity: Quantity,
    planet: PlanetSpec,
    when: str,
    about: str,
    projection: Projection,
    centre_deg: float,
) -> Figure:
    """Draw all stages in the same colours, with every cell in its true size."""
    scale = Scale.of(quantity, [stage.values for stage in found])
    columns = math.ceil(len(found) / 2)
    figure = new_page(4.4 * columns, 6.4, f"{quantity.long_name}, {when}", about)
    axes = figure.subplots(2, columns, squeeze=False).ravel()
    decimals = planet.decimals(max((stage.grid.radii_km for stage in found), key=len))
    for number, (stage, place) in enumerate(zip(found, axes, strict=False), start=1):
        globe = GlobeMap(stage.grid, projection, centre_deg, cells=True)
        image = globe.draw(place, stage.values, scale)
        place.set_title(f"{number}. {stage.title}, {planet.place_in_words(stage.radius_km, decimals)}", size=8)
        place.set_xlabel(stage.caption, size=6.5, labelpad=9 if projection is Projection.PLATE_CARREE else 3)
    for place in axes[len(found) :]:
        place.set_axis_off()
    scale.draw_bar(image, list(axes), shrink=0.5, aspect=40)
    return figure


def _input_cells(surrogate: Surrogate, grid: ShellGrid) -> str:
    inputs, cells = surrogate.inputs, f"{_cells(grid.shape)} cells"
    if inputs.grid is None:
        return f"{inputs.stored_as}, seen at {cells}"
    return f"{cells}, {_variables(len(surrogate.variables))}, {inputs.stored_as}"


def _cells(shape: tuple[int, ...]) -> str:
    return " × ".join(str(size) for size in shape)


def _variables(count: int) -> str:
    return f"{count} variable{'' if count == 1 else 's'}"
