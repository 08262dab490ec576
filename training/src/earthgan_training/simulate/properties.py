"""Three properties of rock as curves of temperature at each depth, for the files of `earthgan simulate`.

They are diagnostic: the Boussinesq equations of a run do not use them. Their constants are rounded so that the
anomalies have about the sizes that are printed for the contest's run. One law holds at all depths, as the runs have no
phase transitions. Pressure grows in proportion to depth, to 136 GPa at the core.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan_training.simulations.contest import CORE_RADIUS_KM

Array = NDArray[np.float32]

#: The laws are evaluated at no lower temperature.
COLDEST_K = np.float32(200)
GPA_PER_KM = 136.0 / (EARTH_RADIUS_KM - CORE_RADIUS_KM)


def conductivity(kelvins: Array, depth_km: Array) -> Array:
    """Thermal conductivity in W/m/K: `4.13 (298 / T)^1/2 (1 + 0.0135 P)`, P in GPa.

    The law is that of Xu et al. (2004, Phys. Earth Planet. Inter. 143-144, 321-336), whose olivine has 4.13 W/m/K and
    0.032 / GPa. The smaller factor of pressure gives the contest's anomalies at 222 and 2241 km depth within a fifth.
    """
    with_depth = 1 + np.float32(0.0135 * GPA_PER_KM) * depth_km
    return np.asarray(np.float32(4.13) * np.sqrt(np.float32(298) / kelvins) * with_depth)


def expansivity(kelvins: Array, depth_km: Array) -> Array:
    """Thermal expansivity in 1/K: `(2.68e-5 + 2.77e-9 T - 1.21 / T^2) exp(-8.63e-3 P)`, P in GPa.

    It is the law for the lower mantle of Tosi et al. (2013, Phys. Earth Planet. Inter. 217, 48-58).
    """
    of_temperature = np.float32(2.68e-5) + np.float32(2.77e-9) * kelvins - np.float32(1.21) / np.square(kelvins)
    return np.asarray(of_temperature * np.exp(np.float32(-8.63e-3 * GPA_PER_KM) * depth_km))


def spin_density(kelvins: Array, depth_km: Array) -> Array:
    """Density in kg/m3 that iron in low spin adds: `330 / (1 + exp((62.5 + 0.017 T - P) / 5.9))`, P in GPa.

    The share of iron in low spin is a Fermi function, as that of Sturhahn, Jackson & Lin (2005, Geophys. Res. Lett. 32,
    L12307), and half of it has changed at a pressure that rises with temperature (Tsuchiya et al., 2006, Phys. Rev.
    Lett. 96, 198501). The contest's shell at 2241 km depth is such a function of temperature, of these sizes.
    """
    excess = np.float32(62.5) + np.float32(0.017) * kelvins - np.float32(GPA_PER_KM) * depth_km
    return np.asarray(np.float32(330) / (1 + np.exp(excess / np.float32(5.9))), np.float32)


#: The name, the unit and the function of each property, of which the files hold the anomaly from its lateral mean.
PROPERTIES: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {
    "thermal conductivity": ("W/m/K", conductivity),
    "thermal expansivity": ("1/K", expansivity),
    "spin transition-induced density anomaly": ("kg/m3", spin_density),
}
