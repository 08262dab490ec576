"""`earthgan spectral --velocity` makes a surrogate that stores coded temperature and computes the velocity from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from earthgan.errors import BadInput
from earthgan.flow.stokes import StokesProfile
from earthgan.kinds.coded import Code
from earthgan.kinds.coded_inputs import CodedInputsSpec
from earthgan.kinds.harmonics_arguments import HarmonicsArguments
from earthgan.kinds.refine import Refinement
from earthgan.kinds.registry import KindArguments
from earthgan.kinds.spectral_arguments import CodedField, ComponentSpec, SpectralArguments
from earthgan.records import GridSpec, StepSpec
from earthgan.spec import GeneratorSpec, SurrogateSpec
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE
from earthgan_training.coding.curves import FittedCurves, fit_curves, refuse_unlike
from earthgan_training.coding.encode import EncodedStep, Encoder
from earthgan_training.coding.fit import FittedCode, code_fit
from earthgan_training.coding.flow import FIELDS, Flow, gated_runs, lowered
from earthgan_training.coding.keyed import KeyFrames, Parts, added_in_order, encode_in_order
from earthgan_training.coding.modes import Shells, bands_to
from earthgan_training.coding.promise import (
    cheapest_bytes,
    keep_promise,
    promise_of_draft,
    promised,
    refuse_other_grid,
    refuse_tight,
)
from earthgan_training.coding.refine import fit_refinement
from earthgan_training.coding.scalar_encoder import ScalarEncoder
from earthgan_training.coding.series import SeriesEncoder
from earthgan_training.coding.training import TrainingSteps, read_training
from earthgan_training.coding.work import Report, counted
from earthgan_training.harmonics.analysis import highest_degree
from earthgan_training.simulations.labelled import Source, SourceStep
from earthgan_training.surrogates.export import write_onnx
from earthgan_training.surrogates.folder import (
    changed_folder,
    new_folder,
    write_coded_step,
    write_spec,
    write_weights,
)
from earthgan_training.surrogates.likeness import refuse_other_units
from earthgan_training.velocity.gate import Verdict

#: The highest degree, unless another is asked for.
USUAL_DEGREE = 95


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of a surrogate whose velocity follows from temperature. `step_bytes` is the average size of a time
    step. `max_error` holds the largest error of each variable in its unit, by name, that any cell may have. Corrections
    of single cells keep it, in addition to `step_bytes`; without `step_bytes`, the size that makes both together the
    smallest is looked for. Without a degree, it is the grid's, up to `USUAL_DEGREE`. Without a profile, temperature is
    the only variable. Without a gate, the profile gives the velocity on every shell. The network that refines
    temperature is trained with `updates` updates; with 0, there is no network. Without `onnx`, no generator is written
    for engines.
    """

    step_bytes: int | None
    max_error: Mapping[str, float] | None = None
    degree: int | None = None
    nodes: int = 45
    updates: int = 6000
    onnx: bool = True
    profile: StokesProfile | None
    gate: Verdict | None = None
    key_every: int = 1


@dataclass(frozen=True)
class Learned:
    """What training steps teach, whatever the size of a step is: the arguments before the code is fitted, the steps'
    coefficients, the shells of each component, the curves of variables that follow, and the code by its size.
    """

    draft: SpectralArguments
    training: TrainingSteps
    shells: Mapping[str, Shells]
    curves: FittedCurves
    code: Callable[[int], FittedCode]


def learned(
    source: Source, train: Sequence[int], recipe: Recipe, report: Report, also: Sequence[Source] = ()
) -> Learned:
    """Read training steps, as `make_spectral` does, and learn from them. Raises BadInput."""
    if recipe.profile and source.vector is None:
        raise BadInput(f"{source.address}: has no velocity whose components are known, which --velocity needs")
    velocity = source.vector or ()
    names = (source.named(TEMPERATURE.name).variable.name, *(velocity if recipe.profile else ()))
    draft, radii_km = _draft(recipe, source), source.grid.radii_km
    flow = Flow(draft, radii_km) if len(draft.components) > 1 else None
    training = read_training(source, train, also, names, draft.degree, flow, report)
    shells = {name: Shells.of_component(name, draft, radii_km) for name in training.components}
    followers = [v.variable.name for v in source.variables if v.variable.name not in (TEMPERATURE.name, *velocity)]
    curves = fit_curves(source, train, training.variables[0], followers, draft, report)
    report("learning", 0, 1)
    code = code_fit(training.components, shells, recipe.nodes, len(train))
    report("learning", 1, 1)
    return Learned(draft, training, shells, curves, code)


