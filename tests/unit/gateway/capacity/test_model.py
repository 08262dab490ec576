"""What `earthgan capacity` predicts, against counts that are known, and against a cache that is run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from earthgan import Surrogate
from earthgan.bounded import Bounded
from earthgan_gateway.cache import Budget
from earthgan_gateway.capacity.costs import Costs
from earthgan_gateway.capacity.model import (
    USABLE,
    Load,
    Machines,
    Sizes,
    forecast,
    gateways_for,
    most_per_s,
    popularity,
)

ALONE = tuple((step,) for step in range(10))
SIZES = Sizes(ALONE, shells=20, variables=3, rows=20, columns=40)
LOAD = Load(per_s=50, exponent=1.0, variables=2, tiles=5, profiles=0.0, since_s=100)
ROOMY = Machines(gateways=1, cores=1, cache_mb=4096, redis_mb=0, network_mbit=1000)
COSTS = Costs()


def test_the_most_popular_shell_gets_k_times_as_much_as_the_kth() -> None:
    shares = np.sort(popularity(10, 20, 1.0), axis=None)[::-1]
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares[0] / shares, np.arange(1, 201))


def test_while_everything_fits_each_picture_and_each_shell_is_made_once() -> None:
    """The sum over time is the number of different ones that were asked for."""
    shares = (np.arange(100) + 0.5) / 100  # most happens at the beginning, so most moments are there
    moments = [forecast(SIZES, replace(LOAD, since_s=100 * share**3), ROOMY, COSTS) for share in shares]
    asked = LOAD.per_s * popularity(10, 20, 1.0) * 100

    def summed(each_second: list[float]) -> float:
        return float(np.mean(3 * shares**2 * each_second)) * 100

    calls, decoded = summed([each.engine_calls_per_s for each in moments]), summed([e.steps_per_s for e in moments])
    drawn = summed([each.drawn * LOAD.per_s for each in moments])
    assert calls == pytest.approx((1 - np.exp(-asked)).sum(), rel=0.02)
    assert drawn == pytest.approx((10 * (1 - np.exp(-asked / 10))).sum(), rel=0.02)
    assert decoded == pytest.approx(10, rel=0.05)


def test_a_small_memory_keeps_what_the_real_cache_keeps() -> None:
    sizes, machines = replace(SIZES, rows=1, columns=1), replace(ROOMY, cache_mb=8)
    load, rng = replace(LOAD, since_s=600, exponent=0.8), np.random.default_rng(1)
    cache: Bounded[tuple[int, int], bytes] = Bounded(Budget.of(8 * 2**20).answers_bytes, len)
    shares = popularity(10, 20, 0.8).ravel()
    hits, body = 0, bytes(int(COSTS.tile_bytes) + 250)
    shells, pictures = rng.choice(200, 30_000, p=shares), rng.integers(0, 10, 30_000)
    for i, key in enumerate(zip(shells.tolist(), pictures.tolist())):
        found = cache.get(key)
        hits += found is not None and i >= 20_000
        if found is None:
            cache.set(key, body)
    due = forecast(sizes, load, machines, COSTS)
    assert 0.1 < due.memory < 0.9
    assert due.memory == pytest.approx(hits / 10_000, abs=0.03)
    assert due.memory + due.drawn == pytest.approx(1)


def test_redis_serves_what_another_gateway_has_drawn() -> None:
    four = replace(ROOMY, gateways=4, cores=4)
    alone, shared = (forecast(SIZES, LOAD, replace(four, redis_mb=mb), COSTS) for mb in (0, 4096))
    one = forecast(SIZES, LOAD, ROOMY, COSTS)
    assert shared.engine_calls_per_s == pytest.approx(one.engine_calls_per_s, rel=0.01)
    assert shared.memory == pytest.approx(alone.memory)
    assert shared.redis > 0.01
    assert alone.engine_calls_per_s > shared.engine_calls_per_s


def test_a_first_shell_decodes_the_whole_chain_of_its_step() -> None:
    sizes = replace(SIZES, chains=((0,), (1, 0), (2, 1, 0)))
    first = forecast(sizes, replace(LOAD, since_s=1e-6, exponent=0.0), ROOMY, COSTS)
    assert first.steps_per_s / first.engine_calls_per_s == pytest.approx((1 + 2 + 3) / 3, rel=1e-3)


def test_the_fewest_gateways_are_those_that_suffice() -> None:
    # With an hour's caches, the costs of this load hardly depend on how many gateways share it.
    load, machines = replace(LOAD, per_s=40_000, since_s=3600), replace(ROOMY, redis_mb=4096, network_mbit=1e5)
    count = gateways_for(SIZES, load, machines, COSTS)
    assert count is not None
    assert count > 1
    fewer, enough = (
        forecast(SIZES, load, replace(machines, gateways=n, cores=n), COSTS).busy for n in (count - 1, count)
    )
    assert max(enough.values()) <= USABLE < max(fewer.values())
    assert gateways_for(SIZES, load, replace(machines, network_mbit=1), COSTS) is None


def test_the_bottleneck_is_what_is_full_first() -> None:
    thin = replace(ROOMY, network_mbit=10)
    assert forecast(SIZES, LOAD, thin, COSTS).bottleneck == "network"
    most = most_per_s(SIZES, LOAD, thin, COSTS)
    assert most == pytest.approx(USABLE * 10e6 / 8 / COSTS.tile_bytes, rel=1e-3)


def test_the_chains_of_the_surrogate_that_ships(default_surrogate: Surrogate) -> None:
    chains = Sizes.of(default_surrogate).chains
    for place, step in enumerate(default_surrogate.steps):
        assert chains[place][0] == place
        if step.predicted_from is not None:
            assert default_surrogate.steps[chains[place][1]].t == step.predicted_from
