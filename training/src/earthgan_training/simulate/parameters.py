"""The parameters of a run: physics, resolution and output. Also the presets of `earthgan simulate`.

The unit of length is the shell's thickness D, of time the diffusion time D^2/kappa, and of velocity kappa/D. The
temperature is 1 at the core and 0 at the surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan_training.simulations.contest import CORE_RADIUS_KM

THICKNESS_KM = EARTH_RADIUS_KM - CORE_RADIUS_KM
SURFACE_K, CONTRAST_K = 293.0, 3307.0
DIFFUSIVITY_M2_PER_S = 1e-6
SECONDS_PER_MYR = 365.25 * 86400 * 1e6
DIFFUSION_TIME_MYR = (THICKNESS_KM * 1e3) ** 2 / DIFFUSIVITY_M2_PER_S / SECONDS_PER_MYR
VELOCITY_M_PER_S = DIFFUSIVITY_M2_PER_S / (THICKNESS_KM * 1e3)


@dataclass(frozen=True)
class ViscosityStep:
    """A step of the viscosity at `depth_km`. Above this depth, the viscosity is `factor` times the viscosity below. Its
    logarithm changes as a tanh.
    """

    depth_km: float
    factor: float
    width_km: float


@dataclass(frozen=True)
class Physics:
    """The numbers of the Boussinesq equations. `rayleigh` refers to the thickness, the temperature contrast and the
    viscosity at the core. `heating` is the internal heating in kappa contrast / D^2.
    """

    rayleigh: float
    heating: float = 0.0
    free_slip: bool = True
    viscosity_steps: tuple[ViscosityStep, ...] = ()
    inner: float = CORE_RADIUS_KM / THICKNESS_KM

    @property
    def outer(self) -> float:
        return self.inner + 1

    def viscosity(self, radii: NDArray[np.float64]) -> NDArray[np.float64]:
        """The viscosity relative to that at the core, at `radii` in shell thicknesses."""
        depth_km = (self.outer - radii) * THICKNESS_KM
        log = np.zeros_like(radii)
        for step in self.viscosity_steps:
            log += np.log(step.factor) * (1 + np.tanh((step.depth_km - depth_km) / step.width_km)) / 2
        return np.exp(log)


@dataclass(frozen=True)
class Resolution:
    """Chebyshev nodes in radius, the highest harmonic degree, and the precision of the time stepping.

    The last tenth of the degrees may diffuse more: `1 + vanishing x^2` times as much laterally, where x grows from 0 at
    nine tenths of the highest degree to 1 at the highest. It takes away what would pile up there. The form is Tadmor's
    spectral vanishing viscosity (1989, SIAM J. Numer. Anal. 26, 30), as in the large-eddy simulations of Karamanos &
    Karniadakis (2000, J. Comput. Phys. 163, 22). The lower degrees are untouched.
    """

    nodes: int
    degree: int
    dtype: str = "float32"
    vanishing: float = 0.0

    def __post_init__(self) -> None:
        if self.nodes < 8 or self.degree < 4:
            raise BadInput(f"the resolution needs at least 8 nodes and degree 4, not {self.nodes} and {self.degree}")

    @property
    def diffusivity(self) -> NDArray[np.float64]:
        """`(degree,)`: the lateral diffusivity of each degree."""
        first = 0.9 * self.degree
        x = np.maximum(np.arange(self.degree + 1) - first, 0) / (self.degree - first)
        return np.asarray(1 + self.vanishing * x**2)


@dataclass(frozen=True)
class Stage:
    """A part of the spin-up: `intervals` of `interval` diffusion times each, with its own Rayleigh number and
    resolution.
    """

    rayleigh: float
    resolution: Resolution
    interval: float
    intervals: int


@dataclass(frozen=True)
class OutputGrid:
    """The sizes of the files' coordinates, including the poles, the boundary faces and the repeated meridian."""

    latitudes: int
    radii: int
    longitudes: int


