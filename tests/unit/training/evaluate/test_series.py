"""The bytes of a series: what SPERR gains from time, and how steps are gathered into blocks."""

import numpy as np
import pytest

from earthgan_training.evaluate import series
from earthgan_training.evaluate.series import BLOCK, IN_TIME, STEPWISE, Cost, Series, at_bytes, at_psnr

pytest.importorskip("imagecodecs")

SHAPE = (8, 24, 48)


def step(t: float) -> np.ndarray:
    """A field that turns slowly about the axis."""
    shell, row, column = np.meshgrid(*(np.linspace(0, 1, n) for n in SHAPE), indexing="ij")
    return (300 + 1000 * np.sin(6 * (2 * column * np.pi + 0.02 * t)) * np.cos(4 * row) * (1 + shell)).astype(np.float32)


BLOCK_OF_STEPS = np.stack([step(t) for t in range(4)])


@pytest.mark.parametrize("size", [300, 1000])
def test_bytes_are_spent_and_not_exceeded(size: int) -> None:
    alone, together = at_bytes(BLOCK_OF_STEPS[:1], size), at_bytes(BLOCK_OF_STEPS, size)
    for cost in (alone, together):
        assert 0.5 * size < cost.bytes <= size
    assert together.psnr_db > alone.psnr_db + 3


@pytest.mark.parametrize("psnr_db", [35.0, 50.0])
def test_a_quality_is_reached_with_fewer_bytes_in_time(psnr_db: float) -> None:
    alone, together = at_psnr(BLOCK_OF_STEPS[:1], psnr_db), at_psnr(BLOCK_OF_STEPS, psnr_db)
    for cost in (alone, together):
        assert psnr_db - 1 < cost.psnr_db < psnr_db
    assert together.bytes < 0.7 * alone.bytes


def test_blocks_end_where_steps_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peers see blocks of consecutive steps, and every step once; the means count every step alike."""
    seen: list[list[float]] = []

    def coded(block: np.ndarray, wanted: float) -> Cost:
        seen.append([float(each.flat[0]) for each in block])
        return Cost(wanted, float(len(block)))

    monkeypatch.setattr(series, "at_bytes", coded)
    monkeypatch.setattr(series, "at_psnr", lambda block, wanted: Cost(1.0, wanted))
    gathered = Series(lambda _: None)
    times = [*range(1, BLOCK + 3), 20, 21, 22]
    for t in times:
        gathered.see(t, np.full(SHAPE, t, np.float32), Cost(100, 50), None)
    found = gathered.found()
    blocks = [block for block in seen if len(block) > 1]
    assert blocks == [list(range(1, BLOCK + 1)), [BLOCK + 1, BLOCK + 2], [20, 21, 22]]
    assert [block for block in seen if len(block) == 1] == [[t] for t in times]
    assert (found.first, found.last) == (1, 22)
    assert found.predicted is None
    assert found.same_bytes[IN_TIME].psnr_db == pytest.approx((BLOCK * BLOCK + 2 * 2 + 3 * 3) / len(times))
    assert found.same_bytes[STEPWISE].psnr_db == 1


@pytest.mark.parametrize(
    ("stored", "predicted"),
    [
        ((Cost(100, 50), Cost(100, 50)), None),  # the surrogate stores what was computed
        ((Cost(99, 50), Cost(100, 50)), None),  # an entry in the spec that is a byte shorter predicts nothing
        ((Cost(100, 50), Cost(40, 49)), Cost(70, 49.5)),
        ((Cost(40, 49), None), None),  # it stores only some of the steps
    ],
)
def test_prediction_is_shown_where_the_surrogate_has_it(
    monkeypatch: pytest.MonkeyPatch, stored: tuple[Cost | None, Cost | None], predicted: Cost | None
) -> None:
    wanted: list[float] = []
    monkeypatch.setattr(series, "at_bytes", lambda block, size: wanted.append(size) or Cost(size, 1.0))
    monkeypatch.setattr(series, "at_psnr", lambda block, psnr_db: Cost(1.0, psnr_db))
    gathered = Series(lambda _: None)
    for t, cost in enumerate(stored):
        gathered.see(t, np.zeros(SHAPE, np.float32), Cost(100, 50), cost)
    found = gathered.found()
    assert found.alone == Cost(100, 50)
    assert found.predicted == predicted
    assert found.own == (predicted or found.alone)
