"""Makes a surrogate of kind `harmonics` from any source: its variables as coded coefficients of spherical harmonics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.coded import Code
from earthgan.kinds.coded_inputs import CodedInputsSpec
from earthgan.kinds.harmonics_arguments import HarmonicsArguments
from earthgan.kinds.harmonics_code import CODE, ScalarComponent, code_of, load_code, packed_weights
from earthgan.kinds.harmonics_planner import ScalarPlanner
from earthgan.records import Affine, GridSpec, VariableSpec
from earthgan.spec import GeneratorSpec, SurrogateSpec
from earthgan.sphere.grid import Window
from earthgan.surrogate import Surrogate, files_of
from earthgan_training.coding.harmonics_fit import FittedCode, Sample, best_groups, fit_code
from earthgan_training.coding.modes import degrees_of_rows, in_rows
from earthgan_training.coding.scalars import borne_degree, coefficients_of, parts, read_part, real_rows
from earthgan_training.coding.tables import loudness_of
from earthgan_training.harmonics.analysis import scalar_field
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.export import write_onnx
from earthgan_training.surrogates.folder import new_folder, write_coded_step, write_spec, write_weights
from earthgan_training.surrogates.ranges import colour_range, extent, normalisation

Item = TypeVar("Item")
Field = NDArray[np.float32]
Report = Callable[[str, int, int], None]  #: Gets the current task, the number of finished items, and the total number.

#: A code is fitted to at most this many steps, whose coefficients take at most this many bytes.
TRAINED, SAMPLE_BYTES = 8, 400 * 2**20
#: A size, or a quality in dB, that is near enough to the one that was asked for.
_NEAR, _NEAR_DB = 0.005, 0.1
#: The finest rounding step, in ranges of the variable. float32 does not hold more.
_FINEST, _COARSEST = 1e-8, 1.0


@dataclass(frozen=True)
class Accuracy:
    """The accuracy of a variable over every cell of the measured steps. Cells count alike.

    `psnr_db` has the range of the variable in these steps as its peak. It is infinite for a variable that is exact, or
    the same everywhere. `max_error` is in the variable's unit.
    """

    psnr_db: float
    max_error: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was made. `bytes` counts the weights and all steps. `measured` says which steps `accuracy` is about."""

    bytes: int
    steps: int
    degree: int
    accuracy: Mapping[str, Accuracy]
    measured: tuple[int, ...]


class ScalarEncoder:
    """Encodes steps of a source for a surrogate of kind `harmonics`."""

    def __init__(
        self, degree: int, code: Code[ScalarComponent], variables: Sequence[VariableSpec], radii_km: Sequence[float]
    ) -> None:
        self._degree, self._code, self._radii_km = degree, code, tuple(radii_km)
        self._scales = {variable.name: variable.normalisation for variable in variables}

    @classmethod
    def of(cls, surrogate: Surrogate) -> ScalarEncoder:
        """The encoder of an existing surrogate, whose kind is `harmonics`."""
        spec, arguments = surrogate.spec, surrogate.spec.generator.arguments
        assert isinstance(arguments, HarmonicsArguments)
        radii_km = spec.grid.radii_km
        code: Code[ScalarComponent] = load_code(surrogate.weights_path, arguments, radii_km)
        return cls(arguments.degree, code, spec.variables, radii_km)

    def encode(self, source: Source, t: int) -> bytes:
        """The code of a time step.

        Raises BadInput if its shells are not those of the surrogate, if its grid is too coarse, if it lacks a variable
        or a value, or if a value is too large for the code.
        """
        refuse_other_shells(source, self._radii_km)
        if borne_degree(source.grid) < self._degree:
            rows, columns = source.grid.shape[1:]
            raise BadInput(f"{source.address}: {rows} x {columns} points are too few for degree {self._degree}")
        by_name = {
            name: coefficients_of(source, t, name, self._degree, affine) for name, affine in self._scales.items()
        }
        return self.code_of(by_name, f"{source.address}: step {t}")

    def code_of(self, coefficients: Mapping[str, Field], place: str) -> bytes:
        """The code of normalised coefficients `(degree, order, part, shell)` by variable. Higher degrees are left out.

        Raises BadInput, which names the place, if a coefficient is too large for the code.
        """
        in_modes, scaled, tables = {}, [], []
        for name, component in self._code.components.items():
            inverse = (component.basis / (4 * np.pi * component.basis.shape[-1]))[component.group].swapaxes(1, 2)
            cut = coefficients[name][: self._degree + 1, : self._degree + 1]
            in_modes[name] = np.einsum("lmps,lsk->lmpk", cut, inverse, optimize=True)
            scaled.append(in_rows(in_modes[name]) / component.step)
            tables.append(component.tables)
        follow = np.concatenate(tables, axis=1)[degrees_of_rows(self._degree)]
        try:
            return self._code.encode(in_modes, loudness_of(np.concatenate(scaled, axis=1), follow))
        except ValueError as error:
            raise BadInput(f"{place}: {error}") from error


