"""Reads training steps for a spectral surrogate: the variables' ranges, and the coefficients to be coded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from earthgan.records import VariableSpec
from earthgan.variables import Variable
from earthgan_training.coding.encode import refuse_unfit
from earthgan_training.coding.flow import FlowLeft
from earthgan_training.harmonics.analysis import scalar_coefficients
from earthgan_training.simulations.contest import Snapshot
from earthgan_training.surrogates.ranges import colour_range, extent, normalisation

Field = NDArray[np.floating]


@dataclass(frozen=True)
class TrainingSteps:
    """The variables, temperature first, and for each component the normalised coefficients `(degree, order, part,
    shell)` of each step. The coefficients of velocity are float32, because they may take as much memory as three
    temperatures.
    """

    variables: tuple[VariableSpec, ...]
    components: dict[str, list[Field]]


def read_training(
    snapshots: Iterable[Snapshot],
    also: Iterable[Snapshot],
    variables: Sequence[Variable],
    degree: int,
    radii_km: Sequence[float],
    flow: FlowLeft | None,
) -> TrainingSteps:
    """Read snapshots of `variables`. `also` are snapshots of other runs; they come last and do not affect the ranges.
    With `flow`, the result includes the velocity that the Stokes maps do not explain. Raises BadInput.
    """
    extents = []
    components: dict[str, list[Field]] = defaultdict(list)
    for snapshot, own in chain(zip(snapshots, repeat(True)), zip(also, repeat(False))):
        refuse_unfit(snapshot, degree, radii_km)
        if own:
            extents.append([extent(field, v) for field, v in zip(snapshot.values, variables, strict=True)])
        kelvins = scalar_coefficients(snapshot.values[0], snapshot.grid, degree)
        for name, coefficients in {"temperature": kelvins, **(flow.of(snapshot, kelvins) if flow else {})}.items():
            components[name].append(coefficients if name == "temperature" else coefficients.astype(np.float32))
    ranges = [colour_range(np.array(each), v) for each, v in zip(zip(*extents, strict=True), variables, strict=True)]
    fastest = max((high for (_, high), v in zip(ranges, variables, strict=True) if v.symmetric), default=1.0)
    ranges = [(-fastest, fastest) if v.symmetric else r for r, v in zip(ranges, variables, strict=True)]
    specs = tuple(
        VariableSpec(
            name=v.name,
            long_name=v.long_name,
            unit=v.unit,
            colormap=v.colormap,
            range=r,
            normalisation=normalisation(r, v),
        )
        for v, r in zip(variables, ranges, strict=True)
    )
    affine = specs[0].normalisation
    for name, steps in components.items():
        for each in steps:
            if name == "temperature":
                each[0, 0, 0] -= affine.offset * np.sqrt(4 * np.pi)
            each /= affine.scale if name == "temperature" else specs[1].normalisation.scale
    return TrainingSteps(specs, components)
