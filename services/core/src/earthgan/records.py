"""The small records in `spec.json` that all kinds of surrogate share."""

from __future__ import annotations

from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from earthgan.sphere.grid import PolarRule, ShellGrid


def _inside_the_folder(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or "\\" in path or ".." in parts:
        raise ValueError(f"{path!r} is not a path inside the surrogate folder")
    return path


RelativePath = Annotated[str, AfterValidator(_inside_the_folder)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Frozen(BaseModel):
    """An immutable record. It refuses unknown keys and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileSpec(Frozen):
    """A file in the surrogate folder. Its digest identifies it."""

    file: RelativePath
    sha256: Sha256


class Affine(Frozen):
    """`value = offset + scale * code`."""

    offset: float
    scale: float = Field(gt=0)


class VariableSpec(Frozen):
    """A variable. `normalisation` converts the generator's numbers to `unit`. `range` is the global range to draw."""

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


class GridSpec(Frozen):
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


def input_file(t: int) -> str:
    """The path of a time step's conditional input within the surrogate folder."""
    return f"inputs/{t:03d}.npy"
