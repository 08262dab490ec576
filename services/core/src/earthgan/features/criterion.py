"""What counts as a slab or a plume.

The threshold of a shell follows Labrosse (2002, Earth and Planetary Science Letters 199, 147-156), who calls a place a
plume if its temperature exceeds the lateral mean by a share of the largest excess in the shell. `measure="largest"` is
that rule. By default, the lateral standard deviation takes the place of the largest excess, because the extreme of a
shell is one cell and changes from step to step. Two things are added: slabs, by the same rule with the signs reversed,
and the sign of the radial velocity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import InvalidRequest

Kind = Literal["slab", "plume"]
Measure = Literal["std", "unit", "largest"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MEASURES: tuple[Measure, ...] = get_args(Measure)
#: No threshold is larger than this.
LARGEST = 1e6
#: The sign of the anomaly and of the radial velocity.
SIGN: dict[Kind, int] = {"slab": -1, "plume": 1}


@dataclass(frozen=True)
class Criterion:
    """The thresholds. Raises InvalidRequest if they make no sense.

    `threshold` is the least anomaly of a cell: in multiples of its shell's lateral standard deviation (`std`), in the
    unit of temperature (`unit`), or as a share of the largest anomaly of its sign in the shell (`largest`). `flow` is
    the least radial speed, in multiples of the shell's root mean square of radial velocity. Shells closer to the core
    or to the surface than `margin` times the mantle's thickness are left out, because a boundary layer would join
    everything. So are regions of less than `least` times the volume of the whole grid.
    """

    threshold: float = 2.0
    measure: Measure = "std"
    flow: float = 0.0
    margin: float = 0.1
    least: float = 1e-5

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise InvalidRequest(f"measure is one of {', '.join(MEASURES)}")
        if not 0 < self.threshold <= LARGEST:
            raise InvalidRequest(f"threshold is more than 0 and at most {LARGEST:g}")
        if not 0 <= self.flow <= LARGEST:
            raise InvalidRequest(f"flow is at least 0 and at most {LARGEST:g}")
        if not 0 <= self.margin < 0.5:
            raise InvalidRequest("margin is at least 0 and less than 0.5")
        if not 0 <= self.least < 1:
            raise InvalidRequest("least is at least 0 and less than 1")

    def members(
        self, kind: Kind, anomaly: NDArray[np.float32], flow: NDArray[np.float32], weights: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Which cells `(shell, latitude, longitude)` are in features of a kind.

        `anomaly` is the temperature less the lateral mean, `flow` the radial velocity, and `weights` the cells' shares
        `(latitude, longitude)` of the sphere. A cell without a value is in none.
        """
        sign = SIGN[kind]
        least = self.threshold * self._size(sign, anomaly, weights)
        slow = self.flow * _rms(flow, weights)
        inside = sign * anomaly > least[:, None, None]
        return np.asarray(inside & (sign * flow > slow[:, None, None]))

    def _size(self, sign: int, anomaly: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
        """What the threshold is a multiple of `(shell,)`."""
        if self.measure == "unit":
            return np.ones(len(anomaly), np.float32)
        if self.measure == "largest":
            return np.asarray(np.max(sign * anomaly, axis=(1, 2), where=np.isfinite(anomaly), initial=0.0), np.float32)
        return _rms(anomaly, weights)


def _rms(values: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """The root mean square `(shell,)` over the cells that have a value."""
    valid = np.isfinite(values)
    squares = np.einsum("sij,ij->s", np.square(np.where(valid, values, 0), dtype=np.float64), weights)
    area = np.einsum("sij,ij->s", valid, weights)
    return np.asarray(np.sqrt(squares / np.where(area > 0, area, 1)), np.float32)
