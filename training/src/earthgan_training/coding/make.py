"""`earthgan spectral` makes a surrogate that stores coded temperature and computes the velocity from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from earthgan.flow.stokes import StokesProfile
from earthgan.kinds.coded import Code
from earthgan.kinds.coded_inputs import CodedInputsSpec
from earthgan.kinds.spectral_arguments import CodedField, ComponentSpec, SpectralArguments
from earthgan.records import GridSpec, StepSpec
from earthgan.spec import GeneratorSpec, Provenance, SurrogateSpec
from earthgan.sphere.grid import EARTH_RADIUS_KM, ShellGrid
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE, VX, VY, VZ
from earthgan_training.coding.encode import Encoder
from earthgan_training.coding.fit import fit_code
from earthgan_training.coding.flow import FIELDS, FlowLeft, gated_runs
from earthgan_training.coding.modes import Shells, bands_to
from earthgan_training.coding.refine import fit_refinement
from earthgan_training.coding.training import read_training
from earthgan_training.simulations.contest import (
    CONTEST,
    CORE_RADIUS_KM,
    GRID_COLUMNS,
    GRID_ROWS,
    contest_files,
    read_snapshot,
)
from earthgan_training.simulations.source import SourceFile
from earthgan_training.surrogates.export import write_onnx
from earthgan_training.surrogates.folder import (
    changed_folder,
    new_folder,
    write_coded_step,
    write_spec,
    write_weights,
)
from earthgan_training.velocity.gate import Verdict

Item = TypeVar("Item")
Report = Callable[[str, int, int], None]  #: Gets the current task, the number of finished items, and the total number.


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of a spectral surrogate. `step_bytes` is the average size of a time step. Without a profile,
    temperature is the only variable. Without a gate, the profile gives the velocity on every shell. The network that
    refines temperature is trained with `updates` updates; with 0, there is no network.
    """

    step_bytes: int
    degree: int = 95
    nodes: int = 45
    updates: int = 6000
    profile: StokesProfile | None
    gate: Verdict | None = None
    title: str
    notice: str


def make_spectral(
    raw: Path,
    train: Sequence[int],
    steps: Sequence[int],
    out: Path,
    recipe: Recipe,
    report: Report,
    overwrite: bool,
    also: Sequence[Path] = (),
) -> None:
    """Make the surrogate folder `out` from files in the contest's layout. Modes, tables and network are fitted to the
    time steps `train` and to all time steps of the runs `also`. The time steps `steps` are encoded.

    Raises BadInput if a file is missing or unfit, or if the folder exists.
    """
    files = contest_files(raw, (*train, *steps))
    others = [each for run in also for each in contest_files(run).items()]
    variables = (TEMPERATURE, *((VX, VY, VZ) if recipe.profile else ()))
    with SourceFile(files[train[0]], CONTEST) as file:
        radii_km = file.grid.radii_km
    draft = _draft(recipe, radii_km)
    flow = FlowLeft(draft, radii_km) if len(draft.components) > 1 else None
    names = [v.name for v in variables]
    snapshots = (read_snapshot(files[t], t, names) for t in _counted(train, "reading", report))
    needed = names if flow else names[:1]
    foreign = (read_snapshot(path, t, needed) for t, path in _counted(others, "reading other runs", report))
    training = read_training(snapshots, foreign, variables, recipe.degree, radii_km, flow)
    shells = {name: Shells.of_component(name, draft, radii_km) for name in training.components}
    report("fitting", 0, 1)
    fitted = fit_code(training.components, shells, recipe.nodes, recipe.step_bytes, len(train))
    report("fitting", 1, 1)
    coded = [each for each in draft.components if each.field in fitted.fields]
    components = tuple(each.model_copy(update={"step": fitted.step}) for each in coded)
    arguments = draft.model_copy(update={"components": components})
    with new_folder(out, overwrite) as folder:
        state = {name: torch.from_numpy(array) for name, array in fitted.arrays.items()}
        code = Code.load(folder / write_weights(folder, state).file, arguments)
        encoder = Encoder(arguments, code, radii_km, training.variables)
        if recipe.updates:
            by_step = zip(*training.components.values(), strict=True)
            named = [dict(zip(training.components, fields, strict=True)) for fields in by_step]
            pairs = [(fields["temperature"], encoder.code_of(fields)) for fields in named]
            fitting = fit_refinement(arguments, code, pairs, shells["temperature"], recipe.updates, report)
            if fitting:
                refinement, network = fitting
                state |= {name: torch.from_numpy(array) for name, array in network.items()}
                arguments = arguments.model_copy(update={"refinement": refinement})
        records = [_written(folder, encoder, files[t], t) for t in _counted(sorted(set(steps)), "encoding", report)]
        spec = SurrogateSpec(
            title=recipe.title,
            description=(
                f"A time step takes about {recipe.step_bytes} bytes. It stores the temperature as coded coefficients "
                f"of spherical harmonics up to degree {recipe.degree}.{_of_velocity(arguments)}"
            ),
            variables=training.variables,
            grid=GridSpec.of(ShellGrid.cell_centred(radii_km, GRID_ROWS, GRID_COLUMNS)),
            inputs=CodedInputsSpec(steps=tuple(records)),
            generator=GeneratorSpec(
                arguments=arguments,
                weights=write_weights(folder, state),
                onnx=write_onnx(folder, len(variables), arguments, state),
            ),
            provenance=Provenance(source=raw.name, licence="Apache-2.0", notice=recipe.notice, simulated=True),
        )
        write_spec(folder, spec)


