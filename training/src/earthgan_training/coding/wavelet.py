"""Makes surrogates of the `wavelet` kind, and adds time steps to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.wavelet import VariableCoding, WaveletArguments, WaveletInputsSpec, runs_of_shells
from earthgan.records import Affine, FileSpec, GridSpec, StepSpec, VariableSpec
from earthgan.spec import GeneratorSpec, SurrogateSpec
from earthgan.surrogate import Surrogate
from earthgan_training.coding.wavelet_encode import (
    Score,
    WaveletEncoder,
    coding_for_bytes,
    coding_for_max_error,
    coding_for_psnr,
)
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.folder import (
    changed_folder,
    new_folder,
    write_coded_step,
    write_mask,
    write_spec,
    write_weights,
)
from earthgan_training.surrogates.ranges import colour_range, common_ranges, described, extent

Report = Callable[[str, int, int], None]  #: Gets the current task, the number of finished items, and the total number.


@dataclass(frozen=True)
class Result:
    """What a surrogate takes and how good it is. `bytes` is the mean size of a time step's file. `scores` holds the sum
    of all time steps by variable; its `bytes` are those of the coded boxes.
    """

    bytes: float
    scores: Mapping[str, Score]

    @property
    def psnr_db(self) -> dict[str, float]:
        return {name: score.psnr_db for name, score in self.scores.items()}

    @property
    def max_error(self) -> dict[str, float]:
        """The largest error of any cell, by variable, in its unit."""
        return {name: score.max_error for name, score in self.scores.items()}


def coding_for(
    source: Source,
    *,
    step_bytes: float | None = None,
    psnr: float | None = None,
    max_error: Mapping[str, float] | None = None,
) -> tuple[VariableCoding, ...]:
    """How each variable is coded to reach one aim: the mean bytes of a time step, the PSNR of each variable in dB, or
    the largest error of any cell by variable.
    """
    if max_error is not None:
        return coding_for_max_error(source, [max_error[each.variable.name] for each in source.variables])
    if psnr is not None:
        return coding_for_psnr(source, psnr)
    if step_bytes is None:
        raise ValueError("a wavelet surrogate needs an aim")
    return coding_for_bytes(source, step_bytes)


def fit_wavelet(
    source: Source,
    out: Path,
    *,
    step_bytes: float | None = None,
    psnr: float | None = None,
    max_error: Mapping[str, float] | None = None,
    title: str | None = None,
    onnx: bool = True,
    report: Report = lambda what, done, total: None,
    overwrite: bool = False,
) -> Result:
    """Make the surrogate folder `out` from all time steps of a source, to reach one aim (`coding_for`).

    Without `onnx`, no generator is written for engines. Serving does not need it, and torch is not imported.

    Time steps are written one by one. Raises BadInput if the folder exists or a value cannot be coded.
    """
    report("choosing the code", 0, 1)
    coding = coding_for(source, step_bytes=step_bytes, psnr=psnr, max_error=max_error)
    report("choosing the code", 1, 1)
    encoder = WaveletEncoder(source.grid, coding)
    with new_folder(out, overwrite) as folder:
        records, scores = [], []
        for i, step in enumerate(source.steps):
            report("encoding", i, len(source.steps))
            coded = encoder.encode(source, step.t)
            written = write_coded_step(folder, step.t, coded.data, step.time_myr)
            records.append(written.model_copy(update={"label": step.label}))
            scores.append(coded.scores)
        report("encoding", len(source.steps), len(source.steps))
        write_spec(folder, wavelet_spec(folder, source, coding, records, title, onnx))
        size = float(np.mean([(folder / record.file).stat().st_size for record in records]))
    names = [each.variable.name for each in source.variables]
    return Result(size, {name: reduce(add, each) for name, each in zip(names, zip(*scores, strict=True), strict=True)})


def wavelet_spec(
    folder: Path,
    source: Source,
    coding: Sequence[VariableCoding],
    records: Sequence[StepSpec],
    title: str | None = None,
    onnx: bool = True,
) -> SurrogateSpec:
    """The spec of a wavelet surrogate. Writes the files that it names, apart from the time steps, to a draft.

    Cells without a value in the first time step are masked. Raises BadInput if a variable has no value at all.
    """
    arguments = WaveletArguments(coding=tuple(coding))
    hidden = _hidden(source)
    exact = all(each.max_error is not None for each in coding)
    return SurrogateSpec(
        title=title or source.title,
        description="A time step stores the field itself, on the source's own grid, as a coded wavelet transform."
        + (" No cell is off by more than its variable's stated tolerance." if exact else ""),
        variables=_variables(source),
        grid=GridSpec.of(source.grid),
        generator=GeneratorSpec(
            arguments=arguments,
            weights=write_weights(folder, {}),
            onnx=_onnx(folder, len(source.variables), arguments) if onnx else None,
        ),
        inputs=WaveletInputsSpec(steps=tuple(records)),
        planet=source.planet,
        mask=None if hidden is None else write_mask(folder, hidden),
        provenance=source.provenance,
    )


def _onnx(folder: Path, variables: int, arguments: WaveletArguments) -> FileSpec:
    from earthgan_training.surrogates.export import write_onnx

    return write_onnx(folder, variables, arguments, {})


def add_wavelet_steps(folder: Path, source: Source, report: Report = lambda what, done, total: None) -> None:
    """Encode the time steps of a source into a wavelet surrogate, as its other time steps were. A time step that the
    surrogate has is encoded again.

    Raises BadInput if the surrogate is of another kind, or the source has another grid or other variables. The
    surrogate is then unchanged.
    """
    with changed_folder(folder) as draft:
        surrogate = Surrogate(folder)
        arguments = surrogate.spec.generator.arguments
        if not isinstance(arguments, WaveletArguments):
            raise BadInput(f"{folder}: its kind is {arguments.preset}, whose time steps are not coded by wavelets")
        if not _same_grid(surrogate, source):
            raise BadInput(f"{source.address}: its grid is not that of {folder}")
        source = source.chosen(surrogate.variables)
        encoder = WaveletEncoder(source.grid, arguments.coding)
        encoder.hidden |= _masked(surrogate)
        records = {step.t: step for step in surrogate.steps}
        for i, step in enumerate(source.steps):
            report("encoding", i, len(source.steps))
            written = write_coded_step(draft, step.t, encoder.encode(source, step.t).data, step.time_myr)
            records[step.t] = written.model_copy(update={"label": step.label})
        inputs = WaveletInputsSpec(steps=tuple(records[t] for t in sorted(records)))
        write_spec(draft, surrogate.spec.model_copy(update={"inputs": inputs}))


def _masked(surrogate: Surrogate) -> dict[tuple[str, int], NDArray[np.bool_]]:
    """The cells without a value, by variable and first shell of each box."""
    _, rows, columns = surrogate.grid.whole.axes
    found = {}
    for name in surrogate.variables:
        for run in runs_of_shells(surrogate.grid.shape):
            hidden = surrogate.hidden(surrogate.steps[0].t, [name], run, rows, columns)
            shape = (len(run), len(rows), len(columns))
            found[name, run.start] = np.zeros(shape, bool) if hidden is None else hidden[0]
    return found


def _same_grid(surrogate: Surrogate, source: Source) -> bool:
    axes = ("radii_km", "latitudes_deg", "longitudes_deg")
    pairs = [(np.array(getattr(surrogate.grid, axis)), np.array(getattr(source.grid, axis))) for axis in axes]
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-6) for a, b in pairs)


def _variables(source: Source) -> tuple[VariableSpec, ...]:
    """The variables with their colour ranges over the first, the middle and the last time step. The components of a
    velocity share one range.

    Decoded numbers are in the variables' units, so their normalisation changes nothing.
    """
    steps = sorted({source.steps[i].t for i in (0, len(source.steps) // 2, -1)})
    ranges = {}
    for v in (each.variable for each in source.variables):
        extents = np.array([extent(source.read(t, v.name), v) for t in steps])
        known = extents[~np.isnan(extents).any(axis=1)]
        if not len(known):
            raise BadInput(f"{source.address}: {v.name} has no value in any cell")
        ranges[v.name] = colour_range(known, v)
    ranges = common_ranges(ranges, source.vector)
    unchanged = Affine(offset=0.0, scale=1.0)
    return tuple(described(each.variable, ranges[each.variable.name], unchanged) for each in source.variables)


def _hidden(source: Source) -> NDArray[np.bool_] | None:
    """The cells without a value in the first time step, or None if all have one."""
    hidden = np.stack([np.isnan(source.read(source.steps[0].t, each.variable.name)) for each in source.variables])
    return hidden if hidden.any() else None
