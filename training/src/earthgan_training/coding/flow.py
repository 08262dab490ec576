"""The velocity of a time step beside the velocity that the Stokes maps compute from its temperature.

The maps are linear. So the velocity of a step whose buoyancy is another than the profile's, as at another Rayleigh
number, is `strength` times what they compute. On shells where the gate does not accept the maps' result, the code holds
what they leave. The maps get the exact temperature and not the decoded one. So the remaining velocity does not depend
on how finely temperature is coded, and its modes and tables can be fitted before that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.errors import BadInput
from earthgan.flow.gate import GatedRun
from earthgan.kinds.spectral_arguments import CodedField, SpectralArguments
from earthgan.kinds.spectral_planner import unit_square
from earthgan.numerics.transform import per_degree
from earthgan.sphere.grid import ShellGrid
from earthgan_training.coding.modes import LEAST_SEEN, Shells
from earthgan_training.harmonics.analysis import fast_vector_coefficients
from earthgan_training.simulations.labelled import Source
from earthgan_training.velocity.gate import ENOUGH, Verdict
from earthgan_training.velocity.moments import laplace, shells_at_once, spherical

Array = NDArray[np.float64]
Field = NDArray[np.floating]

FIELDS: tuple[CodedField, ...] = ("u", "v", "w")
#: The digits of a step's strength. With five, its rounding takes 86 dB off the velocity.
DIGITS = 5
#: A shell whose mean square is a smaller part of the largest shell's does not move. Its error is compared with this.
LEAST_SQUARE = 1e-6
#: A single step may leave this many times what the gate's steps left together, even if that is more than the gate
#: allows.
SCATTER = 1.5
#: A share that is smaller than the stated one by no more than this is as stated.
SAME_SHARE = 1e-3


def gated_runs(gate: Verdict, radii_km: ArrayLike) -> tuple[GatedRun, ...]:
    """The gate's verdict on a surrogate's shells. Each shell gets the verdict of the nearest judged shell."""
    radii = np.asarray(radii_km)
    nearest = np.abs(radii[:, None] - np.array(gate.radii_km)).argmin(axis=1)
    served = gate.served[nearest]
    radial, lateral = np.array(gate.radial)[nearest], np.array(gate.lateral)[nearest]
    edges = [0, *(np.flatnonzero(np.diff(served)) + 1), len(served)]
    return tuple(
        GatedRun(
            first_km=radii[first],
            last_km=radii[last - 1],
            shells=last - first,
            radial=radial[first:last].min(),
            lateral=lateral[first:last].min(),
            served=served[first],
        )
        for first, last in pairwise(edges)
    )


def served_shells(arguments: SpectralArguments, radii_km: ArrayLike) -> NDArray[np.bool_]:
    """`(shell,)`: whether the velocity of a shell follows from temperature alone."""
    served = np.full(np.size(radii_km), not arguments.gate)
    for run in arguments.gate:
        served |= run.served & run.holds(radii_km)
    return served


@dataclass(frozen=True)
class StepFlow:
    """The coefficients of U, V and W in a step, `true`, and those that the maps compute from its temperature, `driven`.
    All are `(field, degree, order, part, shell)` in the source's unit. The step's velocity is `strength` times `driven`
    where it follows from temperature.
    """

    true: Field
    driven: Field
    strength: float

    @property
    def explained(self) -> Array:
        """`(2, shell)`: the shares of the radial and the lateral variance that follow from temperature."""
        return explained(self.true, self.strength * self.driven)

    def left(self, shells: NDArray[np.bool_]) -> dict[str, Field]:
        """What the maps leave of U, V and W on some shells, for a strength of 1: `(degree, order, part, shell)` each.

        The result is scaled for coding: the sum of its squares is that of the velocity.
        """
        left = self.true[..., shells] / self.strength - self.driven[..., shells]
        left[0, 0] = 0  # there is no net flow through a sphere
        units = {name: unit_square(name, left.shape[1])[:, None, None, None] for name in FIELDS}
        return {name: each * units[name] for name, each in zip(FIELDS, left, strict=True)}


class Flow:
    """Compares the true velocity of a surrogate's steps with the velocity that its Stokes maps compute."""

    def __init__(self, arguments: SpectralArguments, radii_km: ArrayLike) -> None:
        assert arguments.stokes is not None
        self.served = served_shells(arguments, radii_km)
        shells = Shells.of_component("temperature", arguments, radii_km)
        maps = arguments.stokes.kept_maps(arguments.radial_grid, arguments.degree)
        # The profiles that modes can have: others would make noise as large as anything between a boundary and a shell.
        onto = np.linalg.pinv(shells.interpolation, rcond=LEAST_SEEN)
        # `(degree, shell, shell)`: from temperature on shells to U and V on shells.
        self._radial, self._lateral = (
            (shells.interpolation @ each @ onto).astype(np.float32) for each in (maps.radial, maps.lateral)
        )

    def of(self, velocity: NDArray[np.float32], grid: ShellGrid, kelvins: Field) -> StepFlow:
        """The flow of a step. `velocity` `(3, shell, latitude, longitude)` holds its components x, y and z, and
        `kelvins` `(degree, order, part, shell)` the coefficients of its temperature.
        """
        degrees, shells = len(kelvins), kelvins.shape[-1]
        true = np.empty((len(FIELDS), degrees, degrees, 2, shells), np.float32)
        for some in shells_at_once(grid):
            kept = slice(some.start, some.stop)
            vx, vy, vz = velocity[:, kept]
            true[..., kept] = fast_vector_coefficients(*spherical(vx, vy, vz, grid), grid, degrees - 1)
        driven = np.zeros(true.shape, np.float32)
        for field, maps in zip(driven, (self._radial, self._lateral), strict=False):  # the maps drive no W
            field[:] = per_degree(maps, kelvins.astype(np.float32, copy=False))
        return StepFlow(true, driven, _strength(true, driven, self.served if self.served.any() else ~self.served))


