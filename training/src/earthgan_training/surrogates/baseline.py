"""`earthgan baseline` makes a surrogate whose generator interpolates. Every trained generator should be better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from earthgan.kinds.inputs import InputsSpec
from earthgan.kinds.interpolate import InterpolateArguments
from earthgan.records import GridSpec, VariableSpec
from earthgan.spec import GeneratorSpec, Provenance, SurrogateSpec
from earthgan.sphere.grid import ShellGrid
from earthgan.variables import PAPER_VARIABLES
from earthgan_training.grids.area_mean import area_mean, at_radii
from earthgan_training.simulations.contest import GRID_COLUMNS, GRID_ROWS, Snapshot, contest_files, read_snapshot
from earthgan_training.surrogates.export import write_onnx
from earthgan_training.surrogates.folder import new_folder, write_spec, write_step, write_weights
from earthgan_training.surrogates.grid_code import codes_of, coding_of
from earthgan_training.surrogates.ranges import colour_range, extent, normalisation

#: The paper's input has 30 x 14 x 27 cells. With 28 columns, the cells are square, and each has a cell opposite it
#: across a pole.
LAYERS, INPUT_ROWS, INPUT_COLUMNS = 30, 14, 28


def baseline(
    raw: Path, out: Path, steps: Sequence[int] | None, title: str, notice: str, overwrite: bool = False
) -> None:
    """Make a surrogate from files in the contest's layout. It stores area means on the sphere at 30 radii, which
    include both ends.
    """
    files = contest_files(raw, steps or ())
    snapshots = []
    extents = []
    for t in steps or files:
        snapshot = read_snapshot(files[t], t, [v.name for v in PAPER_VARIABLES])
        snapshots.append(coarse_snapshot(snapshot))
        extents.append([extent(field, v) for field, v in zip(snapshot.values, PAPER_VARIABLES, strict=True)])
        radii_km = snapshot.grid.radii_km
    ranges = [
        colour_range(np.array(each), v) for each, v in zip(zip(*extents, strict=True), PAPER_VARIABLES, strict=True)
    ]
    affines = [normalisation(r, v) for r, v in zip(ranges, PAPER_VARIABLES, strict=True)]
    offset, scale = (np.array([getattr(n, part) for n in affines])[:, None, None, None] for part in ("offset", "scale"))
    normalised = [(snapshot.values - offset) / scale for snapshot in snapshots]
    coding = coding_of(normalised)
    arguments = InterpolateArguments()
    with new_folder(out, overwrite) as folder:
        inputs = InputsSpec(
            grid=GridSpec.of(snapshots[0].grid),
            dtype="uint16",
            coding=coding,
            steps=tuple(
                write_step(folder, s.t, codes_of(n, coding), s.time_myr)
                for s, n in zip(snapshots, normalised, strict=True)
            ),
        )
        spec = SurrogateSpec(
            title=title,
            description=(
                f"Area means of {LAYERS} radii x {INPUT_ROWS} x {INPUT_COLUMNS} cells, interpolated tricubically: "
                "the baseline that a trained generator must beat."
            ),
            variables=tuple(
                VariableSpec(
                    name=v.name, long_name=v.long_name, unit=v.unit, colormap=v.colormap, range=r, normalisation=n
                )
                for v, r, n in zip(PAPER_VARIABLES, ranges, affines, strict=True)
            ),
            grid=GridSpec.of(ShellGrid.cell_centred(radii_km, GRID_ROWS, GRID_COLUMNS)),
            inputs=inputs,
            generator=GeneratorSpec(
                arguments=arguments,
                weights=write_weights(folder, {}),
                onnx=write_onnx(folder, len(PAPER_VARIABLES), arguments, {}),
            ),
            provenance=Provenance(source=raw.name, licence="Apache-2.0", notice=notice, simulated=True),
        )
        write_spec(folder, spec)


def coarse_snapshot(snapshot: Snapshot) -> Snapshot:
    """A snapshot on the coarse grid: lateral area means at evenly spaced radii that include the first and the last
    shell.
    """
    radii = np.asarray(snapshot.grid.radii_km)
    layers = np.linspace(radii[0], radii[-1], LAYERS)
    grid = ShellGrid.cell_centred(tuple(layers.tolist()), INPUT_ROWS, INPUT_COLUMNS)
    values = at_radii(area_mean(snapshot.values, snapshot.grid, grid), radii, layers)
    return replace(snapshot, grid=grid, values=values)
