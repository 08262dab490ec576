"""`dataset.json`, the description of a prepared data set. It is written last, so a folder without it is unfinished."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from earthgan.records import Affine, FileSpec, GridSpec, PlanetSpec
from earthgan.spec import Provenance
from earthgan_training.prepare.recipe import Preset

DATASET_FILE = "dataset.json"
STEPS_FOLDER = "steps"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Extremes(_Frozen):
    """The smallest and the largest value of a variable in a time step, in its unit."""

    name: str
    truth: tuple[float, float]
    inputs: tuple[float, float]


class StepRecord(_Frozen):
    """A prepared time step.

    `truth` names one NPY array `(latitude, longitude, shell)` for each variable, float32 in its unit. In this order, a
    window of columns lies together on the disk. `inputs` names one array `(variable, shell, latitude, longitude)`.
    `label` is the source's own text for the step. `filled` counts the cells of the source that had no value and were
    filled, by variable.
    """

    model_config = ConfigDict(extra="ignore")  # data sets of earlier versions also name the file and its axes

    t: int = Field(ge=0)
    label: str | None = None
    time_myr: float | None
    source_sha256: Sha256
    filled: dict[str, int] = {}
    truth: tuple[FileSpec, ...]
    inputs: FileSpec
    extremes: tuple[Extremes, ...]


class FlaggedShells(_Frozen):
    """Shells of the ground truth that are known to be wrong, from `first` to `last`, both included."""

    first: int
    last: int
    reason: str


class DatasetVariable(_Frozen):
    """A variable, and the affines that convert normalised numbers to its unit: `value = offset + scale * number`.

    `extent` holds the extremes of the ground truth in the training split. The preset `default` has one affine for
    ground truth and inputs. The preset `paper` has two, as the paper had.
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    long_name: str
    unit: str
    colormap: str
    symmetric: bool
    extent: tuple[float, float]
    truth: Affine
    inputs: Affine
    flagged: tuple[FlaggedShells, ...] = ()


class Split(_Frozen):
    """The time steps to train on, one block of consecutive steps that is held out, and the steps of the gap, which
    belong to neither.
    """

    train: tuple[int, ...] = Field(min_length=1)
    held_out: tuple[int, ...] = ()
    gap: tuple[int, ...] = ()


class DatasetSpec(_Frozen):
    """A data set. `vector` names the Cartesian components. `derived` describes the spherical components, which are
    computed from them at reading.

    `title`, `planet` and `provenance` are the source's, or what the flags say instead. `notes` are sentences about what
    was sorted out in the source. `missing` says whether cells without a value were refused or filled.
    """

    format: Literal[1] = 1
    preset: Preset
    recipe_sha256: Sha256
    variables: tuple[DatasetVariable, ...] = Field(min_length=1)
    derived: tuple[DatasetVariable, ...] = ()
    vector: tuple[str, str, str] | None = None
    truth_grid: GridSpec
    input_grid: GridSpec
    split: Split
    steps: tuple[StepRecord, ...] = Field(min_length=1)
    title: str = ""
    planet: PlanetSpec = PlanetSpec()
    missing: str = "refuse"
    notes: tuple[str, ...] = ()
    provenance: Provenance

    @model_validator(mode="after")
    def _parts_agree(self) -> DatasetSpec:
        numbers = [step.t for step in self.steps]
        if numbers != sorted(set(numbers)):
            raise ValueError("the time steps do not ascend")
        split = [*self.split.train, *self.split.held_out, *self.split.gap]
        if sorted(split) != numbers:
            raise ValueError("the split does not consist of the time steps")
        if any(len(step.truth) != len(self.variables) for step in self.steps):
            raise ValueError("a time step has more or fewer variables than the data set")
        return self

    def to_json(self) -> str:
        """The text of `dataset.json`, indented, with each list of numbers on one line."""
        text = self.model_dump_json(indent=2)
        return re.sub(r"\[[-+.\de,\s]+\]", lambda m: re.sub(r"\s+", "", m[0]).replace(",", ", "), text) + "\n"
