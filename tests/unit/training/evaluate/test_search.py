"""The search for the finest code that is coarse enough."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan_training.evaluate.search import finest

LOW, HIGH, NEAR = 1.0, 90.0, 0.1


@given(
    crossing=st.floats(-5, 100), first=st.floats(-10, 110), bend=st.floats(0.3, 3), stair=st.sampled_from([0, 0.5, 20])
)
def test_it_is_found_in_few_tries(crossing: float, first: float, bend: float, stair: float) -> None:
    """Whatever the curve, even one of stairs."""
    tried: list[float] = []

    def excess(quality: float) -> float:
        over = quality - crossing
        over = bend * over if over > 0 else over
        return float(np.floor(over / stair) * stair + stair / 2) if stair else over

    found = finest(lambda quality: tried.append(quality) or quality, excess, (LOW, HIGH), first, NEAR, NEAR)
    coarse_enough = [quality for quality in np.arange(LOW, HIGH, 0.01) if excess(quality) <= 0]
    if coarse_enough:
        assert excess(found) <= 0
        assert found >= coarse_enough[-1] - 0.12 / min(1, bend)
    else:
        assert found == LOW
    assert len(tried) <= 14


@pytest.mark.parametrize("first", [LOW, 30.0, HIGH])
def test_a_smooth_curve_takes_a_few_tries(first: float) -> None:
    tried: list[float] = []
    finest(
        lambda quality: tried.append(quality) or quality, lambda q: q + q * q / 90 - 50, (LOW, HIGH), first, NEAR, NEAR
    )
    assert len(tried) <= 6
