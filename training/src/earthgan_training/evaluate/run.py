"""Evaluates a surrogate on steps of the truth: the use case of `earthgan evaluate`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.grid import ShellGrid
from earthgan.onnx_backend import onnx_backend
from earthgan.quantities import NORMALISED, VELOCITY, cell_weights
from earthgan.spec import InputsSpec
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE
from earthgan_training.area_mean import area_mean
from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.evaluate.codecs import Codec, available_codecs, code
from earthgan_training.evaluate.footprint import footprint
from earthgan_training.evaluate.grids import comparison_grid
from earthgan_training.evaluate.inputs import opened_at
from earthgan_training.evaluate.interpolation import METHODS, paper_input, paper_input_grid
from earthgan_training.evaluate.prediction import predict
from earthgan_training.evaluate.results import ALL_BYTES, SURROGATES, Evaluation, Rival, StepResult
from earthgan_training.evaluate.scores import Scorer
from earthgan_training.prepare.layout import Layout
from earthgan_training.prepare.source import SourceFile

Array = NDArray[np.float32]

#: Is told how many steps are done, of how many, and what begins.
OnWork = Callable[[int, int, str], None]
#: Draws of a surrogate with noise, unless told otherwise.
MEMBERS = 4


def evaluate(
    folder: Path,
    raw: Path,
    layout: Layout,
    steps: Sequence[int] | None = None,
    members: int | None = None,
    codecs: Sequence[str] | None = None,
    rates: Sequence[int] = (),
    beside: Sequence[Path] = (),
    on_work: OnWork = lambda *_: None,
) -> Evaluation:
    """Compare a surrogate with the files of `raw`, step by step, and with its rivals at the same bytes.

    `codecs` names those to try, all that are installed unless given; `rates` are bytes a variable for a curve of each
    codec on the first step, and the surrogates `beside` this one make its curve. Raises BadInput where a step or
    variable is missing, a codec is not installed, or the surrogate's numbers have no unit.
    """
    surrogate = Surrogate(folder)
    if any(variable.unit == NORMALISED for variable in surrogate.spec.variables):
        raise BadInput(f"{folder}: its numbers have no unit, so there is no truth to compare them with")
    files = layout.steps(raw)
    chosen = list(steps or files)
    for t in chosen:
        if t not in files:
            raise BadInput(f"{raw}: no file for step {t}")
    count = _members(surrogate, members)
    others = [Surrogate(each) for each in beside]
    rivals = _named(codecs)
    results = []
    for done, t in enumerate(chosen):
        say = partial(on_work, done, len(chosen))
        first = done == 0
        found = _step(
            surrogate, files[t], t, layout, count, rivals, rates if first else (), others if first else (), say
        )
        results.append(found)
    return Evaluation(
        title=surrogate.spec.title,
        notice=surrogate.spec.provenance.notice,
        digest=surrogate.digest,
        preset=surrogate.spec.generator.arguments.preset,
        members=count,
        stored=tuple(step.t for step in surrogate.steps),
        footprint=replace(
            footprint(surrogate), inputs_per_step=math.ceil(fmean(step.inputs_bytes for step in results))
        ),
        steps=tuple(results),
    )


def _step(
    surrogate: Surrogate,
    path: Path,
    t: int,
    layout: Layout,
    members: int,
    codecs: Sequence[Codec],
    rates: Sequence[int],
    beside: Sequence[Surrogate],
    say: Callable[[str], None],
) -> StepResult:
    names = surrogate.variables
    say(f"step {t}: reading")
    with SourceFile(path, layout) as file:
        grid = comparison_grid(len(file.latitudes_deg), len(file.longitudes_deg), file.grid.radii_km)
        kept = len(grid.radii_km)
        truth = {name: area_mean(file.shells(name)[-kept:], file.grid, grid) for name in names}
        time_myr = file.time_myr
        with opened_at(surrogate, file, t) as at_step:
            say(f"step {t}: generating")
            size = footprint(at_step.surrogate)
            draws = _draws(at_step.surrogate, t, grid, members)
        family = [_as_rivals(surrogate.variables, draws[0], truth, grid, size.per_step)] if rates or beside else []
        for other in beside:
            say(f"step {t}: {other.folder.name} beside it")
            with opened_at(other, file, t) as at_other:
                drawn = _draws(at_other.surrogate, t, grid, 1)[0]
                family.append(_as_rivals(other.variables, drawn, truth, grid, footprint(at_other.surrogate).per_step))
    inputs = surrogate.spec.inputs
    coarse_grid = inputs.grid.shell_grid if isinstance(inputs, InputsSpec) else paper_input_grid(grid)
    scorer = Scorer(grid, surrogate.grid, coarse_grid)
    scores = {}
    for i, name in enumerate(names):
        say(f"step {t}: measuring {name}")
        scores[name] = scorer.score([draw[i] for draw in draws], truth[name])
    divergence = None
    if set(VELOCITY) <= set(names):
        predicted = [draws[0][names.index(name)] for name in VELOCITY]
        divergence = scorer.divergence(predicted), scorer.divergence([truth[name] for name in VELOCITY])
    del draws

    def coded(codec: Codec, name: str, bytes_wanted: float) -> Rival:
        say(f"step {t}: {name} by {codec.name}")
        found = code(codec, truth[name], bytes_wanted)
        return _rival(found.field, truth[name], grid, found.bytes)

    rivals = {method: _interpolated(interpolate, truth, grid) for method, interpolate in METHODS.items()}
    for codec in codecs:
        rivals[codec.name] = {name: coded(codec, name, size.per_step / len(names)) for name in names}
        if TEMPERATURE.name in names:
            rivals[codec.name + ALL_BYTES] = {TEMPERATURE.name: coded(codec, TEMPERATURE.name, size.per_step)}
    return StepResult(
        t=t,
        time_myr=time_myr,
        grid=grid,
        inputs_bytes=size.inputs_per_step,
        clipped=at_step.clipped,
        differs=at_step.differs,
        variables=scores,
        divergence=divergence,
        rivals=rivals,
        rates={
            codec.name: {name: tuple(coded(codec, name, rate) for rate in rates) for name in names}
            for codec in (codecs if rates else ())
        }
        | ({SURROGATES: _curves(family, names)} if family else {}),
    )


def _as_rivals(
    names: Sequence[str], field: Array, truth: Mapping[str, Array], grid: ShellGrid, size: float
) -> dict[str, Rival]:
    """A surrogate's fields `(variable, ...)` of the variables that the truth has."""
    found = zip(names, field, strict=True)
    return {name: _rival(values, truth[name], grid, math.ceil(size)) for name, values in found if name in truth}


