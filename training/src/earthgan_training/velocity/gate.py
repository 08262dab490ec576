"""The gate, which says where the Stokes relation can be trusted. It measures, shell by shell, how much of the
velocity's variance the relation explains on time steps that it was not fitted to.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from earthgan.errors import BadInput
from earthgan.files import write_whole
from earthgan.flow.stokes import StokesMaps, StokesProfile
from earthgan_training.velocity.moments import Moments

#: A shell stores its velocity if less of its radial or of its lateral variance is explained.
ENOUGH = 0.9


class Verdict(BaseModel):
    """The share of the variance that is explained on held-out time steps, for the radial and for the lateral velocity
    (including its toroidal part). It is given for each shell, for each degree from 1 on over all shells by volume, and
    as a whole over all degrees and shells. A shell is served if both of its shares are at least `enough`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    radii_km: tuple[float, ...]
    radial: tuple[float, ...]
    lateral: tuple[float, ...]
    radial_of_degree: tuple[float, ...]
    lateral_of_degree: tuple[float, ...]
    whole: tuple[float, float]
    toroidal_share: float
    enough: float = ENOUGH

    @model_validator(mode="after")
    def _one_value_a_shell(self) -> Verdict:
        if not len(self.radii_km) == len(self.radial) == len(self.lateral):
            raise ValueError("a gate has one value per shell")
        return self

    @property
    def served(self) -> NDArray[np.bool_]:
        """Whether velocity is computed from temperature, for each shell `(shell,)`."""
        return np.minimum(self.radial, self.lateral) >= self.enough

    def bands(self) -> list[tuple[float, float, bool]]:
        """Runs of shells with the same verdict, from the core outwards: the first and the last radius in km, and
        whether they are served.
        """
        served = self.served
        edges = [0, *(np.flatnonzero(np.diff(served)) + 1), len(served)]
        return [(self.radii_km[a], self.radii_km[b - 1], bool(served[a])) for a, b in pairwise(edges)]


def measured_verdict(moments: Moments, maps: StokesMaps) -> Verdict:
    """The verdict on maps, measured on the shells of the moments and up to their degree."""
    (radial, lateral), volumes = moments.errors(maps), moments.radii_km**2
    return Verdict(
        radii_km=tuple(moments.radii_km.tolist()),
        radial=_explained(radial, moments.uu),
        lateral=_explained(lateral, moments.lateral),
        radial_of_degree=_explained((radial * volumes).T[:, 1:], (moments.uu * volumes).T[:, 1:]),
        lateral_of_degree=_explained((lateral * volumes).T[:, 1:], (moments.lateral * volumes).T[:, 1:]),
        whole=(
            1 - float((radial @ volumes).sum() / (moments.uu @ volumes).sum()),
            1 - float((lateral @ volumes).sum() / (moments.lateral @ volumes).sum()),
        ),
        toroidal_share=float((moments.ww @ volumes).sum() / (moments.lateral @ volumes).sum()),
    )


def _explained(error: NDArray[np.float64], square: NDArray[np.float64]) -> tuple[float, ...]:
    """1 minus the ratio of the sums over the first axis; 0 where nothing moves."""
    error, square = error.sum(axis=0), square.sum(axis=0)
    return tuple((1 - np.divide(error, square, out=np.ones_like(error), where=square > 0)).tolist())


class VelocityFit(BaseModel):
    """The result of `earthgan fit-velocity`. `psnr_db` measures the velocity that is computed from exact temperature on
    the files' grid. It is the PSNR over each component's range in the held-out time steps. `tuned` is the gate of
    fine-tuned kernels (`kernels.py`). Their ridge is chosen on the same time steps, so it is an upper bound for what
    tuning can add.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    profile: StokesProfile
    gate: Verdict
    tuned: Verdict | None = None
    psnr_db: dict[str, float] = {}
    fitted_steps: tuple[int, ...] = ()
    held_out_steps: tuple[int, ...] = ()

    @classmethod
    def read(cls, path: Path) -> VelocityFit:
        """Read a fit from a file. Raises BadInput if the file does not hold one."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error
        except ValueError as error:
            raise BadInput(f"{path}: is not a result of fit-velocity") from error

    def write(self, path: Path) -> None:
        """Write the fit to a file, whole or not at all. Raises BadInput if that fails."""
        write_whole(path, self.model_dump_json(indent=2) + "\n")
