"""`earthgan spectral --velocity` makes a surrogate that stores coded temperature and computes the velocity from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from earthgan.errors import BadInput
from earthgan.flow.stokes import StokesProfile
from earthgan.kinds.coded import Code
from earthgan.kinds.coded_inputs import CodedInputsSpec
from earthgan.kinds.harmonics_arguments import HarmonicsArguments
from earthgan.kinds.spectral_arguments import CodedField, ComponentSpec, SpectralArguments
from earthgan.records import GridSpec, StepSpec
from earthgan.spec import GeneratorSpec, SurrogateSpec
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE
from earthgan_training.coding.curves import fit_curves, refuse_unlike
from earthgan_training.coding.encode import Encoder
from earthgan_training.coding.fit import fit_code
from earthgan_training.coding.flow import FIELDS, FlowLeft, gated_runs
from earthgan_training.coding.modes import Shells, bands_to
from earthgan_training.coding.refine import fit_refinement
from earthgan_training.coding.scalar_encoder import ScalarEncoder
from earthgan_training.coding.training import read_training
from earthgan_training.coding.work import Report, counted
from earthgan_training.harmonics.analysis import highest_degree
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.export import write_onnx
from earthgan_training.surrogates.folder import (
    changed_folder,
    new_folder,
    write_coded_step,
    write_spec,
    write_weights,
)
from earthgan_training.velocity.gate import Verdict

#: The highest degree, unless another is asked for.
USUAL_DEGREE = 95


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of a surrogate whose velocity follows from temperature. `step_bytes` is the average size of a time
    step. Without a degree, it is the grid's, up to `USUAL_DEGREE`. Without a profile, temperature is the only variable.
    Without a gate, the profile gives the velocity on every shell. The network that refines temperature is trained with
    `updates` updates; with 0, there is no network.
    """

    step_bytes: int
    degree: int | None = None
    nodes: int = 45
    updates: int = 6000
    profile: StokesProfile | None
    gate: Verdict | None = None


def make_spectral(
    source: Source,
    train: Sequence[int],
    steps: Sequence[int],
    out: Path,
    recipe: Recipe,
    report: Report,
    overwrite: bool,
    also: Sequence[Source] = (),
) -> None:
    """Make the surrogate folder `out` from a source of temperature and, with a profile, velocity. Modes, tables and
    network are fitted to the time steps `train` and to all time steps of the runs `also`. The time steps `steps` are
    encoded. All other variables of the source have to follow from temperature by curves.

    Raises BadInput if something is missing or unfit, or if the folder exists.
    """
    if recipe.profile and source.vector is None:
        raise BadInput(f"{source.address}: has no velocity whose components are known, which --velocity needs")
    velocity = source.vector or ()
    names = (source.named(TEMPERATURE.name).variable.name, *(velocity if recipe.profile else ()))
    source = source.chosen(steps=(*train, *steps))
    radii_km = source.grid.radii_km
    draft = _draft(recipe, source)
    flow = FlowLeft(draft, radii_km) if len(draft.components) > 1 else None
    training = read_training(source, train, also, names, draft.degree, flow, report)
    shells = {name: Shells.of_component(name, draft, radii_km) for name in training.components}
    report("fitting", 0, 1)
    fitted = fit_code(training.components, shells, recipe.nodes, recipe.step_bytes, len(train))
    report("fitting", 1, 1)
    coded = [each for each in draft.components if each.field in fitted.fields]
    components = tuple(each.model_copy(update={"step": fitted.step}) for each in coded)
    followers = [v.variable.name for v in source.variables if v.variable.name not in (TEMPERATURE.name, *velocity)]
    curves = fit_curves(source, train, training.variables[0], followers, draft, report)
    arguments = draft.model_copy(update={"components": components, "curves": curves.specs})
    with new_folder(out, overwrite) as folder:
        state = {name: torch.from_numpy(array) for name, array in (fitted.arrays | dict(curves.arrays)).items()}
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
        records = [_written(folder, encoder, source, t) for t in counted(sorted(set(steps)), "encoding", report)]
        spec = SurrogateSpec(
            title=source.title,
            description=(
                f"A time step takes about {recipe.step_bytes} bytes. It stores the temperature as coded coefficients "
                f"of spherical harmonics up to degree {draft.degree}.{_of_velocity(arguments)}{_of_curves(arguments)}"
            ),
            variables=(*training.variables, *curves.variables),
            grid=GridSpec.of(source.grid),
            planet=source.planet,
            inputs=CodedInputsSpec(steps=tuple(records)),
            generator=GeneratorSpec(
                arguments=arguments,
                weights=write_weights(folder, state),
                onnx=write_onnx(folder, len(names), arguments, state),
            ),
            provenance=source.provenance,
        )
        write_spec(folder, spec)


