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
from earthgan_training.coding.sample import Sample, Velocity
from earthgan_training.coding.shares import Products
from earthgan_training.harmonics.analysis import fast_vector_coefficients
from earthgan_training.simulations.labelled import Source
from earthgan_training.velocity.gate import ENOUGH, Verdict
from earthgan_training.velocity.moments import shells_at_once, spherical

Array = NDArray[np.float64]
Field = NDArray[np.floating]

FIELDS: tuple[CodedField, ...] = ("u", "v", "w")
#: A single step may leave this many times what the gate's steps left together, even if that is more than the gate
#: allows.
SCATTER = 1.5
#: A share that is smaller than the stated one by no more than this is as stated.
SAME_SHARE = 1e-3
#: What a sample leaves is known to this factor.
MARGIN = 1.25


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
    """How the velocity of a step follows from its temperature. It is `strength` times the driven one where it does.

    `explained` `(2, shell)` are the shares of the radial and the lateral variance that follow. They are NaN on shells
    that store their velocity. `true` and `driven` are the coefficients of U, V and W on these shells, and those that
    the maps compute from temperature: `(field, degree, order, part, shell)` in the source's unit.
    """

    strength: float
    explained: Array
    true: Field
    driven: Field

    @property
    def left(self) -> dict[str, Field]:
        """What the maps leave of U, V and W on shells that store their velocity, for a strength of 1.

        Each is `(degree, order, part, shell)`, and scaled for coding: the sum of its squares is that of the velocity.
        """
        left = self.true / self.strength - self.driven
        left[0, 0] = 0  # there is no net flow through a sphere
        units = {name: unit_square(name, left.shape[1])[:, None, None, None] for name in FIELDS}
        return {name: each * units[name] for name, each in zip(FIELDS, left, strict=True)}


class Flow:
    """Compares the true velocity of a surrogate's steps with the velocity that its Stokes maps compute.

    Temperature is known by coefficients `(degree, order, part, profile)` of the orthonormal profiles `span`
    `(shell, profile)`: all that the maps see of it.
    """

    def __init__(self, arguments: SpectralArguments, radii_km: ArrayLike) -> None:
        assert arguments.stokes is not None
        self.served = served_shells(arguments, radii_km)
        self._allowed = _allowed(arguments.gate, radii_km)
        shells = Shells.of_component("temperature", arguments, radii_km)
        self.span = shells.span
        into = shells.seen_by(self.span).interpolation
        maps = arguments.stokes.kept_maps(arguments.radial_grid, arguments.degree)
        # The profiles that modes can have: others would make noise as large as anything between a boundary and a shell.
        onto = np.linalg.pinv(into, rcond=LEAST_SEEN)
        # `(degree, profile, profile)`: from temperature to U and V.
        self._maps = [(into @ each @ onto).astype(np.float32) for each in (maps.radial, maps.lateral)]

    def driven(self, kelvins: Field) -> Field:
        """The coefficients `(2, degree, order, part, profile)` of U and V that a temperature drives."""
        return np.stack([per_degree(maps, kelvins.astype(np.float32, copy=False)) for maps in self._maps])

    def of(self, velocity: Velocity, grid: ShellGrid, t: int, kelvins: Field) -> StepFlow:
        """The flow of step `t`, whose temperature has the coefficients `kelvins` `(degree, order, part, profile)`.

        A sample of the cells shows it on the shells whose velocity follows from temperature. If the sample leaves a
        doubt, these shells are compared as a whole.
        """
        driven = self.driven(kelvins)
        stored = np.flatnonzero(~self.served)
        if not self.served.any():
            true, made = self._whole(velocity, grid, driven, stored)
            strength = Products.of_coefficients(true, made).strength
            return StepFlow(strength, np.full((2, len(self.served)), np.nan), true, made)
        sample = Sample.of(velocity, driven, self.span, grid, t)
        products = sample.products.on(self.served)
        explained = products.explained(products.strength)
        doubt = (MARGIN * (1 - explained) > self._allowed[:, self.served]).any()
        if doubt or not sample.agrees(products.strength)[self.served].all():
            products = Products.of_coefficients(*self._whole(velocity, grid, driven, np.flatnonzero(self.served)))
            explained = products.explained(products.strength)
        shares = np.full((2, len(self.served)), np.nan)
        shares[:, self.served] = explained
        return StepFlow(products.strength, shares, *self._whole(velocity, grid, driven, stored))

    def _whole(
        self, velocity: Velocity, grid: ShellGrid, driven: Field, shells: NDArray[np.intp]
    ) -> tuple[Field, Field]:
        """The coefficients of U, V and W on some shells, `(field, degree, order, part, shell)`: true and driven."""
        degrees = driven.shape[1]
        true = np.empty((len(FIELDS), degrees, degrees, 2, len(shells)), np.float32)
        for some in shells_at_once(grid):
            kept = np.flatnonzero((shells >= some.start) & (shells < some.stop))
            if len(kept):
                inside = shells[kept] - some.start
                x, y, z = (velocity(i, some)[inside] for i in range(3))
                true[..., kept] = fast_vector_coefficients(*spherical(x, y, z, grid), grid, degrees - 1)
        made = np.zeros(true.shape, np.float32)
        made[:2] = driven @ self.span[shells].T.astype(np.float32)  # the maps drive no W
        return true, made


def _allowed(gate: Sequence[GatedRun], radii_km: ArrayLike) -> Array:
    """`(2, shell)`: what a gate says that may be left of the radial and the lateral variance, or what any may leave."""
    radii, allowed = np.asarray(radii_km), np.full((2, np.size(radii_km)), 1 - ENOUGH)
    for run in gate:
        allowed[:, run.holds(radii)] = [[1 - run.radial + SAME_SHARE], [1 - run.lateral + SAME_SHARE]]
    return allowed


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
