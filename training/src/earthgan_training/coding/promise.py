"""The promise that no cell of a coded surrogate is off by more than a bound, and the corrections that keep it.

The corrections are computed from what the surrogate itself answers, with its network, its strength and its predictions.
So they know nothing of how it comes to its answers.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.coded import Code
from earthgan.kinds.coded_inputs import CodedInputsSpec
from earthgan.kinds.corrections import UNIT, corrections_of, parted, units_of, with_corrections
from earthgan.kinds.spectral_arguments import SpectralArguments
from earthgan.kinds.spectral_planner import Kernels, SpectralPlanner
from earthgan.records import StepSpec, VariableSpec
from earthgan.spec import SPEC_FILE, SurrogateSpec
from earthgan.surrogate import LONGEST_RUN, Surrogate
from earthgan.verified import files_of, read_spec
from earthgan_training.coding.encode import Encoder
from earthgan_training.coding.fit import code_fit
from earthgan_training.coding.modes import Shells
from earthgan_training.coding.training import TrainingSteps
from earthgan_training.coding.work import Report, counted
from earthgan_training.simulations.bounds import AskedBounds, bounds_for
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.folder import write_file, write_spec, write_weights
from earthgan_training.surrogates.ranges import ranges

Field = NDArray[np.floating]
Numbers = NDArray[np.int32]

#: Engines differ by up to this much, in normalised numbers. The corrections leave room for it.
SLACK = 2e-5
#: The sizes of a time step that are searched, the number of training steps that the search codes, and how often it
#: divides the range: to an eighth of an octave.
BYTES, TRIALS, SEARCHES, _GOLDEN = (64, 2**18), 4, 9, (math.sqrt(5) - 1) / 2
#: A size may take this many times the fewest bytes that were found.
MARGIN = 17 / 16
#: By how much a network makes the largest errors smaller, about: 1.8 dB at 12 kB a step.
NETWORK_GAIN = 1.2
#: A bound has to be this many times as large as that room.
ROOM = 5


def bounds_in(source: Source, asked: AskedBounds, steps: Sequence[int]) -> Mapping[str, float]:
    """The bound of each variable in its unit, for some steps of a source. % refers to the range in the first, the
    middle and the last of them. Raises BadInput and WrongUsage as `bounds_for` does.
    """
    some = sorted({steps[0], steps[len(steps) // 2], steps[-1]})
    percent = any(each.unit == "%" for each in asked.bounds)
    return bounds_for(asked, source, ranges(source, some) if percent else {}).largest


def promised(spec: SurrogateSpec) -> tuple[float, ...] | None:
    """The largest errors that a surrogate of coded steps promises; None if it promises nothing."""
    return spec.inputs.max_error if isinstance(spec.inputs, CodedInputsSpec) else None


def without_promise(spec: SurrogateSpec) -> SurrogateSpec:
    """The surrogate without its promise. The files of its time steps then have no corrections."""
    if promised(spec) is None:
        return spec
    return spec.model_copy(update={"inputs": spec.inputs.model_copy(update={"max_error": None})})


def keep_promise(
    folder: Path, source: Source, steps: Sequence[int], max_error: tuple[float, ...], report: Report
) -> None:
    """Promise largest errors of a surrogate folder, and correct time steps whose files have no corrections yet. If the
    folder has other time steps, they have been corrected.

    Raises BadInput if the source has another grid or lacks a variable.
    """
    spec, _ = read_spec(folder / SPEC_FILE)
    records = {step.t: step for step in spec.inputs.steps}
    for t in steps:
        records[t] = _rewritten(folder, records[t], with_corrections((folder / records[t].file).read_bytes()))
    spec = _with_steps(spec, records, max_error)
    write_spec(folder, spec)
    surrogate = Surrogate(folder)
    refuse_other_grid(source, surrogate)
    # A time step may be predicted from another one, whose file must not change before both are read.
    contents = {t: _corrected(surrogate, source, t, max_error) for t in counted(steps, "correcting", report)}
    for t, content in contents.items():
        records[t] = _rewritten(folder, records[t], content)
    write_spec(folder, _with_steps(spec, records, max_error))


def _rewritten(folder: Path, step: StepSpec, content: bytes) -> StepSpec:
    return step.model_copy(update={"sha256": write_file(folder, step.file, content).sha256})


def _with_steps(spec: SurrogateSpec, steps: Mapping[int, StepSpec], max_error: tuple[float, ...]) -> SurrogateSpec:
    changes = {"steps": tuple(steps[t] for t in sorted(steps)), "max_error": max_error}
    return spec.model_copy(update={"inputs": spec.inputs.model_copy(update=changes)})


def other_grid(source: Source, surrogate: Surrogate) -> bool:
    """Whether a source's cells are not those of a surrogate."""
    axes = [(each.radii_km, each.latitudes_deg, each.longitudes_deg) for each in (source.grid, surrogate.grid)]
    return any(len(a) != len(b) or not np.allclose(a, b, rtol=1e-6, atol=1e-6) for a, b in zip(*axes, strict=True))