def _curves(family: Sequence[Mapping[str, Rival]], names: Sequence[str]) -> dict[str, tuple[Rival, ...]]:
    ordered = sorted(family, key=lambda member: min(rival.bytes for rival in member.values()))
    return {name: tuple(member[name] for member in ordered if name in member) for name in names}


def _draws(surrogate: Surrogate, t: int, grid: ShellGrid, members: int) -> list[Array]:
    backend, seed = onnx_backend(surrogate), surrogate.spec.seed
    seeds = [None] if seed is None else [(seed + k) % 2**32 for k in range(members)]
    return [predict(surrogate, backend, t, grid, each) for each in seeds]


def _interpolated(
    interpolate: Callable[[Array, ShellGrid, ShellGrid], Array], truth: Mapping[str, Array], grid: ShellGrid
) -> dict[str, Rival]:
    rivals, coarse_grid = {}, paper_input_grid(grid)
    for name, field in truth.items():
        coarse, size = paper_input(field, grid, coarse_grid)
        rivals[name] = _rival(interpolate(coarse, coarse_grid, grid), field, grid, size)
    return rivals


def _rival(field: Array, truth: Array, grid: ShellGrid, size: int) -> Rival:
    return Rival(psnr(field, truth), psnr(field, truth, cell_weights(grid)), size)


def _members(surrogate: Surrogate, asked: int | None) -> int:
    if surrogate.spec.seed is None:
        if asked not in (None, 1):
            raise BadInput(f"{surrogate.folder}: draws no noise, so it has one member only")
        return 1
    return MEMBERS if asked is None else asked


def _named(names: Sequence[str] | None) -> list[Codec]:
    available = {codec.name: codec for codec in available_codecs()}
    for name in names or ():
        if name not in available:
            raise BadInput(f"no codec {name!r} here: installed are {', '.join(available) or 'none'} (extra `codecs`)")
    return [available[name] for name in (available if names is None else names)]