def refuse_other_shells(source: Source, radii_km: Sequence[float]) -> None:
    """Raise BadInput if a source does not have the shells of a surrogate."""
    found = source.grid.radii_km
    if len(found) != len(radii_km) or not np.allclose(found, radii_km, rtol=1e-6, atol=0):
        raise BadInput(f"{source.address}: its shells are not those of the surrogate")


def fit_harmonics(
    source: Source,
    out: Path,
    *,
    step_bytes: float | None = None,
    psnr_db: float | None = None,
    degree: int | None = None,
    train: Sequence[int] | None = None,
    measure: int = 4,
    report: Report,
    overwrite: bool = False,
) -> Result:
    """Make the surrogate folder `out` of all steps and variables of a source.

    Exactly one of `step_bytes` and `psnr_db` is given. `step_bytes` is the average size of a step, in which the step's
    share of the weights is included. `psnr_db` is the least PSNR of each variable in the steps that the code is fitted
    to. If the grid does not bear the degrees for that, the result is about as good as the grid allows.

    `degree` limits the harmonics; by default the grid does. The code is fitted to the steps `train`; by default, to
    some that are spread over all. At most `measure` steps are decoded and compared with the source.

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
    with new_folder(out, overwrite) as folder:
        reading = _Reading(source, degree, _spread([step.t for step in source.steps], train, source, degree), report)
        fitted = _to_bytes(reading, step_bytes) if step_bytes is not None else _to_psnr(reading, float(psnr_db or 0))
        code = code_of(fitted.arguments, fitted.weights, source.grid.radii_km)
        encoder = ScalarEncoder(fitted.arguments.degree, code, reading.specs, source.grid.radii_km)
        measured = _evenly([step.t for step in source.steps], measure)
        comparison = _Comparison(source, fitted.arguments.degree, code, reading.specs)
        records, extents = [], []
        for step in counted(source.steps, "encoding", report):
            data = encoder.encode(source, step.t)
            written = write_coded_step(folder, step.t, data, step.time_myr)
            records.append(written.model_copy(update={"label": step.label}))
            extents.append(comparison.add(step.t, data, step.t in measured))
        specs = _drawn(source, reading.specs, extents)
        state = {CODE: torch.from_numpy(packed_weights(fitted.weights).copy())}
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
                onnx=write_onnx(folder, len(specs), fitted.arguments, state),
            ),
            provenance=source.provenance,
        )
        write_spec(folder, spec)
        onnx = spec.generator.onnx
        size = sum((folder / each.file).stat().st_size for each in files_of(spec) if each != onnx)
    return Result(
        bytes=size,
        steps=len(records),
        degree=fitted.arguments.degree,
        accuracy=comparison.accuracy(),
        measured=tuple(measured),
    )


class _Reading:
    """The steps to which a code is fitted: the variables' scales, and the coefficients."""

    def __init__(self, source: Source, degree: int, train: Sequence[int], report: Report) -> None:
        self.source, self.degree, self.train, self.report = source, degree, train, report
        names = [each.variable.name for each in source.variables]
        self.spans: dict[str, float] = {}
        extents = []
        for t in counted(train, "reading", report):
            extents.append({name: _extents(source, t, name) for name in names})
        self.specs = _drawn(source, (), [{name: each[name][1] for name in names} for each in extents])
        self.rows: dict[str, list[Field]] = {name: [] for name in names}
        for name, spec in zip(names, self.specs, strict=True):
            ends = np.array([each[name][0] for each in extents])
            self.spans[name] = float(ends[:, 1].max() - ends[:, 0].min()) / spec.normalisation.scale
        for t in counted(train, "analysing", report):
            for name, spec in zip(names, self.specs, strict=True):
                self.rows[name].append(real_rows(coefficients_of(source, t, name, degree, spec.normalisation)))
        self.sample = Sample(source.grid.radii_km, len(source.steps), self.rows)

    def steps_of(self, quantum: float | Mapping[str, float]) -> dict[str, float]:
        """The normalised rounding steps that are `quantum` ranges of each variable."""
        return {
            name: (quantum if isinstance(quantum, float) else quantum[name]) * (span or 1.0)
            for name, span in self.spans.items()
        }