def add_steps(folder: Path, raw: Path, steps: Sequence[int], report: Report) -> None:
    """Encode further time steps into a spectral surrogate. An existing time step is encoded again. All sources are read
    before the surrogate changes.

    Raises BadInput if the surrogate is of another kind, or if a file is missing or unfit. The surrogate is then
    unchanged.
    """
    with changed_folder(folder) as draft:
        surrogate = Surrogate(folder)
        encoder, files = Encoder.of(surrogate), contest_files(raw, steps)
        records = {step.t: step for step in surrogate.steps}
        for t in _counted(steps, "encoding", report):
            records[t] = _written(draft, encoder, files[t], t)
        inputs = CodedInputsSpec(steps=tuple(records[t] for t in sorted(records)))
        write_spec(draft, surrogate.spec.model_copy(update={"inputs": inputs}))


def _draft(recipe: Recipe, radii_km: Sequence[float]) -> SpectralArguments:
    """The arguments before the fit. The fit finds the quantisation steps and the components that are
    worth their bytes.
    """
    gate = gated_runs(recipe.gate, radii_km) if recipe.profile and recipe.gate else ()
    left = FIELDS if any(not run.served for run in gate) else ()
    fields: tuple[CodedField, ...] = ("temperature", *left)
    return SpectralArguments(
        degree=recipe.degree,
        nodes=recipe.nodes,
        inner_km=CORE_RADIUS_KM,
        outer_km=EARTH_RADIUS_KM,
        bands=bands_to(recipe.degree),
        components=tuple(ComponentSpec(field=name, step=1) for name in fields),
        stokes=recipe.profile,
        gate=gate,
    )


def _written(folder: Path, encoder: Encoder, path: Path, t: int) -> StepSpec:
    snapshot = read_snapshot(path, t, encoder.variables)
    return write_coded_step(folder, t, encoder.encode(snapshot), snapshot.time_myr)


def _counted(items: Sequence[Item], what: str, report: Report) -> Iterator[Item]:
    for i, item in enumerate(items):
        report(what, i, len(items))
        yield item
    report(what, len(items), len(items))


def _of_velocity(arguments: SpectralArguments) -> str:
    """Sentences that say how a surrogate gets its velocity, or nothing if it has none."""
    if arguments.stokes is None:
        return ""
    if len(arguments.components) == 1:
        return " The Stokes equations give the velocity from the temperature."
    coded = sum(run.shells for run in arguments.gate if not run.served)
    return (
        " The Stokes equations give the velocity from the temperature. "
        f"On {coded} shells, the time step also stores the velocity that they do not explain."
    )
