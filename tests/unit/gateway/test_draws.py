"""The mean and the spread of draws are those of NumPy, and every choice of draws has a name of its own."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan_gateway.draws import FEWEST, MOST, OWN, Draws, Moments


@given(st.integers(1, MOST), st.floats(-1e6, 1e6), st.floats(1e-12, 1e6), st.integers(0, 99))
def test_moments_are_those_of_all_arrays_together(count: int, offset: float, size: float, seed: int) -> None:
    arrays = (offset + size * np.random.default_rng(seed).normal(size=(count, 3, 4))).astype(np.float32)
    arrays[-1, 0, 0] = np.nan
    moments = Moments()
    for each in arrays:
        moments.add(each)
    together = arrays.astype(np.float64)
    scale = np.nanmax(np.abs(together))
    np.testing.assert_allclose(moments.mean, together.mean(axis=0), rtol=1e-6, atol=1e-7 * scale)
    np.testing.assert_allclose(moments.std, together.std(axis=0), rtol=1e-6, atol=1e-12 * scale)
    assert moments.mean.dtype == moments.std.dtype == np.float32


def test_a_statistic_holds_one_draw_at_a_time() -> None:
    """A draw may be garbage when the next one is made, so memory does not grow with the number of draws."""
    asked: list[int | None] = []

    async def values(seed: int | None) -> np.ndarray:
        asked.append(seed)
        return np.full(2, len(asked), np.float32)

    found = asyncio.run(Draws((None, 1, 2), "mean").combined(values))
    np.testing.assert_array_equal(found, 2)
    assert asked == [None, 1, 2]


def test_one_draw_is_answered_as_it_is() -> None:
    array = np.float32([0.1, np.nan])

    async def values(seed: int | None) -> np.ndarray:
        return array

    assert asyncio.run(OWN.combined(values)) is array


@pytest.mark.parametrize("part", ["name", "in_words"])
def test_every_choice_of_draws_is_named(part: str) -> None:
    one = [OWN, *(Draws((seed,)) for seed in (0, 1, 12))]
    several = [Draws((None, *range(1, n)), statistic) for n in range(FEWEST, MOST + 1) for statistic in ("mean", "std")]
    names = [getattr(each, part) for each in [*one, *several]]
    assert len(set(names)) == len(names)
    assert getattr(OWN, part) == ""
