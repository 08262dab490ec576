"""The order in which the magnitudes of a transform's coefficients are coded, and the context of each magnitude.

A magnitude is expected to be like its neighbours in its band and like its parents, the magnitudes in the next coarser
bands at the same place. Bands of one generation are coded together, in eight phases: a phase holds the cells whose
indices have the same parities. The first phase knows the parents only. Each later phase also knows the neighbours that
earlier phases have coded, so a whole phase can be coded in one call.

Where the neighbours and the parents are all zero, the magnitude is almost certainly zero. Such *quiet* cells are dealt
into groups, and one flag says of each group whether it has any other number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby, product
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.wavelet_entropy import Ints, Magnitudes, Model
from earthgan.kinds.wavelet_transform import Key, Plan

Whole = NDArray[np.int32]

#: The phases as parities. Opposite corners first, so that each phase has neighbours on all sides.
_PHASES = ((0, 0, 0), (1, 1, 1), (0, 1, 1), (1, 0, 0), (1, 0, 1), (0, 1, 0), (1, 1, 0), (0, 0, 1))
_OFFSETS = tuple(offset for offset in product((-1, 0, 1), repeat=3) if any(offset))
#: The weights of neighbours across a face, an edge and a corner.
_WEIGHTS = (0, 10, 6, 4)
#: The weight of the known neighbours from which on a phase belongs to the last of three groups of phases.
_MANY = 60
#: Magnitudes count as at most this when others are predicted from them.
_LOUDEST = 1 << 20
_GROUP = 16

#: Expected magnitudes are in 1/64. Class k begins at 64 (2^(k/2) - 1) / 20. Two classes differ by a factor of √2.
_UNIT = 64
_CLASSES = np.array([16 * (isqrt(1 << (k + 20)) - 1024) // 5120 + 1 for k in range(1, 60)])
#: From this class on, low bits are stored as they are, one more in every other class. From `_LAST` on, classes differ
#: in the number of these bits only.
_NARROW, _LAST = 10, 28
#: The ratios of what the parents suggest to what the neighbours suggest, in tenths, at which the second part of a
#: context changes.
_RATIOS = np.array([3, 9, 21, 45, 93])
#: What share of the neighbours' suggestion to expect at each of these ratios, with few and with many neighbours; and
#: the share of groups of quiet cells with other numbers, and the mean magnitude in such groups.
_EXPECTED = (0.4, 0.4, 0.7, 1.0, 1.1, 1.5), (0.3, 0.6, 0.95, 1.0, 0.95, 1.05)
_EXPECTED_FLAGS, _EXPECTED_LIVE = (0.004, 0.004, 0.004), (0.1, 0.1, 0.1)
_COUNT = (_LAST + 2) * (len(_RATIOS) + 1)
_QUIET, _LIVE = 3 * _COUNT, 3 * _COUNT + 3
CONTEXTS = 3 * _COUNT + 6


@dataclass
class _Band:
    """A band while it is coded. `padded` holds the magnitudes so far, mirrored at the edges of axes that have any."""

    magnitudes: Ints
    padded: Whole
    suggested: Ints  # by the parents, in 1/64

    def take(self, phase: tuple[slice, slice, slice], values: Ints) -> None:
        self.magnitudes[phase] = values.reshape(self.magnitudes[phase].shape)
        inner = self.padded[1:-1, 1:-1, 1:-1]
        inner[phase] = np.minimum(self.magnitudes[phase], _LOUDEST)
        for axis, length in enumerate(self.magnitudes.shape):
            if length > 1:  # the mirror keeps parities
                line = self.padded.swapaxes(0, axis)
                line[0], line[-1] = line[2], line[-3]


def new_model() -> Model:
    """The model of the contexts before the first magnitude.

    How much of what neighbours and parents suggest is to be expected was measured on fields of many kinds.
    """
    starts = np.concatenate([[0], _CLASSES]).astype(np.float64)
    middle = (starts[:-1] + starts[1:])[: _LAST + 2] / (2 * _UNIT)
    by_parents = np.minimum(0.2 * middle, 0.3 * middle * middle)
    means = [np.repeat(by_parents[:, None], len(_RATIOS) + 1, axis=1)]
    means += [middle[:, None] * np.array(shares) for shares in _EXPECTED]
    narrowed = np.array(means) / np.array([1 << _shift(k) for k in range(_LAST + 2)])[:, None]
    return Model(np.concatenate([narrowed.reshape(-1), _EXPECTED_FLAGS, _EXPECTED_LIVE]))


def flags_of(contexts: Ints) -> tuple[NDArray[np.intp], Ints]:
    """Which contexts are those of cells in groups of quiet cells, and the contexts of these groups' flags."""
    groups = np.flatnonzero(contexts >= _LIVE)
    return groups, contexts[groups] - (_LIVE - _QUIET)