def add_steps(folder: Path, source: Source, steps: Sequence[int], report: Report) -> None:
    """Encode further time steps into a surrogate of coded harmonics. An existing time step is encoded again. All
    sources are read before the surrogate changes.

    Raises BadInput if the surrogate is of another kind, or if a step is missing or unfit. The surrogate is then
    unchanged.
    """
    with changed_folder(folder) as draft:
        surrogate = Surrogate(folder)
        encoder, source = encoder_of(surrogate), source.chosen(steps=steps)
        records = {step.t: step for step in surrogate.steps}
        for step in counted(source.steps, "encoding", report):
            refuse_unlike(surrogate, source, step.t)
            records[step.t] = _written(draft, encoder, source, step.t)
        inputs = CodedInputsSpec(steps=tuple(records[t] for t in sorted(records)))
        write_spec(draft, surrogate.spec.model_copy(update={"inputs": inputs}))


def encoder_of(surrogate: Surrogate) -> Encoder | ScalarEncoder:
    """The encoder of an existing surrogate. Raises BadInput if its time steps are not coded."""
    arguments = surrogate.spec.generator.arguments
    if isinstance(arguments, HarmonicsArguments):
        return ScalarEncoder.of(surrogate)
    if isinstance(arguments, SpectralArguments):
        return Encoder.of(surrogate)
    raise BadInput(f"{surrogate.folder}: its kind is {arguments.preset}, whose time steps are not coded")


def _draft(recipe: Recipe, source: Source) -> SpectralArguments:
    """The arguments before the fit. The fit finds the quantisation steps and the components that are
    worth their bytes. Raises BadInput if a shell lies outside the profile.
    """
    radii_km = source.grid.radii_km
    modelled_km = recipe.profile.log_viscosity.radii_km if recipe.profile else radii_km
    inner_km, outer_km = modelled_km[0], modelled_km[-1]
    if not inner_km <= radii_km[0] < radii_km[-1] <= outer_km:
        raise BadInput(
            f"{source.address}: its shells from {radii_km[0]:g} to {radii_km[-1]:g} km reach beyond those of the fit "
            f"of velocity, {inner_km:g} to {outer_km:g} km"
        )
    gate = gated_runs(recipe.gate, radii_km) if recipe.profile and recipe.gate else ()
    left = FIELDS if any(not run.served for run in gate) else ()
    fields: tuple[CodedField, ...] = ("temperature", *left)
    degree = recipe.degree or min(USUAL_DEGREE, highest_degree(source.grid))
    return SpectralArguments(
        degree=degree,
        nodes=recipe.nodes,
        inner_km=inner_km,
        outer_km=outer_km,
        bands=bands_to(degree),
        components=tuple(ComponentSpec(field=name, step=1) for name in fields),
        stokes=recipe.profile,
        gate=gate,
    )


def _written(folder: Path, encoder: Encoder | ScalarEncoder, source: Source, t: int) -> StepSpec:
    step = source.step(t)
    return write_coded_step(folder, t, encoder.encode(source, t), step.time_myr, step.label)


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


def _of_curves(arguments: SpectralArguments) -> str:
    """A sentence that says which variables follow from temperature, or nothing if none does."""
    names = ", ".join(curve.variable for curve in arguments.curves)
    return f" Curves at each depth give {names} from the temperature." if names else ""
