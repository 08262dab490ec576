"""The results of an evaluation, for each time step and over all of them, and their JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid
from earthgan_training.evaluate.bounded import AtBound
from earthgan_training.evaluate.features import Agreement
from earthgan_training.evaluate.footprint import Footprint
from earthgan_training.evaluate.largest import LargestError
from earthgan_training.evaluate.scores import VariableScores
from earthgan_training.evaluate.series import SeriesCost
from earthgan_training.evaluate.tracers import Drift

#: The suffix for the name of a codec that got the bytes of all variables for the temperature alone.
ALL_BYTES = "_all_bytes_on_temperature"
#: The prefix for interpolation of the same bytes as the surrogate's own input: of that input itself if it lies on a
#: grid, and otherwise of area means that take as many bytes.
SAME_BYTES = "same_bytes_"
#: Ways among `rates` whose bytes are those of all variables together: surrogates, the same surrogates without their
#: networks, and the published generator.
SURROGATES, WITHOUT_NETWORK, PUBLISHED = "surrogates", "surrogates_without_network", "published"
#: The way of a coordinate network among `rates`.
NETWORK = "network"


@dataclass(frozen=True)
class Rival:
    """The accuracy of a rival, and the bytes that it took."""

    psnr_global_db: float
    psnr_area_db: float
    bytes: float


@dataclass(frozen=True)
class StepResult:
    """The results for one time step. `stored`, `clipped` and `differs` are explained in `inputs.AtStep`. `strength` is
    the buoyancy of the step, relative to the surrogate's profile. `divergence` holds the prediction's value and the
    ground truth's. `rivals` and `rates` are by way and variable. With `own_input`, the rivals of the same bytes
    interpolate the surrogate's own input. `largest` is by variable, and `bounded` by bound, way and variable.
    """

    t: int
    time_myr: float | None
    grid: ShellGrid
    inputs_bytes: int
    strength: float
    stored: bool
    clipped: int
    differs: float | None
    variables: Mapping[str, VariableScores]
    own_input: bool
    divergence: tuple[float, float] | None
    rivals: Mapping[str, Mapping[str, Rival]]
    rates: Mapping[str, Mapping[str, tuple[Rival, ...]]]
    largest: Mapping[str, LargestError]
    bounded: Mapping[float, Mapping[str, Mapping[str, AtBound]]]


@dataclass(frozen=True)
class Evaluation:
    """The results for all time steps. Numbers over several time steps are means of decibels, of ratios or of bytes.

    With `own_input`, the ways of the same bytes interpolate the surrogate's own input. `drift`, `features` and
    `series` are None unless they were asked for.
    """

    title: str
    notice: str
    digest: str
    preset: str
    members: int
    stored: tuple[int, ...]
    own_input: bool
    planet: PlanetSpec
    footprint: Footprint
    units: Mapping[str, str]
    steps: tuple[StepResult, ...]
    on_source_grid: bool = False
    drift: Drift | None = None
    features: Agreement | None = None
    series: SeriesCost | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(self.steps[0].variables)

    @property
    def ways(self) -> tuple[str, ...]:
        """The names of the rivals."""
        return tuple(self.steps[0].rivals)

    @property
    def grid(self) -> ShellGrid:
        return self.steps[0].grid

    @property
    def rates(self) -> Mapping[str, Mapping[str, tuple[Rival, ...]]]:
        """The curves of the codecs and of the surrogates, from the first time step."""
        return self.steps[0].rates

    def numbers(self, name: str) -> dict[str, float]:
        """The scores of a variable, averaged over time steps."""
        every = [step.variables[name].numbers for step in self.steps]
        return {key: _mean(numbers[key] for numbers in every) for key in every[0]}

    def curve(self, name: str, key: str) -> NDArray[np.float64]:
        """A variable's curve over shells, averaged over time steps."""
        return np.asarray(np.mean([step.variables[name].shells[key] for step in self.steps], axis=0))

    def power_ratio(self, name: str) -> NDArray[np.float64]:
        """The ratio `(degree,)` of a variable's power to that of the ground truth, averaged over time steps."""
        return np.asarray(np.mean([step.variables[name].power_ratio for step in self.steps], axis=0))

    def rival(self, way: str, name: str) -> Rival | None:
        """A rival's mean over time steps, or None if it was not tried on that variable."""
        every = [step.rivals[way][name] for step in self.steps if name in step.rivals[way]]
        if not every:
            return None
        return Rival(*(_mean(getattr(each, key) for each in every) for key in Rival.__dataclass_fields__))

    def largest(self, name: str) -> LargestError:
        """A variable's largest error in all time steps."""
        return max((step.largest[name] for step in self.steps), key=lambda each: abs(each.error))

    @property
    def bounded(self) -> Mapping[float, Mapping[str, Mapping[str, AtBound]]]:
        """What codecs with a promised bound take, by bound, way and variable, in the first time step."""
        return self.steps[0].bounded

    def gain_db(self, name: str) -> float:
        """How far a variable's PSNR is above that of the best interpolation of the same bytes. A surrogate that is not
        better than that has a gain below zero.
        """
        same = [self.rival(way, name) for way in self.ways if way.startswith(SAME_BYTES)]
        return self.numbers(name)["psnr_global_db"] - max(rival.psnr_global_db for rival in same if rival)

    @property
    def divergence(self) -> tuple[float, float] | None:
        """The relative divergence of the prediction and that of the ground truth; None without a velocity."""
        every = [step.divergence for step in self.steps if step.divergence]
        return (_mean(a for a, _ in every), _mean(b for _, b in every)) if every else None

    def as_json(self) -> dict[str, Any]:
        """The results as plain numbers; None where there is no number."""
        grid, first = self.grid, self.steps[0]
        rivals = {way: {name: self.rival(way, name) for name in self.variables} for way in self.ways}
        found = {
            "surrogate": {
                "title": self.title,
                "notice": self.notice,
                "digest": self.digest,
                "preset": self.preset,
                "members": self.members,
                "steps_stored": list(self.stored),
            },
            "grid": list(grid.shape),
            "steps": [step.t for step in self.steps],
            "variables": {name: self.numbers(name) for name in self.variables},
            "velocity": dict(zip(("divergence", "divergence_truth"), self.divergence, strict=True))
            if self.divergence
            else None,
            "bytes": {
                "inputs_per_step": self.footprint.inputs_per_step,
                "model": self.footprint.model,
                "per_step_over_251": self.footprint.per_step,
                "onnx_not_added": self.footprint.onnx,
            },
            "baselines": {
                way: {name: vars(rival) for name, rival in of.items() if rival} for way, of in rivals.items()
            },
            "largest_errors": {name: vars(self.largest(name)) for name in self.variables},
            "bounded": [
                {
                    "bound": bound,
                    "ways": {way: {name: vars(each) for name, each in of.items()} for way, of in ways.items()},
                }
                for bound, ways in self.bounded.items()
            ],
            "tracers": vars(self.drift) | {"steady": self.drift.steady} if self.drift else None,
            "features": self.features.as_json() if self.features else None,
            "series": asdict(self.series) if self.series else None,
            "gain_over_same_bytes_db": {name: self.gain_db(name) for name in self.variables},
            "shells": {
                "depth_km": [self.planet.depth_km(radius) for radius in grid.radii_km],
                **{
                    name: {key: self.curve(name, key).tolist() for key in first.variables[name].shells}
                    for name in self.variables
                },
            },
            "spectra": {name: {"power_ratio": self.power_ratio(name).tolist()} for name in self.variables},
            "rates": {
                codec: {name: [vars(rival) for rival in curve] for name, curve in of.items()}
                for codec, of in self.rates.items()
            },
            "by_step": [
                {
                    "t": step.t,
                    "time_myr": step.time_myr,
                    "strength": step.strength,
                    "inputs_clipped": step.clipped,
                    "inputs_differ_from_stored": step.differs,
                    "variables": {name: dict(scores.numbers) for name, scores in step.variables.items()},
                    "baselines": {
                        way: {name: vars(rival) for name, rival in of.items()} for way, of in step.rivals.items()
                    },
                }
                for step in self.steps
            ],
        }
        plain: dict[str, Any] = _finite(found)
        return plain


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _finite(content: Any) -> Any:
    """The same content with None for NaN and infinities, which JSON does not have."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not np.isfinite(content) else content
