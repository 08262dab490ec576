"""A slab or a plume in numbers, and as rows of JSON, GeoJSON and CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from earthgan.features.criterion import Kind

#: The digits of volumes, anomalies and fluxes in rows, and the decimals of latitudes and longitudes.
DIGITS, DECIMALS = 6, 4
#: The names of the columns of a table, without those that belong to a depth.
COLUMNS = (
    *("id", "kind", "volume_km3", "top_km", "bottom_km", "lat", "lon", "depth_km"),
    *("mean_anomaly", "extreme_anomaly"),
)
#: What a table says of a feature at a depth. The depth is a part of the name: `volume_flux_660`.
AT_DEPTH = ("area_km2", "volume_flux", "heat_flux")


@dataclass(frozen=True)
class Crossing:
    """A feature on the shell next to a depth. Fluxes are positive outwards.

    `volume_flux` is the volume that passes in a unit of time, and `heat_flux` is that volume times its anomaly.
    """

    asked_km: float
    r: int
    depth_km: float
    area_km2: float
    volume_flux: float
    heat_flux: float


@dataclass(frozen=True)
class Feature:
    """A slab or a plume. Anomalies are in the unit of temperature, and the mean is weighted by volume.

    `top_km` and `bottom_km` are the depths of the shallowest and the deepest shell that it reaches. The latitude, the
    longitude and `depth_km` are those of its centre.
    """

    id: str
    kind: Kind
    volume_km3: float
    top_km: float
    bottom_km: float
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    mean_anomaly: float
    extreme_anomaly: float
    crossings: tuple[Crossing, ...]

    def row(self) -> dict[str, Any]:
        """The feature as a JSON object."""
        numbers = (self.volume_km3, self.top_km, self.bottom_km)
        place = round(self.latitude_deg, DECIMALS) + 0.0, round(self.longitude_deg, DECIMALS) + 0.0  # no -0
        rest = (self.depth_km, self.mean_anomaly, self.extreme_anomaly)
        values = (self.id, self.kind, *map(_short, numbers), *place, *map(_short, rest))
        crossings = [
            {
                "asked_km": each.asked_km,
                "r": each.r,
                "depth_km": _short(each.depth_km),
                "area_km2": _short(each.area_km2),
                "volume_flux": _short(each.volume_flux),
                "heat_flux": _short(each.heat_flux),
            }
            for each in self.crossings
        ]
        return {**dict(zip(COLUMNS, values, strict=True)), "crossings": crossings}

    def flat_row(self) -> dict[str, Any]:
        """The feature as an object without lists."""
        flat = self.row()
        for each in flat.pop("crossings"):
            flat |= {f"{name}_{each['asked_km']:g}": each[name] for name in AT_DEPTH}
        return flat


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