def _to_bytes(reading: _Reading, step_bytes: float) -> FittedCode:
    """The code with the given average bytes of a step. All variables get the same PSNR, as far as that can be said."""
    sample, due = reading.sample, step_bytes * reading.sample.steps
    groups: dict[str, tuple[int, ...]] = dict.fromkeys(reading.spans, ())
    fitted: FittedCode | None = None
    for round_ in range(2):  # polynomials first, and then the modes that are best for the size of step that they need
        low, high = np.log(_FINEST), np.log(_COARSEST)
        middle = np.log(1e-2) if fitted is None else np.log(quantum)
        for attempt in range(16):
            reading.report("fitting", 16 * round_ + attempt, 32)
            quantum = float(np.exp(middle))
            fitted = fit_code(sample, reading.steps_of(quantum), groups)
            excess = np.log(fitted.bytes / due)
            if abs(excess) < _NEAR or high - low < 1e-3:
                break
            low, high = (middle, high) if excess > 0 else (low, middle)
            # Bytes fall about as the power 0.6 of the step; a guess outside the bounds is halved.
            guess = middle + excess / 0.6
            middle = guess if low < guess < high and attempt < 8 else (low + high) / 2
        if round_ == 0:
            best = {name: best_groups(sample, name, step) for name, step in reading.steps_of(quantum).items()}
            if best == groups:
                break
            groups = best
    reading.report("fitting", 32, 32)
    assert fitted is not None
    return fitted


def _to_psnr(reading: _Reading, psnr_db: float) -> FittedCode:
    """The code with which each variable has the given PSNR over the sample steps, if the degree allows it."""
    sample, source = reading.sample, reading.source
    due = {name: (span or 1.0) ** 2 * 10 ** (-psnr_db / 10) for name, span in reading.spans.items()}
    cut = {name: _square_error_of_degree(reading, name) for name in due}
    # Where the degree alone misses more than is allowed, rounding may miss as much again and no more.
    rounding = {name: max(due[name] - cut[name], cut[name] / 4, due[name] / 4) for name in due}
    wanted = dict(rounding)
    groups: dict[str, tuple[int, ...]] = dict.fromkeys(due, ())
    for attempt in range(4):
        reading.report("fitting", attempt, 4)
        steps = {name: _step_for(sample, name, groups[name], wanted[name]) for name in due}
        if attempt == 0:
            groups = {name: best_groups(sample, name, step) for name, step in steps.items()}
            steps = {name: _step_for(sample, name, groups[name], wanted[name]) for name in due}
        fitted = fit_code(sample, steps, groups)
        code = code_of(fitted.arguments, fitted.weights, source.grid.radii_km)
        encoder = ScalarEncoder(fitted.arguments.degree, code, reading.specs, source.grid.radii_km)
        comparison = _Comparison(source, fitted.arguments.degree, code, reading.specs)
        for t in reading.train:
            comparison.add(t, encoder.encode(source, t), True)
        found = comparison.accuracy()
        off = {name: (due[name] + max(cut[name] - due[name] * 0.75, 0), each.psnr_db) for name, each in found.items()}
        missed = {
            name: 10 * np.log10((reading.spans[name] or 1.0) ** 2 / allowed) - reached
            for name, (allowed, reached) in off.items()
        }
        if all(-2 * _NEAR_DB < each <= 0 or np.isinf(each) for each in missed.values()):
            break
        for name, each in missed.items():
            if np.isfinite(each):
                share = 1 - min(cut[name] / due[name], 0.75)
                wanted[name] *= float(10 ** (-np.clip((each + _NEAR_DB / 2) / share, -10, 10) / 10))
    reading.report("fitting", 4, 4)
    return fitted


def _step_for(sample: Sample, name: str, groups: tuple[int, ...], square_error: float) -> float:
    """The rounding step by which a variable's normalised coefficients have a mean square error."""
    from earthgan_training.coding.harmonics_fit import fit_variable

    low, high = np.log(np.sqrt(square_error)) - 8, np.log(np.sqrt(square_error)) + 3
    for _ in range(9):
        middle = (low + high) / 2
        error = fit_variable(sample, name, float(np.exp(middle)), groups).square_error
        low, high = (low, middle) if error > square_error else (middle, high)
    return float(np.exp(low))


def _square_error_of_degree(reading: _Reading, name: str) -> float:
    """The normalised mean square over the cells of what lies beyond the degree."""
    source, total, count = reading.source, 0.0, 0
    affine = next(spec.normalisation for spec in reading.specs if spec.name == name)
    grid = source.grid
    for t in reading.train:
        coefficients = coefficients_of(source, t, name, reading.degree, affine)
        for shells in parts(grid):
            values = (read_part(source, t, name, shells) - np.float64(affine.offset)) / affine.scale
            held = scalar_field(coefficients[..., shells.start : shells.stop], grid.latitudes_deg, grid.longitudes_deg)
            total, count = total + float(np.square(values - held).sum()), count + values.size
    return total / count


