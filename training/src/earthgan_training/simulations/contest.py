"""Files in the layout of the IEEE SciVis Contest 2021 mantle-convection data: `spherical<step>.nc`.

A run of `earthgan simulate --keep coefficients` has `coefficients<step>.npz` in their place, which read like them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan.variables import TEMPERATURE, VX, VY, VZ, Variable
from earthgan_training.simulations.layout import Degraded, Layout, SourceVariable

CORE_RADIUS_KM = 3485.0
CELLS = 199
CELL_KM = (EARTH_RADIUS_KM - CORE_RADIUS_KM) / CELLS
#: The rows and columns of a cell-centred grid with the size of the contest's files.
GRID_ROWS, GRID_COLUMNS = 180, 360
#: 90, then 178 cell centres, then -90. The outer cells have half the width.
CONTEST_LATITUDES_DEG = np.concatenate([[90.0], 90 - (np.arange(178) + 0.5) * 180 / 178, [-90.0]])

#: In the contest's files, the two properties of the rock are degraded close to the surface.
_DEGRADED = (Degraded(190, 199, "degraded from here outwards in the contest's files"),)
_INCONSISTENT = (Degraded(1, 199, "inconsistent with the temperature in the contest's files"),)
_DIVERGING = "crameri:vik"

#: All eight variables, in the files' order. The boundary faces, shells 0 and 200, are corrupt in each of them.
CONTEST = Layout(
    title="the contest's layout",
    files=r"spherical([0-9]+)\.nc|coefficients([0-9]+)\.npz",
    latitude="lat",
    longitude="lon",
    vertical="r",
    order=("lat", "r", "lon"),
    skip=(1, 1),
    vector=(VX.name, VY.name, VZ.name),
    variables=(
        *(SourceVariable(v.name, v) for v in (TEMPERATURE, VX, VY, VZ)),
        SourceVariable(
            "thermal conductivity",
            Variable("thermal_conductivity", "Thermal conductivity anomaly", "W/m/K", _DIVERGING, symmetric=True),
            _DEGRADED,
        ),
        SourceVariable(
            "thermal expansivity",
            Variable("thermal_expansivity", "Thermal expansivity anomaly", "1/K", _DIVERGING, symmetric=True),
            _DEGRADED,
        ),
        SourceVariable(
            "temperature anomaly",
            Variable("temperature_anomaly", "Temperature less its lateral mean", "K", _DIVERGING, symmetric=True),
        ),
        SourceVariable(
            "spin transition-induced density anomaly",
            Variable("spin_density_anomaly", "Density anomaly of the spin transition", "kg/m3", _DIVERGING, True),
            _INCONSISTENT,
        ),
    ),
)


def contest_radius_km(index: ArrayLike) -> NDArray[np.float64]:
    """The radius in km at a file's `r` index. Indices 1 to 199, between the boundary faces, are cell centres."""
    return CORE_RADIUS_KM + (np.asarray(index, dtype=np.float64) - 0.5) * CELL_KM
