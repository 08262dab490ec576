"""What a scientist may ask about a surrogate beyond its scores, and the answers that need more than one time step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.quantities import VELOCITY
from earthgan.sphere.grid import ShellGrid
from earthgan.variables import TEMPERATURE
from earthgan_training.evaluate.bounded import bounded_codecs
from earthgan_training.evaluate.features import Agreement, FeatureAgreement
from earthgan_training.evaluate.series import Cost, Series, SeriesCost
from earthgan_training.evaluate.tracers import Drift, Tracers
from earthgan_training.simulations.labelled import Source

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Asked:
    """The questions. Each of them takes time, so none is asked unless somebody does.

    `bounds` are the largest errors that codecs promise, as shares of a variable's range in the first time step.
    `network` is the number of updates that train a coordinate network on the first time step. `tracers` is the number
    of tracers. With `series`, the bytes of all steps together are compared, and with `features`, slabs and plumes.
    """

    bounds: tuple[float, ...] = ()
    network: int = 0
    tracers: int = 0
    series: bool = False
    features: bool = False

    def check(self, source: Source, variables: tuple[str, ...]) -> None:
        """Raise BadInput for a question that has no answer, before any work is done."""
        if self.bounds and not bounded_codecs():
            raise BadInput("no codec with a bound is installed (extra `codecs`)")
        if self.tracers and not set(VELOCITY) <= set(variables):
            raise BadInput(f"{source.address}: tracers need a velocity, {', '.join(VELOCITY)}")
        if self.features and not {TEMPERATURE.name, *VELOCITY} <= set(variables):
            raise BadInput(f"{source.address}: slabs and plumes need {TEMPERATURE.name}, {', '.join(VELOCITY)}")
        if self.series and TEMPERATURE.name not in variables:
            raise BadInput(f"{source.address}: the bytes of a series are compared for temperature, which is missing")
        if self.series and not find_spec("imagecodecs"):
            raise BadInput("the bytes of a series are compared with SPERR, which is not installed (extra `codecs`)")


NOTHING = Asked()


class OverTime:
    """Gathers what needs more than one time step, for the time steps of a source in their order."""

    def __init__(self, asked: Asked, source: Source) -> None:
        self._asked = asked
        self._units = {each.variable.name: each.variable.unit for each in source.variables}
        times = [step.time_myr for step in source.steps]
        self._times_myr = dict(zip((step.t for step in source.steps), times, strict=True))
        known = [time for time in times if time is not None]
        self._span_myr = max(known) - min(known) if len(known) == len(times) else None
        self._planet = source.planet
        self._tracers: Tracers | None = None
        self._features: FeatureAgreement | None = None
        self._series: Series | None = None

    @property
    def wants_series(self) -> bool:
        return self._asked.series

    def see(
        self,
        t: int,
        truth: Mapping[str, Array],
        predicted: Mapping[str, Array],
        grid: ShellGrid,
        costs: tuple[Cost, Cost | None] | None,
        say: Callable[[str], None],
    ) -> None:
        """Take the next step: its fields by variable, and, for a series, what its temperature costs coded alone and as
        it is stored.
        """
        if self._asked.tracers:
            if self._tracers is None:
                self._tracers = Tracers(self._asked.tracers, grid, self._units[VELOCITY[0]], self._span_myr)
            say("carrying tracers")
            flows = [[fields[name] for name in VELOCITY] for fields in (truth, predicted)]
            self._tracers.see(t, self._times_myr[t], *flows)
        if self._asked.features:
            if self._features is None:
                self._features = FeatureAgreement(grid, self._planet)
            say("finding slabs and plumes")
            self._features.see(t, truth, predicted)
        if costs:
            if self._series is None:
                self._series = Series(say)
            self._series.see(t, truth[TEMPERATURE.name], *costs)

    @property
    def drift(self) -> Drift | None:
        return self._tracers.drift() if self._tracers else None

    @property
    def features(self) -> Agreement | None:
        return self._features.agreement() if self._features else None

    @property
    def series(self) -> SeriesCost | None:
        return self._series.found() if self._series else None
