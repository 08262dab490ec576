"""The velocity that the Stokes maps do not explain, on the shells where the gate does not accept the maps' result.

The maps get the exact temperature and not the decoded one. So the remaining velocity does not depend on how finely
temperature is coded, and its modes and tables can be fitted before that is known.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.flow.gate import GatedRun
from earthgan.kinds.spectral_arguments import CodedField, SpectralArguments
from earthgan.kinds.spectral_planner import unit_square
from earthgan.sphere.grid import ShellGrid
from earthgan_training.coding.modes import Shells
from earthgan_training.harmonics.analysis import vector_coefficients
from earthgan_training.velocity.gate import Verdict
from earthgan_training.velocity.moments import spherical

Array = NDArray[np.float64]

FIELDS: tuple[CodedField, ...] = ("u", "v", "w")


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


class FlowLeft:
    """Subtracts the velocity that the Stokes maps compute from the true velocity, on the shells whose velocity is
    coded.
    """

    def __init__(self, arguments: SpectralArguments, radii_km: ArrayLike) -> None:
        assert arguments.stokes is not None
        self._rows = np.flatnonzero(arguments.stored.holds(radii_km))
        shells = Shells.of_component("temperature", arguments, radii_km)
        maps = arguments.stokes.maps(arguments.radial_grid, arguments.degree)
        out, onto = shells.interpolation[self._rows], shells.to_nodes
        # `(degree, 1, shell, stored shell)`: multiplied from the right, so that coefficients keep their axes.
        self._radial, self._lateral = (
            (out @ each @ onto).transpose(0, 2, 1)[:, None] for each in (maps.radial, maps.lateral)
        )

    def of(self, fields: NDArray[np.float32], grid: ShellGrid, kelvins: Array) -> dict[str, Array]:
        """The remaining U, V and W in m/s, each `(degree, order, part, shell)`.

        `fields` `(variable, shell, latitude, longitude)` are temperature and the velocity's components x, y and z.
        `kelvins` are the coefficients of temperature on all shells. The result is scaled for coding: the sum of its
        squares is that of the velocity.
        """
        vx, vy, vz = fields[1:, self._rows]
        degrees = len(kelvins)
        u, v, w = vector_coefficients(*spherical(vx, vy, vz, grid), grid, degrees - 1)
        u -= kelvins @ self._radial
        v -= kelvins @ self._lateral
        u[0] = 0  # there is no net flow through a sphere
        left = zip(FIELDS, (u, v, w), strict=True)
        return {name: each * unit_square(name, degrees)[:, None, None, None] for name, each in left}
