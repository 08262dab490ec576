"""Fits the curves by which a source's variables follow from its temperature, and decides whether they do.

A least-squares fit gives the values at the knots of each form that `earthgan.kinds.curves` knows. The form is chosen,
and judged, on time steps that the fit has not seen: a variable must follow on every shell, as velocity must for the
Stokes maps (`earthgan_training.velocity.gate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.curves import RANGES, TABLE, Curve, Curves, CurveSpec, Form, finely, in_radius, range_at
from earthgan.kinds.spectral_arguments import SpectralArguments
from earthgan.records import Affine, VariableSpec
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE
from earthgan_training.coding.encode import read_step
from earthgan_training.coding.work import Report, counted
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.ranges import colour_range, described, extent, normalisation
from earthgan_training.velocity.gate import ENOUGH

Array = NDArray[np.float64]
Field = NDArray[np.float32]

#: The curves of all variables take at most this many bytes of the weights, of which an array's name and shape take
#: some.
MOST_BYTES, OF_A_NAME = 4096, 130
#: The number of knots in temperature. Those in radius take the bytes that are left.
KNOTS = 18
#: The steps that are read, of which every fourth judges; and the points of a shell that are used of each.
STEPS, JUDGING, POINTS = 8, 4, 2000
#: Weights of the squares of second differences between knots in temperature and in radius, which decide where a shell
#: has no such temperature. They are relative to the weight of the data at a knot.
SMOOTH, SMOOTH_IN_RADIUS = 1e-5, 1e-7
#: A variance counts as at least this, in squares of the variable's range. So a shell on which next to nothing varies is
#: served if the error is below half a step of 8 bits.
LEAST_VARIANCE = (1 / 512) ** 2 / (1 - ENOUGH)
#: The knots of temperature reach beyond what was seen by this share of the range, and at least by this part of the
#: whole run's range.
MARGIN, NARROWEST = 0.05, 0.002
#: A table must lower the square error by this factor to be worth its bytes.
WORTH = 0.5


@dataclass(frozen=True)
class Sample:
    """Points of a time step on all shells. `temperature` `(shell, point)` is normalised, and the variable `values`
    `(shell, point)` too. `weights` `(point,)` are shares of the sphere.
    """

    temperature: Field
    values: Field
    weights: Array

    @property
    def extents(self) -> Array:
        """`(shell, 2)`: the lowest and the highest temperature of each shell."""
        return np.stack([self.temperature.min(axis=1), self.temperature.max(axis=1)], axis=-1).astype(np.float64)


@dataclass(frozen=True)
class Judgement:
    """The square errors and the variances of a variable by shell `(shell,)`, over time steps that judge."""

    errors: Array
    variances: Array
    radii_km: Array

    @property
    def explained(self) -> float:
        """The share of the variance over all shells, by volume."""
        volumes = self.radii_km**2 / np.square(self.radii_km).sum()
        return 1 - float(self.errors @ volumes) / max(float(self.variances @ volumes), LEAST_VARIANCE)

    @property
    def shares(self) -> Array:
        """The share of the variance by shell."""
        return 1 - self.errors / np.maximum(self.variances, LEAST_VARIANCE)


@dataclass(frozen=True)
class FittedCurves:
    """The curves that were found: how they are stated, their arrays in the weights, and their variables."""

    specs: tuple[CurveSpec, ...] = ()
    arrays: Mapping[str, NDArray[np.float16]] = ()  # type: ignore[assignment]
    variables: tuple[VariableSpec, ...] = ()


def fit_curves(
    source: Source,
    train: Sequence[int],
    temperature: VariableSpec,
    names: Sequence[str],
    arguments: SpectralArguments,
    report: Report,
) -> FittedCurves:
    """The curves of the variables `names` of a source, fitted to some of the time steps `train`.

    Raises BadInput if there are not two time steps, or if a variable does not follow from temperature.
    """
    if not names:
        return FittedCurves(arrays={})
    chosen = [train[i] for i in np.unique(np.linspace(0, len(train) - 1, STEPS).round().astype(int))]
    if len(chosen) < 2:
        raise BadInput(
            f"{source.address}: {', '.join(names)}: it takes two training steps to find out whether they follow from "
            f"temperature; leave them out with --variables"
        )
    radii_km = np.asarray(source.grid.radii_km)
    # The range of a variable is known after all steps are read, so the fit has the variables' own units until then.
    by_name: dict[str, list[Sample]] = {name: [] for name in names}
    extents: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for t in counted(chosen, "reading what follows from temperature", report):
        for name, sample, ends in _samples(source, t, temperature.normalisation, names):
            by_name[name].append(sample)
            extents[name].append(ends)
    ends_km = arguments.inner_km, arguments.outer_km
    specs, variables = [], []
    arrays: dict[str, NDArray[np.float16]] = {}
    seen = np.array([sample.extents for sample in by_name[names[0]]])
    extents_of_shells = np.stack([seen[..., 0].min(axis=0), seen[..., 1].max(axis=0)], axis=-1)
    knots = max(2, min(radius_knots(len(names)), len(radii_km)))
    ranges = fitted_ranges(extents_of_shells, radii_km, ends_km, knots)
    for name in names:
        variable = source.named(name).variable
        span = colour_range(np.array(extents[name]), variable)
        affine = normalisation(span, variable)
        samples = [_normalised(sample, affine) for sample in by_name[name]]
        judging = samples[JUDGING - 1 :: JUDGING] or samples[-1:]
        fitting = [sample for sample in samples if not any(sample is other for other in judging)]
        factor = temperature.normalisation.scale / affine.scale
        form, table, found = _best(fitting, judging, radii_km, ends_km, ranges, factor)
        _refuse(source.address, name, found)
        if table is not None:
            arrays |= {f"{TABLE}{name}": table, RANGES: ranges}
        specs.append(CurveSpec(variable=name, form=form, explained=found.explained, least=float(found.shares.min())))
        variables.append(described(variable, span, affine))
    return FittedCurves(tuple(specs), arrays, tuple(variables))


def radius_knots(variables: int) -> int:
    """The number of knots in radius with which the tables of some variables take at most `MOST_BYTES`."""
    numbers = (MOST_BYTES - (variables + 1) * OF_A_NAME) // np.dtype(np.float16).itemsize
    return max(2, numbers // (variables * KNOTS + 2))


def refuse_unlike(surrogate: Surrogate, source: Source, t: int) -> None:
    """Raise BadInput if a variable of a time step does not follow from temperature as the surrogate's curves say.

    Variables that the source does not have are not compared.
    """
    spec, arguments = surrogate.spec, surrogate.spec.generator.arguments
    held = {each.variable.name for each in source.variables}
    if not isinstance(arguments, SpectralArguments) or not arguments.curves:
        return
    followers = spec.variables[arguments.computed :]
    affine = spec.variables[0].normalisation
    factors = [affine.scale / each.normalisation.scale for each in followers]
    ends_km = arguments.inner_km, arguments.outer_km
    curves = Curves.load(surrogate.weights_path, arguments.curves, *ends_km, factors).curves
    known = {each.name: (curve, each.normalisation) for curve, each in zip(curves, followers, strict=True)}
    names = [name for name in known if name in held]
    for name, sample, _ in _samples(source, t, affine, names):
        curve, its_affine = known[name]
        found = judged(curve, [_normalised(sample, its_affine)], np.asarray(source.grid.radii_km))
        _refuse(f"{source.address}: step {t}", name, found)


def judged(curve: Curve, samples: Sequence[Sample], radii_km: Array) -> Judgement:
    """How well a curve gives the variable of some time steps."""
    errors, variances = np.zeros(len(radii_km)), np.zeros(len(radii_km))
    for sample in samples:
        made = curve.of(sample.temperature[:, None], sample.temperature, sample.weights, radii_km)[:, 0]
        values = sample.values.astype(np.float64)
        errors += np.square(made - values) @ sample.weights / len(samples)
        centred = values - (values @ sample.weights)[:, None]
        variances += np.square(centred) @ sample.weights / len(samples)
    return Judgement(errors, variances, radii_km)


def fitted_ranges(extents: Array, radii_km: Array, ends_km: tuple[float, float], knots: int) -> NDArray[np.float16]:
    """The ranges of temperature at `knots` knots in radius, for the `extents` `(shell, 2)` of some shells.

    A knot has the range of the shells between its neighbours, and at least of the shell that is nearest, and some more.
    """
    knots_km = np.linspace(*ends_km, knots)
    distances = np.abs(knots_km[:, None] - radii_km)
    near = distances <= np.maximum(knots_km[1] - knots_km[0], distances.min(axis=1))[:, None] + 1e-6
    low = np.where(near, extents[:, 0], np.inf).min(axis=1)
    high = np.where(near, extents[:, 1], -np.inf).max(axis=1)
    margin = np.maximum(MARGIN * (high - low), NARROWEST)
    return np.stack([low - margin, high + margin], axis=-1).astype(np.float16)


def fitted_table(
    samples: Sequence[Sample],
    radii_km: Array,
    ends_km: tuple[float, float],
    ranges: NDArray[np.float16],
    less_mean: bool,
) -> NDArray[np.float16]:
    """The table that `earthgan.kinds.curves` reads, with a row for each of the `ranges`."""
    knots = len(ranges)
    low, high = range_at(*ends_km, ranges.astype(np.float64), radii_km).T
    on_shells = in_radius(*ends_km, knots, radii_km)
    square, right = np.zeros((knots, KNOTS, knots, KNOTS)), np.zeros((knots, KNOTS))
    for shell, radial in enumerate(on_shells):
        gram, moment = np.zeros((KNOTS, KNOTS)), np.zeros(KNOTS)
        for sample in samples:
            design = _at((sample.temperature[shell] - low[shell]) / (high[shell] - low[shell]))
            design -= (sample.weights @ design) * less_mean
            weighted = design * sample.weights[:, None]
            gram += design.T @ weighted
            moment += weighted.T @ sample.values[shell]
        square += np.einsum("j,k,ab->jakb", radial, radial, gram)
        right += radial[:, None] * moment
    size = len(samples) * len(radii_km) / (knots * KNOTS)
    square += SMOOTH * size * np.einsum("jk,ab->jakb", np.eye(knots), _roughness(KNOTS))
    square += SMOOTH_IN_RADIUS * size * np.einsum("jk,ab->jakb", _roughness(knots), np.eye(KNOTS))
    system = square.reshape(knots * KNOTS, -1)
    # A constant of f means nothing if the mean is subtracted, and this makes it small.
    system += 1e-9 * size * np.eye(len(system))
    return np.asarray(np.linalg.solve(system, right.reshape(-1)).reshape(knots, KNOTS), np.float16)


def _best(
    fitting: Sequence[Sample],
    judging: Sequence[Sample],
    radii_km: Array,
    ends_km: tuple[float, float],
    ranges: NDArray[np.float16],
    factor: float,
) -> tuple[Form, NDArray[np.float16] | None, Judgement]:
    """The form with the smallest error on the samples that judge. The form without a table wins unless another is
    worth its bytes.
    """
    inner_km, outer_km = ends_km
    plain = judged(Curve(inner_km, outer_km, less_mean=True, factor=factor), judging, radii_km)
    best: tuple[Form, NDArray[np.float16] | None, Judgement] = "less mean", None, plain
    forms: tuple[Form, ...] = ("curve", "curve less mean")
    for form in forms:
        less_mean = form != "curve"
        table = fitted_table(fitting, radii_km, ends_km, ranges, less_mean)
        curve = Curve(inner_km, outer_km, less_mean, table.astype(np.float64), ranges.astype(np.float64))
        found = judged(curve, judging, radii_km)
        threshold = WORTH if best[1] is None else 1.0
        if found.errors.sum() < threshold * best[2].errors.sum() and not _is_exact(best):
            best = form, table, found
    return best


def _is_exact(best: tuple[Form, NDArray[np.float16] | None, Judgement]) -> bool:
    """Whether temperature less its mean is the variable, but for the rounding of float32 and of means."""
    return best[1] is None and best[2].explained > 1 - 1e-6


def _refuse(place: str, name: str, found: Judgement) -> None:
    """Raise BadInput if too little of a variable follows from temperature on a shell."""
    shares = found.shares
    worst = int(shares.argmin())
    if shares[worst] < ENOUGH:
        raise BadInput(
            f"{place}: {name} does not follow from temperature: curves explain {max(shares[worst], 0):.2f} of its "
            f"variance on the shell at {found.radii_km[worst]:.0f} km, and {ENOUGH} is the least; leave it out with "
            "--variables"
        )


def _samples(
    source: Source, t: int, affine: Affine, names: Sequence[str]
) -> Iterator[tuple[str, Sample, tuple[float, float]]]:
    """Points of each variable of a step in its own unit, with its extent. Raises BadInput."""
    if not names:
        return
    grid = source.grid
    _, height, width = grid.shape
    stride = max(1, round((height * width / POINTS) ** 0.5))
    # Every step has other rows and columns.
    rows, columns = np.arange(t % stride, height, stride), np.arange(t // stride % stride, width, stride)
    areas = np.cos(np.radians(np.asarray(grid.latitudes_deg)[rows])) + 1e-9
    weights = np.repeat(areas, len(columns)) / (areas.sum() * len(columns))

    def some(field: Field) -> Field:
        return np.ascontiguousarray(field[:, rows][:, :, columns].reshape(len(field), -1))

    kelvins = read_step(source, t, [TEMPERATURE.name])[0]
    temperature = some((kelvins - np.float32(affine.offset)) / np.float32(affine.scale))
    for name in names:
        field = read_step(source, t, [name])[0]
        yield name, Sample(temperature, some(field), weights), extent(field, source.named(name).variable)


def _normalised(sample: Sample, affine: Affine) -> Sample:
    values = (sample.values.astype(np.float64) - affine.offset) / affine.scale
    return Sample(sample.temperature, values.astype(np.float32), sample.weights)


def _at(places: Array) -> Array:
    """`(point, knot)`: the matrix from values at the knots to a curve's values at places, as the surrogate
    interpolates them.
    """
    fine = finely(KNOTS)
    place = places * (len(fine) - 1)
    before = np.clip(place, 0, len(fine) - 2).astype(int)
    share = (place - before)[:, None]
    return np.asarray(fine[before] * (1 - share) + fine[before + 1] * share)


def _roughness(knots: int) -> Array:
    """`(knot, knot)`: the sum of the squares of second differences, as a matrix."""
    if knots < 3:
        return np.zeros((knots, knots))
    bends = np.diff(np.eye(knots), n=2, axis=0)
    return np.asarray(bends.T @ bends)
