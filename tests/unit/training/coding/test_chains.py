"""Chains of neighbouring training steps, to which the prediction of time steps is fitted."""

import pytest

from earthgan_training.coding.prediction import CHAINS, chains_of

SPARSE = [*range(13, 47, 4)]
#: Training steps, the largest distance between neighbours, and the chains.
CASES = {
    "one chain": ([*range(1, 9)], 1.5, [[*range(1, 9)]]),
    "a chain is at most as long as it may be": ([*range(1, 17)], 1.5, [[*range(1, 9)], [*range(9, 17)]]),
    "gaps are no neighbours": ([*range(1, 9), 13, 17, 21, *range(41, 49)], 1.5, [[*range(1, 9)], [*range(41, 49)]]),
    "however many there are": ([*SPARSE, *range(50, 56)], 1.5, [[*range(50, 56)]]),
    "unless steps may be as far apart": (SPARSE[:8], 6.0, [SPARSE[:8]]),
    "no neighbours": ([1, 9, 17], 1.5, []),
    "one step": ([5], 1.5, []),
}


@pytest.mark.parametrize("name", CASES)
def test_chains_hold_neighbours_only(name: str) -> None:
    times, spacing, chains = CASES[name]
    assert [[times[i] for i in chain] for chain in chains_of(times, spacing, 8)] == chains


def test_chains_are_spread_over_the_run_and_few() -> None:
    found = chains_of([float(t) for t in range(100)], 1.5, 8)
    assert len(found) == CHAINS
    assert found[0][0] == 0
    assert found[-1][-1] >= 95 - 8
    assert all(len(chain) == 8 for chain in found)


def test_the_order_in_which_steps_are_given_does_not_matter() -> None:
    assert chains_of([3.0, 1.0, 9.0, 2.0], 1.5, 8) == [[1, 3, 0]]
