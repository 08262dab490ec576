"""Prepares one time step in a worker process. The step's folder is whole or absent, and its name contains the digest of
what it is made from.
"""

from __future__ import annotations

import hashlib
import resource
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from earthgan.errors import BadInput
from earthgan.files import whole
from earthgan.quantities import V_PHI, V_RADIAL, V_THETA, turn
from earthgan.records import FileSpec
from earthgan.sphere.grid import ShellGrid
from earthgan_training.prepare.default import default_grids, prepare_default
from earthgan_training.prepare.paper import chosen_layers, paper_grids, prepare_paper
from earthgan_training.prepare.recipe import Preset, Recipe
from earthgan_training.prepare.spec import STEPS_FOLDER, Extremes, StepRecord
from earthgan_training.simulations.checks import blank_patch, is_absolute_temperature
from earthgan_training.simulations.labelled import Source

RECORD_FILE = "step.json"
SPHERICAL = (V_RADIAL, V_THETA, V_PHI)


@dataclass(frozen=True)
class Done:
    """The outcome of a time step: its record, or one line that says why there is none. `notes` are lines about what
    looks unusual.
    """

    record: StepRecord | None
    error: str | None
    was_there: bool = False
    peak_mb: float = 0.0
    notes: tuple[str, ...] = ()


def prepare_step(recipe: Recipe, source: Source, out: str, t: int) -> Done:
    """Prepare a time step of the source in the data set's folder, unless it exists already.

    A step exists if a folder with its name holds files with the digests that its record states.
    """
    try:
        record, was_there, notes = _prepare(recipe, source, Path(out), t)
    except BadInput as error:
        return Done(None, str(error))
    # Linux counts the peak in KiB, and macOS counts it in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e3 if sys.platform == "linux" else 1e6)
    return Done(record, None, was_there, peak, notes)


def grids(source: Source, recipe: Recipe) -> tuple[ShellGrid, ShellGrid]:
    """The grids of the ground truth and of the conditional input."""
    return paper_grids(source) if recipe.preset is Preset.PAPER else default_grids(source.grid, recipe)


def _prepare(recipe: Recipe, source: Source, out: Path, t: int) -> tuple[StepRecord, bool, tuple[str, ...]]:
    source_sha256 = source.digest(t)
    key = hashlib.sha256(f"{recipe.digest(source)} {t} {source_sha256}".encode()).hexdigest()
    name = f"{STEPS_FOLDER}/{t:03d}-{key[:16]}"
    record = _whole_record(out, name, source_sha256)
    if record is not None:
        return record, True, ()
    with whole(out / name) as part:
        part.mkdir()
        record, notes = _write(recipe, source, part, name, t, source_sha256)
        if (out / name).exists():  # the folder was damaged after it was made
            shutil.rmtree(out / name)
    return record, False, notes


def _write(
    recipe: Recipe, source: Source, part: Path, name: str, t: int, source_sha256: str
) -> tuple[StepRecord, tuple[str, ...]]:
    """Write the files of a time step, and then its record. Return the record, and what looks unusual.

    The worker handles one variable at a time, so it holds only a few copies of one.
    """
    extremes, inputs, files = [], [], []
    notes: list[str] = []
    truths: dict[str, NDArray[np.float32]] = {}
    truth_grid, input_grid = grids(source, recipe)
    names = [each.variable.name for each in source.variables]
    for variable in names:
        if recipe.preset is Preset.PAPER:
            truth, coarse = prepare_paper(source, t, variable)
            extremes.append(_extremes(variable, truth, coarse))
            coarse = chosen_layers(source, coarse)
        else:
            truth, coarse = prepare_default(source, t, variable, recipe)
            extremes.append(_extremes(variable, truth, coarse))
        inputs.append(coarse)
        stated = source.named(variable).variable
        if blank := blank_patch(_kept(source, t, variable), is_absolute_temperature(stated)):
            notes.append(f"step {t}: {variable} {blank}")
        saved = write_npy(part / f"{variable}.npy", truth.transpose(1, 2, 0))
        files.append(FileSpec(file=f"{name}/{variable}.npy", sha256=saved))
        if recipe.preset is Preset.DEFAULT and variable in (source.vector or ()):
            truths[variable] = truth
        del truth
    if source.vector and truths:
        by_name = dict(zip(names, inputs, strict=True))
        extremes += _spherical_extremes(source.vector, truths, by_name, truth_grid, input_grid)
    step = source.step(t)
    record = StepRecord(
        t=t,
        label=step.label,
        time_myr=step.time_myr,
        source_sha256=source_sha256,
        filled={each: n for each in names if (n := _filled(source, t, each))} if recipe.missing == "fill" else {},
        truth=tuple(files),
        inputs=FileSpec(file=f"{name}/inputs.npy", sha256=write_npy(part / "inputs.npy", np.stack(inputs))),
        extremes=tuple(extremes),
    )
    (part / RECORD_FILE).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return record, tuple(notes)


def _filled(source: Source, t: int, name: str) -> int:
    """The number of the source's cells that have no value of their own."""
    return int((~np.isfinite(_kept(source, t, name))).sum())


def _kept(source: Source, t: int, name: str) -> NDArray[np.float32]:
    """A variable `(shell, row, column)` in the cells of the source that are used, as they are stored."""
    reader = source.reader
    return reader.raw(t, name)[reader.storage.kept.start : reader.storage.kept.stop]


def _spherical_extremes(
    vector: tuple[str, str, str],
    truths: dict[str, NDArray[np.float32]],
    inputs: dict[str, NDArray[np.float32]],
    truth_grid: ShellGrid,
    input_grid: ShellGrid,
) -> list[Extremes]:
    """The extremes of the outward, southward and eastward velocity, so that training can use these components."""

    def component(name: str, fields: dict[str, NDArray[np.float32]], grid: ShellGrid) -> NDArray[np.float32]:
        x, y, z = (fields[each] for each in vector)
        return turn(name, x, y, z, *grid.axes_deg)

    return [
        _extremes(name, component(name, truths, truth_grid), component(name, inputs, input_grid)) for name in SPHERICAL
    ]


def _extremes(name: str, truth: NDArray[np.float32], inputs: NDArray[np.float32]) -> Extremes:
    return Extremes(
        name=name,
        truth=(float(truth.min()), float(truth.max())),
        inputs=(float(inputs.min()), float(inputs.max())),
    )


def write_npy(path: Path, array: NDArray[np.float32]) -> str:
    """Write an NPY file and return its SHA-256. (`np.save` does not report a full disk.)"""
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.tobytes())
    return _file_sha256(path)


def _whole_record(out: Path, name: str, source_sha256: str) -> StepRecord | None:
    try:
        record = StepRecord.model_validate_json((out / name / RECORD_FILE).read_text(encoding="utf-8"))
        files = [*record.truth, record.inputs]
        whole = all(_file_sha256(out / each.file) == each.sha256 for each in files)
    except (OSError, ValidationError, UnicodeDecodeError, BadInput):
        return None
    return record if whole and record.source_sha256 == source_sha256 else None


def _file_sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error
