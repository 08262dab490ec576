"""The two scales of times and speeds.

The equations' own scale follows from the thermal diffusivity alone. A model's Rayleigh number is far below the
mantle's, so its flow is slow on that scale. Files therefore hold *scaled* numbers: one factor divides all times and
multiplies all speeds, so that the surface moves as fast as the Earth's plates. Distances, shapes and the numbers of
overturns stay as they are. Every file states the factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from earthgan.errors import BadInput
from earthgan_training.simulate.diagnostics import Diagnostics
from earthgan_training.simulate.parameters import SECONDS_PER_MYR, VELOCITY_M_PER_S, Setup

HISTORY_FILE = "history.csv"
#: The root mean square speed of the Earth's plates, about 4 cm a year.
PLATE_SPEED_M_PER_S = 0.04 / (SECONDS_PER_MYR / 1e6)


def time_scale(setup: Setup, history: Sequence[Diagnostics]) -> float:
    """The factor of a run, from its mean surface speed in the last stage before its first file (or, if there is no
    spin-up, before the end of the first file's interval). It is 1 if the surface does not move.

    `history` has one row for each interval of all stages.
    """
    first = sum(stage.intervals for stage in setup.stages)
    rows = history[first : first + max(1, setup.spin_up)]
    if not rows:
        raise BadInput("the history of the run ends before its first file")
    speed = float(np.mean([row.surface_speed for row in rows])) * VELOCITY_M_PER_S
    return PLATE_SPEED_M_PER_S / speed if speed > 0 else 1.0


def kept_time_scale(setup: Setup, folder: Path) -> float:
    """The factor of a run whose folder holds its `history.csv`. Raises BadInput if it cannot be read."""
    path = folder / HISTORY_FILE
    try:
        rows = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
        return time_scale(setup, [Diagnostics.of_row(row) for row in rows])
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"{path}: cannot be read as the history of a run ({error})") from error
