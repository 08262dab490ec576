"""`earthgan baseline` makes a surrogate whose generator interpolates. Every trained generator should be better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.inputs import InputsSpec
from earthgan.kinds.interpolate import InterpolateArguments
from earthgan.records import GridSpec
from earthgan.spec import GeneratorSpec, Provenance, SurrogateSpec
from earthgan.sphere.grid import ShellGrid
from earthgan_training.grids.area_mean import area_mean, at_radii
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.export import write_onnx
from earthgan_training.surrogates.folder import new_folder, write_spec, write_step, write_weights
from earthgan_training.surrogates.grid_code import codes_of, coding_of
from earthgan_training.surrogates.ranges import colour_range, described, extent, normalisation

#: The paper's input has 30 x 14 x 27 cells. With 28 columns, the cells are square, and each has a cell opposite it
#: across a pole. A source with fewer shells, rows or columns is not refined.
LAYERS, INPUT_ROWS, INPUT_COLUMNS = 30, 14, 28
#: The surrogate has at most this many rows and columns.
ROWS, COLUMNS = 180, 360

Field = NDArray[np.float32]


def baseline(
    source: Source, out: Path, provenance: Provenance, title: str | None = None, overwrite: bool = False
) -> None:
    """Make a surrogate from a source. It stores area means on the sphere at 30 radii, which include both ends, or at as
    many as the source has shells. The default title is the source's. Raises BadInput.
    """
    variables = [each.variable for each in source.variables]
    grid = coarse_grid(source.grid)
    inputs, extents = [], []
    for step in source.steps:
        coarse = np.empty((len(variables), *grid.shape), np.float32)
        found = []
        for index, variable in enumerate(variables):
            field = source.read(step.t, variable.name)
            found.append(extent(field, variable))
            coarse[index] = coarsened(field, source.grid, grid)
        inputs.append(coarse)
        extents.append(found)
    ranges = [colour_range(np.array(each), v) for each, v in zip(zip(*extents, strict=True), variables, strict=True)]
    affines = [normalisation(r, v) for r, v in zip(ranges, variables, strict=True)]
    offset, scale = (np.array([getattr(n, part) for n in affines])[:, None, None, None] for part in ("offset", "scale"))
    normalised = [(values - offset) / scale for values in inputs]
    coding = coding_of(normalised)
    arguments = InterpolateArguments()
    layers, rows, columns = grid.shape
    with new_folder(out, overwrite) as folder:
        spec = SurrogateSpec(
            title=title or source.title,
            description=(
                f"Area means of {layers} radii x {rows} x {columns} cells, interpolated tricubically: "
                "the baseline that a trained generator must beat."
            ),
            variables=tuple(described(v, r, n) for v, r, n in zip(variables, ranges, affines, strict=True)),
            grid=GridSpec.of(served_grid(source)),
            inputs=InputsSpec(
                grid=GridSpec.of(grid),
                dtype="uint16",
                coding=coding,
                steps=tuple(
                    write_step(folder, step.t, codes_of(n, coding), step.time_myr, step.label)
                    for step, n in zip(source.steps, normalised, strict=True)
                ),
            ),
            generator=GeneratorSpec(
                arguments=arguments,
                weights=write_weights(folder, {}),
                onnx=write_onnx(folder, len(variables), arguments, {}),
            ),
            planet=source.planet,
            provenance=provenance,
        )
        write_spec(folder, spec)


def coarse_grid(native: ShellGrid) -> ShellGrid:
    """The grid of the stored means. Its radii are evenly spaced and include the first and the last shell."""
    shells, rows, columns = native.shape
    radii = np.linspace(native.radii_km[0], native.radii_km[-1], min(LAYERS, shells))
    return ShellGrid.cell_centred(tuple(radii.tolist()), min(INPUT_ROWS, rows), min(INPUT_COLUMNS, columns))


def coarsened(field: Field, native: ShellGrid, grid: ShellGrid) -> Field:
    """A field `(shell, latitude, longitude)` as lateral area means, interpolated to the radii of the coarse grid."""
    return at_radii(area_mean(field, native, grid), np.asarray(native.radii_km), np.asarray(grid.radii_km))


def served_grid(source: Source) -> ShellGrid:
    """The grid that the surrogate is served on: cell-centred, and not finer than the source."""
    _, rows, columns = source.grid.shape
    stored_columns = (
        columns + source.reader.storage.closed
    )  # the contest's files store 360 meridians, one of them twice
    return ShellGrid.cell_centred(source.grid.radii_km, min(ROWS, rows), min(COLUMNS, stored_columns))
