"""The whole stack in Docker: `docker compose up`, as an operator does it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from docker.models.containers import Container

from compose.stack import PROJECT, Stack, made_stack
from earthgan import Surrogate

pytestmark = pytest.mark.compose

SERVICES = ["gateway", "redis", "torchserve", "training"]
#: The model server answers in float16, which keeps 11 bits of a number.
TOLERANCE = 2e-3


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The stack, built and healthy."""
    with made_stack() as stack:
        stack.compose("up", "--detach", "--build", "--wait")
        yield stack


@pytest.mark.parametrize("variable", ["temperature", "vz"])
def test_a_tile_is_computed_once_and_outlives_the_gateway_in_redis(stack: Stack, variable: str) -> None:
    path = f"/tiles/{variable}/113/100/1/1/0.png"

    first, second = stack.get(path), stack.get(path)
    stack.container("gateway").restart()
    stack.wait("/readyz", 200)
    third = stack.get(path)

    assert [answer.status_code for answer in (first, second, third)] == [200, 200, 200]
    assert first.headers["content-type"] == "image/png"
    assert first.headers["cache-status"] == "earthgan; fwd=miss"
    assert second.headers["cache-status"] == "earthgan; hit; detail=memory"
    assert third.headers["cache-status"] == "earthgan; hit; detail=redis"
    assert first.content == second.content == third.content


@pytest.mark.parametrize("variable", ["temperature", "vx"])
def test_a_tiles_values_are_those_of_a_gateway_without_a_model_server(
    stack: Stack, gateway_url: str, default_surrogate: Surrogate, variable: str
) -> None:
    path = f"/tiles/{variable}/120/50/1/0/1.npy"
    low, high = next(v.range for v in default_surrogate.spec.variables if v.name == variable)

    values = np.load(io.BytesIO(stack.get(path).content))
    expected = np.load(io.BytesIO(httpx.get(f"{gateway_url}{path}", timeout=60, trust_env=False).content))

    assert values.shape == expected.shape
    np.testing.assert_allclose(values, expected, atol=TOLERANCE * (high - low), rtol=0)


def test_it_serves_the_client(stack: Stack) -> None:
    assert "<title>" in stack.get("/").text


def test_kept_tiles_are_served_while_the_model_server_is_away(stack: Stack) -> None:
    kept, other = "/tiles/vy/114/20/0/0/0.png", "/tiles/vy/115/20/0/0/0.npy"
    assert stack.get(kept).status_code == 200
    model_server = stack.container("torchserve")

    model_server.stop()
    try:
        assert stack.get(kept).headers["cache-status"].startswith("earthgan; hit")
        assert stack.get(other).status_code == 503
        stack.wait("/readyz", 503)
    finally:
        model_server.start()
    stack.wait("/readyz", 200)

    assert stack.get(other).status_code == 200


def test_tiles_are_served_while_redis_is_away(stack: Stack) -> None:
    redis = stack.container("redis")

    redis.stop()
    try:
        assert stack.get("/tiles/vy/116/20/0/0/0.png").status_code == 200
    finally:
        redis.start()


def test_only_the_gateways_port_is_published(stack: Stack) -> None:
    published = {
        service: [port for port, places in ports(stack.container(service)).items() if places] for service in SERVICES
    }

    assert published == {"gateway": ["8000/tcp"], "redis": [], "torchserve": [], "training": []}


def ports(container: Container) -> dict[str, Any]:
    """A container's ports and where each is bound on the machine; one that has ended has kept what it was to bind."""
    bound = container.attrs["NetworkSettings"]["Ports"] or {}
    return {**(container.attrs["HostConfig"]["PortBindings"] or {}), **bound}


def test_only_the_gateway_has_a_way_out(stack: Stack) -> None:
    networks = stack.engine.networks.list(filters={"label": f"com.docker.compose.project={PROJECT}"})
    inside = {network.name for network in networks if network.attrs["Internal"]}

    open_to = {
        service: set(stack.container(service).attrs["NetworkSettings"]["Networks"]) - inside for service in SERVICES
    }

    assert open_to == {"gateway": {f"{PROJECT}_outside"}, "redis": set(), "torchserve": set(), "training": {"none"}}


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_is_locked_down(stack: Stack, service: str) -> None:
    container = stack.container(service)
    host = container.attrs["HostConfig"]

    assert container.attrs["Config"]["User"].split(":")[0] not in ("", "0", "root")
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Init"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0


@pytest.mark.parametrize("service", ["gateway", "redis", "torchserve"])
def test_no_process_runs_as_root_or_can_write_outside_its_memory(stack: Stack, service: str) -> None:
    container = stack.container(service)
    listing = container.top()
    users = {process[listing["Titles"].index("UID")] for process in listing["Processes"]}

    assert not users & {"0", "root"}
    for folder in ("", "/usr/local", "/app", "/archive", "/archive/surrogate"):
        assert container.exec_run(["touch", f"{folder}/written"]).exit_code != 0, folder
