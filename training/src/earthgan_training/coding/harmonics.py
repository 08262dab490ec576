"""Makes a surrogate of kind `harmonics` from any source: its variables as coded coefficients of spherical harmonics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.coded_inputs import CodedInputsSpec
from earthgan.kinds.harmonics_arguments import HarmonicsArguments
from earthgan.kinds.harmonics_code import CODE, code_of, packed_weights
from earthgan.records import FileSpec, GridSpec, VariableSpec
from earthgan.spec import GeneratorSpec, SurrogateSpec
from earthgan.verified import files_of
from earthgan_training.coding.comparison import Accuracy, Comparison, extents_of, joined
from earthgan_training.coding.harmonics_fit import FittedCode, Sample, best_groups, fit_code, needed_degree, step_for
from earthgan_training.coding.scalar_encoder import ScalarEncoder
from earthgan_training.coding.scalars import borne_degree, coefficients_of, from_real_rows, parts, read_part, real_rows
from earthgan_training.coding.work import Report, counted
from earthgan_training.harmonics.analysis import scalar_field
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.folder import new_folder, write_coded_step, write_spec, write_weights
from earthgan_training.surrogates.ranges import colour_range, common_extents, common_ranges, described, normalisation

Field = NDArray[np.float32]

#: A code is fitted to at most this many steps, whose coefficients take at most this many bytes.
TRAINED, SAMPLE_BYTES = 8, 400 * 2**20
#: The relative difference from the bytes that were asked for that is small enough; the share of the square error that
#: is allowed which is large enough, and the one that is aimed at; and the number of attempts at them.
_NEAR, _NEAR_SHARE, _AIM = 0.005, 0.96, 0.98
ATTEMPTS, ROUNDS = 16, 6
#: The finest rounding step, in ranges of the variable. float32 does not hold more.
_FINEST, _COARSEST = 1e-8, 1.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was made. `bytes` counts the weights and all steps. `measured` says which steps `accuracy` is about."""

    bytes: int
    steps: int
    degree: int
    accuracy: Mapping[str, Accuracy]
    measured: tuple[int, ...]


def fit_harmonics(
    source: Source,
    out: Path,
    *,
    step_bytes: float | None = None,
    psnr_db: float | None = None,
    degree: int | None = None,
    train: Sequence[int] | None = None,
    steps: Sequence[int] | None = None,
    series: int | None = None,
    measure: int = 4,
    onnx: bool = True,
    report: Report,
    overwrite: bool = False,
) -> Result:
    """Make the surrogate folder `out` of all variables of a source, and of its `steps`; by default, of all.

    Exactly one of `step_bytes` and `psnr_db` is given. `step_bytes` is the average size of a step, in which the step's
    share of the weights is included. `psnr_db` is the least PSNR of each variable in the steps that the code is fitted
    to. If the grid does not bear the degrees for that, the result is about as good as the grid allows.

    `degree` limits the harmonics; by default the grid does. The code is fitted to the steps `train`; by default, to
    some that are spread over `steps`. At most `measure` steps are decoded and compared with the source. `series` is the
    number of steps that will share the weights, if further steps will be added. Without `onnx`, no generator is written
    for engines. Serving does not need it, and torch is not imported.

    Title, provenance, planet and grid are those of the source: a caller who wants others replaces them there. Raises
    BadInput.
    """
    if (step_bytes is None) == (psnr_db is None):
        raise ValueError("either the bytes of a step or the PSNR is given")
    highest = borne_degree(source.grid)
    if degree is not None and degree > highest:
        rows, columns = source.grid.shape[1:]
        raise BadInput(f"{source.address}: {rows} x {columns} points bear harmonics to degree {highest}, not {degree}")
    degree = highest if degree is None else degree
    whole, source = source, source.chosen(steps=steps)
    every = [step.t for step in source.steps]
    with new_folder(out, overwrite) as folder:
        reading = _Reading(whole, series or len(every), degree, _trained(source, train, degree), report)
        fitted = _to_bytes(reading, step_bytes) if step_bytes is not None else _to_psnr(reading, float(psnr_db or 0))
        code = code_of(fitted.arguments, fitted.weights, source.grid.radii_km)
        encoder = ScalarEncoder(fitted.arguments.degree, code, reading.specs, source.grid.radii_km)
        measured = _evenly(every, measure)
        comparison = Comparison(source, fitted.arguments.degree, code, reading.specs)
        records, extents = [], []
        for step in counted(source.steps, "encoding", report):
            data = encoder.encode(source, step.t)
            records.append(write_coded_step(folder, step.t, data, step.time_myr, step.label))
            extents.append(comparison.add(step.t, data, compare=step.t in measured))
        specs = _drawn(source, reading.specs, extents)
        state = {CODE: packed_weights(fitted.weights)}
        spec = SurrogateSpec(
            title=source.title,
            description=_description(source, fitted.arguments.degree),
            variables=specs,
            grid=GridSpec.of(source.grid),
            planet=source.planet,
            inputs=CodedInputsSpec(steps=tuple(records)),
            generator=GeneratorSpec(
                arguments=fitted.arguments,
                weights=write_weights(folder, state),
                onnx=_onnx(folder, len(specs), fitted.arguments, state) if onnx else None,
            ),
            provenance=source.provenance,
        )
        write_spec(folder, spec)
        kept = [each for each in files_of(spec) if each != spec.generator.onnx]
        size = sum((folder / each.file).stat().st_size for each in kept)
    return Result(
        bytes=size,
        steps=len(records),
        degree=fitted.arguments.degree,
        accuracy=comparison.accuracy,
        measured=tuple(measured),
    )


