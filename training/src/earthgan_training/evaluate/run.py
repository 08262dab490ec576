"""Evaluates a surrogate on time steps of the ground truth. This is the use case of `earthgan evaluate`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from earthgan.backends.onnx import onnx_backend
from earthgan.errors import BadInput
from earthgan.kinds.interpolate import InterpolatePlanner
from earthgan.quantities import VELOCITY
from earthgan.sphere.grid import ShellGrid
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE
from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.evaluate.asked import NOTHING, Asked, OverTime
from earthgan_training.evaluate.bounded import bounded_codecs, within_bounds
from earthgan_training.evaluate.codecs import Codec, available_codecs
from earthgan_training.evaluate.footprint import footprint, stored_bytes
from earthgan_training.evaluate.grids import comparison_grid
from earthgan_training.evaluate.inputs import AtStep, is_normalised, opened_at, without_network
from earthgan_training.evaluate.interpolation import paper_input_grid
from earthgan_training.evaluate.largest import largest_error
from earthgan_training.evaluate.prediction import predict
from earthgan_training.evaluate.results import (
    PUBLISHED,
    SURROGATES,
    WITHOUT_NETWORK,
    Evaluation,
    Rival,
    StepResult,
)
from earthgan_training.evaluate.rivals import OwnInput, Rivals, curves, nearest
from earthgan_training.evaluate.scores import Scorer
from earthgan_training.evaluate.series import Cost
from earthgan_training.grids.area_mean import area_mean
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.likeness import refuse_other_units

Array = NDArray[np.float32]

#: Gets the number of finished time steps, the total number, and the work that begins now.
OnWork = Callable[[int, int, str], None]
#: The default number of draws for a surrogate with noise.
MEMBERS = 4


def evaluate(
    folder: Path,
    source: Source,
    members: int | None = None,
    codecs: Sequence[str] | None = None,
    rates: Sequence[int] = (),
    beside: Sequence[Path] = (),
    asked: Asked = NOTHING,
    on_source_grid: bool = False,
    variables: Sequence[str] | None = None,
    on_work: OnWork = lambda *_: None,
) -> Evaluation:
    """Compare a surrogate with a source, time step by time step, and with its rivals at the same bytes.

    `codecs` names the codecs to try; the default is all that are installed. `rates` are numbers of bytes per variable;
    they give a curve for each codec on the first time step. The surrogates `beside` this one give its curve, and the
    published generator may be one of them. `asked` says what else to measure. Everything is compared on the paper's
    grid, or on the source's own. `variables` are those that are measured; the default is all that the surrogate stores.

    Raises BadInput if a variable is missing or unknown, if a codec is not installed, if a question has no answer, or if
    the surrogate's numbers are normalised by unknown constants.
    """
    surrogate = Surrogate(folder)
    if is_normalised(surrogate):
        raise BadInput(
            f"{folder}: its numbers are normalised by constants that nobody knows, so there is no ground truth for them"
        )
    names = _measured(surrogate, variables)
    source = source.chosen(surrogate.variables)
    units = {each.variable.name: each.variable.unit for each in source.variables}
    refuse_other_units(surrogate, source.address, units)
    count = _members(surrogate, members)
    others = [Surrogate(each) for each in beside]
    rivals = _named(codecs)
    asked.check(source, names)
    plan, over_time = _Plan(rivals, tuple(rates), tuple(others), asked), OverTime(asked, source)
    grid = source.grid if on_source_grid else _papers_grid(source)
    results = []
    for done, step in enumerate(source.steps):
        say = partial(on_work, done, len(source.steps))
        this = plan if done == 0 else _Plan(rivals)
        results.append(_step(surrogate, names, source, step.t, grid, count, this, over_time, say))
    return Evaluation(
        title=surrogate.spec.title,
        notice=surrogate.spec.provenance.notice,
        digest=surrogate.digest,
        preset=surrogate.spec.generator.arguments.preset,
        members=count,
        stored=tuple(step.t for step in surrogate.steps),
        own_input=results[0].own_input,
        planet=surrogate.spec.planet,
        footprint=replace(
            footprint(surrogate), inputs_per_step=math.ceil(fmean(step.inputs_bytes for step in results))
        ),
        units=units,
        steps=tuple(results),
        on_source_grid=on_source_grid,
        drift=over_time.drift,
        features=over_time.features,
        series=over_time.series,
    )


@dataclass(frozen=True)
class _Plan:
    """What to measure in a time step. Everything but the codecs is measured in the first one only."""

    codecs: Sequence[Codec]
    rates: tuple[int, ...] = ()
    beside: tuple[Surrogate, ...] = ()
    asked: Asked = NOTHING


def _step(
    surrogate: Surrogate,
    names: Sequence[str],
    source: Source,
    t: int,
    grid: ShellGrid,
    members: int,
    plan: _Plan,
    over_time: OverTime,
    say: Callable[[str], None],
) -> StepResult:
    say(f"step {t}: reading")
    shells = len(source.grid.radii_km)
    compared = range(shells - len(grid.radii_km), shells)
    truth = {name: area_mean(source.read(t, name, compared), source.grid, grid) for name in names}
    with opened_at(surrogate, source, t) as at_step:
        say(f"step {t}: generating")
        size = footprint(at_step.surrogate)
        draws = _draws(at_step.surrogate, names, t, grid, members)
        predicted = dict(zip(names, draws[0], strict=True))
        costs = _costs(surrogate, source, t, at_step, predicted, truth, grid) if over_time.wants_series else None
        own = _own_input(at_step.surrogate, names, t, grid)
        strength, profile = at_step.surrogate.check_step(t).strength, surrogate.kind.stokes
    if profile:
        profile = profile.model_copy(update={"strength": strength * profile.strength})
    rivals = Rivals(truth, grid, plan.codecs, profile, lambda what: say(f"step {t}: {what}"))
    rates = rivals.curves(plan.rates)
    if plan.asked.network:
        rates |= rivals.network(size.per_step, plan.asked.network)
    if rates or plan.beside:
        rates |= _family(surrogate, plan.beside, source, t, rivals, say)
    bounded = within_bounds(predicted, truth, size.per_step, plan.asked.bounds, rivals.say, bounded_codecs())
    over_time.see(t, truth, predicted, grid, costs, rivals.say)
    scorer = Scorer(grid, surrogate.grid, surrogate.inputs.grid or paper_input_grid(grid))
    scores = {}
    for i, name in enumerate(names):
        say(f"step {t}: measuring {name}")
        scores[name] = scorer.score([draw[i] for draw in draws], truth[name])
    divergence = None
    if set(VELOCITY) <= set(names):
        flows = [[of[name] for name in VELOCITY] for of in (predicted, truth)]
        divergence = scorer.divergence(flows[0]), scorer.divergence(flows[1])
    planet = surrogate.spec.planet
    return StepResult(
        t=t,
        time_myr=source.step(t).time_myr,
        grid=grid,
        inputs_bytes=size.inputs_per_step,
        strength=strength,
        clipped=at_step.clipped,
        differs=at_step.differs,
        stored=at_step.stored,
        variables=scores,
        divergence=divergence,
        own_input=own is not None,
        rivals=rivals.at(size.per_step, own, size.inputs_per_step),
        rates=rates,
        largest={name: largest_error(field, truth[name], grid, planet, t) for name, field in predicted.items()},
        bounded=bounded,
    )


def _papers_grid(source: Source) -> ShellGrid:
    _, rows, columns = source.grid.shape
    return comparison_grid(rows, columns + source.reader.storage.closed, source.grid.radii_km)


def _costs(
    surrogate: Surrogate,
    source: Source,
    t: int,
    at_step: AtStep,
    fields: Mapping[str, Array],
    truth: Mapping[str, Array],
    grid: ShellGrid,
) -> tuple[Cost, Cost | None]:
    """What the temperature of step `t` costs coded alone, and as the surrogate stores it (None if it does not).
    `fields` are those of `at_step`, which is one of the two.
    """

    def accuracy(of: Surrogate) -> float:
        name = TEMPERATURE.name
        field = fields[name] if of is at_step.surrogate else _draws(of, [name], t, grid, 1)[0][0]
        return psnr(field, truth[name])

    stored = None
    if at_step.stored:
        same = at_step.differs == 0
        stored = Cost(stored_bytes(surrogate, t), accuracy(at_step.surrogate if same else surrogate))
    with (
        opened_at(surrogate, source, t, alone=True)
        if at_step.surrogate is surrogate
        else nullcontext(at_step) as by_itself
    ):
        return Cost(footprint(by_itself.surrogate).per_step, accuracy(by_itself.surrogate)), stored


def _family(
    surrogate: Surrogate,
    beside: Sequence[Surrogate],
    source: Source,
    t: int,
    rivals: Rivals,
    say: Callable[[str], None],
) -> dict[str, dict[str, tuple[Rival, ...]]]:
    """The curves, by way and variable, of the surrogates, of the same surrogates without their networks, and of the
    published generator.
    """
    found: dict[str, list[dict[str, Rival]]] = {}
    for way, each in _relatives(surrogate, beside):
        say(f"step {t}: comparing {each.folder.name}")
        with opened_at(each, source, t) as at_step:
            names = [name for name in each.variables if name in rivals.truth]
            fields = zip(names, _draws(at_step.surrogate, names, t, rivals.grid, 1)[0], strict=True)
            taken = math.ceil(footprint(at_step.surrogate).per_step)
        point = {}
        for name, field in fields:
            known = nearest(field, rivals.truth[name]) if way == PUBLISHED else field
            point[name] = rivals.rival(name, known, taken)
        found.setdefault(way, []).append(point)
    return {way: curves(points) for way, points in found.items()}


def _relatives(surrogate: Surrogate, beside: Sequence[Surrogate]) -> Iterator[tuple[str, Surrogate]]:
    for each in (surrogate, *beside):
        if is_normalised(each):
            yield PUBLISHED, each
            continue
        yield SURROGATES, each
        with without_network(each) as bare:
            if bare:
                yield WITHOUT_NETWORK, bare


def _own_input(surrogate: Surrogate, names: Sequence[str], t: int, grid: ShellGrid) -> OwnInput | None:
    """The surrogate's own input in units; None if it is on no grid, or on one that cannot be interpolated to `grid`."""
    inputs = surrogate.inputs.grid
    if inputs is None:
        return None
    try:
        InterpolatePlanner(inputs, grid)
    except ValueError:
        return None
    values = surrogate.in_units(surrogate.conditional_input(t), surrogate.variables)
    fields = dict(zip(surrogate.variables, values, strict=True))
    return OwnInput(inputs, {name: fields[name] for name in names})


