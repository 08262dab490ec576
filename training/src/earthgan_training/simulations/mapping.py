"""Reads a mapping file (TOML), which describes the layout of files on a grid of latitude, longitude and height.

title = "A test atmosphere"
files = "atmosphere_([0-9]+)\\\\.nc"      # a regular expression; its first group is the step
order = ["time", "height", "lat", "lon"]  # the dimensions of every variable; all but the axes have length 1

[axes]
latitude = "lat"
longitude = "lon"
vertical = "height"
kind = "height"                           # or radius, depth, pressure
unit_km = 0.001                           # the file's unit of the vertical axis in km (pressure: in hPa)
base_radius_km = 6371.0                   # where height or depth is zero

[[variables]]
source = "T"                              # the variable's name in the files
name = "temperature"
long_name = "Air temperature"
unit = "K"

[vector]                                  # optional: the Cartesian components of a velocity, by `name`
x = "vx"
y = "vy"
z = "vz"
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from earthgan.errors import BadInput, what_is_wrong
from earthgan.variables import Variable
from earthgan_training.simulations.contest import CONTEST
from earthgan_training.simulations.layout import Layout, SourceVariable, Vertical


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Axes(_Strict):
    latitude: str
    longitude: str
    vertical: str
    kind: Vertical = Vertical.RADIUS
    unit_km: float = Field(default=1.0, gt=0)
    base_radius_km: float = Field(default=6371.0, gt=0)
    surface_hpa: float = Field(default=1013.25, gt=0)
    scale_height_km: float = Field(default=7.6, gt=0)
    skip: tuple[int, int] = (0, 0)


class _Variable(_Strict):
    source: str
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    long_name: str = ""
    unit: str
    colormap: str = "crameri:batlow"
    symmetric: bool = False


class _Vector(_Strict):
    x: str
    y: str
    z: str


class _Mapping(_Strict):
    title: str
    files: str
    order: tuple[str, ...]
    axes: _Axes
    variables: tuple[_Variable, ...] = Field(min_length=1)
    vector: _Vector | None = None

    @field_validator("files")
    @classmethod
    def _has_a_group(cls, files: str) -> str:
        try:
            groups = re.compile(files).groups
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from error
        if groups < 1:
            raise ValueError("needs a group for the step, such as ([0-9]+)")
        return files


def layout_of(mapping: Path | None) -> Layout:
    """The layout that a mapping file describes; without a file, the contest's layout. Raises BadInput."""
    return read_mapping(mapping) if mapping else CONTEST


def read_mapping(path: Path) -> Layout:
    """Read the layout that a mapping file describes. Raises BadInput, which names the file and its first fault."""
    try:
        mapping = _Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise BadInput(f"{path}: {what_is_wrong(error)}") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:  # from TOML or Unicode
        raise BadInput(f"{path}: is not TOML ({error})") from error
    axes = mapping.axes
    missing = [name for name in (axes.latitude, axes.longitude, axes.vertical) if name not in mapping.order]
    if missing:
        raise BadInput(f"{path}: order: the axis {missing[0]!r} is missing")
    names = [each.name for each in mapping.variables]
    vector = (mapping.vector.x, mapping.vector.y, mapping.vector.z) if mapping.vector else None
    unknown = [name for name in vector or () if name not in names]
    if unknown:
        raise BadInput(f"{path}: vector: there is no variable {unknown[0]!r}")
    if len(set(names)) != len(names):
        raise BadInput(f"{path}: variables: two variables have the same name")
    return Layout(
        title=mapping.title,
        files=mapping.files,
        order=mapping.order,
        **axes.model_dump(),
        vector=vector,
        variables=tuple(
            SourceVariable(v.source, Variable(v.name, v.long_name or v.name, v.unit, v.colormap, v.symmetric))
            for v in mapping.variables
        ),
    )
