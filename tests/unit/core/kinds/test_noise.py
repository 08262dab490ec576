"""Injected noise belongs to a place."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from earthgan.kinds.noise import white_noise
from earthgan.sphere.grid import Window

WHOLE = Window(range(0, 12), range(0, 20), range(0, 24))


@given(start=st.tuples(st.integers(0, 8), st.integers(0, 15), st.integers(0, 20)), seed=st.integers(0, 2**32 - 1))
def test_a_window_has_the_noise_of_the_whole(start: tuple[int, int, int], seed: int) -> None:
    shell, row, column = start
    whole = white_noise(seed, 3, WHOLE, period=24)
    part = white_noise(seed, 3, Window(range(shell, 12), range(row, 20), range(column, 24)), period=24)
    np.testing.assert_array_equal(part, whole[shell:, row:, column:])


def test_columns_a_turn_apart_are_the_same_place() -> None:
    once = white_noise(7, 0, WHOLE, period=24)
    around = white_noise(7, 0, Window(WHOLE.shells, WHOLE.rows, range(-24, 48)), period=24)
    np.testing.assert_array_equal(around, np.concatenate([once] * 3, axis=-1))


def test_it_is_standard_normal_and_white() -> None:
    noise = white_noise(1, 2, Window(range(0, 40), range(0, 100), range(0, 100)), period=100).astype(float)
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 1) < 0.01
    assert abs((noise**4).mean() - 3) < 0.1
    for axis in range(3):
        assert abs((noise * np.roll(noise, 1, axis)).mean()) < 0.01


def test_seeds_and_layers_are_independent() -> None:
    window = Window(range(0, 20), range(0, 50), range(0, 50))
    fields = [white_noise(s, layer, window, period=50).ravel() for s in (0, 1, 2**31) for layer in (0, 1)]
    correlations = np.corrcoef(fields) - np.eye(len(fields))
    assert abs(correlations).max() < 0.02


def test_the_numbers_are_those_of_every_other_implementation() -> None:
    """The numbers are pinned, because JavaScript computes the same numbers."""
    noise = white_noise(2021, 5, Window(range(0, 1), range(-1, 1), range(0, 2)), period=222)
    np.testing.assert_allclose(noise.ravel(), PINNED, rtol=1e-6)


PINNED = [-1.2236747741699219, -0.31422850489616394, 0.8843854069709778, -0.13421139121055603]
