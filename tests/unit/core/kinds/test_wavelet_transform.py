"""The wavelet transform gives back every box, and bands stand where their keys say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.kinds.wavelet_transform import Order, Plan, joined, most_levels, split

lengths = st.integers(1, 21)


@settings(max_examples=150, deadline=None)
@given(
    shape=st.tuples(lengths, lengths, lengths),
    shortest=st.integers(2, 9),
    order=st.sampled_from(Order),
    periodic=st.booleans(),
    seed=st.integers(0, 99),
)
def test_every_box_comes_back(
    shape: tuple[int, int, int], shortest: int, order: Order, periodic: bool, seed: int
) -> None:
    z, y, x = (most_levels(length, shortest) for length in shape)
    plan = Plan(shape, (z, y, x), order, periodic)
    box = np.random.default_rng(seed).standard_normal(shape)
    bands = split(box, plan)
    assert {key: band.shape for key, band in bands.items()} == {key: plan.shape_of(key) for key in plan.bands()}
    np.testing.assert_allclose(joined(bands, plan), box, rtol=0, atol=1e-12)


@pytest.mark.parametrize("order", Order)
def test_parents_are_of_earlier_generations_and_only_one_band_has_none(order: Order) -> None:
    plan = Plan((12, 45, 90), (1, 3, 4), order, True)
    seen: set[object] = set()
    alone = 0
    for key in plan.bands():
        parents = plan.parents(key)
        assert all(parent in seen and plan.generation(parent) < plan.generation(key) for parent in parents)
        alone += not parents
        seen.add(key)
    assert alone == 1


@pytest.mark.parametrize("order", Order)
def test_cubic_fields_have_no_fine_parts_away_from_the_ends(order: Order) -> None:
    plan = Plan((1, 32, 32), (0, 1, 1), order, False)
    row = np.arange(32.0)[:, None]
    bands = split((row**3 - 40 * row**2 + row.T**2)[None], plan)
    for key, band in bands.items():
        if key[1][1] or key[2][1]:
            assert np.abs(band[0, 3:-3, 3:-3]).max() < 1e-6 * 32**3


def test_columns_are_periodic() -> None:
    plan = Plan((1, 8, 32), (0, 1, 2), Order.TENSOR, True)
    box = np.random.default_rng(1).standard_normal((1, 8, 32))
    there, turned = split(box, plan), split(np.roll(box, 4, axis=2), plan)
    for key, band in there.items():
        np.testing.assert_allclose(turned[key], np.roll(band, 4 >> key[2][0], axis=2), atol=1e-12)


@pytest.mark.parametrize("levels", [(2, 0, 0), (0, -1, 0), (0, 0, 7)])
def test_levels_must_suit_the_shape(levels: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="levels do not suit"):
        Plan((2, 9, 200), levels, Order.DYADIC, False)