def explained(true: Field, made: Field, together: bool = False) -> Array:
    """`(2, shell)`: the shares of the radial and the lateral variance of `true` that `made` explains. Both are
    coefficients of U, V and W, `(field, degree, order, part, shell)`. Where nothing moves, and nothing should, it is 1.

    `together` gives the shares over all shells, `(2, 1)`.
    """
    square, error = _squares(true), _squares(true - made)
    if together:
        square, error = (each.sum(axis=1, keepdims=True) for each in (square, error))
    within = np.maximum(square, _least(square))
    return np.where(error > 0, 1 - np.divide(error, within, out=np.full_like(error, 2), where=within > 0), 1)


def _strength(true: Field, driven: Field, shells: NDArray[np.bool_]) -> float:
    """The factor of the driven flow that leaves the least of the true one: the sum over the shells of the shares of the
    radial and the lateral variance. It is 1 where there is none.
    """
    of_true = _squares(true)[:, shells]
    weights = 1 / np.maximum(of_true, _least(of_true)) if of_true.any() else of_true
    square, product = (float((weights * _products(each, driven)[:, shells]).sum()) for each in (driven, true))
    return float(f"{product / square:.{DIGITS}g}") if product > 0 and square > 0 else 1.0


def _squares(flow: Field) -> Array:
    """`(2, shell)`: the squares of the radial and the lateral flow `(field, degree, order, part, shell)`."""
    return _products(flow, flow)


def _products(a: Field, b: Field) -> Array:
    """`(2, shell)`: the products of two radial and of two lateral flows, integrated over the sphere."""
    # Orders above 0 stand for two. Squares of small velocities may be beyond float32.
    every = np.einsum("flmps,flmps->fls", a, b, dtype=np.float64)
    u, v, w = 2 * every - np.einsum("flps,flps->fls", a[:, :, 0], b[:, :, 0], dtype=np.float64)
    return np.stack([u.sum(axis=0), (laplace(len(v)) * (v + w)).sum(axis=0)])


def _least(squares: Array) -> float:
    return float(LEAST_SQUARE * squares.sum(axis=0).max())


def refuse_unexplained(source: Source, t: int, shares: Array, gate: Sequence[GatedRun]) -> None:
    """Raise BadInput if too little of a step's velocity follows from its temperature on some shell, by the gate's rule.

    `shares` `(2, shell)` are those of the radial and the lateral variance. They are NaN on shells that are not served.
    """
    radii_km = np.asarray(source.grid.radii_km)
    allowed = np.full(shares.shape, 1 - ENOUGH)
    for run in gate:
        left = SCATTER * (1 - np.array([[run.radial], [run.lateral]]))
        allowed = np.where(run.holds(radii_km), np.maximum(allowed, left), allowed)
    excess = np.nan_to_num(1 - shares - allowed, nan=-1)
    part, shell = np.unravel_index(excess.argmax(), excess.shape)
    if excess[part, shell] > 0:
        place = source.planet.place_in_words(source.grid.radii_km[shell])
        _refuse(source, t, float(shares[part, shell]), int(part), f"{place}, its temperature explains")


def refuse_lost(source: Source, t: int, shares: Array) -> None:
    """Raise BadInput if too little of a step's velocity is coded on the shells where it does not follow from
    temperature. `shares` `(2,)` are those of the radial and the lateral variance on these shells.

    The code spreads its error evenly over shells. So a shell that hardly moves is not judged by itself.
    """
    part = int(shares.argmin())
    if shares[part] < ENOUGH:
        _refuse(source, t, float(shares[part]), part, "where velocity is stored, this surrogate holds")


def _refuse(source: Source, t: int, share: float, part: int, what: str) -> None:
    raise BadInput(
        f"{source.address}: step {t}: {what} {max(share, 0):.2f} of the {('radial', 'lateral')[part]} velocity, not "
        f"{ENOUGH}: make a surrogate of its own (fit-velocity on these steps, then spectral --velocity)"
    )


def lowered(gate: Sequence[GatedRun], radii_km: ArrayLike, shares: Array) -> tuple[GatedRun, ...]:
    """The gate, whose runs state no larger shares than a step has: `(2, shell)`, NaN where it is not judged."""
    radii, out = np.asarray(radii_km), []
    for run in gate:
        inside = shares[:, run.holds(radii)]
        least = np.nanmin(inside, axis=1, initial=1.0) if run.served else (1.0, 1.0)
        stated = [
            old if new > old - SAME_SHARE else float(new)
            for old, new in zip((run.radial, run.lateral), least, strict=True)
        ]
        out.append(run.model_copy(update={"radial": stated[0], "lateral": stated[1]}))
    return tuple(out)
