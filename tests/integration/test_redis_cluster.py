"""Gateways that share a Redis Cluster of three masters and three replicas, of which a master is killed."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest
import redis

from gateway_server import free_port, gateway
from integration.redis_server import redis_server
from places import BASELINE_SURROGATE

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("redis-cli") is None, reason="no Redis")]

PATHS = [f"/tiles/temperature/{113 + i % 16}/{i}/0/0/0.png" for i in range(40)]


@contextmanager
def cluster(folder: Path) -> Iterator[dict[int, subprocess.Popen[bytes]]]:
    """Run six nodes, by their ports."""
    nodes = {}
    with ExitStack() as stack:
        for i in range(6):
            own = folder / str(i)
            own.mkdir()
            port = free_port()
            while port > 55000:  # nodes talk to each other at a port that is larger by 10,000
                port = free_port() - 20000
            options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
            _, nodes[port] = stack.enter_context(redis_server(own, port, *options))
        places = [f"127.0.0.1:{port}" for port in nodes]
        create = ["redis-cli", "--cluster", "create", *places, "--cluster-replicas", "1", "--cluster-yes"]
        subprocess.run(create, check=True, capture_output=True, timeout=60)
        until = time.monotonic() + 60
        while not all(_is_whole(port) for port in nodes):
            assert time.monotonic() < until, "the cluster did not come about"
            time.sleep(0.2)
        yield nodes


def _is_whole(port: int) -> bool:
    with redis.Redis(port=port) as node:
        roles = [each["flags"].split(",") for each in node.cluster("NODES").values()]
        return node.cluster("INFO")["cluster_state"] == "ok" and sum("slave" in flags for flags in roles) == 3


def test_a_master_that_is_killed_costs_no_request_and_no_entry(tmp_path: Path) -> None:
    with cluster(tmp_path) as nodes:
        url = f"redis+cluster://127.0.0.1:{max(nodes)}"
        settings = {"redis_timeout_s": "1", "tile_wait_s": "60"}
        with (
            gateway(BASELINE_SURROGATE, redis_url=url, **settings) as first,
            gateway(BASELINE_SURROGATE, redis_url=url, **settings) as second,
        ):
            drawn = [httpx.get(first + path, trust_env=False) for path in PATHS]
            time.sleep(1)  # replicas follow
            killed = next(port for port in nodes if redis.Redis(port=port).role()[0] == b"master")
            nodes[killed].kill()
            statuses = {answer.status_code for answer in drawn}
            # What one of them draws, the other one finds, sooner or later.
            until, shell = time.monotonic() + 60, 0
            while True:
                path, shell = f"/tiles/vz/120/{shell}/0/0/0.png", shell + 1
                found = [httpx.get(each + path, trust_env=False) for each in (first, second)]
                statuses |= {answer.status_code for answer in found}
                if found[1].headers["cache-status"].endswith("hit; detail=redis"):
                    break
                assert time.monotonic() < until, "the cluster is not used again"
                time.sleep(0.3)
        left = next(port for port in nodes if port != killed)
        while b"fail" in redis.Redis(port=left).execute_command("CLUSTER", "INFO").split(b"\r\n")[0]:
            assert time.monotonic() < until, "no replica has become a master"
            time.sleep(0.2)
        with gateway(BASELINE_SURROGATE, redis_url=f"redis+cluster://127.0.0.1:{left}", **settings) as third:
            again = [httpx.get(third + path, trust_env=False) for path in PATHS]
    assert statuses == {200}
    assert [answer.content for answer in again] == [answer.content for answer in drawn]
    assert {answer.headers["cache-status"] for answer in again} == {"earthgan; hit; detail=redis"}
