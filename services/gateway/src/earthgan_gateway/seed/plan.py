"""The plan of what to draw: it is checked against the surrogate and divided into pieces of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import morecantile

from earthgan.errors import BadInput
from earthgan.sphere.tiles import TILE_MATRIX_SETS, Tile
from earthgan.surrogate import Surrogate
from earthgan_gateway.offer import Offer

T = TypeVar("T")

#: At zoom 12, a shell has 16 million tiles. A request for more is probably a typing error.
MOST_ZOOM = 12


@dataclass(frozen=True)
class Plan:
    """Quantities, time steps and radial shells, of which all combinations are drawn, and the tiles of each."""

    quantities: tuple[str, ...]
    steps: tuple[int, ...]
    shells: tuple[int, ...]
    zooms: tuple[int, ...]
    tms: str

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """The pieces of work `(step, shell)`. One call of the generator computes all variables of a piece."""
        return [(t, r) for t in self.steps for r in self.shells]

    def tiles(self) -> list[Tile]:
        """Return every tile of the zooms, in ascending order of zoom."""
        return [tile for z in self.zooms for tile in _matrix(self.tms, z)]


def make_plan(
    surrogate: Surrogate,
    variables: str | None,
    steps: Sequence[int] | None,
    shells: Sequence[int] | None,
    zooms: Sequence[int],
    tms: str,
) -> Plan:
    """Make the plan. None means everything that the surrogate has. Raises BadInput and NotFound."""
    offer = Offer.of(surrogate)
    names = tuple(dict.fromkeys(variables.split(","))) if variables else surrogate.variables
    _check(offer.quantity, names)
    if tms not in TILE_MATRIX_SETS:
        raise BadInput(f"unknown tile matrix set {tms!r}: the known ones are {', '.join(TILE_MATRIX_SETS)}")
    plan = Plan(
        quantities=names,
        steps=tuple(steps or (step.t for step in surrogate.steps)),
        shells=tuple(shells or range(len(surrogate.grid.radii_km))),
        zooms=_zooms(zooms),
        tms=tms,
    )
    _check(surrogate.check_step, plan.steps)
    _check(surrogate.check_shell, plan.shells)
    return plan


def _zooms(zooms: Sequence[int]) -> tuple[int, ...]:
    if max(zooms) > MOST_ZOOM:
        raise BadInput(f"zoom {max(zooms)} is beyond the limit of {MOST_ZOOM}; maps enlarge the last zoom themselves")
    return tuple(sorted(zooms))


def _check(check: Callable[[T], object], each: Iterable[T]) -> None:
    for one in each:
        check(one)


def _matrix(tms: str, z: int) -> list[Tile]:
    matrix = morecantile.tms.get(tms).matrix(z)
    return [Tile(tms, z, x, y) for x in range(matrix.matrixWidth) for y in range(matrix.matrixHeight)]
