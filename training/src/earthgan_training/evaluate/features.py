"""Whether a surrogate has the slabs and plumes of the ground truth: where they are, and which one is which.

Both are found by the same criterion on the same grid (`earthgan.features`). On a shell, the area that lies in features
of both is divided by the area that lies in features of either. Features of a step are partners if they overlap most, as
in `earthgan.features.tracks`. A track of the truth agrees in a step if its partner belongs to that track of the
surrogate which is its partner most often.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.features.criterion import KINDS, Kind
from earthgan.features.find import Finder, crossing_depths_km, nearest_shell
from earthgan.features.found import Found
from earthgan.features.tracks import Tracker, partners
from earthgan.quantities import DERIVED, V_RADIAL, anomaly
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan.surrogate import LONGEST_RUN
from earthgan.variables import TEMPERATURE

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """`overlaps` are intersections over unions of areas in all steps, by kind and depth.

    `identities` is the share of the steps of the truth's tracks in which their identity agrees. It is None if the truth
    has no features, or if there is only one step. `tracks` is the number of the truth's tracks, and `steps` that of the
    steps.
    """

    overlaps: Mapping[Kind, Mapping[float, float]]
    identities: float | None
    tracks: int
    steps: int

    def as_json(self) -> dict[str, Any]:
        """The agreement as plain numbers."""
        overlaps = {kind: {f"{depth:g}": share for depth, share in of.items()} for kind, of in self.overlaps.items()}
        return {"overlaps": overlaps, "identities": self.identities, "tracks": self.tracks, "steps": self.steps}


class FeatureAgreement:
    """Compares the features of one time step after another."""

    def __init__(self, grid: ShellGrid, planet: PlanetSpec) -> None:
        self._grid, self._planet = grid, planet
        self._areas: defaultdict[tuple[Kind, float], NDArray[np.float64]] = defaultdict(lambda: np.zeros(2))
        self._true, self._predicted = Tracker(), Tracker()
        self._met: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self._steps = 0

    def see(self, t: int, truth: Mapping[str, Array], predicted: Mapping[str, Array]) -> None:
        """Take the next step: its fields `(shell, latitude, longitude)` by variable."""
        true, ours = self._found(truth), self._found(predicted)
        weights = cell_weights(self._grid)
        for depth in crossing_depths_km(self._planet):
            r = nearest_shell(self._grid, self._planet, depth)
            for kind in KINDS:
                one, other = (_inside(found, r, kind) for found in (true, ours))
                self._areas[kind, depth] += weights[one & other].sum(), weights[one | other].sum()
        self._true.add(t, true)
        self._predicted.add(t, ours)
        for a, b in partners(true, ours):
            self._met[self._true.current[a].id][self._predicted.current[b].id] += 1
        self._steps += 1

    def agreement(self) -> Agreement:
        """The agreement in all steps that were seen."""
        depths = crossing_depths_km(self._planet)
        overlaps = {kind: {depth: _share(*self._areas[kind, depth]) for depth in depths} for kind in KINDS}
        lives = sum(len(track.steps) for track in self._true.tracks)
        agreed = sum(max(met.values()) for met in self._met.values())
        known = lives > 0 and self._steps > 1
        return Agreement(overlaps, agreed / lives if known else None, len(self._true.tracks), self._steps)

    def _found(self, fields: Mapping[str, Array]) -> Found:
        finder, rising = Finder(self._grid, self._planet), DERIVED[V_RADIAL]
        while finder.left:
            run = finder.left[:LONGEST_RUN]
            part = {name: fields[name][run.start : run.stop] for name in (TEMPERATURE.name, *rising.needs)}
            finder.add(anomaly(part[TEMPERATURE.name], self._grid), rising.of(part, self._grid))
        return finder.found()


def _inside(found: Found, r: int, kind: Kind) -> NDArray[np.bool_]:
    """The cells `(latitude, longitude)` of a shell that are in features of a kind."""
    members = np.array([*(each.kind == kind for each in found.features), False])
    return np.asarray(members[found.on_shell(r)])


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