def refuse_other_grid(source: Source, surrogate: Surrogate) -> None:
    """Raise BadInput if a source's cells are not those of a surrogate that promises something of them."""
    if other_grid(source, surrogate):
        raise BadInput(
            f"{source.address}: its cells are not those of the surrogate, which promises errors in each cell"
        )


def refuse_tight(max_error: Sequence[float], variables: Sequence[VariableSpec]) -> None:
    """Raise BadInput if a bound is too small beside the rounding of the numbers."""
    for bound, variable in zip(max_error, variables, strict=True):
        least = ROOM * SLACK * variable.normalisation.scale
        if bound < least:
            raise BadInput(f"--max-error: {bound:g} for {variable.name} is below {least:.2g}, the least that is kept")


def promise_of_draft(folder: Path, draft: Path, source: Source, max_error: tuple[float, ...], report: Report) -> None:
    """Correct the time steps of a source in a draft of a change to the surrogate `folder`. The draft's `spec.json`
    names files in the draft and files in the folder. Raises BadInput as `keep_promise` does.
    """
    spec, _ = read_spec(draft / SPEC_FILE)
    new = {step.t for step in source.steps}
    fresh = {step.file for step in spec.inputs.steps if step.t in new}
    with TemporaryDirectory(prefix="earthgan-promise-") as place:
        whole = Path(place)
        for file in files_of(spec):
            (whole / file.file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile((draft if file.file in fresh else folder) / file.file, whole / file.file)
        write_spec(whole, spec)
        keep_promise(whole, source, sorted(new), max_error, report)
        for name in fresh:
            shutil.copyfile(whole / name, draft / name)
        write_spec(draft, read_spec(whole / SPEC_FILE)[0])


def cheapest_bytes(
    arguments: SpectralArguments,
    training: TrainingSteps,
    shells: Mapping[str, Shells],
    source: Source,
    train: Sequence[int],
    bound: float,
    refined: bool,
    report: Report,
) -> int:
    """The size of a time step for which its code and its corrections of temperature together take the fewest bytes.

    A finer code costs much for all cells, and corrections cost about a byte for each cell that is off by more. The
    search is by golden section. It codes some training steps with their own modes. `refined` says that a network will
    make the errors smaller. Below the cheapest size, corrections grow steeply, and where they begin to grow differs
    from step to step. So the result is the largest size that was tried and takes hardly more bytes (`MARGIN`).
    """
    chosen = sorted({round(i) for i in np.linspace(0, len(train) - 1, TRIALS)})
    fields = {name: [steps[i] for i in chosen] for name, steps in training.components.items()}
    fit = code_fit(fields, shells, arguments.nodes, len(chosen))
    affine, tried = training.variables[0].normalisation, [chosen[-1]]
    truths = [source.read(train[i], training.variables[0].name) for i in tried]
    # Only temperature is looked at. What follows from it, and what is coded beside it, is nearer to the truth.
    plain = {"stokes": None, "gate": (), "components": arguments.components[:1]}

    taken_by_size: dict[int, float] = {}

    def total(step_bytes: float) -> float:
        taken_by_size[round(step_bytes)] = found = measured(step_bytes)
        return found

    def measured(step_bytes: float) -> float:
        fitted = fit(round(step_bytes))
        coded = [each for each in arguments.components if each.field in fitted.fields]
        components = tuple(each.model_copy(update={"step": fitted.step}) for each in coded)
        exact = arguments.model_copy(update={"components": components})
        with TemporaryDirectory(prefix="earthgan-promise-") as place:
            code = Code.load(Path(place) / write_weights(Path(place), fitted.arrays).file, exact)
        encoder = Encoder(exact, code, source.grid.radii_km, training.variables)
        basis = {"temperature": code.components["temperature"].basis}
        kernels = Kernels(exact.model_copy(update=plain), basis, 1.0, 1.0)
        planner, size = SpectralPlanner(kernels, source.grid), 0
        for i, truth in zip(tried, truths, strict=True):
            content = encoder.key(encoder.in_modes(training.fields[i]))
            x = code.coefficients(code.decode(content))[..., : basis["temperature"].shape[1]]
            found = planner.evaluate(x, source.grid.whole, [0])[0] * affine.scale + affine.offset
            error = (truth - found) / (NETWORK_GAIN if refined else 1)
            size += len(with_corrections(content, numbers_for(error, bound, bound - SLACK * affine.scale)[None]))
        return size / len(tried)

    low, high = (math.log2(each) for each in BYTES)
    inner = [high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)]
    sizes = [total(2**each) for each in inner]
    for done in range(SEARCHES):
        report("looking for the cheapest size", done, SEARCHES)
        if sizes[0] <= sizes[1]:  # a code that holds everything takes no more bytes than it needs
            high, inner, sizes = inner[1], [inner[1] - _GOLDEN * (inner[1] - low), inner[0]], [0.0, sizes[0]]
            sizes[0] = total(2 ** inner[0])
        else:
            low, inner, sizes = inner[0], [inner[1], inner[0] + _GOLDEN * (high - inner[0])], [sizes[1], 0.0]
            sizes[1] = total(2 ** inner[1])
    report("looking for the cheapest size", SEARCHES, SEARCHES)
    fewest = min(taken_by_size.values())
    return max(step_bytes for step_bytes, taken in taken_by_size.items() if taken <= MARGIN * fewest)