class _Comparison:
    """Compares decoded steps with their source."""

    def __init__(
        self, source: Source, degree: int, code: Code[ScalarComponent], variables: Sequence[VariableSpec]
    ) -> None:
        self._source, self._code, self._variables = source, code, variables
        self._planner = ScalarPlanner(degree, code.components, source.grid.radii_km, source.grid)
        number = len(variables)
        self._square, self._largest, self._count = np.zeros(number), np.zeros(number), 0
        self._ends = np.stack([np.full(number, np.inf), np.full(number, -np.inf)])

    def add(self, t: int, data: bytes, compare: bool) -> dict[str, tuple[float, float]]:
        """The extents of a step's variables by name. With `compare`, the step counts for the accuracy."""
        extents = {}
        coefficients = self._code.coefficients(self._code.decode(data)) if compare else None
        for i, variable in enumerate(self._variables):
            of_parts = []
            source_variable = self._source.named(variable.name).variable
            for shells in parts(self._source.grid):
                values = read_part(self._source, t, variable.name, shells)
                of_parts.append(extent(values, source_variable))
                if coefficients is not None:
                    self._compare(i, variable.normalisation, coefficients, shells, values)
            extents[variable.name] = _joined(of_parts)
        self._count += self._source.grid.whole.shape[0] * self._cells if compare else 0
        return extents

    @property
    def _cells(self) -> int:
        return self._source.grid.shape[1] * self._source.grid.shape[2]

    def _compare(self, i: int, affine: Affine, coefficients: Field, shells: range, values: Field) -> None:
        whole = self._source.grid.whole
        found = self._planner.evaluate(coefficients, Window(shells, whole.rows, whole.columns), [i])[0]
        error = found * np.float32(affine.scale) + np.float32(affine.offset) - values
        self._square[i] += np.square(error, dtype=np.float64).sum()
        self._largest[i] = max(self._largest[i], float(np.abs(error).max()))
        self._ends[:, i] = min(self._ends[0, i], values.min()), max(self._ends[1, i], values.max())

    def accuracy(self) -> dict[str, Accuracy]:
        out = {}
        for variable, square, largest, (low, high) in zip(
            self._variables, self._square, self._largest, self._ends.T, strict=True
        ):
            exact = not self._count or square == 0 or high == low
            psnr_db = np.inf if exact else 10 * np.log10((high - low) ** 2 / (square / self._count))
            out[variable.name] = Accuracy(float(psnr_db), float(largest))
        return out


def _extents(source: Source, t: int, name: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """The least and the greatest value of a variable, and its extent for drawing."""
    ends, drawn = [], []
    variable = source.named(name).variable
    for shells in parts(source.grid):
        values = read_part(source, t, name, shells)
        ends.append((float(values.min()), float(values.max())))
        drawn.append(extent(values, variable))
    return _joined(ends), _joined(drawn)


def _joined(extents: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return min(low for low, _ in extents), max(high for _, high in extents)


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
    if source.vector and all(source.named(name).variable.symmetric for name in source.vector):
        fastest = max(ranges[name][1] for name in source.vector)
        ranges |= dict.fromkeys(source.vector, (-fastest, fastest))
    scales = {variable.name: variable.normalisation for variable in known}
    return tuple(
        VariableSpec(
            name=v.name,
            long_name=v.long_name,
            unit=v.unit,
            colormap=v.colormap,
            range=ranges[v.name],
            normalisation=scales.get(v.name) or normalisation(ranges[v.name], v),
        )
        for v in (each.variable for each in source.variables)
    )


def _spread(every: Sequence[int], train: Sequence[int] | None, source: Source, degree: int) -> list[int]:
    """The steps to fit to: those that were asked for, or as many as the memory may hold."""
    if train is not None:
        return [source.step(t).t for t in sorted(set(train))]
    size = 4 * (degree + 1) ** 2 * len(source.grid.radii_km) * len(source.variables)
    return _evenly(every, max(1, min(TRAINED, SAMPLE_BYTES // size)))


def _evenly(every: Sequence[int], number: int) -> list[int]:
    """At most `number` of the steps, spread evenly over all."""
    number = min(number, len(every))
    return [every[i] for i in np.unique(np.round(np.linspace(0, len(every) - 1, number)).astype(int))]


def counted(items: Sequence[Item], what: str, report: Report) -> Iterator[Item]:
    """The items, each of which is reported before its work."""
    for i, item in enumerate(items):
        report(what, i, len(items))
        yield item
    report(what, len(items), len(items))


def _description(source: Source, degree: int) -> str:
    held = ", ".join(each.variable.long_name for each in source.variables)
    return (
        f"Coded coefficients of spherical harmonics up to degree {degree} on the source's own grid. It holds: {held}."
    )
