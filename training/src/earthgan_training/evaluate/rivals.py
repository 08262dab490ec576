"""The methods that a user could choose instead: interpolation, codecs, and codecs whose velocity is computed from their
temperature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from earthgan.flow.stokes import StokesMaps, StokesProfile
from earthgan.quantities import VELOCITY
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan.variables import TEMPERATURE
from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.evaluate.codecs import Codec, code
from earthgan_training.evaluate.interpolation import METHODS, input_of_bytes, paper_input, paper_input_grid
from earthgan_training.evaluate.network import code_by_network
from earthgan_training.evaluate.results import ALL_BYTES, NETWORK, SAME_BYTES, Rival
from earthgan_training.harmonics.analysis import highest_degree, scalar_coefficients
from earthgan_training.velocity.accuracy import cartesian_velocity

Array = NDArray[np.floating]
#: The highest degree of a codec's temperature that the Stokes maps get. Velocity has hardly any power above it.
DEGREE = 95


@dataclass(frozen=True)
class OwnInput:
    """The surrogate's own conditional input, by variable `(layer, latitude, longitude)` in its unit, on its grid."""

    grid: ShellGrid
    fields: Mapping[str, Array]


class Rivals:
    """All rivals, for the ground truth of one time step by variable, `(shell, latitude, longitude)` on `grid`.

    With a `profile`, a codec that spends all bytes on temperature gets its velocity from the same Stokes maps as the
    surrogate. The 0.1 kB of constants for this are not counted.
    """

    def __init__(
        self,
        truth: Mapping[str, Array],
        grid: ShellGrid,
        codecs: Sequence[Codec],
        profile: StokesProfile | None,
        say: Callable[[str], None],
    ) -> None:
        self.truth, self.grid, self._codecs, self.say = truth, grid, codecs, say
        self._profile = profile

    def rival(self, name: str, field: Array, size: float) -> Rival:
        """The accuracy of a field."""
        truth = self.truth[name]
        return Rival(psnr(field, truth), psnr(field, truth, cell_weights(self.grid)), size)

    def at(self, size: float, own: OwnInput | None, inputs_bytes: int) -> dict[str, dict[str, Rival]]:
        """The results of all rivals by way and variable. A codec gets `size` bytes for all variables together.

        The surrogate's own input, on a grid, takes `inputs_bytes` bytes. Without one, area means get as many.
        """
        found = self._of_the_same_bytes(own, inputs_bytes)
        coarse_grid = paper_input_grid(self.grid)
        coarse = {name: paper_input(field, self.grid, coarse_grid) for name, field in self.truth.items()}
        found |= {
            method: {
                name: self.rival(name, interpolate(layers, coarse_grid, self.grid), taken)
                for name, (layers, taken) in coarse.items()
            }
            for method, interpolate in METHODS.items()
        }
        for codec in self._codecs:
            found[codec.name] = {name: self._coded(codec, name, size / len(self.truth))[0] for name in self.truth}
            if TEMPERATURE.name in self.truth:
                found[codec.name + ALL_BYTES] = self._with_flow(*self._coded(codec, TEMPERATURE.name, size))
        return found

    def _of_the_same_bytes(self, own: OwnInput | None, size: int) -> dict[str, dict[str, Rival]]:
        found: dict[str, dict[str, Rival]] = {SAME_BYTES + method: {} for method in METHODS}
        for name, truth in self.truth.items():
            if own:
                layers, grid, taken = own.fields[name], own.grid, size
            else:
                layers, grid, taken = input_of_bytes(truth, self.grid, size / len(self.truth))
            for method, interpolate in METHODS.items():
                found[SAME_BYTES + method][name] = self.rival(name, interpolate(layers, grid, self.grid), taken)
        return found

    def curves(self, rates: Sequence[int]) -> dict[str, dict[str, tuple[Rival, ...]]]:
        """The codecs with these bytes for each variable, and with these bytes for temperature and the velocity computed
        from it.
        """
        found: dict[str, list[dict[str, Rival]]] = {}
        for codec in self._codecs:
            for rate in rates:
                coded = {name: self._coded(codec, name, rate) for name in self.truth}
                found.setdefault(codec.name, []).append({name: rival for name, (rival, _) in coded.items()})
                if self._maps and TEMPERATURE.name in coded:
                    found.setdefault(codec.name + ALL_BYTES, []).append(self._with_flow(*coded[TEMPERATURE.name]))
        return {way: curves(points) for way, points in found.items()}

    def network(self, size: float, updates: int) -> dict[str, dict[str, tuple[Rival, ...]]]:
        """A coordinate network for each variable, and one for the temperature with all `size` bytes, as one point of a
        curve each.
        """

        def coded(name: str, share: float) -> tuple[Rival, Array]:
            self.say(f"{name} by a coordinate network")
            found = code_by_network(self.truth[name], self.grid, share, updates)
            return self.rival(name, found.field, found.bytes), found.field

        found = {NETWORK: {name: coded(name, size / len(self.truth))[0] for name in self.truth}}
        if TEMPERATURE.name in self.truth:
            found[NETWORK + ALL_BYTES] = self._with_flow(*coded(TEMPERATURE.name, size))
        return {way: curves([point]) for way, point in found.items()}

    def _coded(self, codec: Codec, name: str, size: float) -> tuple[Rival, Array]:
        self.say(f"{name} by {codec.name}")
        found = code(codec, self.truth[name], size)
        return self.rival(name, found.field, found.bytes), found.field

    @property
    def _maps(self) -> StokesMaps | None:
        return _maps(self._profile, self.grid) if self._profile else None

    def _with_flow(self, rival: Rival, temperature: Array) -> dict[str, Rival]:
        found, measured = {TEMPERATURE.name: rival}, set(VELOCITY) & set(self.truth)
        if measured and (maps := self._maps):
            kelvins = scalar_coefficients(temperature, self.grid, len(maps.radial) - 1)
            for name, field in zip(VELOCITY, cartesian_velocity(kelvins, maps, self.grid), strict=True):
                if name in measured:
                    found[name] = self.rival(name, field, rival.bytes)
        return found


@lru_cache(maxsize=1)
def _maps(profile: StokesProfile, grid: ShellGrid) -> StokesMaps:
    """The Stokes maps on a grid's shells. They are the same for all time steps."""
    return profile.shell_maps(grid.radii_km, min(highest_degree(grid), DEGREE))


def curves(points: Sequence[Mapping[str, Rival]]) -> dict[str, tuple[Rival, ...]]:
    """Turn the points of a curve, each by variable, into one curve for each variable, with the fewest bytes first."""
    ordered = sorted(points, key=lambda point: min(rival.bytes for rival in point.values()))
    names = dict.fromkeys(name for point in ordered for name in point)
    return {name: tuple(point[name] for point in ordered if name in point) for name in names}


def nearest(normalised: Array, truth: Array) -> Array:
    """Convert numbers without a unit to the ground truth's unit, by the scale and offset that bring
    them nearest to it.
    """
    x, y = normalised.astype(np.float64), truth.astype(np.float64)
    slope = np.mean((x - x.mean()) * (y - y.mean())) / np.var(x)
    return np.asarray(y.mean() + slope * (x - x.mean()), np.float32)
