"""Reads a mapping file (TOML), which says what a source does not say itself, or says wrongly. Every key is optional.

title = "A test atmosphere"
files = "atmosphere_([0-9]+)\\\\.nc"      # a regular expression; its first group is the step
order = ["time", "height", "lat", "lon"]  # the dimensions that every variable must have, in this order
missing = "fill"                          # cells without a value: refuse, fill or mask

[axes]                                    # names of coordinate variables or of dimensions
latitude = "lat"                          # or colatitude = "theta", 0 at the north pole
longitude = "lon"
angle_unit = "degrees"                    # or radians
vertical = "height"
kind = "height"                           # or radius, depth, pressure
positive = "up"                           # or down: the direction in which the numbers grow
unit_km = 0.001                           # the source's unit of the vertical axis in km (pressure: in hPa)
base_radius_km = 6371.0                   # where height or depth is zero; the planet's radius, if not given
surface_hpa = 1013.25                     # of the barometric formula, which turns pressure into height
scale_height_km = 7.6
skip = [0, 0]                             # shells to leave out at both ends of the source's axis
time = "time"
ignore_attributes = false                 # whether units and directions that the source states are wrong

[[variables]]                             # without any, all variables on the axes are read
source = "T"                              # the variable's name in the source
name = "temperature"
long_name = "Air temperature"
unit = "K"                                # converted to it, if the source states another
colormap = "inferno"
symmetric = false                         # whether to draw and scale it about zero

[vector]                                  # the components of one velocity, by `name` or `source`
x = "vx"                                  # system = "cartesian", which is the default: x, y and z
y = "vy"
z = "vz"                                  # system = "spherical": radial, south or north, and east

[planet]
radius_km = 6371.0
core_radius_km = 3480.0
unit = "km"                               # or "1": radii are multiples of an unnamed length

[provenance]
credit = "Doe et al. 2020"                # also licence, notice, simulated
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from earthgan.errors import BadInput, what_is_wrong
from earthgan_training.simulations.contest import CONTEST
from earthgan_training.simulations.layout import Missing, Vertical


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AxesSaid(_Strict):
    """What is said about the axes. The names are those of coordinate variables or of dimensions."""

    latitude: str | None = None
    colatitude: str | None = None
    latitude_kind: Literal["latitude", "colatitude"] | None = None
    longitude: str | None = None
    angle_unit: Literal["degrees", "radians"] | None = None
    vertical: str | None = None
    kind: Vertical | None = None
    positive: Literal["up", "down"] | None = None
    unit_km: float | None = Field(default=None, gt=0)
    base_radius_km: float | None = Field(default=None, gt=0)
    surface_hpa: float = Field(default=1013.25, gt=0)
    scale_height_km: float = Field(default=7.6, gt=0)
    skip: tuple[int, int] = (0, 0)
    time: str | None = None
    ignore_attributes: bool = False

    @model_validator(mode="after")
    def _one_latitude(self) -> Self:
        if self.colatitude is not None and (self.latitude is not None or self.latitude_kind == "latitude"):
            raise ValueError("the axis is a latitude or a colatitude, but not both")
        if min(self.skip) < 0:
            raise ValueError("skip counts shells")
        return self


class VariableSaid(_Strict):
    """What is said about one variable."""

    source: str
    name: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    long_name: str = ""
    unit: str | None = None
    colormap: str | None = None
    symmetric: bool | None = None


class VectorSaid(_Strict):
    """The components of a velocity, by our names or by the source's names."""

    system: Literal["cartesian", "spherical"] = "cartesian"
    x: str | None = None
    y: str | None = None
    z: str | None = None
    radial: str | None = None
    south: str | None = None
    north: str | None = None
    east: str | None = None

    @model_validator(mode="after")
    def _components_of_the_system(self) -> Self:
        cartesian, spherical = (self.x, self.y, self.z), (self.radial, self.south or self.north, self.east)
        if self.system == "cartesian" and (None in cartesian or any((*spherical, self.north))):
            raise ValueError('needs x, y and z; system = "spherical" needs radial, south or north, and east')
        if self.system == "spherical" and (None in spherical or any(cartesian) or (self.south and self.north)):
            raise ValueError('system = "spherical" needs radial, south or north, and east')
        return self


class PlanetSaid(_Strict):
    """What is said about the planet."""

    radius_km: float | None = Field(default=None, gt=0)
    core_radius_km: float | None = Field(default=None, ge=0)
    unit: Literal["km", "1"] = "km"


class ProvenanceSaid(_Strict):
    """What is said about the origin of the data."""

    source: str | None = None
    licence: str | None = Field(default=None, validation_alias=AliasChoices("licence", "license"))
    notice: str | None = None
    credit: str | None = None
    simulated: bool | None = None


class Mapping(_Strict):
    """A mapping file. `path` names it in messages."""

    path: str = "the mapping"
    title: str | None = None
    files: str | None = None
    order: tuple[str, ...] | None = None
    missing: Missing | None = None
    axes: AxesSaid = AxesSaid()
    variables: tuple[VariableSaid, ...] = ()
    vector: VectorSaid | None = None
    planet: PlanetSaid = PlanetSaid()
    provenance: ProvenanceSaid = ProvenanceSaid()

    @field_validator("files")
    @classmethod
    def _has_a_group(cls, files: str | None) -> str | None:
        try:
            groups = re.compile(files or "()").groups
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from error
        if groups < 1:
            raise ValueError("needs a group for the step, such as ([0-9]+)")
        return files


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises BadInput, which names the file and its first fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise BadInput(f"{path}: is not TOML ({error})") from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, path: str = "the mapping") -> Mapping:
    """Read the text of a mapping. Raises BadInput, which names `path` and its first fault."""
    try:
        said = tomllib.loads(text)
        if "path" in said:
            raise BadInput(f"{path}: path: Extra inputs are not permitted")
        mapping = Mapping.model_validate(said | {"path": path})
    except ValidationError as error:
        raise BadInput(f"{path}: {what_is_wrong(error)}") from error
    except ValueError as error:  # from TOML
        raise BadInput(f"{path}: is not TOML ({error})") from error
    names = [each.name or each.source for each in mapping.variables]
    if len(set(names)) != len(names):
        raise BadInput(f"{path}: variables: two variables have the same name")
    return mapping


#: The mapping that says what `CONTEST` says.
CONTEST_MAPPING = Mapping(
    path=CONTEST.title,
    files=CONTEST.files,
    order=CONTEST.order,
    axes=AxesSaid(
        latitude=CONTEST.latitude,
        longitude=CONTEST.longitude,
        vertical=CONTEST.vertical,
        kind=CONTEST.kind,
        skip=CONTEST.skip,
    ),
    variables=tuple(
        VariableSaid(
            source=each.source,
            name=each.variable.name,
            long_name=each.variable.long_name,
            unit=each.variable.unit,
            colormap=each.variable.colormap,
            symmetric=each.variable.symmetric,
        )
        for each in CONTEST.variables
    ),
    vector=VectorSaid(x="vx", y="vy", z="vz"),
)
