"""The JSON documents of slabs and plumes. Units and null are those of `models`."""

from __future__ import annotations

from typing import Any, Literal

from earthgan.features.criterion import Kind, Measure
from earthgan_gateway.routes.models import Document, LengthUnit


class Thresholds(Document):
    """What counts as a slab or a plume. Regions of less than `least_km3` are left out."""

    threshold: float
    measure: Measure
    flow: float
    margin: float
    least: float
    least_km3: float


class Crossing(Document):
    """A feature on the shell `r`, which lies next to the depth `asked_km`. Fluxes are positive outwards."""

    asked_km: float
    r: int
    depth_km: float
    area_km2: float
    volume_flux: float
    heat_flux: float


class FoundFeature(Document):
    """A slab or a plume. Its place is that of its centre, and anomalies are in `anomaly_unit`."""

    id: str
    kind: Kind
    volume_km3: float
    top_km: float
    bottom_km: float
    lat: float
    lon: float
    depth_km: float
    mean_anomaly: float
    extreme_anomaly: float
    crossings: list[Crossing]


class _About(Document):
    t: int
    time_myr: float | None
    length_unit: LengthUnit
    time_scale: float | None
    anomaly_unit: str
    volume_flux_unit: str
    heat_flux_unit: str


class FeatureTable(_About):
    """The slabs and plumes of a time step. `left_out` is the number of regions that were too small."""

    criterion: Thresholds
    left_out: int
    features: list[FoundFeature]


class MultiPolygon(Document):
    """Polygons of GeoJSON. Each is a list of rings, and each ring is a list of longitudes and latitudes."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[list[list[float]]]]


class Outline(Document):
    """A feature of GeoJSON. Its properties are the columns of the CSV file."""

    type: Literal["Feature"]
    id: str
    geometry: MultiPolygon
    properties: dict[str, Any]


class FeatureCollection(_About):
    """The outlines of the features that reach a shell, as GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"]
    r: int
    depth_km: float
    features: list[Outline]
