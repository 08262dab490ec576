"""The gate of a spectral surrogate. It says on which radial shells velocity follows from temperature, and on which it
is coded.

A shell is *served* if its velocity follows from temperature alone. Coded velocity exists only on shells that are not
served. Each run of such shells has its own knots and a natural cubic spline between them, so the runs do not affect
each other, and coded velocity does not affect a served shell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from earthgan.numerics.spline import spline
from earthgan.records import Frozen

#: Two radii that are closer than this belong to the same shell.
SAME_KM = 1e-3


class GatedRun(Frozen):
    """Neighbouring shells with the same verdict. `first_km` and `last_km` are the radii of the innermost and the
    outermost shell.

    `radial` and `lateral` are the shares of the variance of the radial and the lateral velocity that the Stokes maps
    explain on held-out time steps. Each is the smallest share among the shells of the run. `served` says that velocity
    follows from temperature alone.
    """

    first_km: float = Field(gt=0)
    last_km: float
    shells: int = Field(ge=1)
    radial: float = Field(le=1)
    lateral: float = Field(le=1)
    served: bool

    @model_validator(mode="after")
    def _shells_have_room(self) -> GatedRun:
        if (self.shells == 1) != (self.first_km == self.last_km) or self.first_km > self.last_km:
            raise ValueError(f"a run from {self.first_km} to {self.last_km} km cannot have {self.shells} shells")
        return self

    def holds(self, radii_km: ArrayLike) -> NDArray[np.bool_]:
        """`(radius,)`: whether each radius lies in the run."""
        radii = np.asarray(radii_km)
        return (radii > self.first_km - SAME_KM) & (radii < self.last_km + SAME_KM)

    def __str__(self) -> str:
        """One line for people."""
        verdict = "follows from temperature" if self.served else "is coded"
        return (
            f"{self.shells} shells from {self.first_km:.0f} to {self.last_km:.0f} km: velocity {verdict} "
            f"(temperature explains at least {self.radial:.3f} of the radial and {self.lateral:.3f} of the lateral "
            "variance)"
        )


@dataclass(frozen=True)
class StoredRun:
    """Neighbouring shells whose velocity is coded as values at evenly spaced knots."""

    first_km: float
    last_km: float
    knots: int

    def holds(self, radii_km: ArrayLike) -> NDArray[np.bool_]:
        """`(radius,)`: whether each radius lies in the run."""
        radii = np.asarray(radii_km)
        return (radii > self.first_km - SAME_KM) & (radii < self.last_km + SAME_KM)

    def interpolation(self, radii_km: ArrayLike) -> NDArray[np.float64]:
        """`(radius, knot)`: the matrix from values at the knots to values at `radii_km`. It is zero outside the run."""
        radii = np.asarray(radii_km)
        knots_km = np.linspace(self.first_km, self.last_km, self.knots)
        matrix = spline(knots_km, radii) if self.knots > 1 else np.ones((len(radii), 1))
        return np.asarray(matrix * self.holds(radii)[:, None])


@dataclass(frozen=True)
class StoredShells:
    """All runs whose velocity is coded. Their knots follow one another."""

    runs: tuple[StoredRun, ...]

    @property
    def knots(self) -> int:
        return sum(run.knots for run in self.runs)

    def holds(self, radii_km: ArrayLike) -> NDArray[np.bool_]:
        """`(radius,)`: whether velocity is coded at each radius."""
        return np.asarray(np.any([run.holds(radii_km) for run in self.runs], axis=0))

    def interpolation(self, radii_km: ArrayLike) -> NDArray[np.float64]:
        """`(radius, knot)`: the matrix from values at the knots to values at `radii_km`. It is zero where velocity is
        not coded.
        """
        return np.concatenate([run.interpolation(radii_km) for run in self.runs], axis=1)