class _Reading:
    """The steps to which a code is fitted: the variables' scales, and the coefficients."""

    def __init__(self, source: Source, steps: int, degree: int, train: Sequence[int], report: Report) -> None:
        self.source, self.degree, self.train, self.report = source, degree, train, report
        names = [each.variable.name for each in source.variables]
        self.spans: dict[str, float] = {}
        extents = []
        for t in counted(train, "reading", report):
            extents.append({name: extents_of(source, t, name) for name in names})
        self.specs = _drawn(source, (), [{name: each[name][1] for name in names} for each in extents])
        self.rows: dict[str, list[Field]] = {name: [] for name in names}
        ends = common_extents({name: joined([each[name][0] for each in extents]) for name in names}, source.vector)
        for name, spec in zip(names, self.specs, strict=True):
            self.spans[name] = (ends[name][1] - ends[name][0]) / spec.normalisation.scale
        for t in counted(train, "analysing", report):
            for name, spec in zip(names, self.specs, strict=True):
                self.rows[name].append(real_rows(coefficients_of(source, t, name, degree, spec.normalisation)))
        self.sample = Sample(source.grid.radii_km, steps, self.rows)

    def cut(self, degree: int) -> None:
        """Forget what is above a degree."""
        self.sample = self.sample.cut(min(degree, self.degree))
        self.degree, self.rows = self.sample.degree, self.sample.rows

    def coefficients(self, i: int, name: str) -> Field:
        """The coefficients `(degree, order, part, shell)` of the i-th step."""
        return from_real_rows(self.rows[name][i])

    def steps_of(self, quantum: float | Mapping[str, float]) -> dict[str, float]:
        """The normalised rounding steps that are `quantum` ranges of each variable."""
        return {
            name: (quantum if isinstance(quantum, float) else quantum[name]) * (span or 1.0)
            for name, span in self.spans.items()
        }


