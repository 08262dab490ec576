"""What tests of a running gateway share."""

from collections.abc import Iterator

import httpx
import pytest


@pytest.fixture(scope="module")
def client(gateway_url: str) -> Iterator[httpx.Client]:
    """A client of the gateway over the shipped surrogate."""
    with httpx.Client(base_url=gateway_url, trust_env=False) as client:
        yield client
