"""`earthgan spectral`: a surrogate of coded temperature and of the flow that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from earthgan.coded import Code
from earthgan.errors import BadInput
from earthgan.grid import EARTH_RADIUS_KM, ShellGrid
from earthgan.spec import (
    CodedInputsSpec,
    ComponentSpec,
    GeneratorSpec,
    GridSpec,
    Provenance,
    SpectralArguments,
    StepSpec,
    SurrogateSpec,
    VariableSpec,
)
from earthgan.stokes import StokesProfile
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE, VX, VY, VZ, Variable
from earthgan_training.baseline import colour_range, extent, normalisation
from earthgan_training.contest import CORE_RADIUS_KM, Snapshot, contest_files, read_snapshot
from earthgan_training.export import write_onnx
from earthgan_training.folder import ONNX_FILE, new_folder, write_coded_step, write_spec, write_weights
from earthgan_training.spectra.analysis import scalar_coefficients
from earthgan_training.spectral.encode import encoded, refuse_coarse
from earthgan_training.spectral.fit import fit_code
from earthgan_training.spectral.modes import Shells

Array = NDArray[np.float64]
Report = Callable[[str, int, int], None]  #: what is being done, how far, of how many

#: The cell-centred grid of the size of the contest's files.
ROWS, COLUMNS = 180, 360


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a spectral surrogate is made with. `step_bytes` is what a time step takes, on average; without a profile,
    temperature is the only variable.
    """

    step_bytes: int
    degree: int = 95
    nodes: int = 45
    modes: int = 32
    profile: StokesProfile | None
    title: str
    notice: str


def make_spectral(
    raw: Path, train: Sequence[int], steps: Sequence[int], out: Path, recipe: Recipe, report: Report, overwrite: bool
) -> None:
    """Make the surrogate folder `out` of contest-layout files: modes and tables from the steps `train`, the code of
    `steps`.

    Raises BadInput where a file is missing or unfit, or the folder exists.
    """
    files = contest_files(raw)
    for t in (*train, *steps):
        if t not in files:
            raise BadInput(f"{raw}: no file for step {t}")
    variables = (TEMPERATURE, *((VX, VY, VZ) if recipe.profile else ()))
    snapshots = (read_snapshot(files[t], t, [v.name for v in variables]) for t in _counted(train, "reading", report))
    grid, specs, coefficients = _training(snapshots, variables, recipe.degree)
    shells = Shells.of(grid.radii_km, recipe.nodes, CORE_RADIUS_KM, EARTH_RADIUS_KM)
    report("fitting", 0, 1)
    fitted = fit_code(coefficients, shells, recipe.modes, recipe.step_bytes)
    report("fitting", 1, 1)
    arguments = SpectralArguments(
        degree=recipe.degree,
        nodes=recipe.nodes,
        inner_km=CORE_RADIUS_KM,
        outer_km=EARTH_RADIUS_KM,
        bands=fitted.bands,
        components=(ComponentSpec(field="temperature", step=fitted.step),),
        stokes=recipe.profile,
    )
    with new_folder(out, overwrite) as folder:
        state = {name: torch.from_numpy(array) for name, array in fitted.arrays.items()}
        weights = write_weights(folder, state)
        spec = SurrogateSpec(
            title=recipe.title,
            description=(
                f"Temperature as coded coefficients of harmonics to degree {recipe.degree}, about {recipe.step_bytes} "
                "bytes a time step" + (", velocity from it by the Stokes equations." if recipe.profile else ".")
            ),
            variables=specs,
            grid=GridSpec.of(ShellGrid.cell_centred(grid.radii_km, ROWS, COLUMNS)),
            inputs=CodedInputsSpec(steps=(StepSpec(t=0, file="none", sha256="0" * 64),)),  # until they are written
            generator=GeneratorSpec(
                arguments=arguments,
                weights=weights,
                onnx=write_onnx(folder / ONNX_FILE, len(variables), arguments, state),
            ),
            provenance=Provenance(source=raw.name, licence="Apache-2.0", notice=recipe.notice, simulated=True),
        )
        code = Code.load(folder / weights.file, arguments)
        records = [_written(folder, spec, code, files[t], t) for t in _counted(sorted(set(steps)), "encoding", report)]
        write_spec(folder, spec.model_copy(update={"inputs": CodedInputsSpec(steps=tuple(records))}))


def add_steps(folder: Path, raw: Path, steps: Sequence[int], report: Report) -> None:
    """Encode further steps into a spectral surrogate; a step that it has already is made anew.

    Raises BadInput where it is another kind of surrogate, or a file is missing or unfit.
    """
    surrogate = Surrogate(folder)
    spec, arguments, files = surrogate.spec, surrogate.spec.generator.arguments, contest_files(raw)
    if not isinstance(arguments, SpectralArguments):
        raise BadInput(f"{folder}: is a surrogate of preset {arguments.preset}, whose steps are not coded")
    for t in steps:
        if t not in files:
            raise BadInput(f"{raw}: no file for step {t}")
    code = Code.load(surrogate.weights_path, arguments)
    records = {step.t: step for step in surrogate.steps}
    for t in _counted(steps, "encoding", report):
        records[t] = _written(folder, spec, code, files[t], t)
    inputs = CodedInputsSpec(steps=tuple(records[t] for t in sorted(records)))
    write_spec(folder, spec.model_copy(update={"inputs": inputs}))


def _written(folder: Path, spec: SurrogateSpec, code: Code, path: Path, t: int) -> StepSpec:
    snapshot = read_snapshot(path, t, [TEMPERATURE.name])
    return write_coded_step(folder, t, encoded(spec, code, snapshot), snapshot.time_myr)


def _counted(steps: Sequence[int], what: str, report: Report) -> Iterator[int]:
    for i, t in enumerate(steps):
        report(what, i, len(steps))
        yield t
    report(what, len(steps), len(steps))


def _training(
    snapshots: Iterator[Snapshot], variables: Sequence[Variable], degree: int
) -> tuple[ShellGrid, tuple[VariableSpec, ...], list[Array]]:
    """Of the training steps: their grid, what is known of the variables, and the coefficients of the normalised
    temperature `(degree, order, part, shell)`."""
    raw_coefficients, extents = [], []
    for snapshot in snapshots:
        refuse_coarse(snapshot, degree)
        extents.append([extent(field, v) for field, v in zip(snapshot.values, variables, strict=True)])
        raw_coefficients.append(scalar_coefficients(snapshot.values[0], snapshot.grid, degree))
        grid = snapshot.grid
    ranges = [colour_range(np.array(each), v) for each, v in zip(zip(*extents, strict=True), variables, strict=True)]
    fastest = max((high for (_, high), v in zip(ranges, variables, strict=True) if v.symmetric), default=1.0)
    ranges = [(-fastest, fastest) if v.symmetric else r for r, v in zip(ranges, variables, strict=True)]
    specs = tuple(
        VariableSpec(
            name=v.name,
            long_name=v.long_name,
            unit=v.unit,
            colormap=v.colormap,
            range=r,
            normalisation=normalisation(r, v),
        )
        for v, r in zip(variables, ranges, strict=True)
    )
    affine = specs[0].normalisation
    for coefficients in raw_coefficients:
        coefficients[0, 0, 0] -= affine.offset * np.sqrt(4 * np.pi)
        coefficients /= affine.scale
    return grid, specs, raw_coefficients
