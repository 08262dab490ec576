"""Use cases: values at a point, in the column below it, over time, along a great circle, and statistics of a shell.

A point is read from its shell, which is in the cache if a map shows it. All other values come from an engine call for
the few columns that they need, not for whole shells. Each value equals the one that a tile shows at the same place
(`earthgan.sphere.stencil`). A request that needs many engine calls makes them one after another in the `long` lane, so
that tiles do not wait behind it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from earthgan.bounded import Bounded
from earthgan.errors import InvalidRequest
from earthgan.quantities import Quantity, lateral_mean
from earthgan.sphere.great_circle import GreatCircle
from earthgan.sphere.statistics import shell_statistics
from earthgan.sphere.stencil import Stencil, cheapest_stencils
from earthgan.surrogate import LONGEST_RUN
from earthgan_gateway.cache import SingleFlight
from earthgan_gateway.draws import OWN, Draws
from earthgan_gateway.engines import Admission, Engine, Lane
from earthgan_gateway.offer import Offer
from earthgan_gateway.progress import Progress, SeriesValues
from earthgan_gateway.spreads import SpreadRanges

Array = NDArray[np.float32]
Place = tuple[float, float]

#: The largest number of points in a section.
LONGEST_SECTION = 512
#: With these digits, every float32 number reads back as itself.
FLOAT32_DIGITS = 9


class Shell(Protocol):
    """The part of `fields.Shell` that this module uses: values `(latitude, longitude)`."""

    @property
    def values(self) -> Array: ...


class Fields(Protocol):
    """The part of `fields.Fields` that this module uses."""

    engine: Engine
    timeout_s: float
    spreads: SpreadRanges

    async def shell(
        self, quantity: str, t: int, r: int, *, deadline: float | None = None, draws: Draws = OWN
    ) -> Shell: ...


class Places:
    """Answers questions about one surrogate with plain JSON objects.

    Numbers have six digits of their quantity's range; None means "no value". All engine calls of a request together may
    take `fields.timeout_s`. With `draws`, each number is that of one draw, or the statistic of the numbers of several
    draws, which are computed one after another. Every method raises EngineError, and NotFound before it computes
    anything. Requests that need many engine calls are admitted by `reads`, which refuses what cannot be done in time.
    """

    def __init__(self, offer: Offer, fields: Fields, kept_bytes: int = 2**23, reads: Admission | None = None) -> None:
        self.offer = offer
        self._reads = reads or Admission(fields.timeout_s)
        self._fields = fields
        self._surrogate = offer.surrogate
        self._planet = offer.surrogate.spec.planet
        self._means = LateralMeans(offer, fields.engine, kept_bytes // 2)
        self._series = SeriesValues([step.t for step in self._surrogate.steps], kept_bytes // 2)

    async def point(self, name: str, t: int, r: int, place: Place, draws: Draws = OWN) -> dict[str, Any]:
        """Return all quantities at a place of a shell."""
        quantity, where, stencil = self.offer.quantity(name), self._shell(t, r), self._stencil(place)
        quantities = tuple(self.offer.quantities.values())

        async def boxes(seed: int | None) -> Array:
            one = Draws((seed,))
            stored = {v: (await self._fields.shell(v, t, r, draws=one)).values for v in self._surrogate.variables}
            box = {v: stencil.cut(values)[None] for v, values in stored.items()}
            means = [self._means.of_shell(each, stored) if each.less_mean else None for each in quantities]
            return np.concatenate([_at_box(q, box, stencil, m) for q, m in zip(quantities, means, strict=True)])

        found = stencil.sample(await draws.combined(boxes))[:, 0]
        values = {
            q.name: _number(value, _digits(q, draws)) for q, value in zip(quantities, found.tolist(), strict=True)
        }
        return {**self._about(quantity, draws), **where, **_at(place), "value": values[name], "values": values}

    async def profile(
        self, name: str, t: int, place: Place, with_mean: bool = False, draws: Draws = OWN
    ) -> dict[str, Any]:
        """Return a quantity in all shells below a place, and each shell's lateral mean if `with_mean`.

        The lateral means need every whole shell, but only once. Those of several draws would need too many: raises
        InvalidRequest.
        """
        quantity, when, deadline = self.offer.quantity(name), self._step(t), self._deadline()
        if with_mean and draws.statistic is not None:
            raise InvalidRequest("lateral_mean needs every whole shell, so it is given for one draw only")
        shells = range(self._surrogate.grid.shape[0])
        lane: Lane = "long" if with_mean or draws.statistic is not None else "map"
        with self._reads.place("profile") if lane == "long" else nullcontext():
            values = await self._column(quantity, t, shells, self._stencil(place), deadline, lane, draws)
            means = await self._means.of(quantity, t, shells, deadline, draws.seeds[0]) if with_mean else None
        digits = _digits(quantity, draws)
        answer = {
            **self._about(quantity, draws),
            **when,
            **_at(place),
            **self._depths(),
            "values": _list(values[:, 0], digits),
        }
        if means is not None:
            answer["lateral_mean"] = _list(np.zeros_like(means) if quantity.less_mean else means, digits)
        return answer

    async def series(self, name: str, r: int, place: Place, draws: Draws = OWN) -> dict[str, Any]:
        """Return a quantity at a place of a shell in all time steps.

        If there is not enough time for all steps, the values so far are kept. The next request continues from there.
        """
        quantity, radius_km, deadline = self.offer.quantity(name), self._surrogate.check_shell(r), self._deadline()
        stencil, shells, steps = self._stencil(place), range(r, r + 1), self._surrogate.steps

        async def value(t: int, until: float) -> float:
            return float((await self._column(quantity, t, shells, stencil, until, "long", draws))[0, 0])

        with self._reads.place("series"):
            values = await self._series.of((name, r, place, draws), deadline, value)
        return {
            **self._about(quantity, draws),
            **self._radius(r, radius_km),
            **_at(place),
            "t": [step.t for step in steps],
            "time_myr": [step.time_myr for step in steps],
            "values": _list(values, _digits(quantity, draws)),
        }

    async def section(self, name: str, t: int, arc: GreatCircle, n: int, draws: Draws = OWN) -> dict[str, Any]:
        """Return a quantity in all shells below `n` points of a great circle, as `values[r][point]`."""
        quantity, when, deadline = self.offer.quantity(name), self._step(t), self._deadline()
        latitudes, longitudes = arc.points_deg(n)
        grid, shells = self._surrogate.grid, range(self._surrogate.grid.shape[0])
        price = self._surrogate.planner.multiply_adds
        count = len(self._surrogate.variables)
        with self._reads.place("section"):
            stencils = await asyncio.to_thread(
                cheapest_stencils, grid, latitudes, longitudes, shells, lambda window: price(window, count)
            )
            pieces = [await self._column(quantity, t, shells, each, deadline, "long", draws) for each in stencils]
        angles = np.linspace(0, arc.length_deg, n)
        return {
            **self._about(quantity, draws),
            **when,
            **self._depths(),
            "lat": [round(latitude, 6) for latitude in latitudes.tolist()],
            "lon": [round(longitude, 6) for longitude in longitudes.tolist()],
            "angle_deg": [round(angle, 6) for angle in angles.tolist()],
            "surface_distance_km": [
                self._planet.rounded(d) for d in (np.radians(angles) * self._planet.radius_km).tolist()
            ],
            "values": await asyncio.to_thread(_lists, np.concatenate(pieces, axis=1), _digits(quantity, draws)),
        }

    def points_along(self, arc: GreatCircle) -> int:
        """Return a number of points such that two are no further apart than two columns of the grid at the equator."""
        spacing_deg = 360 / self._surrogate.grid.shape[2]
        return min(LONGEST_SECTION, max(2, int(np.ceil(arc.length_deg / spacing_deg)) + 1))

    async def statistics(self, name: str, t: int, r: int, draws: Draws = OWN) -> dict[str, Any]:
        """Return area-weighted statistics of a shell, with a histogram over the global range of what it shows."""
        quantity, where, deadline = self.offer.quantity(name), self._shell(t, r), self._deadline()
        bounds = await self._fields.spreads.of(quantity, deadline) if draws.is_spread else quantity.range
        shell = await self._fields.shell(name, t, r, deadline=deadline, draws=draws)
        digits = _digits(quantity, draws)
        found = asdict(await asyncio.to_thread(shell_statistics, shell.values, self._surrogate.grid, bounds))
        shares = {key: found.pop(key) for key in ("bins", "below", "above")}
        percentiles = {f"p{percent}": _number(value, digits) for percent, value in found.pop("percentiles").items()}
        histogram = {"range": list(bounds), **{k: _numbers(v) for k, v in shares.items()}}
        missing = _number(found.pop("missing"))
        moments = {key: _number(value, digits) for key, value in found.items()}
        return {
            **self._about(quantity, draws),
            **where,
            **moments,
            "missing": missing,
            "percentiles": percentiles,
            "histogram": histogram,
        }

    async def _column(
        self, quantity: Quantity, t: int, shells: range, stencil: Stencil, deadline: float, lane: Lane, draws: Draws
    ) -> Array:
        """Return a quantity `(shell, point)` at the stencil's points, from one engine call and the lateral means for
        each draw.
        """
        window = stencil.window(shells)

        async def box(seed: int | None) -> Array:
            field = await self._fields.engine.window(quantity.needs, t, window, seed, deadline, lane)
            means = await self._means.of(quantity, t, shells, deadline, seed) if quantity.less_mean else None
            return _at_box(quantity, dict(zip(quantity.needs, field, strict=True)), stencil, means)

        return stencil.sample(await draws.combined(box))

    def _stencil(self, place: Place) -> Stencil:
        return Stencil.of(self._surrogate.grid, np.array([place[0]]), np.array([place[1]]))

    def _deadline(self) -> float:
        return time.monotonic() + self._fields.timeout_s

    def _about(self, quantity: Quantity, draws: Draws) -> dict[str, Any]:
        about = {"variable": quantity.name, "long_name": draws.of(quantity.long_name), "unit": quantity.unit}
        scale = self._surrogate.spec.provenance.time_scale
        return {**about, "length_unit": self._planet.unit, "time_scale": scale}

    def _step(self, t: int) -> dict[str, Any]:
        return {"t": t, "time_myr": self._surrogate.check_step(t).time_myr}

    def _shell(self, t: int, r: int) -> dict[str, Any]:
        return {**self._step(t), **self._radius(r, self._surrogate.check_shell(r))}

    def _radius(self, r: int, radius_km: float) -> dict[str, Any]:
        rounded, depth_km = self._planet.rounded, self._planet.depth_km(radius_km)
        return {"r": r, "radius_km": rounded(radius_km), "depth_km": rounded(depth_km)}

    def _depths(self) -> dict[str, Any]:
        radii = self._surrogate.grid.radii_km
        return {
            "radius_km": [self._planet.rounded(radius) for radius in radii],
            "depth_km": [self._planet.rounded(self._planet.depth_km(radius)) for radius in radii],
        }


class LateralMeans:
    """Computes the mean of each shell over the sphere, which is subtracted for anomalies, and keeps the means.

    It needs whole shells, unless the surrogate knows the means. If a request runs out of time, the means that were
    computed for it are kept, and the next request continues from there.
    """

    def __init__(self, offer: Offer, engine: Engine, kept_bytes: int) -> None:
        self._surrogate = offer.surrogate
        self._engine = engine
        self._kept: Bounded[tuple[str, int, int | None], Progress] = Bounded(
            kept_bytes, lambda progress: progress.bytes
        )
        self._flights: SingleFlight[NDArray[np.float64]] = SingleFlight()

    async def of(
        self, quantity: Quantity, t: int, shells: Sequence[int], deadline: float, seed: int | None
    ) -> NDArray[np.float64]:
        """Return the means `(shell,)` of a draw of a quantity in its unit."""
        key, wanted = (quantity.name, t, seed), np.asarray(shells)
        means = self._kept.get(key) or Progress.none(self._surrogate.grid.shape[0])
        if not means.known[wanted].all():
            stored_means = (await asyncio.to_thread(self._surrogate.lateral_means, t)).get(quantity.needs[0])
            if stored_means is not None and quantity.is_itself:
                means.put(slice(None), stored_means)
                self._kept.set(key, means)
        missing = wanted[~means.known[wanted]].tolist()
        for first in range(0, len(missing), LONGEST_RUN):
            run = missing[first : first + LONGEST_RUN]
            compute = partial(self._compute, quantity, t, run, means, seed)
            means.put(run, await self._flights.do((*key, *run), deadline, compute))
        values: NDArray[np.float64] = means.values[wanted]
        return values

    def of_shell(self, quantity: Quantity, stored: Mapping[str, Array]) -> NDArray[np.float64]:
        """Return a quantity's mean over whole shells `(..., latitude, longitude)` of the variables that it needs."""
        grid = self._surrogate.grid
        return lateral_mean(quantity.at(stored, *grid.axes_deg), grid)

    async def _compute(
        self, quantity: Quantity, t: int, run: list[int], means: Progress, seed: int | None, until: float
    ) -> NDArray[np.float64]:
        field = await self._engine.shells(quantity.needs, t, run, seed, until, "long")
        stored = dict(zip(quantity.needs, field, strict=True))
        found = await asyncio.to_thread(self.of_shell, quantity, stored)
        means.put(run, found)
        self._kept.set((quantity.name, t, seed), means)
        return found