def _draws(surrogate: Surrogate, names: Sequence[str], t: int, grid: ShellGrid, members: int) -> list[Array]:
    backend, seed = onnx_backend(surrogate), surrogate.spec.seed
    seeds = [None] if seed is None else [(seed + k) % 2**32 for k in range(members)]
    return [predict(surrogate, names, backend, t, grid, each) for each in seeds]


def _measured(surrogate: Surrogate, asked: Sequence[str] | None) -> tuple[str, ...]:
    for name in asked or ():
        if name not in surrogate.variables:
            raise BadInput(f"{surrogate.folder}: it stores {', '.join(surrogate.variables)}, and no {name!r}")
    return tuple(name for name in surrogate.variables if asked is None or name in asked)


def _members(surrogate: Surrogate, asked: int | None) -> int:
    if surrogate.spec.seed is None:
        if asked not in (None, 1):
            raise BadInput(f"{surrogate.folder}: the surrogate has no noise, so it has only one member")
        return 1
    return MEMBERS if asked is None else asked


def _named(names: Sequence[str] | None) -> list[Codec]:
    available = {codec.name: codec for codec in available_codecs()}
    for name in names or ():
        if name not in available:
            raise BadInput(
                f"codec {name!r} is not installed; installed codecs: {', '.join(available) or 'none'} (extra `codecs`)"
            )
    return [available[name] for name in (available if names is None else names)]
