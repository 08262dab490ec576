"""Where velocity is made of temperature, and where it is coded: the gate of a spectral surrogate.

What is coded lives on the shells that are not served and nowhere else. Each run of them has knots of its own, a natural
cubic spline between them: one run takes nothing from another, and a served shell takes nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from earthgan.numerics.spline import spline

#: Radii closer than this are one shell.
SAME_KM = 1e-3


class GatedRun(BaseModel):
    """Neighbouring shells of one verdict, `first_km` and `last_km` the radii of the innermost and the outermost.

    `radial` and `lateral` are the shares of the velocity's variance that the Stokes maps explain on held-out steps,
    each in the shell of the run where it is least. `served` says that velocity is made of temperature alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    first_km: float = Field(gt=0)
    last_km: float
    shells: int = Field(ge=1)
    radial: float = Field(le=1)
    lateral: float = Field(le=1)
    served: bool

    @model_validator(mode="after")
    def _shells_have_room(self) -> GatedRun:
        if (self.shells == 1) != (self.first_km == self.last_km) or self.first_km > self.last_km:
            raise ValueError(f"{self.shells} shells do not lie from {self.first_km} to {self.last_km} km")
        return self

    def __str__(self) -> str:
        """One line, for people."""
        verdict = "made of temperature" if self.served else "coded"
        return (
            f"{self.shells} shells from {self.first_km:.0f} to {self.last_km:.0f} km: velocity is {verdict} "
            f"(temperature explains {self.radial:.3f} of the radial, {self.lateral:.3f} of the lateral, at least)"
        )


@dataclass(frozen=True)
class StoredRun:
    """Shells whose velocity is coded, as values at evenly spaced knots."""

    first_km: float
    last_km: float
    knots: int

    def holds(self, radii_km: ArrayLike) -> NDArray[np.bool_]:
        """`(radius,)`: which radii lie in the run."""
        radii = np.asarray(radii_km)
        return (radii > self.first_km - SAME_KM) & (radii < self.last_km + SAME_KM)

    def interpolation(self, radii_km: ArrayLike) -> NDArray[np.float64]:
        """`(radius, knot)`: from values at the knots to those at `radii_km`, zero beyond the run."""
        radii = np.asarray(radii_km)
        knots_km = np.linspace(self.first_km, self.last_km, self.knots)
        matrix = spline(knots_km, radii) if self.knots > 1 else np.ones((len(radii), 1))
        return np.asarray(matrix * self.holds(radii)[:, None])


@dataclass(frozen=True)
class StoredShells:
    """All runs whose velocity is coded, their knots one after another."""

    runs: tuple[StoredRun, ...]

    @property
    def knots(self) -> int:
        return sum(run.knots for run in self.runs)

    def holds(self, radii_km: ArrayLike) -> NDArray[np.bool_]:
        """`(radius,)`: at which radii velocity is coded."""
        return np.asarray(np.any([run.holds(radii_km) for run in self.runs], axis=0))

    def interpolation(self, radii_km: ArrayLike) -> NDArray[np.float64]:
        """`(radius, knot)`: from values at the knots to those at `radii_km`, zero where velocity is not coded."""
        return np.concatenate([run.interpolation(radii_km) for run in self.runs], axis=1)
