"""Follows features through time.

Features of one kind in consecutive steps are the same if they overlap most. The pair with the largest common volume is
matched first, then the largest of those that are left. The common volume must be a share of the smaller of the two. A
feature without a partner was born, or has split off the one that it overlaps most. In the same way it dies, or merges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import InvalidRequest
from earthgan.features.criterion import Kind
from earthgan.features.feature import Feature
from earthgan.features.found import Found
from earthgan.sphere.grid import cell_weights

#: Two features have to share at least this part of the smaller one.
LEAST_OVERLAP = 0.1

Beginning = Literal["first step", "birth", "split"]
Ending = Literal["last step", "death", "merge"]


@dataclass
class Track:
    """A feature through time: `steps` and its `features` in them.

    `origin` is the track that it has split from, and `heir` the one that it has merged with.
    """

    id: int
    kind: Kind
    began: Beginning
    origin: int | None = None
    ended: Ending = "last step"
    heir: int | None = None
    steps: list[float] = field(default_factory=list)
    features: list[Feature] = field(default_factory=list)

    @property
    def volumes_km3(self) -> list[float]:
        """The volume in each of the steps."""
        return [each.volume_km3 for each in self.features]


class Tracker:
    """Takes the features of one step after another, and keeps only the last step's cells."""

    def __init__(self, least_overlap: float = LEAST_OVERLAP) -> None:
        if not 0 < least_overlap <= 1:
            raise InvalidRequest("least_overlap is more than 0 and at most 1")
        self._least = least_overlap
        self._before: Found | None = None
        #: The tracks of the last step, one for each of its features.
        self.current: list[Track] = []
        #: All tracks, in the order in which they began; within a step, in that of the features.
        self.tracks: list[Track] = []

    def add(self, t: float, found: Found) -> None:
        """Add the next step. Raises ValueError if it lies on another grid."""
        before, old = self._before, self.current
        if before is not None and before.grid != found.grid:
            raise ValueError("all steps of a track lie on one grid")
        new: list[Track | None] = [None] * len(found.features)
        pairs = [] if before is None else _pairs(before, found, self._least)
        carried = dict(_matched(pairs))
        for a, b in carried.items():
            new[b] = old[a]
        parents: dict[int, int] = {}
        for _, a, b in pairs:
            if new[b] is None:
                parents.setdefault(b, a)
        tracks: list[Track] = []
        for b, feature in enumerate(found.features):
            track = new[b]
            if track is None:
                origin = old[parents[b]].id if b in parents else None
                began: Beginning = "first step" if before is None else "birth" if origin is None else "split"
                track = Track(len(self.tracks) + 1, feature.kind, began, origin)
                self.tracks.append(track)
            track.steps.append(t)
            track.features.append(feature)
            tracks.append(track)
        heirs: dict[int, int] = {}
        for _, a, b in pairs:
            heirs.setdefault(a, b)
        for a, track in enumerate(old):
            if a not in carried:
                track.heir = tracks[heirs[a]].id if a in heirs else None
                track.ended = "death" if track.heir is None else "merge"
        self._before, self.current = found, tracks


def partners(one: Found, other: Found, least_overlap: float = LEAST_OVERLAP) -> list[tuple[int, int]]:
    """The pairs of features that are the same, as indices, the pair with the largest common volume first."""
    return _matched(_pairs(one, other, least_overlap))


def _pairs(before: Found, after: Found, least_overlap: float) -> list[tuple[float, int, int]]:
    """The common volume of features of one kind, and their indices, the largest first."""
    shared = overlaps_km3(before, after)
    pairs = []
    for a, b in np.argwhere(shared > 0).tolist():
        old, new = before.features[a], after.features[b]
        if old.kind == new.kind and shared[a, b] >= least_overlap * min(old.volume_km3, new.volume_km3):
            pairs.append((float(shared[a, b]), a, b))
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))


def _matched(pairs: list[tuple[float, int, int]]) -> list[tuple[int, int]]:
    """The first pair of each feature that is left, in the order of `pairs`."""
    taken: dict[int, int] = {}
    given: set[int] = set()
    for _, a, b in pairs:
        if a not in taken and b not in given:
            taken[a] = b
            given.add(b)
    return list(taken.items())


def overlaps_km3(one: Found, other: Found) -> NDArray[np.float64]:
    """The volume `(feature of one, feature of the other)` of the cells that two features have in common."""
    (cells, owners), (others, their) = one.cells, other.cells
    common, mine, yours = np.intersect1d(cells, others, assume_unique=True, return_indices=True)
    weights = cell_weights(one.grid).ravel()
    volumes = weights[common % weights.size] * one.shell_km3[common // weights.size]
    count = len(other.features)
    pair = owners[mine].astype(np.int64) * count + their[yours]
    shared = np.bincount(pair, volumes, len(one.features) * count).astype(np.float64)
    return shared.reshape(len(one.features), count)