def _at_box(quantity: Quantity, box: Mapping[str, Array], stencil: Stencil, means: NDArray[np.float64] | None) -> Array:
    """Compute a quantity in the box `(shell, row, column)` of a stencil, from that of each variable that it needs.

    If the means `(shell,)` are given, they are subtracted. A statistic of draws is that of these cells, so that a place
    between them has the value that a tile shows there.
    """
    values = quantity.at(box, stencil.latitudes_deg, stencil.longitudes_deg)
    return values if means is None else np.asarray(values - np.reshape(means, (-1, 1, 1)), dtype=np.float32)


def _at(place: Place) -> dict[str, Any]:
    return {"lat": place[0], "lon": place[1]}


def _digits(quantity: Quantity, draws: Draws) -> int:
    """The significant digits of a quantity's values: six of its range, and those that the range's own offset takes.

    The range of a spread starts at zero.
    """
    low, high = (0.0, 1.0) if draws.is_spread else quantity.range
    offset = max(abs(low), abs(high)) / (high - low)
    return min(6 + max(0, int(np.log10(offset))), FLOAT32_DIGITS)


def _number(value: float | None, digits: int = 6) -> float | None:
    """Round to so many digits; None means "no value"."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.{digits}g}")


def _numbers(value: float | tuple[float, ...]) -> Any:
    return [_number(each) for each in value] if isinstance(value, tuple) else _number(value)


def _list(values: NDArray[Any], digits: int) -> list[float | None]:
    return [_number(value, digits) for value in values.tolist()]


def _lists(rows: NDArray[Any], digits: int) -> list[list[float | None]]:
    return [_list(row, digits) for row in rows]
