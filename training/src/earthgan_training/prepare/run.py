"""Makes a data set from a source. The data set is whole or absent. An interrupted run continues where it
stopped, and the bytes are the same every time.

Each time step lies in a folder whose name contains the digest of its sources. So a changed step gets a new folder, and
the previous data set stays whole until the new `dataset.json` replaces the old one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from earthgan.errors import BadInput
from earthgan.files import cannot_be_written, is_leftover, locked, write_whole
from earthgan.records import Affine, GridSpec
from earthgan.spec import Provenance
from earthgan.sphere.grid import ShellGrid
from earthgan.spread import Spread
from earthgan.variables import Variable
from earthgan_training.prepare.recipe import Preset, Recipe
from earthgan_training.prepare.spec import (
    DATASET_FILE,
    STEPS_FOLDER,
    DatasetSpec,
    DatasetVariable,
    FlaggedShells,
    Split,
    StepRecord,
)
from earthgan_training.prepare.work import SPHERICAL, Done, grids, prepare_step
from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.layout import SourceVariable


@dataclass
class Report:
    """The result: the number of steps made and of steps found, the largest memory of a worker in MB, and lines about
    what looks unusual in the steps made.
    """

    made: int = 0
    found: int = 0
    peak_worker_mb: float = 0.0
    notes: list[str] = field(default_factory=list)


def prepare(
    source: Source,
    out: Path,
    recipe: Recipe,
    provenance: Provenance,
    spread: Spread,  # type: ignore[type-arg]
    *,
    title: str | None = None,
    held_out: Sequence[int] | None = None,
    gap: int | None = None,
    overwrite: bool = False,
    on_step: Callable[[], None] = lambda: None,
) -> Report:
    """Make the data set in the folder `out` from all steps and variables of a source. The default title is the
    source's. Raises BadInput, and then leaves an existing data set unchanged.
    """
    divided = split([step.t for step in source.steps], recipe.preset, held_out, gap)
    grids(source, recipe)
    _refuse_derived_names(source)
    report = Report()
    with _claimed(out):
        earlier = _earlier(out)
        if earlier is not None and not overwrite:
            _refuse_another(out, earlier, recipe, source)
        records: list[StepRecord] = []
        work = partial(prepare_step, recipe, source, str(out.resolve()))
        results: Iterator[Done] = iter(spread(work, [step.t for step in source.steps]))
        try:
            for done in results:
                if done.record is None:
                    raise BadInput(done.error or "a time step failed")
                records.append(done.record)
                report.notes += done.notes
                report.made += not done.was_there
                report.found += done.was_there
                report.peak_worker_mb = max(report.peak_worker_mb, done.peak_mb)
                on_step()
        finally:
            if isinstance(results, Generator):
                results.close()  # waits for the steps that have already begun
        records.sort(key=lambda record: record.t)
        _finish(out, _spec(recipe, source, records, divided, provenance, title or source.title), earlier)
    return report


def split(steps: Sequence[int], preset: Preset, held_out: Sequence[int] | None, gap: int | None) -> Split:
    """Divide ascending time steps into a training part, one held-out block, and `gap` unused steps on each side of the
    block.

    By default, the last eighth is held out with a gap of two steps, because consecutive steps are alike. With fewer
    than eight steps, and in the preset `paper`, nothing is held out by default. Raises BadInput.
    """
    if held_out is None:
        held_out = steps[len(steps) - len(steps) // 8 :] if preset is Preset.DEFAULT else ()
    if not held_out:
        return Split(train=tuple(steps))
    absent = [t for t in held_out if t not in steps]
    if absent:
        raise BadInput(f"step {absent[0]} cannot be held out: it does not exist")
    first, last = steps.index(min(held_out)), steps.index(max(held_out))
    if last - first + 1 != len(set(held_out)):
        raise BadInput("the held-out steps are not one block")
    width = 2 if gap is None else gap
    before, after = steps[max(0, first - width) : first], steps[last + 1 : last + 1 + width]
    train = [*steps[: max(0, first - width)], *steps[last + 1 + width :]]
    if not train:
        raise BadInput("nothing is left to train on: hold out fewer steps (--held-out) or leave a smaller gap (--gap)")
    return Split(train=tuple(train), held_out=tuple(steps[first : last + 1]), gap=(*before, *after))


@contextmanager
def _claimed(out: Path) -> Iterator[None]:
    """Reserve the folder for this process. It is removed again if nothing was written to it."""
    try:
        if out.exists() and not out.is_dir():
            raise BadInput(f"{out}: is not a folder")
        for path in out.iterdir() if out.exists() else ():
            if path.name not in (DATASET_FILE, STEPS_FOLDER) and not is_leftover(path):
                raise BadInput(f"{out}: is not empty and is not a data set")
        out.mkdir(parents=True, exist_ok=True)
        with locked(out):
            try:
                yield
            finally:
                for folder in (out / STEPS_FOLDER, out):
                    if folder.is_dir() and not any(folder.iterdir()):
                        folder.rmdir()
    except OSError as error:
        raise cannot_be_written(out, error) from error


def _earlier(out: Path) -> DatasetSpec | None:
    try:
        return DatasetSpec.model_validate_json((out / DATASET_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise BadInput(f"{out / DATASET_FILE}: does not describe a data set: remove it to make another") from error


def _refuse_derived_names(source: Source) -> None:
    """Names of the components that are computed from a Cartesian velocity cannot be those of stored variables."""
    for each in source.variables:
        if source.vector and each.variable.name in SPHERICAL:
            raise BadInput(
                f"{source.address}: {each.variable.name} is computed from the velocity: give the source's variable "
                f"{each.source!r} another name (--mapping) or leave it out (--variables)"
            )


def _refuse_another(out: Path, earlier: DatasetSpec, recipe: Recipe, source: Source) -> None:
    if earlier.recipe_sha256 != recipe.digest(source):
        raise BadInput(f"{out}: holds a data set made with other settings ({earlier.preset}): --overwrite replaces it")
    lost = [step.t for step in earlier.steps if step.t not in {each.t for each in source.steps}]
    if lost:
        raise BadInput(f"{out}: holds step {lost[0]}, which would be lost: --overwrite drops it")


def _spec(
    recipe: Recipe, source: Source, records: list[StepRecord], divided: Split, provenance: Provenance, title: str
) -> DatasetSpec:
    truth_grid, input_grid = grids(source, recipe)
    training = [record for record in records if record.t in divided.train]
    variables = [
        _variable(
            each.variable,
            training,
            recipe.preset,
            # The components of a vector share one scale, so that the normalised vector can be rotated too.
            source.vector if source.vector and each.variable.name in source.vector else (each.variable.name,),
            _flagged(source, each, truth_grid),
        )
        for each in source.variables
    ]
    derived = []
    if source.vector and recipe.preset is Preset.DEFAULT:
        unit = source.named(source.vector[0]).variable.unit
        names = ("Velocity outwards", "Velocity southwards", "Velocity eastwards")
        derived = [
            _variable(Variable(name, long_name, unit, "crameri:vik", symmetric=True), training, recipe.preset, (name,))
            for name, long_name in zip(SPHERICAL, names, strict=True)
        ]
    return DatasetSpec(
        preset=recipe.preset,
        recipe_sha256=recipe.digest(source),
        variables=tuple(variables),
        derived=tuple(derived),
        vector=source.vector,
        truth_grid=GridSpec.of(truth_grid),
        input_grid=GridSpec.of(input_grid),
        split=divided,
        steps=tuple(records),
        title=title,
        planet=source.planet,
        missing=recipe.missing,
        notes=source.notes,
        provenance=provenance,
    )


def _variable(
    variable: Variable,
    training: list[StepRecord],
    preset: Preset,
    scaled_with: tuple[str, ...],
    flagged: tuple[FlaggedShells, ...] = (),
) -> DatasetVariable:
    """A variable and its constants, which come from the training split alone."""
    truth, inputs = (_extent(training, (variable.name,), kind) for kind in ("truth", "inputs"))
    if preset is Preset.PAPER:
        affines = _min_max(truth), _min_max(inputs)
    else:
        largest = max(map(abs, _extent(training, scaled_with, "truth"))) or 1.0
        one = Affine(offset=0.0, scale=largest) if variable.symmetric else _min_max(truth)
        affines = one, one
    return DatasetVariable(
        name=variable.name,
        long_name=variable.long_name,
        unit=variable.unit,
        colormap=variable.colormap,
        symmetric=variable.symmetric,
        extent=truth,
        truth=affines[0],
        inputs=affines[1],
        flagged=flagged,
    )


def _extent(training: list[StepRecord], names: tuple[str, ...], kind: str) -> tuple[float, float]:
    extremes = [getattr(each, kind) for record in training for each in record.extremes if each.name in names]
    return min(low for low, _ in extremes), max(high for _, high in extremes)


def _min_max(extent: tuple[float, float]) -> Affine:
    return Affine(offset=extent[0], scale=(extent[1] - extent[0]) or 1.0)


def _flagged(source: Source, variable: SourceVariable, truth_grid: ShellGrid) -> tuple[FlaggedShells, ...]:
    """The known defects of a variable, as indices of the ground truth's shells."""
    stored = source.reader.storage
    numbers = [stored.numbers[i] for i in stored.kept]
    numbers = numbers[len(numbers) - len(truth_grid.radii_km) :]  # the preset paper drops one more shell
    found = []
    for each in variable.degraded:
        inside = [i for i, number in enumerate(numbers) if each.first <= number <= each.last]
        if inside:
            found.append(FlaggedShells(first=inside[0], last=inside[-1], reason=each.reason))
    return tuple(found)


def _finish(out: Path, spec: DatasetSpec, earlier: DatasetSpec | None) -> None:
    """Write `dataset.json`, whole or not at all, and remove what no longer belongs to the data set."""
    if spec != earlier:
        write_whole(out / DATASET_FILE, spec.to_json())
    belonging = {Path(step.inputs.file).parent.name for step in spec.steps}
    for folder in (out / STEPS_FOLDER).iterdir():
        if folder.name not in belonging:
            shutil.rmtree(folder, ignore_errors=True)
