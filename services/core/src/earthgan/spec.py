"""`spec.json`: what a surrogate folder says of itself. Everything that serves reads this and nothing else."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from earthgan.flow.gate import GatedRun, StoredRun, StoredShells
from earthgan.flow.stokes import StokesProfile
from earthgan.numerics.radial import RadialGrid
from earthgan.sphere.grid import PolarRule, ShellGrid

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
    """The conditional input of one time step."""

    t: int = Field(ge=0)
    time_myr: float | None = None


_Inputs = TypeVar("_Inputs", "InputsSpec", "CodedInputsSpec")


def _steps_ascend(inputs: _Inputs) -> _Inputs:
    numbers = [step.t for step in inputs.steps]
    if numbers != sorted(set(numbers)):
        raise ValueError("time steps do not ascend")
    return inputs


class InputsSpec(_Frozen):
    """Conditional inputs on a grid, NPY arrays `(variable, shell, latitude, longitude)`: the grid, and per variable the
    affine from stored to normalised numbers.
    """

    grid: GridSpec
    dtype: Literal["float32", "uint16"]
    coding: tuple[Affine, ...]
    steps: tuple[StepSpec, ...] = Field(min_length=1)

    _steps_ascend = model_validator(mode="after")(_steps_ascend)


class CodedInputsSpec(_Frozen):
    """Conditional inputs as coded coefficients (`earthgan.kinds.coded`)."""

    coded: Literal[True] = True
    steps: tuple[StepSpec, ...] = Field(min_length=1)

    _steps_ascend = model_validator(mode="after")(_steps_ascend)


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


CodedField = Literal["temperature", "u", "v", "w"]


class ResidualArguments(_Frozen):
    """A network of `blocks` residual blocks on the cells of the conditional input; what it gives is added to tricubic
    interpolation (`earthgan.kinds.residual`). `vector` says which variables are a velocity's x, y and z.
    """

    preset: Literal["residual"] = "residual"
    channels: int = Field(default=48, ge=1)
    blocks: int = Field(default=8, ge=2)
    vector: tuple[int, int, int] | None = None


class ComponentSpec(_Frozen):
    """A field that is coded: temperature, or a velocity's U, V or W (`earthgan.kinds.spectral`) where temperature does
    not determine it. `step` is what its normalised coefficients are rounded to.
    """

    field: CodedField
    step: float = Field(gt=0)


class RefinementArguments(_Frozen):
    """A network of `layers` 3 x 3 convolutions of `channels` on so many `shells`, which sees what lies `reach_km` below
    and above (`earthgan.kinds.refine`). `field_rms`, the size of normalised temperature less its lateral mean, scales
    its input; `error_rms`, the size of the code's error, scales its output.
    """

    shells: int = Field(default=16, ge=4)
    reach_km: float = Field(default=130.0, gt=0)
    channels: int = Field(default=16, ge=1)
    layers: int = Field(default=4, ge=2)
    field_rms: float = Field(gt=0)
    error_rms: float = Field(gt=0)


class SpectralArguments(_Frozen):
    """Harmonics to `degree` and radial modes on `nodes` Chebyshev nodes between two radii.

    `bands` holds the first degree of each band of degrees that share their modes. `stokes` makes velocity of
    temperature; without it and without components of velocity, temperature is the only variable. `gate` says where it
    does: components of velocity are what it leaves, on the shells that are not served (without a gate, anywhere).
    `refinement` is made to temperature when it has been decoded.
    """

    preset: Literal["spectral"] = "spectral"
    degree: int = Field(ge=1, le=511)
    nodes: int = Field(ge=4, le=512)
    inner_km: float
    outer_km: float
    bands: tuple[int, ...] = Field(min_length=1)
    components: tuple[ComponentSpec, ...] = Field(min_length=1)
    stokes: StokesProfile | None = None
    gate: tuple[GatedRun, ...] = ()
    refinement: RefinementArguments | None = None

    @model_validator(mode="after")
    def _parts_agree(self) -> SpectralArguments:
        if self.bands[0] != 0 or list(self.bands) != sorted(set(self.bands)) or self.bands[-1] > self.degree:
            raise ValueError("the bands of degrees do not ascend from 0 to the highest degree")
        names = [component.field for component in self.components]
        if len(set(names)) != len(names) or names[0] != "temperature":
            raise ValueError("the components do not begin with temperature, or one occurs twice")
        return self

    @model_validator(mode="after")
    def _gate_fits(self) -> SpectralArguments:
        if self.gate and self.stokes is None:
            raise ValueError("a gate judges velocity that is made of temperature, and none is")
        if any(before.last_km >= after.first_km for before, after in pairwise(self.gate)):
            raise ValueError("the runs of the gate do not ascend")
        if len(self.components) > 1 and not self.stored.runs:
            raise ValueError("velocity is coded, and the gate leaves no shell for it")
        return self

    @property
    def thickness_km(self) -> float:
        return self.outer_km - self.inner_km

    @property
    def radial_grid(self) -> RadialGrid:
        """The nodes of temperature, in shell thicknesses."""
        return RadialGrid(self.nodes, self.inner_km / self.thickness_km, self.outer_km / self.thickness_km)

    @property
    def stored(self) -> StoredShells:
        """The shells whose velocity is coded: a knot for each, or as many as there are nodes."""
        if not self.gate:
            return StoredShells((StoredRun(self.inner_km, self.outer_km, self.nodes),))
        left = (run for run in self.gate if not run.served)
        return StoredShells(tuple(StoredRun(r.first_km, r.last_km, min(r.shells, self.nodes)) for r in left))

    @property
    def fields(self) -> tuple[str, ...]:
        """What the coefficients are turned to, in order."""
        coded = {component.field for component in self.components}
        if "w" in coded:
            return "temperature", "u", "v", "w"
        return ("temperature", "u", "v") if self.stokes or len(coded) > 1 else ("temperature",)


Arguments = PaperArguments | ResidualArguments | InterpolateArguments | SpectralArguments


class GeneratorSpec(_Frozen):
    """The generator: its preset with arguments, its weights, and the same network as ONNX."""

    arguments: Annotated[Arguments, Field(discriminator="preset")]
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
    inputs: InputsSpec | CodedInputsSpec
    generator: GeneratorSpec
    seed: Seed | None = None
    provenance: Provenance

    @model_validator(mode="after")
    def _parts_agree(self) -> SurrogateSpec:
        names = [variable.name for variable in self.variables]
        if len(set(names)) != len(names):
            raise ValueError("two variables have the same name")
        spectral = isinstance(self.generator.arguments, SpectralArguments)
        if isinstance(self.inputs, CodedInputsSpec) != spectral:
            raise ValueError("coded inputs and the spectral generator need each other")
        if isinstance(self.inputs, InputsSpec) and len(self.inputs.coding) != len(names):
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