def _to_bytes(reading: _Reading, step_bytes: float) -> FittedCode:
    """The code with the given average bytes of a step. The variables have the same PSNR, as far as that is known."""
    sample, groups, quantum = reading.sample, dict.fromkeys(reading.spans, ()), 1e-2
    # Polynomials come first. They show how large the rounding steps are, for which the best modes are then chosen.
    quantum, fitted = _quantum_for(reading, step_bytes, groups, quantum, 0)
    # Better modes need somewhat finer rounding steps, and so reach a few more degrees.
    reading.cut(fitted.arguments.degree * 5 // 4 + 8)
    sample = reading.sample
    best = {name: best_groups(sample, name, step) for name, step in reading.steps_of(quantum).items()}
    if best != groups:
        _, fitted = _quantum_for(reading, step_bytes, best, quantum, ATTEMPTS)
    reading.report("fitting", 2 * ATTEMPTS, 2 * ATTEMPTS)
    return fitted


def _quantum_for(
    reading: _Reading, step_bytes: float, groups: Mapping[str, tuple[int, ...]], quantum: float, done: int
) -> tuple[float, FittedCode]:
    """The rounding step, in ranges, with which the average step has the given bytes, and the code."""
    low, middle, high = np.log(_FINEST), np.log(quantum), np.log(_COARSEST)
    slope, before = 0.6, None  # bytes fall about as this power of the rounding step
    for attempt in range(ATTEMPTS):
        reading.report("fitting", done + attempt, 2 * ATTEMPTS)
        quantum = float(np.exp(middle))
        fitted = fit_code(reading.sample, reading.steps_of(quantum), groups)
        excess = np.log(fitted.bytes / (step_bytes * reading.sample.steps))
        if abs(excess) < _NEAR or high - low < 1e-3:
            break
        low, high = (middle, high) if excess > 0 else (low, middle)
        if before is not None:
            slope = float(np.clip((before[1] - excess) / (middle - before[0]), 0.1, 3))
        before = middle, excess
        guess = middle + excess / slope
        middle = guess if low < guess < high and attempt < ATTEMPTS // 2 else (low + high) / 2
    return quantum, fitted


def _to_psnr(reading: _Reading, psnr_db: float) -> FittedCode:
    """The code with which each variable has the given PSNR over the sample steps, if the degree allows it."""
    allowed = {name: (span or 1.0) ** 2 * 10 ** (-psnr_db / 10) for name, span in reading.spans.items()}
    reading.cut(max(needed_degree(reading.sample, name, allowed[name]) for name in allowed))
    sample = reading.sample
    cut = {name: _square_error_of_degree(reading, name) for name in allowed}
    # Where the degree alone misses as much as is allowed, rounding misses a quarter of that.
    allowed = {name: max(allowed[name], 1.25 * cut[name]) for name in allowed}
    wanted = {name: allowed[name] - cut[name] for name in cut}
    steps = {name: step_for(sample, name, (), wanted[name]) for name in cut}
    groups = {name: best_groups(sample, name, step) for name, step in steps.items()}
    best: FittedCode | None = None
    for attempt in range(ROUNDS):
        reading.report("fitting", attempt, ROUNDS)
        steps = {name: step_for(sample, name, groups[name], wanted[name], steps[name]) for name in cut}
        fitted = fit_code(sample, steps, groups)
        # Cells count alike, but harmonics are fitted by area: so the first guess is a little off.
        shares = {name: found / allowed[name] for name, found in _square_errors(reading, fitted).items()}
        if max(shares.values()) <= 1 and (best is None or fitted.bytes < best.bytes):
            best = fitted
        if all(_NEAR_SHARE <= share <= 1 or share == 0 for share in shares.values()):
            break
        aim = _AIM - 0.05 * max(attempt - 2, 0)  # a few coefficients do not follow the aim closely
        for name, share in shares.items():
            rounding = max(share * allowed[name] - cut[name], 1e-3 * allowed[name])
            wanted[name] *= float(np.clip((allowed[name] * aim - cut[name]) / rounding, 0.1, 10))
    reading.report("fitting", ROUNDS, ROUNDS)
    return best or fitted


def _square_errors(reading: _Reading, fitted: FittedCode) -> dict[str, float]:
    """The normalised mean square errors of a code over the cells of the sample steps, by variable."""
    source, degree = reading.source, fitted.arguments.degree
    code = code_of(fitted.arguments, fitted.weights, source.grid.radii_km)
    encoder = ScalarEncoder(degree, code, reading.specs, source.grid.radii_km)
    comparison = Comparison(source, degree, code, reading.specs)
    for i, t in enumerate(reading.train):
        coefficients = {name: reading.coefficients(i, name) for name in reading.rows}
        comparison.add(t, encoder.code_of(coefficients, f"{source.address}: step {t}"), compare=True)
    return comparison.mean_squares


def _square_error_of_degree(reading: _Reading, name: str) -> float:
    """The normalised mean square over the cells of what lies beyond the degree."""
    source, total, count = reading.source, 0.0, 0
    affine = next(spec.normalisation for spec in reading.specs if spec.name == name)
    grid = source.grid
    for i, t in enumerate(reading.train):
        coefficients = reading.coefficients(i, name)
        for shells in parts(grid):
            values = (read_part(source, t, name, shells) - np.float64(affine.offset)) / affine.scale
            held = scalar_field(coefficients[..., shells.start : shells.stop], grid.latitudes_deg, grid.longitudes_deg)
            total, count = total + float(np.square(values - held).sum()), count + values.size
    return total / count


def _drawn(
    source: Source, known: Sequence[VariableSpec], extents: Sequence[Mapping[str, tuple[float, float]]]
) -> tuple[VariableSpec, ...]:
    """The variables with the colour ranges of these extents. The components of a velocity share one range.

    Variables that are known keep their normalisation.
    """
    ranges = {}
    for each in source.variables:
        name = each.variable.name
        ranges[name] = colour_range(np.array([of_step[name] for of_step in extents]), each.variable)
    ranges = common_ranges(ranges, source.vector)
    scales = {variable.name: variable.normalisation for variable in known}
    return tuple(
        described(v, ranges[v.name], scales.get(v.name) or normalisation(ranges[v.name], v))
        for v in (each.variable for each in source.variables)
    )


def _trained(source: Source, train: Sequence[int] | None, degree: int) -> list[int]:
    """The steps to fit to: those that were asked for, or as many as the memory may hold."""
    if train is not None:
        return sorted(set(train))
    size = 4 * (degree + 1) ** 2 * len(source.grid.radii_km) * len(source.variables)
    return _evenly([step.t for step in source.steps], max(1, min(TRAINED, SAMPLE_BYTES // size)))


def _evenly(every: Sequence[int], number: int) -> list[int]:
    """At most `number` of the steps, spread evenly over all."""
    number = min(number, len(every))
    if number == 1:
        return [every[len(every) // 2]]
    return [every[i] for i in np.unique(np.round(np.linspace(0, len(every) - 1, number)).astype(int))]


def _onnx(folder: Path, variables: int, arguments: HarmonicsArguments, state: Mapping[str, NDArray[Any]]) -> FileSpec:
    import torch

    from earthgan_training.surrogates.export import write_onnx

    return write_onnx(folder, variables, arguments, {name: torch.tensor(each) for name, each in state.items()})


def _description(source: Source, degree: int) -> str:
    held = ", ".join(each.variable.long_name for each in source.variables)
    return (
        f"Coded coefficients of spherical harmonics up to degree {degree} on the source's own grid. It holds: {held}."
    )