def make_spectral(
    source: Source,
    train: Sequence[int],
    steps: Sequence[int],
    out: Path,
    recipe: Recipe,
    report: Report,
    overwrite: bool,
    also: Sequence[Source] = (),
    known: Learned | None = None,
) -> None:
    """Make the surrogate folder `out` from a source of temperature and, with a profile, velocity. Modes, tables and
    network are fitted to the time steps `train` and to all time steps of the runs `also`. The time steps `steps` are
    encoded. All other variables of the source have to follow from temperature by curves. What is `known` from the
    same steps and a recipe of another size is not learned again.

    Raises BadInput if something is missing or unfit, or if the folder exists.
    """
    source = source.chosen(steps=(*train, *steps))
    radii_km = source.grid.radii_km
    known = known or learned(source, train, recipe, report, also)
    draft, training, shells, curves = known.draft, known.training, known.shells, known.curves
    variables, bounds, step_bytes = (*training.variables, *curves.variables), recipe.max_error, recipe.step_bytes
    max_error = tuple(bounds[each.name] for each in variables) if bounds else None
    if max_error:
        refuse_tight(max_error, variables)
    if step_bytes is None:
        assert max_error is not None
        network = recipe.updates > 0
        step_bytes = cheapest_bytes(draft, training, shells, source, train, max_error[0], network, report)
    keys = None
    if recipe.key_every > 1:
        kelvins = training.variables[0].normalisation.scale
        keys = KeyFrames(recipe.key_every, source, train, training.fields, steps, kelvins, report)
    with new_folder(out, overwrite) as folder:

        def fitted_to(step_bytes: int) -> Parts:
            report("fitting", 0, 1)
            fitted = known.code(step_bytes)
            report("fitting", 1, 1)
            coded = [each for each in draft.components if each.field in fitted.fields]
            components = tuple(each.model_copy(update={"step": fitted.step}) for each in coded)
            arguments = draft.model_copy(update={"components": components, "curves": curves.specs})
            state = {name: torch.from_numpy(array) for name, array in (fitted.arrays | dict(curves.arrays)).items()}
            code = Code.load(folder / write_weights(folder, state).file, arguments)
            return Parts(arguments, state, code, Encoder(arguments, code, radii_km, training.variables))

        parts = keys.fitted(fitted_to, step_bytes) if keys else fitted_to(step_bytes)
        arguments, state, code, encoder = parts.arguments, dict(parts.state), parts.code, parts.encoder
        if recipe.updates:
            pairs = [(each["temperature"], encoder.key(encoder.in_modes(each))) for each in training.fields]
            fitting = fit_refinement(arguments, code, pairs, shells["temperature"], recipe.updates, report)
            if fitting:
                refinement, arrays = fitting
                state |= {name: torch.from_numpy(array) for name, array in arrays.items()}
                arguments = arguments.model_copy(update={"refinement": refinement})
        if keys:
            weights = folder / write_weights(folder, state).file
            temperature = code.components["temperature"]
            refined = Refinement.load(weights, arguments, temperature) if arguments.refinement else None
            found = keys.prediction(parts, refined)
            state |= {name: torch.from_numpy(array) for name, array in found.arrays.items()}
            arguments = arguments.model_copy(update={"prediction": found.arguments})
            weights = folder / write_weights(folder, state).file
            series = SeriesEncoder.load(arguments, weights, encoder, keys.kelvins)
            written = encode_in_order(folder, series, source, steps, report)
        else:
            written = [
                _written(folder, encoded_step(encoder, source, t), source.step(t))
                for t in counted(sorted(set(steps)), "encoding", report)
            ]
        records = []
        for record, encoded in written:
            records.append(record)
            arguments = _true_of(arguments, encoded, radii_km)
        spec = SurrogateSpec(
            title=source.title,
            description=(
                f"A time step takes about {step_bytes} bytes. It stores the temperature as coded coefficients "
                f"of spherical harmonics up to degree {draft.degree}.{_of_velocity(arguments)}{_of_curves(arguments)}"
                f"{_of_keys(arguments)}"
            ),
            variables=variables,
            grid=GridSpec.of(source.grid),
            planet=source.planet,
            inputs=CodedInputsSpec(steps=tuple(records)),
            generator=GeneratorSpec(
                arguments=arguments,
                weights=write_weights(folder, state),
                onnx=write_onnx(folder, len(training.variables), arguments, state) if recipe.onnx else None,
            ),
            provenance=source.provenance,
        )
        write_spec(folder, spec)
        if max_error:
            keep_promise(folder, source, [step.t for step in records], max_error, report)


