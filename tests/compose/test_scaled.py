"""Three gateways behind nginx: `docker compose --file docker-compose.yml --file docker-compose.nginx.yml up`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest
from docker.models.containers import Container

from compose.stack import PROJECT, Stack, made_stack

pytestmark = pytest.mark.compose

#: What ends every process of a container but its init, which then ends, too.
KILL_ALL = ["python", "-c", "import os, signal; os.kill(-1, signal.SIGKILL)"]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with made_stack(COMPOSE_FILE="docker-compose.yml:docker-compose.nginx.yml") as stack:
        stack.compose("up", "--detach", "--build", "--wait", "--scale", "gateway=3")
        yield stack


def gateways(stack: Stack) -> list[Container]:
    labels = [f"com.docker.compose.project={PROJECT}", "com.docker.compose.service=gateway"]
    return stack.engine.containers.list(all=True, filters={"label": labels})


def test_a_gateway_that_is_killed_under_load_costs_no_request(stack: Stack) -> None:
    found: Counter[str] = Counter()

    def read(number: int) -> None:
        with httpx.Client(base_url=stack.url, trust_env=False, timeout=60) as client:
            for i in range(60):
                answer = client.get(f"/tiles/temperature/{113 + number}/{i}/1/0/0.png")
                found[str(answer.status_code)] += 1

    for number in range(4):  # reading a step takes longer than a tile may wait for others that are read
        stack.wait(f"/tiles/temperature/{113 + number}/100/0/0/0.png", 200)
    victim = gateways(stack)[0]
    began_at = victim.attrs["State"]["StartedAt"]
    with ThreadPoolExecutor(4) as readers:
        reading = [readers.submit(read, number) for number in range(4)]
        while sum(found.values()) < 40:
            time.sleep(0.01)
        victim.exec_run(KILL_ALL)
        at = sum(found.values())
        for each in reading:
            each.result()

    assert at < 240, "it was killed after the load"
    assert found == {"200": 240}
    until = time.monotonic() + 60
    while True:
        victim.reload()
        state = victim.attrs["State"]
        if state["StartedAt"] != began_at and state.get("Health", {}).get("Status") == "healthy":
            break
        assert time.monotonic() < until, state
        time.sleep(0.5)


def test_only_nginx_has_a_port_and_a_way_out(stack: Stack) -> None:
    networks = stack.engine.networks.list(filters={"label": f"com.docker.compose.project={PROJECT}"})
    inside = {network.name for network in networks if network.attrs["Internal"]}

    for gateway in gateways(stack):
        assert set(gateway.attrs["NetworkSettings"]["Networks"]) <= inside
        assert not gateway.attrs["HostConfig"]["PortBindings"]
    assert list(stack.container("proxy").attrs["HostConfig"]["PortBindings"]) == ["8080/tcp"]


def test_nginx_keeps_a_tile_and_says_nothing_of_clients(stack: Stack) -> None:
    said = {"x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    address = f"{stack.url}/tiles/vx/113/20/tilejson.json"
    assert "evil" not in httpx.get(address, headers=said, timeout=60, trust_env=False).text
    times = {stack.get("/tiles/vx/113/20/0/0/0.png").headers["server-timing"] for _ in range(3)}
    assert len(times) == 1, "a gateway was asked again"
