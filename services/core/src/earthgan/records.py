"""The small records in `spec.json` that all kinds of surrogate share."""

from __future__ import annotations

from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from earthgan.sphere.grid import EARTH_RADIUS_KM, PolarRule, ShellGrid


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

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
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


class PlanetSpec(Frozen):
    """The planet whose mantle is shown. Depths are counted from `radius_km`.

    `core_radius_km` is where the mantle ends, if that is known. If `unit` is "1", all radii and depths are multiples of
    an unnamed length, and not km.
    """

    radius_km: float = Field(default=EARTH_RADIUS_KM, gt=0)
    core_radius_km: float | None = Field(default=None, ge=0)
    unit: Literal["km", "1"] = "km"

    @model_validator(mode="after")
    def _core_is_inside(self) -> PlanetSpec:
        if self.core_radius_km is not None and self.core_radius_km >= self.radius_km:
            raise ValueError("the core is not smaller than the planet")
        return self


class StepSpec(FileSpec):
    """The conditional input of one time step. `label` is the source's own text for the step, if that is not `t`."""

    t: int = Field(ge=0)
    label: str | None = None
    time_myr: float | None = None


def input_file(t: int) -> str:
    """The path of a time step's conditional input within the surrogate folder."""
    return f"inputs/{t:03d}.npy"
