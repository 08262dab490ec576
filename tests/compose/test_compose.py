"""The whole stack in Docker: `docker compose up`, as an operator does it, on a free port, under its own name."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import docker
import httpx2 as httpx
import numpy as np
import pytest
from docker.models.containers import Container

from earthgan import Surrogate
from gateway_server import free_port
from places import ROOT

pytestmark = pytest.mark.compose

PROJECT = "earthgan-test"
SERVICES = ["gateway", "redis", "torchserve", "training"]
#: The model server answers in float16, which keeps 11 bits of a number.
TOLERANCE = 2e-3


@dataclass(frozen=True)
class Stack:
    """A running stack: where it answers, and the engine that runs it."""

    url: str
    engine: docker.DockerClient

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=60, trust_env=False)

    def container(self, service: str) -> Container:
        labels = [f"com.docker.compose.project={PROJECT}", f"com.docker.compose.service={service}"]
        (container,) = self.engine.containers.list(all=True, filters={"label": labels})
        return container

    def wait(self, path: str, status: int, seconds: float = 60) -> None:
        """Until that path is answered with that status."""
        give_up = time.monotonic() + seconds
        while (found := self._status(path)) != status:
            assert time.monotonic() < give_up, f"{path} is still answered {found}"
            time.sleep(0.5)

    def _status(self, path: str) -> int | str:
        try:
            return self.get(path).status_code
        except httpx.TransportError as error:
            return repr(error)


def compose(*arguments: str, environment: dict[str, str]) -> None:
    command = ["docker", "compose", "--project-name", PROJECT, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-8000:]}"


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    if not shutil.which("docker"):
        pytest.skip("docker is not installed")
    for question, reason in (
        ("info", "no Docker engine answers"),
        ("compose version", "docker has no compose command"),
    ):
        if subprocess.run(["docker", *question.split()], capture_output=True, check=False).returncode:
            pytest.skip(reason)
    with closing(docker.from_env(timeout=120)) as client:
        yield client


@pytest.fixture(scope="module")
def stack(engine: docker.DockerClient) -> Iterator[Stack]:
    """The stack, built and healthy; afterwards nothing of it is left but its images."""
    address = f"127.0.0.1:{free_port()}"
    environment = {**os.environ, "EARTHGAN_PORT": address}
    try:
        compose("up", "--detach", "--build", "--wait", environment=environment)
        yield Stack(f"http://{address}", engine)
    finally:
        compose("down", "--volumes", "--remove-orphans", "--timeout", "20", environment=environment)


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
    kept, other = "/tiles/vy/114/20/0/0/0.png", "/tiles/vy/115/20/0/0/0.png"
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
    for folder in ("", "/usr/local", "/app", "/archive", "/model_store/default"):
        assert container.exec_run(["touch", f"{folder}/written"]).exit_code != 0, folder