@dataclass(frozen=True)
class Setup:
    """All parameters that determine a run's bytes, except its seed and its number of time steps."""

    name: str
    physics: Physics
    resolution: Resolution
    grid: OutputGrid
    interval: float  #: time between two files, in diffusion times
    spin_up: int  #: number of intervals before the first file
    cfl: float = 0.4
    #: Earlier parts of the spin-up. Each one continues from the end of the one before, at its own resolution.
    stages: tuple[Stage, ...] = ()

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """The stages, and the set-up's own Rayleigh number and resolution as the last one. Its intervals are those
        before the first file.
        """
        last = Stage(self.physics.rayleigh, self.resolution, self.interval, self.spin_up)
        return (*self.stages, last)


@dataclass(frozen=True)
class Preset:
    """A named set-up, its usual number of time steps, and the measured resources it needs (`docs/simulation.md`)."""

    setup: Setup
    steps: int
    needs: str


_LAYERED = (ViscosityStep(depth_km=660.0, factor=0.3, width_km=80.0),)

PRESETS = {
    preset.setup.name: preset
    for preset in (
        Preset(
            Setup(
                name="quick",
                physics=Physics(rayleigh=1e4, heating=3.0, viscosity_steps=_LAYERED),
                resolution=Resolution(nodes=25, degree=42),
                grid=OutputGrid(latitudes=45, radii=51, longitudes=90),
                interval=1e-3,
                spin_up=100,
            ),
            steps=16,
            needs="about 20 CPU s, 105 MB of memory, 105 MB of disk",
        ),
        Preset(
            Setup(
                name="demo",
                physics=Physics(rayleigh=3e4, heating=6.0, viscosity_steps=_LAYERED),
                resolution=Resolution(nodes=37, degree=63),
                grid=OutputGrid(latitudes=90, radii=101, longitudes=180),
                interval=4e-4,
                spin_up=300,
            ),
            steps=64,
            needs="about 6 CPU minutes, 200 MB of memory, 3.4 GB of disk",
        ),
        Preset(
            Setup(
                name="contest-like",
                physics=Physics(rayleigh=5e4, heating=6.0, viscosity_steps=_LAYERED),
                resolution=Resolution(nodes=45, degree=95),
                grid=OutputGrid(latitudes=180, radii=201, longitudes=360),
                interval=3.8e-4,
                spin_up=400,
            ),
            steps=251,
            needs="about 1 CPU hour, 750 MB of memory, 104.6 GB of disk",
        ),
        Preset(
            Setup(
                name="earth",
                physics=Physics(rayleigh=5e5, heating=10.0, viscosity_steps=_LAYERED),
                resolution=Resolution(nodes=61, degree=191, vanishing=10.0),
                grid=OutputGrid(latitudes=180, radii=201, longitudes=360),
                interval=6e-5,
                spin_up=80,
                # Coarse stages bring the large flow and the mean temperature into balance. The last one sharpens.
                stages=(
                    Stage(1e4, Resolution(nodes=33, degree=42, vanishing=1000.0), interval=1e-3, intervals=40),
                    Stage(3e4, Resolution(nodes=41, degree=63, vanishing=1000.0), interval=2e-4, intervals=30),
                    Stage(1e5, Resolution(nodes=41, degree=63, vanishing=1000.0), interval=1e-4, intervals=50),
                    Stage(3e5, Resolution(nodes=41, degree=63, vanishing=1000.0), interval=1e-4, intervals=200),
                    Stage(5e5, Resolution(nodes=45, degree=95, vanishing=1000.0), interval=8e-5, intervals=400),
                    Stage(5e5, Resolution(nodes=53, degree=127, vanishing=100.0), interval=8e-5, intervals=60),
                ),
            ),
            steps=128,
            needs="about 40 CPU minutes, 1600 MB of memory, 53.4 GB of disk (1.2 GB with --keep coefficients)",
        ),
    )
}