def _corrected(surrogate: Surrogate, source: Source, t: int, max_error: Sequence[float]) -> bytes:
    variables, shape = surrogate.spec.variables, (len(surrogate.variables), *surrogate.grid.shape)
    numbers = np.zeros(shape, np.int32)
    for r in range(0, shape[1], LONGEST_RUN):
        run = range(r, min(r + LONGEST_RUN, shape[1]))
        found = surrogate.in_units(surrogate.shells(None, surrogate.variables, t, run), surrogate.variables)
        for out, field, variable, bound in zip(numbers, found, variables, max_error, strict=True):
            error = source.read(t, variable.name, run) - field.astype(np.float64)
            out[run.start : run.stop] = numbers_for(error, bound, bound - SLACK * variable.normalisation.scale)
    step = surrogate.check_step(t)
    content = with_corrections(parted((surrogate.folder / step.file).read_bytes())[0], numbers)
    # Proved by decoding what was written.
    made = corrections_of(parted(content)[1], shape, units_of(max_error, variables))
    due = numbers.reshape(-1)[made.cells]
    assert np.count_nonzero(numbers) == np.count_nonzero(due) == len(made.cells)
    return content


def numbers_for(error: Field, bound: float, limit: float) -> Numbers:
    """The corrections `(shell, row, column)`, in units of `UNIT` bounds, by which no error is above `limit`.

    Runs of equal numbers along the radius are as long as errors allow, because a run costs as much as its ends.
    """
    unit = UNIT * bound
    along = np.moveaxis(error, 0, -1).reshape(-1)
    best = np.where(np.abs(along) > limit, np.rint(along / unit), 0).astype(np.int32)
    out = best.copy()
    for number in (-1, 1):  # hardly any cell needs more
        needs = np.flatnonzero(best == number)
        fits = (np.abs(along - number * unit) <= limit) & ((best == number) | (best == 0))
        group = np.cumsum(~fits)[needs]
        near = np.diff(group) == 0  # all cells from one to the next may have the number
        ends = np.zeros(len(along) + 1, np.int32)
        ends[needs[:-1][near]] += 1
        ends[needs[1:][near]] -= 1
        out[np.cumsum(ends[:-1]) > 0] = number
    shells, rows, columns = error.shape
    return np.moveaxis(out.reshape(rows, columns, shells), -1, 0)
