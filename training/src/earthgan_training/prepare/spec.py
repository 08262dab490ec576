"""`dataset.json`: what a prepared dataset says of itself. It is written last: a folder without it is not finished."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from earthgan.records import Affine, FileSpec, GridSpec
from earthgan.spec import Provenance
from earthgan_training.prepare.recipe import Preset

DATASET_FILE = "dataset.json"
STEPS_FOLDER = "steps"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Extremes(_Frozen):
    """The smallest and the largest value of a variable in a step, in its unit."""

    name: str
    truth: tuple[float, float]
    inputs: tuple[float, float]


class StepRecord(_Frozen):
    """A prepared time step.

    `truth` holds one NPY array `(latitude, longitude, shell)` for each variable, float32 in its unit, so that a window
    of columns lies together on the disk; `inputs` one array `(variable, shell, latitude, longitude)`. `axes_sha256`
    is of the source file's axes, which have to be the same in all steps.
    """

    t: int = Field(ge=0)
    time_myr: float | None
    source: str
    source_sha256: Sha256
    axes_sha256: Sha256
    truth: tuple[FileSpec, ...]
    inputs: FileSpec
    extremes: tuple[Extremes, ...]


class FlaggedShells(_Frozen):
    """Truth shells, the last included, that are known to be wrong."""

    first: int
    last: int
    reason: str


class DatasetVariable(_Frozen):
    """A variable, and the affines from normalised numbers to its unit: `value = offset + scale * number`.

    `extent` holds the extremes of the truth in the training split. The `default` preset has one affine for both;
    `paper` has two, as the paper had.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    long_name: str
    unit: str
    colormap: str
    symmetric: bool
    extent: tuple[float, float]
    truth: Affine
    inputs: Affine
    flagged: tuple[FlaggedShells, ...] = ()


class Split(_Frozen):
    """Time steps to train on; those held out, one block of consecutive steps; and the gap between, in neither."""

    train: tuple[int, ...] = Field(min_length=1)
    held_out: tuple[int, ...] = ()
    gap: tuple[int, ...] = ()


class DatasetSpec(_Frozen):
    """A dataset. `vector` names the Cartesian components; `derived` are spherical components computed from them when
    they are read.
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
    provenance: Provenance

    @model_validator(mode="after")
    def _parts_agree(self) -> DatasetSpec:
        numbers = [step.t for step in self.steps]
        if numbers != sorted(set(numbers)):
            raise ValueError("time steps do not ascend")
        split = [*self.split.train, *self.split.held_out, *self.split.gap]
        if sorted(split) != numbers:
            raise ValueError("the split is not one of the steps")
        if any(len(step.truth) != len(self.variables) for step in self.steps):
            raise ValueError("a step has more or fewer variables than the dataset")
        return self

    def to_json(self) -> str:
        """The text of `dataset.json`: indented, each list of numbers on one line."""
        text = self.model_dump_json(indent=2)
        return re.sub(r"\[[-+.\de,\s]+\]", lambda m: re.sub(r"\s+", "", m[0]).replace(",", ", "), text) + "\n"
