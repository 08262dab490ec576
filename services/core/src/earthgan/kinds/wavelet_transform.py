"""The wavelet transform of a box of cells `(shell, latitude, longitude)`: CDF 9/7 by lifting, along one axis after the
other.

The wavelet is that of Cohen, Daubechies & Feauveau (1992); the lifting steps are those of Daubechies & Sweldens (1998).
The transform uses float64 and only additions and multiplications of single numbers, so every machine and every language
that follows IEEE 754 computes the same numbers.

A *band* is what the filters leave of a box. Its key names, for each axis, the level and whether the band holds the fine
part (1) or the coarse part (0) of this level. A plan says along which axes which bands are split:

* `DYADIC` splits the coarse part along all axes at once. It suits features that are as wide as they are tall.
* `SHELLS` splits along the radius first, and then each part along latitude and longitude at once.
* `TENSOR` splits along each axis on its own. It suits smooth fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

Box = NDArray[np.float64]
#: The level and the part along one axis.
Part = tuple[int, int]
Key = tuple[Part, Part, Part]
Axes = tuple[int, int, int]

#: The lifting steps (predict, update, predict, update), and the factor that makes the coarse part of a constant √2
#: times as large.
_STEPS = (-1.586134342059924, -0.052980118572961, 0.882911075530934, 0.443506852043971)
_COARSE = 1.1496043988602418
_FINE = 1 / _COARSE
#: Shorter axes are not split, and no axis is split more often.
SHORTEST, DEEPEST = 8, 6


class Order(IntEnum):
    """The order in which bands are split."""

    DYADIC = 0
    SHELLS = 1
    TENSOR = 2


@dataclass(frozen=True)
class Plan:
    """How a box is split: the order, and the number of levels along each axis.

    Columns are periodic if `periodic`. All other axes are mirrored at their ends.
    Raises ValueError if the levels are too many for the shape.
    """

    shape: Axes
    levels: Axes
    order: Order
    periodic: bool

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or any(
            not 0 <= levels <= most_levels(length, 2) for levels, length in zip(self.levels, self.shape, strict=True)
        ):
            raise ValueError(f"{self.levels} levels do not suit a box of {self.shape} cells")

    def bands(self) -> list[Key]:
        """The keys of the bands. A band is listed after its parents."""
        return sorted(_keys(self), key=lambda key: (self.generation(key), key))

    def shape_of(self, key: Key) -> Axes:
        """The shape of a band."""
        z, y, x = (_length(n, part) for n, part in zip(self.shape, key, strict=True))
        return z, y, x

    def generation(self, key: Key) -> int:
        """How fine a band is. Its parents are of earlier generations."""
        return sum(levels - level + fine for levels, (level, fine) in zip(self.levels, key, strict=True))

    def parents(self, key: Key) -> list[Key]:
        """The next coarser bands, whose magnitudes tell something about those of this band.

        Only the first of all bands has none.
        """
        coarser = [self._coarser(axis, part) for axis, part in enumerate(key)]
        alone = [_with(key, axis, part) for axis, part in enumerate(coarser) if part != key[axis]]
        match self.order:
            case Order.TENSOR:
                found = alone
            case Order.SHELLS:
                found = [(key[0], coarser[1], coarser[2])]
                if coarser[0] != key[0]:
                    found.append((coarser[0], key[1], key[2]))
            case Order.DYADIC:
                found = [(coarser[0], coarser[1], coarser[2])]
        bands = [band for each in found if each != key for band in self._made_of(each)]
        return [band for band in bands if band != key]

    def _made_of(self, key: Key) -> list[Key]:
        """The band `key`, or if it was split along some axes, what the next level has made of it."""
        if key in self._known:
            return [key]
        z, y, x = ([(level, 0), (level, 1)] if not fine else [(level, 1)] for level, fine in key)
        return [each for each in product(z, y, x) if each in self._known]

    def _coarser(self, axis: int, part: Part) -> Part:
        level, fine = part
        if level < self.levels[axis]:
            return level + 1, fine
        return level, 0

    @cached_property
    def _known(self) -> set[Key]:
        return set(_keys(self))


def most_levels(length: int, shortest: int = SHORTEST) -> int:
    """How often an axis is split, at most `DEEPEST` times, until it is shorter than `shortest`."""
    levels = 0
    while length >= shortest and levels < DEEPEST:
        length -= length // 2
        levels += 1
    return levels


def split(box: Box, plan: Plan) -> dict[Key, Box]:
    """The bands of a box."""
    bands: dict[Key, Box] = {((0, 0), (0, 0), (0, 0)): box}
    for group in _groups(plan):
        for level in range(max(plan.levels[axis] for axis in group)):
            for axis in group:
                if level >= plan.levels[axis]:
                    continue
                following: dict[Key, Box] = {}
                for key, band in bands.items():
                    if _is_split(key, group, axis, level):
                        coarse, fine = _split(band, axis, plan.periodic and axis == 2)
                        following[_with(key, axis, (level + 1, 0))] = coarse
                        following[_with(key, axis, (level + 1, 1))] = fine
                    else:
                        following[key] = band
                bands = following
    return bands


def joined(bands: Mapping[Key, Box], plan: Plan) -> Box:
    """The box of which these are the bands."""
    left = dict(bands)
    for group in reversed(_groups(plan)):
        for level in reversed(range(max(plan.levels[axis] for axis in group))):
            for axis in reversed(group):
                if level >= plan.levels[axis]:
                    continue
                for key in [
                    key for key in left if key[axis] == (level + 1, 1) and _is_of_level(key, group, axis, level)
                ]:
                    fine, coarse = left.pop(key), left.pop(_with(key, axis, (level + 1, 0)))
                    left[_with(key, axis, (level, 0))] = _join(coarse, fine, axis, plan.periodic and axis == 2)
    (box,) = left.values()
    return box


def _groups(plan: Plan) -> tuple[tuple[int, ...], ...]:
    """The axes along which bands are split together, in the order in which they are split."""
    match plan.order:
        case Order.DYADIC:
            return ((0, 1, 2),)
        case Order.SHELLS:
            return (0,), (1, 2)
        case Order.TENSOR:
            return (0,), (1,), (2,)


def _is_split(key: Key, group: tuple[int, ...], axis: int, level: int) -> bool:
    """Whether a band is the coarse part of the last level along its group, apart from what this level has split."""
    if key[axis] != (level, 0):
        return False
    return _is_of_level(key, group, axis, level)


def _is_of_level(key: Key, group: tuple[int, ...], axis: int, level: int) -> bool:
    """Whether a level of a group makes a band before it splits along `axis`. Along the group's earlier axes, the level
    has made a coarse and a fine part by then.
    """
    return all(_is_coarse(key[each]) or (each < axis and key[each][0] == level + 1) for each in group if each != axis)


def _is_coarse(part: Part) -> bool:
    return part[1] == 0


def _keys(plan: Plan) -> Iterator[Key]:
    rows, whole = range(3), [(levels, 0) for levels in plan.levels]
    parts = [[(levels, 0), *((level, 1) for level in range(1, levels + 1))] for levels in plan.levels]
    match plan.order:
        case Order.TENSOR:
            yield from product(*parts)
            return
        case Order.SHELLS:
            together, alone = [1, 2], parts[0]
        case Order.DYADIC:
            together, alone = [0, 1, 2], [whole[0]]
    for first in alone:
        for level in range(max(plan.levels[axis] for axis in together)):
            axes = [axis for axis in together if plan.levels[axis] > level]
            for fine in product((0, 1), repeat=len(axes)):
                if any(fine):
                    key = [(min(plan.levels[axis], level + 1), 0) for axis in rows]
                    for axis, each in zip(axes, fine, strict=True):
                        key[axis] = level + 1, each
                    if 0 not in together:
                        key[0] = first
                    yield key[0], key[1], key[2]
        yield first, whole[1], whole[2]


def _with(key: Key, axis: int, part: Part) -> Key:
    z, y, x = (part if each == axis else old for each, old in enumerate(key))
    return z, y, x


def _length(length: int, part: Part) -> int:
    level, fine = part
    for _ in range(level - fine):
        length -= length // 2
    return length // 2 if fine else length


def _split(box: Box, axis: int, periodic: bool) -> tuple[Box, Box]:
    """The coarse and the fine part of a box along an axis."""
    line = box.swapaxes(0, axis)
    coarse, fine = line[::2].copy(), line[1::2].copy()
    if len(line) > 1:
        _predict(fine, coarse, _STEPS[0], periodic)
        _update(coarse, fine, _STEPS[1], periodic)
        _predict(fine, coarse, _STEPS[2], periodic)
        _update(coarse, fine, _STEPS[3], periodic)
    coarse *= _COARSE
    fine *= _FINE
    return coarse.swapaxes(0, axis), fine.swapaxes(0, axis)


def _join(coarse: Box, fine: Box, axis: int, periodic: bool) -> Box:
    """The box of which these are the parts along an axis."""
    coarse, fine = coarse.swapaxes(0, axis) * _FINE, fine.swapaxes(0, axis) * _COARSE
    if len(fine):
        _update(coarse, fine, -_STEPS[3], periodic)
        _predict(fine, coarse, -_STEPS[2], periodic)
        _update(coarse, fine, -_STEPS[1], periodic)
        _predict(fine, coarse, -_STEPS[0], periodic)
    line = np.empty((len(coarse) + len(fine), *coarse.shape[1:]))
    line[::2], line[1::2] = coarse, fine
    return line.swapaxes(0, axis)


def _predict(fine: Box, coarse: Box, factor: float, periodic: bool) -> None:
    """Add the sum of its two neighbours, times a factor, to each fine number."""
    sums = coarse[: len(fine)].copy()
    if len(coarse) > len(fine):
        sums += coarse[1:]
    else:
        sums[:-1] += coarse[1:]
        sums[-1] += coarse[0] if periodic else coarse[-1]
    sums *= factor
    fine += sums


def _update(coarse: Box, fine: Box, factor: float, periodic: bool) -> None:
    """Add the sum of its two neighbours, times a factor, to each coarse number."""
    sums = np.empty_like(coarse)
    sums[: len(fine)] = fine
    if len(coarse) > len(fine):  # an odd number has no fine number between its ends, so both ends are mirrored
        sums[-1] = fine[-1]
        sums[1:] += fine
        sums[0] += fine[0]
    else:
        sums[1:] += fine[:-1]
        sums[0] += fine[-1] if periodic else fine[0]
    sums *= factor
    coarse += sums
