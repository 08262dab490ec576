"""Use case: the slabs and plumes of a time step.

All shells of a step have to be read once. The features of the last steps are kept, so that another format or another
shell of the same features needs no generator. A step that a slow generator does not finish in time is continued by the
next request for it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Any

from earthgan.bounded import Bounded
from earthgan.errors import EngineTimeout
from earthgan.features.criterion import Criterion, Kind
from earthgan.features.find import Finder, crossing_depths_km, flux_units, nearest_shell
from earthgan.features.found import Found
from earthgan.quantities import TEMPERATURE_ANOMALY, V_RADIAL
from earthgan.surrogate import LONGEST_RUN, Field
from earthgan_gateway.cache import SingleFlight
from earthgan_gateway.engines import Admission, Engine
from earthgan_gateway.offer import Offer


class Features:
    """Finds the features of one surrogate, and describes them as plain JSON objects and as text.

    A step is admitted by `reads`, which refuses what cannot be done in time. Every method raises NotFound for steps and
    shells that do not exist, and where the surrogate has no temperature or no velocity. `found` raises EngineError too.
    """

    def __init__(self, offer: Offer, engine: Engine, timeout_s: float, reads: Admission, kept_bytes: int) -> None:
        self.offer = offer
        self._surrogate = offer.surrogate
        self._engine, self._timeout_s, self._reads = engine, timeout_s, reads
        self._kept: Bounded[str, Found] = Bounded(kept_bytes // 4, lambda found: found.nbytes)
        #: The last step that was not finished, and what has been read of it.
        self._begun: tuple[str, Finder] | None = None
        self._begun_bytes = kept_bytes - kept_bytes // 4
        self._flights: SingleFlight[Found] = SingleFlight()

    def check(self, t: int) -> None:
        """Raise NotFound unless there is such a time step with a temperature and a velocity."""
        for needed in (TEMPERATURE_ANOMALY, V_RADIAL):
            self.offer.check(needed, t=t)

    def shell(self, r: int | None) -> int:
        """Return a shell; by default, the one next to 660 km in the Earth."""
        planet, grid = self._surrogate.spec.planet, self._surrogate.grid
        chosen = nearest_shell(grid, planet, crossing_depths_km(planet)[0]) if r is None else r
        self._surrogate.check_shell(chosen)
        return chosen

    async def found(self, t: int, criterion: Criterion) -> Found:
        """Return the features of a time step."""
        self.check(t)
        key = repr((t, criterion))
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        with self._reads.place("features"):
            deadline = time.monotonic() + self._timeout_s
            return await self._flights.do(key, deadline, lambda until: self._find(key, t, criterion, until))

    async def _find(self, key: str, t: int, criterion: Criterion, until: float) -> Found:
        finder = self._continued(key) or Finder(
            self._surrogate.grid, self._surrogate.spec.planet, criterion, self.offer.quantity(V_RADIAL).unit
        )
        hot, rising = self.offer.quantity(TEMPERATURE_ANOMALY), self.offer.quantity(V_RADIAL)
        needs, grid = (*hot.needs, *rising.needs), self._surrogate.grid

        def add(field: Field) -> None:
            stored = dict(zip(needs, field, strict=True))
            finder.add(hot.of(stored, grid), rising.of(stored, grid))

        try:
            while finder.left:
                if time.monotonic() >= until:
                    raise EngineTimeout("there was not enough time for all shells")
                field = await self._engine.shells(needs, t, finder.left[:LONGEST_RUN], None, until, "long")
                await asyncio.to_thread(add, field)
        except EngineTimeout:
            if finder.nbytes <= self._begun_bytes:
                self._begun = key, finder
            read, count = len(finder.shells) - len(finder.left), len(finder.shells)
            raise EngineTimeout(f"{read} of {count} shells have been read; ask again for the rest") from None
        found = await asyncio.to_thread(finder.found)
        self._kept.set(key, found)
        return found

    def _continued(self, key: str) -> Finder | None:
        """What has been read of a step. It is taken away, so that only one request goes on with it."""
        if self._begun is None or self._begun[0] != key:
            return None
        (_, finder), self._begun = self._begun, None
        return finder

    def table(self, t: int, found: Found, kind: Kind | None) -> dict[str, Any]:
        """Return the features with their units, and what counts as one."""
        criterion = {**asdict(found.criterion), "least_km3": float(f"{found.least_km3:.6g}")}
        return {
            **self._about(t),
            "criterion": criterion,
            "left_out": found.left_out,
            "features": [each.row() for each in found.of(kind)],
        }

    def outlines(self, t: int, found: Found, kind: Kind | None, r: int) -> dict[str, Any]:
        """Return the outlines of the features that reach a shell, as GeoJSON."""
        planet, radius_km = self._surrogate.spec.planet, self._surrogate.check_shell(r)
        shell = {"r": r, "depth_km": planet.rounded(planet.depth_km(radius_km))}
        return {**self._about(t), **shell, **found.geojson(r, kind)}

    def _about(self, t: int) -> dict[str, Any]:
        spec, hot = self._surrogate.spec, self.offer.quantity(TEMPERATURE_ANOMALY)
        scale = spec.provenance.time_scale
        volume, heat = flux_units(hot.unit, self.offer.quantity(V_RADIAL).unit, spec.planet.unit, scale)
        return {
            "t": t,
            "time_myr": self._surrogate.check_step(t).time_myr,
            "length_unit": spec.planet.unit,
            "time_scale": scale,
            "anomaly_unit": hot.unit,
            "volume_flux_unit": volume,
            "heat_flux_unit": heat,
        }
