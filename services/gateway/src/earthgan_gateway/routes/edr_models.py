"""The JSON documents of OGC API - EDR: CoverageJSON. null means "no value"."""

from __future__ import annotations

from typing import Any, Literal

from earthgan_gateway.routes.models import Document, Numbers


class Axis(Document):
    """The positions along an axis. Those of a composite axis are lists with a number for each of its coordinates."""

    values: list[float] | list[list[float]]
    dataType: Literal["tuple"] | None = None  # noqa: N815
    coordinates: list[str] | None = None


class CoverageDomain(Document):
    """Where the values lie. The axis z is the depth."""

    type: Literal["Domain"]
    domainType: Literal["Point", "VerticalProfile"] | None = None  # noqa: N815
    axes: dict[str, Axis]
    referencing: list[dict[str, Any]]


class NdArray(Document):
    """Values in the order of the axes, the last of which changes fastest."""

    type: Literal["NdArray"]
    dataType: Literal["float"]  # noqa: N815
    axisNames: list[str] | None = None  # noqa: N815
    shape: list[int] | None = None
    values: Numbers


class Coverage(Document):
    """A variable at places and depths, as CoverageJSON."""

    type: Literal["Coverage"]
    domain: CoverageDomain
    parameters: dict[str, dict[str, Any]]
    ranges: dict[str, NdArray]