def code_magnitudes(
    plan: Plan, coder: Magnitudes, loudness: int, across: bool, known: Mapping[Key, Ints] | None = None
) -> dict[Key, Ints]:
    """Code the magnitudes of all bands. The encoder knows them, and the decoder learns them here.

    `loudness` is the magnitude to expect in the coarsest band, which has no parents. With `across`, magnitudes are
    expected to be like their neighbours in other shells, too.
    """
    done: dict[Key, Ints] = {}
    smooth: dict[Key, Ints] = {}
    for _, keys in groupby(plan.bands(), key=plan.generation):
        bands = {key: _begun(plan, key, smooth, loudness) for key in keys}
        for phase in range(len(_PHASES)):
            _code_phase(phase, bands, coder, across, known)
        for key, band in bands.items():
            done[key] = band.magnitudes
            smooth[key] = _smoothed(band.padded[1:-1, 1:-1, 1:-1])
    return done


def _begun(plan: Plan, key: Key, smooth: Mapping[Key, Ints], loudness: int) -> _Band:
    shape = plan.shape_of(key)
    parents = [_stretched(smooth[parent], shape) for parent in plan.parents(key)]
    if parents:
        suggested = sum(parents, np.zeros(shape, np.int64)) // len(parents)
    else:
        suggested = np.full(shape, min(loudness, _LOUDEST) * _UNIT)
    z, y, x = shape
    return _Band(np.zeros(shape, np.int64), np.zeros((z + 2, y + 2, x + 2), np.int32), suggested)


def _code_phase(
    phase: int, bands: Mapping[Key, _Band], coder: Magnitudes, across: bool, known: Mapping[Key, Ints] | None
) -> None:
    """Code one phase of all bands of a generation."""
    places, contexts, shifts, values = [], [], [], []
    for key, band in bands.items():
        z, y, x = (slice(parity, None, 2) for parity in _PHASES[phase])
        place = z, y, x
        if 0 in band.magnitudes[place].shape:
            continue
        context, shift = _contexts(band, phase, place, across)
        places.append((band, place, context.size))
        contexts.append(context)
        shifts.append(shift)
        if known is not None:
            values.append(known[key][place].reshape(-1))
    if not places:
        return
    all_values = np.concatenate(values) if values else None
    coded = _code_cells(np.concatenate(contexts), np.concatenate(shifts), coder, all_values)
    first = 0
    for band, place, count in places:
        band.take(place, coded[first : first + count])
        first += count


def _code_cells(contexts: Ints, shifts: Ints, coder: Magnitudes, values: Ints | None) -> Ints:
    """Code cells. Groups of quiet cells are skipped if a flag says that they are zero."""
    quiet = np.flatnonzero(contexts >= _QUIET)
    out = np.zeros(len(contexts), np.int64)
    skipped = np.zeros(len(contexts), bool)
    if len(quiet):
        starts = np.arange(0, len(quiet), _GROUP)
        live = None if values is None else (np.maximum.reduceat(values[quiet], starts) > 0).astype(np.int64)
        flags = coder.code(contexts[quiet[starts]], None, live)
        skipped[quiet] = np.repeat(flags == 0, _GROUP)[: len(quiet)]
        contexts[quiet] += _LIVE - _QUIET
    left = np.flatnonzero(~skipped)
    out[left] = coder.code(contexts[left], shifts[left], None if values is None else values[left])
    return out


