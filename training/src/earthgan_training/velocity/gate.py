"""Where the Stokes relation can be trusted: how much of the velocity's variance it explains on steps it was not fitted
to, shell by shell, and the verdict.
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

#: A shell where less of the radial or of the lateral variance is explained stores its velocity instead.
ENOUGH = 0.9


class Verdict(BaseModel):
    """Per shell, the share of the variance of the radial and of the lateral velocity (its toroidal part included) that
    is explained, on held-out steps; per degree from 1, over all shells by volume; and over all degrees and shells.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    radii_km: tuple[float, ...]
    radial: tuple[float, ...]
    lateral: tuple[float, ...]
    radial_of_degree: tuple[float, ...]
    lateral_of_degree: tuple[float, ...]
    whole: tuple[float, float]
    toroidal_share: float

    @model_validator(mode="after")
    def _one_value_a_shell(self) -> Verdict:
        if not len(self.radii_km) == len(self.radial) == len(self.lateral):
            raise ValueError("a gate has one value per shell")
        return self

    @property
    def served(self) -> NDArray[np.bool_]:
        """`(shell,)`: whether velocity is made of temperature there."""
        return np.minimum(self.radial, self.lateral) >= ENOUGH

    def bands(self) -> list[tuple[float, float, bool]]:
        """Runs of shells of one verdict, from the core: first and last radius in km, and whether they are served."""
        served = self.served
        edges = [0, *(np.flatnonzero(np.diff(served)) + 1), len(served)]
        return [(self.radii_km[a], self.radii_km[b - 1], bool(served[a])) for a, b in pairwise(edges)]


def measured_verdict(moments: Moments, maps: StokesMaps) -> Verdict:
    """The gate of maps on the moments' shells, to the moments' degree."""
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
    """1 less the ratio of sums over the first axis; 0 where nothing moves."""
    error, square = error.sum(axis=0), square.sum(axis=0)
    return tuple((1 - np.divide(error, square, out=np.ones_like(error), where=square > 0)).tolist())


class VelocityFit(BaseModel):
    """What `earthgan fit-velocity` writes: the profile, the gate, and the error of the velocity made of exact
    temperature on the files' grid, as PSNR on each component's range over the held-out steps. `tuned` is the gate of
    fine-tuned kernels (`kernels.py`), their ridge chosen on the same steps: at most so much can they add.
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
        """Raises BadInput where the file does not hold a fit."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error
        except ValueError as error:
            raise BadInput(f"{path}: is not a fit of velocity") from error

    def write(self, path: Path) -> None:
        """Write it, whole or not at all. Raises BadInput where that cannot be."""
        write_whole(path, self.model_dump_json(indent=2) + "\n")
