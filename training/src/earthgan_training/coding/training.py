"""Reads training steps for a spectral surrogate: the variables' ranges, and the coefficients to be coded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from earthgan.records import Affine, VariableSpec
from earthgan_training.coding.encode import read_step, refuse_unfit
from earthgan_training.coding.flow import Flow
from earthgan_training.coding.work import Report, counted
from earthgan_training.harmonics.analysis import scalar_coefficients
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.ranges import colour_range, common_ranges, described, extent, normalisation

Field = NDArray[np.floating]


@dataclass(frozen=True)
class TrainingSteps:
    """The variables, temperature first, and for each component the normalised coefficients `(degree, order, part,
    shell)` of each step. The coefficients of velocity are float32, because they may take as much memory as three
    temperatures.
    """

    variables: tuple[VariableSpec, ...]
    components: dict[str, list[Field]]

    @property
    def fields(self) -> list[dict[str, Field]]:
        """The coefficients of all components, by step."""
        return [
            dict(zip(self.components, fields, strict=True)) for fields in zip(*self.components.values(), strict=True)
        ]


def read_training(
    source: Source,
    train: Sequence[int],
    also: Sequence[Source],
    names: Sequence[str],
    degree: int,
    flow: Flow | None,
    report: Report,
) -> TrainingSteps:
    """Read the steps `train` of a source: the variables `names`, temperature first. All steps of the runs `also` come
    last and do not affect the ranges. With `flow`, the result includes the velocity that the Stokes maps do not
    explain. Raises BadInput.
    """
    variables = [source.named(name).variable for name in names]
    extents = []
    components: dict[str, list[Field]] = defaultdict(list)
    own = counted([(source, t) for t in train], "reading", report)
    others = counted([(run, step.t) for run in also for step in run.steps], "reading other runs", report)
    for run, t in chain(own, others):
        refuse_unfit(run, degree, source.grid.radii_km)
        fields = read_step(run, t, names if flow or run is source else names[:1])
        if run is source:
            extents.append([extent(field, v) for field, v in zip(fields, variables, strict=True)])
        kelvins = scalar_coefficients(fields[0], run.grid, degree)
        left = flow.of(partial(_part, fields[1:4]), run.grid, t, kelvins @ flow.span).left if flow else {}
        for name, coefficients in {"temperature": kelvins, **left}.items():
            components[name].append(coefficients if name == "temperature" else coefficients.astype(np.float32))
    velocity = tuple(names[1:])
    own_ranges = {v.name: colour_range(np.array(each), v) for v, *each in zip(variables, *extents, strict=True)}
    ranges = common_ranges(own_ranges, velocity)
    # The maps compute all components in one unit, whatever range each is drawn with.
    fastest = max((abs(end) for name in velocity for end in ranges[name]), default=1.0)
    speed = Affine(offset=0.0, scale=fastest)
    specs = tuple(
        described(v, ranges[v.name], speed if v.name in velocity else normalisation(ranges[v.name], v))
        for v in variables
    )
    affine = specs[0].normalisation
    for name, steps in components.items():
        for each in steps:
            if name == "temperature":
                each[0, 0, 0] -= affine.offset * np.sqrt(4 * np.pi)
            each /= affine.scale if name == "temperature" else specs[1].normalisation.scale
    return TrainingSteps(specs, components)


def _part(velocity: NDArray[np.float32], i: int, shells: range) -> NDArray[np.float32]:
    return velocity[i, shells.start : shells.stop]