def add_steps(folder: Path, source: Source, steps: Sequence[int], report: Report) -> list[str]:
    """Encode further time steps into a surrogate of coded harmonics. An existing time step is encoded again. All
    sources are read before the surrogate changes. Return sentences about what a user should know of the velocity of the
    steps: that it is not known, or that less of it follows from temperature than of the surrogate's own.

    Raises BadInput if the surrogate is of another kind, or if a step is missing or unfit. The surrogate is then
    unchanged.
    """
    with changed_folder(folder) as draft:
        surrogate = Surrogate(folder)
        encoder, source, generator = encoder_of(surrogate), source.chosen(steps=steps), surrogate.spec.generator
        refuse_other_units(surrogate, source.address, _units(surrogate, source))
        records, arguments = {step.t: step for step in surrogate.steps}, generator.arguments
        max_error = promised(surrogate.spec)
        if max_error:
            refuse_other_grid(source, surrogate)
        for step in source.steps:
            refuse_unlike(surrogate, source, step.t)
        if isinstance(arguments, SpectralArguments) and arguments.prediction:
            written = added_in_order(draft, surrogate, source, [step.t for step in source.steps], report)
        else:
            written = [
                _written(draft, encoded_step(encoder, source, step.t), step)
                for step in counted(source.steps, "encoding", report)
            ]
        for record, encoded in written:
            records[record.t] = record
            if isinstance(arguments, SpectralArguments):
                arguments = _true_of(arguments, encoded, surrogate.grid.radii_km)
        inputs = surrogate.spec.inputs.model_copy(update={"steps": tuple(records[t] for t in sorted(records))})
        generator = generator.model_copy(update={"arguments": arguments})
        write_spec(draft, surrogate.spec.model_copy(update={"inputs": inputs, "generator": generator}))
        if max_error:
            promise_of_draft(folder, draft, source, max_error, report)
    return _of_the_flow(surrogate, source, arguments)


def _of_the_flow(surrogate: Surrogate, source: Source, after: KindArguments) -> list[str]:
    """What `add_steps` says of the velocity of steps. `after` are the generator's arguments with these steps."""
    if surrogate.kind.stokes is None:
        return []
    if source.vector is None:
        return [
            f"{source.address}: has no velocity, so whether it follows from temperature as in this surrogate is not "
            "known; the buoyancy is taken to be that of the surrogate's own run"
        ]
    before = surrogate.spec.generator.arguments
    assert isinstance(before, SpectralArguments)
    assert isinstance(after, SpectralArguments)
    changed = [new for old, new in zip(before.gate, after.gate, strict=True) if new != old]
    return [f"{source.address}: follows less closely than the surrogate's own steps: {run}" for run in changed]


def encoded_step(encoder: Encoder | ScalarEncoder, source: Source, t: int) -> EncodedStep:
    """A time step as an encoder of either kind codes it. Raises BadInput."""
    found = encoder.encode(source, t)
    return found if isinstance(found, EncodedStep) else EncodedStep(found)


def _true_of(arguments: SpectralArguments, encoded: EncodedStep, radii_km: Sequence[float]) -> SpectralArguments:
    """The arguments, whose gate states no larger shares than a time step has."""
    if encoded.explained is None:
        return arguments
    return arguments.model_copy(update={"gate": lowered(arguments.gate, radii_km, encoded.explained)})


def _units(surrogate: Surrogate, source: Source) -> dict[str, str]:
    """The unit in a source of each variable of a surrogate that it has."""
    velocity = surrogate.variables[1:4] if surrogate.kind.stokes and source.vector else ()
    there = {each.variable.name: each.variable.unit for each in source.variables}
    return there | {ours: there[theirs] for ours, theirs in zip(velocity, source.vector or (), strict=False)}


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


def _written(folder: Path, encoded: EncodedStep, step: SourceStep) -> tuple[StepSpec, EncodedStep]:
    written = write_coded_step(folder, step.t, encoded.content, step.time_myr, step.label)
    return written.model_copy(update={"strength": encoded.strength}), encoded


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


def _of_keys(arguments: SpectralArguments) -> str:
    """A sentence that says how time steps follow from one another, or nothing if they do not."""
    if arguments.prediction is None:
        return ""
    return (
        f" At most {arguments.prediction.key_every} time steps lie from one key frame to the next. The others are "
        "predicted from a neighbour."
    )
