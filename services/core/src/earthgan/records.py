"""The small records in `spec.json` that all kinds of surrogate share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from earthgan.sphere.grid import EARTH_RADIUS_KM, PolarRule, ShellGrid
from earthgan.variables import COLORMAPS, shown_unit

#: Lengths are shown with at most this many decimals.
MOST_DECIMALS = 6
#: The largest magnitude of a float32 number, and the smallest distance between the ends of a range: with a smaller one,
#: the number of colours per unit would overflow float32.
LARGEST_NUMBER, NARROWEST_RANGE = float(np.finfo(np.float32).max), 1e-36


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
    """`value = offset + scale * code`, as float32 numbers."""

    offset: float = Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)
    scale: float = Field(gt=0, le=LARGEST_NUMBER)


class VariableSpec(Frozen):
    """A variable. `normalisation` converts the generator's numbers to `unit`. `range` is the global range to draw.

    `unit` is the source's own text. "1" and "" say that the numbers have no unit.
    """

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
        low, high = self.range
        if max(-low, high) > LARGEST_NUMBER or float(np.float32(high) - np.float32(low)) < NARROWEST_RANGE:
            raise ValueError(f"the ends of the range of {self.name} are no two float32 numbers that are 1e-36 apart")
        return self

    @model_validator(mode="after")
    def _colours_exist(self) -> VariableSpec:
        if self.colormap not in COLORMAPS and f"crameri:{self.colormap}" not in COLORMAPS:
            raise ValueError(f"there is no colour map {self.colormap!r} for {self.name}")
        return self

    @property
    def symmetric(self) -> bool:
        """Whether the range is symmetric about zero, as that of a velocity or a perturbation."""
        return self.range[0] == -self.range[1]

    @property
    def has_unit(self) -> bool:
        return shown_unit(self.unit) != ""


#: An axis is even if it has at least this many numbers, which are off by no more than this. Its text is its ends and
#: its count: a list of 360 longitudes may take more bytes than the coded fields.
FEWEST_EVEN, EVEN = 8, 1e-9
#: No axis of a grid has more numbers than this.
MOST_EVEN = 1_000_000
#: No shell of a grid has more cells than this. 0.1° would be 6.5 million.
MOST_CELLS = 2**25


class EvenAxis(tuple[float, ...]):
    """The numbers of an axis whose text is its ends and its count."""

    __slots__ = ()

    @classmethod
    def between(cls, first: float, last: float, count: int) -> EvenAxis:
        return cls(np.linspace(first, last, count).tolist())

    @classmethod
    def stated(cls, axis: dict[str, Any]) -> EvenAxis:
        """The axis that JSON states by its ends. Raises ValueError."""
        try:
            first, last, count = float(axis["first"]), float(axis["last"]), int(axis["count"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ValueError("an axis is a list of numbers, or has first, last and count") from None
        if len(axis) != 3 or not 2 <= count <= MOST_EVEN or not math.isfinite(last - first):
            raise ValueError(f"an even axis has first, last and count, which is 2 to {MOST_EVEN:,}")
        return cls.between(first, last, count)


def _validated(axis: Any, validate: ValidatorFunctionWrapHandler) -> tuple[float, ...]:
    found = EvenAxis.stated(axis) if isinstance(axis, dict) else axis
    numbers: tuple[float, ...] = validate(list(found) if isinstance(found, EvenAxis) else found)
    return EvenAxis(numbers) if isinstance(found, EvenAxis) else numbers


def _text(axis: tuple[float, ...]) -> Any:
    return {"first": axis[0], "last": axis[-1], "count": len(axis)} if isinstance(axis, EvenAxis) else axis


def _evened(axis: tuple[float, ...]) -> tuple[float, ...]:
    """An axis that is even but for rounding, made exactly even."""
    even = EvenAxis.between(axis[0], axis[-1], len(axis))
    return even if len(axis) >= FEWEST_EVEN and np.allclose(even, axis, rtol=0, atol=EVEN) else axis


#: An axis of a grid. What was read as a list is written as a list, so that the text of a folder stays.
Axis = Annotated[tuple[float, ...], WrapValidator(_validated), PlainSerializer(_text, when_used="json")]


class GridSpec(Frozen):
    """A `ShellGrid` as data. JSON may state evenly spaced axes by `first`, `last` and `count`."""

    radii_km: Axis
    latitudes_deg: Axis
    longitudes_deg: Axis
    polar_rule: PolarRule = PolarRule.HALF_TURN

    @classmethod
    def of(cls, grid: ShellGrid) -> GridSpec:
        return cls(
            radii_km=_evened(grid.radii_km),
            latitudes_deg=_evened(grid.latitudes_deg),
            longitudes_deg=_evened(grid.longitudes_deg),
            polar_rule=grid.polar_rule,
        )

    @model_validator(mode="after")
    def _describes_a_grid(self) -> GridSpec:
        if (cells := len(self.latitudes_deg) * len(self.longitudes_deg)) > MOST_CELLS:
            raise ValueError(f"a shell has {cells:,} cells, and {MOST_CELLS:,} are allowed")
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
    an unnamed length, and not km. Shells above the surface have negative depths.
    """

    radius_km: float = Field(default=EARTH_RADIUS_KM, gt=0)
    core_radius_km: float | None = Field(default=None, ge=0)
    unit: Literal["km", "1"] = "km"

    @model_validator(mode="after")
    def _core_is_inside(self) -> PlanetSpec:
        if self.core_radius_km is not None and self.core_radius_km >= self.radius_km:
            raise ValueError("the core is not smaller than the planet")
        return self

    def depth_km(self, radius_km: float) -> float:
        """The depth below the surface. It is negative above the surface."""
        return self.radius_km - radius_km

    def rounded(self, length_km: float) -> float:
        """A length without the digits that rounding made up: eight significant digits of the planet's radius."""
        return round(length_km, 7 - math.floor(math.log10(self.radius_km)))

    def in_words(self, length_km: float, decimals: int = 0) -> str:
        """A length with its unit, if it has one: `700 km`, or `0.45`."""
        return f"{length_km:.{decimals}f} km" if self.unit == "km" else f"{length_km:.{decimals}f}"

    def place_in_words(self, radius_km: float, decimals: int = 0) -> str:
        """Where a shell lies: `700 km deep`, or `12 km above the surface`."""
        depth = self.depth_km(radius_km)
        return f"{self.in_words(abs(depth), decimals)} {'deep' if depth >= 0 else 'above the surface'}"

    def decimals(self, radii_km: Sequence[float]) -> int:
        """How many decimals the lengths of these shells need, so that each is exact to a twentieth of their spacing."""
        lengths = np.array([[radius, self.depth_km(radius)] for radius in radii_km])
        tolerance = np.diff(np.sort(lengths[:, 0])).min(initial=np.inf) / 20
        return next(d for d in range(MOST_DECIMALS + 1) if d == MOST_DECIMALS or _rounding(lengths, d) <= tolerance)


def _rounding(lengths: NDArray[np.float64], decimals: int) -> float:
    return float(np.abs(lengths - lengths.round(decimals)).max())


def optional(default: Any) -> Any:
    """A field that is not written if it has its default, so that the text of folders that never had it stays."""
    return Field(default=default, exclude_if=lambda value: value == default)


class StepSpec(FileSpec):
    """The conditional input of one time step. `label` is the source's own text for the step, if that is not `t`.

    `mask` says which cells have no value in this step, if steps differ in that. Steps may share a file.
    `strength` is the buoyancy of this step, relative to that of the profile by which velocity follows from temperature:
    the step's velocity is that many times what the generator computes. A run of twice the Rayleigh number has 2.
    `predicted_from` is the time step from which this one is predicted, if it is. It may be an earlier one or a later
    one. A time step that is not predicted is a key frame.
    """

    t: int = Field(ge=0)
    label: str | None = optional(None)
    time_myr: float | None = None
    mask: FileSpec | None = optional(None)
    strength: float = Field(default=1.0, gt=0, exclude_if=lambda value: value == 1.0)
    predicted_from: int | None = optional(None)


def input_file(t: int) -> str:
    """The path of a time step's conditional input within the surrogate folder."""
    return f"inputs/{t:03d}.npy"