def _contexts(band: _Band, phase: int, place: tuple[slice, slice, slice], across: bool) -> tuple[Ints, Ints]:
    """The context and the shift of each cell of a phase."""
    suggested = band.suggested[place].reshape(-1)
    sums, weight = _neighbours(band, phase, across)
    count = len(suggested)
    kind = 0 if not weight else 1 if weight < _MANY else 2
    contexts, shifts = np.full(count, _QUIET + kind), np.zeros(count, np.int64)
    if not weight:
        active = np.flatnonzero(suggested)
        classes = np.searchsorted(_CLASSES, suggested[active], side="right")
        ratios = np.zeros(len(active), np.int64)
    else:
        flat = sums.reshape(-1)
        active = np.flatnonzero((flat > 0) | (suggested > 0))
        near, far = flat[active].astype(np.int64), suggested[active]
        classes = np.searchsorted((_CLASSES * weight + _UNIT - 1) // _UNIT, near, side="right")
        ratios = np.zeros(len(active), np.int64)
        far, near = 10 * weight * far, _UNIT * near + 3 * weight
        for ratio in _RATIOS:
            ratios += far >= ratio * near
    shifts[active] = np.maximum(0, (classes - _NARROW) // 2)
    folded = np.where(classes < _LAST, classes, _LAST + (classes & 1))
    contexts[active] = kind * _COUNT + folded * (len(_RATIOS) + 1) + ratios
    return contexts, shifts


def _neighbours(band: _Band, phase: int, across: bool) -> tuple[Whole, int]:
    """The weighted sum of the known neighbours of the cells of a phase, and the sum of the weights."""
    parities, padded = _PHASES[phase], band.padded
    z, y, x = band.magnitudes.shape
    empty = np.zeros(0, np.int32)
    sums: list[Whole | None] = [None] * len(_WEIGHTS)
    weight = 0
    for offset in _OFFSETS if phase else ():
        if any(step and length == 1 for step, length in zip(offset, (z if across else 1, y, x), strict=True)):
            continue
        there = tuple(parity ^ (step & 1) for parity, step in zip(parities, offset, strict=True))
        if _PHASES.index(there) >= phase:
            continue
        firsts = [1 + parity + step for parity, step in zip(parities, offset, strict=True)]
        counts = [(length - parity + 1) // 2 for parity, length in zip(parities, (z, y, x), strict=True)]
        cut = padded[tuple(slice(a, a + 2 * n - 1, 2) for a, n in zip(firsts, counts, strict=True))]
        distance = sum(map(abs, offset))
        weight += _WEIGHTS[distance]
        known = sums[distance]
        if known is None:
            sums[distance] = cut.copy()
        else:
            known += cut
    total = None
    for each, times in zip(sums, _WEIGHTS, strict=True):
        if each is not None:
            each *= times
            total = each if total is None else total + each
    return (empty if total is None else total), weight


def _smoothed(magnitudes: Whole) -> Ints:
    """The mean of each magnitude and its neighbours, in 1/64, by the weights 1, 2 and 1 along each axis."""
    out = magnitudes.astype(np.int64)
    for axis in range(3):
        line = out.swapaxes(0, axis)
        smooth = 2 * line
        smooth[1:] += line[:-1]
        smooth[:1] += line[:1]
        smooth[:-1] += line[1:]
        smooth[-1:] += line[-1:]
        out = smooth.swapaxes(0, axis)
    return out


def _stretched(parent: Ints, shape: tuple[int, int, int]) -> Ints:
    """A parent's numbers at the cells of its child, which has as many cells along an axis or about twice as many."""
    for axis, length in enumerate(shape):
        have = parent.shape[axis]
        cells = np.arange(length)
        if have != length:
            parent = parent.take(cells if have > length else np.minimum(cells // 2, have - 1), axis=axis)
    return parent


def _shift(k: int) -> int:
    return max(0, (k - _NARROW) // 2)
