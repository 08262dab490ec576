"""One setting bounds the memory of a gateway, whatever it is asked."""

import itertools
from collections import Counter

import httpx2 as httpx
import pytest

from load.memory import grown, paths
from places import BASELINE_SURROGATE

#: A process grows by a few MB whatever it keeps, and 20 % of a small setting is less than that.
ALLOCATOR_MB = 8


def test_requests_that_all_differ_do_not_grow_a_gateway_beyond_its_setting() -> None:
    growth = grown(BASELINE_SURROGATE, setting_mb=24, sent_mb=4)  # many cold steps of the default take minutes
    assert growth.requests > 2000
    assert growth.grown_mb <= growth.allowed_mb + ALLOCATOR_MB, growth


def test_the_requests_that_are_sent_all_differ() -> None:
    catalog = {"steps": [{"t": t} for t in range(8)], "shells": [0] * 60, "variables": ["temperature", "vx"]}
    asked = list(itertools.islice(paths(catalog), 5000))
    assert len(set(asked)) == len(asked)
    assert len(Counter(path.split("/")[1].split("?")[0] for path in asked)) >= 3


@pytest.mark.parametrize("path", ["/tiles/temperature/120/150/0/0/0", "/points/vx/120/3", "/catalog", "/nothing", "/"])
def test_an_address_that_is_too_long_to_mean_something_is_a_414(client: httpx.Client, path: str) -> None:
    for address in (f"{path}?lat=1&lon=2&v={'x' * 2048}", f"{path.rstrip('/')}/{'y' * 2048}"):
        answer = client.get(address)
        assert answer.status_code == 414
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
    assert client.get(f"{path}?lat=1&lon=2&v={'x' * 1000}").status_code != 414
