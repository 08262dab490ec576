"""What a series of time steps costs: the surrogate's bytes, with and without its own prediction of a step from others,
and those of SPERR, which may use time too.

The peer that uses time takes blocks of up to eight consecutive steps. An orthonormal discrete cosine transform in time
turns them into as many fields, and SPERR codes each in three dimensions with the same rms error, which shares the bytes
among them in the best way. On steps 113 to 120 of the simulated run, at 11.8 kB a step, this gave 63.4 dB; SPERR on
these fields joined along the radius gave 59.3 dB, with Haar's transform instead 57.5 dB, on the steps themselves joined
along the radius 51.3 dB with neighbours in time side by side and 44.0 dB one after the other, and on each step alone
43.5 dB.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct  # type: ignore[import-untyped]

from earthgan_training.evaluate.accuracy import psnr
from earthgan_training.evaluate.codecs import CONSTANTS_BYTES, NEAR
from earthgan_training.evaluate.search import finest

Array = NDArray[np.float32]
Streams = list[bytes]

#: Consecutive steps that the peer codes together.
BLOCK = 8
#: The coarsest and the finest rms error that the peer may have, in dB of the range, and how near it comes, in dB.
_LEVELS_DB, _NEAR_DB = (1.0, 90.0), 0.1


@dataclass(frozen=True)
class Cost:
    """The bytes of a time step and its PSNR in dB, both averaged over the steps of a series."""

    bytes: float
    psnr_db: float


@dataclass(frozen=True)
class SeriesCost:
    """What the temperature of the steps `first` to `last` costs. `alone` is the surrogate with each step coded by
    itself. `predicted` is the surrogate as it stores these steps, if that takes fewer bytes by more than 2 %, which
    only a prediction from other steps explains. Both count all variables and the model. `same_bytes` and `same_psnr`
    are the peers', by way, for temperature alone: at the bytes of the surrogate's best way, and at its PSNR.
    """

    first: int
    last: int
    alone: Cost
    predicted: Cost | None
    same_bytes: dict[str, Cost]
    same_psnr: dict[str, Cost]

    @property
    def own(self) -> Cost:
        """The surrogate's best way."""
        return self.predicted or self.alone


#: The peers' ways: SPERR on each step alone, and with the transform in time.
STEPWISE, IN_TIME = "sperr", "sperr_in_time"


@dataclass
class Series:
    """Gathers the steps of a series. It keeps one block of fields at a time in memory, so `see` needs the steps in
    order. Each field is `(shell, latitude, longitude)`.

    The peers code every block while it is in memory, at the bytes and the PSNR of the surrogate in this block.
    """

    say: Callable[[str], None]
    _truth: list[Array] = field(default_factory=list)
    _block: list[tuple[int, Cost, Cost | None]] = field(default_factory=list)
    _steps: list[tuple[int, Cost, Cost | None]] = field(default_factory=list)
    _peers: dict[tuple[str, bool], list[tuple[Cost, int]]] = field(default_factory=dict)

    def see(self, t: int, truth: Array, alone: Cost, predicted: Cost | None) -> None:
        """Take the next step. `predicted` is its cost as the surrogate stores it, and None if it does not."""
        if len(self._truth) == BLOCK or (self._block and t != self._block[-1][0] + 1):
            self._finish()
        self._truth.append(truth)
        self._block.append((t, alone, predicted))

    def found(self) -> SeriesCost:
        """The costs of all steps that were seen."""
        self._finish()
        alone, predicted = [each for _, each, _ in self._steps], [each for *_, each in self._steps]
        known = [each for each in predicted if each is not None]
        predicts = len(known) == len(alone) and _mean(known).bytes < (1 - NEAR) * _mean(alone).bytes
        peers = {key: _mean([cost for cost, _ in costs], [n for _, n in costs]) for key, costs in self._peers.items()}
        return SeriesCost(
            first=self._steps[0][0],
            last=self._steps[-1][0],
            alone=_mean(alone),
            predicted=_mean(known) if predicts else None,
            same_bytes={way: cost for (way, by_bytes), cost in peers.items() if by_bytes},
            same_psnr={way: cost for (way, by_bytes), cost in peers.items() if not by_bytes},
        )

    def _finish(self) -> None:
        if not self._block:
            return
        own = _mean([predicted or alone for _, alone, predicted in self._block])
        steps = len(self._truth)
        truth = np.stack(self._truth)
        for way, blocks in ((STEPWISE, [truth[i : i + 1] for i in range(steps)]), (IN_TIME, [truth])):
            self.say(f"{steps} steps by {way}")
            for by_bytes in (True, False):
                for block in blocks:
                    cost = at_bytes(block, own.bytes) if by_bytes else at_psnr(block, own.psnr_db)
                    self._peers.setdefault((way, by_bytes), []).append((cost, len(block)))
        self._steps += self._block
        self._truth, self._block = [], []


def _mean(costs: Sequence[Cost], weights: Sequence[int] | None = None) -> Cost:
    """The mean of the bytes and of the decibels."""
    return Cost(*(fmean((getattr(each, key) for each in costs), weights) for key in ("bytes", "psnr_db")))


def at_bytes(block: Array, size: float) -> Cost:
    """The cost of a block `(step, shell, latitude, longitude)` in at most `size` bytes a step, or the fewest."""
    code = _Code(block)
    # In these units, a rate rises by about a decibel where the PSNR does.
    return _sought(code, lambda streams: 5 * math.log2(code.bytes(streams) / size))


def at_psnr(block: Array, psnr_db: float) -> Cost:
    """The cost of a block of steps whose mean PSNR is as little as possible below the given one."""
    code = _Code(block)
    return _sought(code, lambda streams: code.psnr_db(streams) - psnr_db, psnr_db)


def _sought(code: _Code, excess: Callable[[Streams], float], first_db: float = 40) -> Cost:
    """The cost of the finest streams whose `excess`, in dB, is at most 0."""
    return code.cost(finest(code.streams, excess, _LEVELS_DB, first_db, _NEAR_DB, _NEAR_DB))


class _Code:
    """SPERR of a block of steps `(step, shell, latitude, longitude)` whose steps are transformed in time."""

    def __init__(self, block: Array) -> None:
        self._block = block
        self._low, self._extent = np.float32(block.min()), np.float32(np.ptp(block) or 1)
        fields = dct((block - self._low) / self._extent, axis=0, norm="ortho", overwrite_x=True)
        self._fields = np.ascontiguousarray(fields, np.float32)

    def streams(self, level_db: float) -> Streams:
        """Code all fields with the same rms error, given in dB of the block's range."""
        import imagecodecs

        levels = [max(1.0, 20 * np.log10(max(float(np.ptp(each)), 1e-12)) + level_db) for each in self._fields]
        return [
            bytes(imagecodecs.sperr_encode(each, mode="psnr", level=level))
            for each, level in zip(self._fields, levels, strict=True)
        ]

    def bytes(self, streams: Streams) -> float:
        """The bytes of a step."""
        return (CONSTANTS_BYTES + sum(map(len, streams))) / len(streams)

    def psnr_db(self, streams: Streams) -> float:
        """The mean PSNR of the steps."""
        import imagecodecs

        shape = self._fields.shape[1:]
        fields = np.stack([np.asarray(imagecodecs.sperr_decode(each), np.float32).reshape(shape) for each in streams])
        steps = idct(fields, axis=0, norm="ortho", overwrite_x=True) * self._extent + self._low
        return fmean(psnr(ours, true) for ours, true in zip(steps, self._block, strict=True))

    def cost(self, streams: Streams) -> Cost:
        return Cost(self.bytes(streams), self.psnr_db(streams))
