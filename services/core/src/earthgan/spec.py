"""`spec.json`: what a surrogate folder says of itself. Everything that serves reads this and nothing else."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from earthgan.grid import PolarRule, ShellGrid

SPEC_FILE = "spec.json"


def _inside_the_folder(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or "\\" in path or ".." in parts:
        raise ValueError(f"{path!r} is not a path inside the surrogate folder")
    return path


RelativePath = Annotated[str, AfterValidator(_inside_the_folder)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileSpec(_Frozen):
    """A file of the folder, identified by its digest."""

    file: RelativePath
    sha256: Sha256


class Affine(_Frozen):
    """`value = offset + scale * code`."""

    offset: float
    scale: float = Field(gt=0)


class VariableSpec(_Frozen):
    """A variable: `normalisation` takes the generator's numbers to `unit`; `range` is the global range to draw."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    long_name: str
    unit: str
    colormap: str
    range: tuple[float, float]
    normalisation: Affine

    @model_validator(mode="after")
    def _range_ascends(self) -> VariableSpec:
        if not self.range[0] < self.range[1]:
            raise ValueError(f"the range of {self.name} does not ascend")
        return self


class GridSpec(_Frozen):
    """A `ShellGrid` as data."""

    radii_km: tuple[float, ...]
    latitudes_deg: tuple[float, ...]
    longitudes_deg: tuple[float, ...]
    polar_rule: PolarRule = PolarRule.HALF_TURN

    @classmethod
    def of(cls, grid: ShellGrid) -> GridSpec:
        return cls(
            radii_km=grid.radii_km,
            latitudes_deg=grid.latitudes_deg,
            longitudes_deg=grid.longitudes_deg,
            polar_rule=grid.polar_rule,
        )

    @model_validator(mode="after")
    def _describes_a_grid(self) -> GridSpec:
        self.shell_grid  # noqa: B018  (raises ValueError)
        return self

    @cached_property
    def shell_grid(self) -> ShellGrid:
        return ShellGrid(
            radii_km=self.radii_km,
            latitudes_deg=self.latitudes_deg,
            longitudes_deg=self.longitudes_deg,
            polar_rule=self.polar_rule,
        )


class StepSpec(FileSpec):
    """The conditional input of one time step: an NPY array `(variable, shell, latitude, longitude)` on the inputs'
    grid.
    """

    t: int = Field(ge=0)
    time_myr: float | None = None


class InputsSpec(_Frozen):
    """The conditional inputs: their grid, and per variable the affine from stored to normalised numbers."""

    grid: GridSpec
    dtype: Literal["float32", "uint16"]
    coding: tuple[Affine, ...]
    steps: tuple[StepSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _steps_ascend(self) -> InputsSpec:
        numbers = [step.t for step in self.steps]
        if numbers != sorted(set(numbers)):
            raise ValueError("time steps do not ascend")
        return self


class PaperArguments(_Frozen):
    """The generator of von Hahn & Mechefske (2021): H blocks, each doubling the resolution.

    `channels` holds one number more than there are blocks. `halo` counts the input rows and columns added on each
    side of the globe before its one whole pass; `first` is where the surrogate's first shell, row and column lie in
    that pass.
    """

    preset: Literal["paper"] = "paper"
    channels: tuple[int, ...] = Field(default=(64, 64, 64, 64), min_length=2)
    noise: Literal["concat", "add"] = "concat"
    halo: tuple[int, int] = (3, 3)
    first: tuple[int, int, int] = (0, 5, 3)


class InterpolateArguments(_Frozen):
    """Tricubic convolution (Keys, 1981) of the conditional input: the baseline that a trained generator must beat."""

    preset: Literal["interpolate"] = "interpolate"


class GeneratorSpec(_Frozen):
    """The generator: its preset with arguments, its weights, and the same network as ONNX."""

    arguments: Annotated[PaperArguments | InterpolateArguments, Field(discriminator="preset")]
    weights: FileSpec
    onnx: FileSpec | None = None


class Provenance(_Frozen):
    """Where the data come from; `notice` is shown wherever the data are."""

    source: str
    licence: str
    notice: str
    simulated: bool
    training_data_sha256: Sha256 | None = None


class SurrogateSpec(_Frozen):
    """A surrogate: generator, conditional inputs, and all that is needed to give their numbers a place and a unit.

    `seed` keys the injected noise where a request names none; without it the noise is zero.
    """

    format: Literal[1] = 1
    title: str
    description: str
    variables: tuple[VariableSpec, ...] = Field(min_length=1)
    grid: GridSpec
    inputs: InputsSpec
    generator: GeneratorSpec
    seed: Seed | None = None
    provenance: Provenance

    @model_validator(mode="after")
    def _parts_agree(self) -> SurrogateSpec:
        names = [variable.name for variable in self.variables]
        if len(set(names)) != len(names):
            raise ValueError("two variables have the same name")
        if len(self.inputs.coding) != len(names):
            raise ValueError("the inputs' coding needs one affine per variable")
        return self

    def to_json(self) -> str:
        """The text of `spec.json`: indented, each list of numbers on one line."""
        text = self.model_dump_json(indent=2)
        return re.sub(r"\[[-+.\de,\s]+\]", _on_one_line, text) + "\n"


def _on_one_line(match: re.Match[str]) -> str:
    return re.sub(r"\s+", " ", match[0]).replace("[ ", "[").replace(" ]", "]")


def input_file(t: int) -> str:
    """Where the conditional input of a time step is kept in the folder."""
    return f"inputs/{t:03d}.npy"
