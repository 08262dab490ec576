"""nginx as `docker-compose.nginx.yml` runs it, before three gateways in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
import pytest
import yaml

from gateway_server import free_port
from load.processes import gateway_group
from nginx_server import certificate, nginx
from places import BASELINE_SURROGATE, ROOT

CONFIGURATION = ROOT / "services" / "proxy" / "nginx.conf"
COMPOSE = yaml.load((ROOT / "docker-compose.nginx.yml").read_text(), yaml.BaseLoader)


def configured(folder: Path, port: int, gateways: list[int], *, tls: bool = False) -> str:
    """The configuration of the container, on another port, in another folder, and with these gateways."""
    text = CONFIGURATION.read_text()
    extra = folder / "extra"
    extra.mkdir()
    if tls:
        certificate(folder)
        own = (ROOT / "services" / "proxy" / "tls.conf").read_text().replace("8443", f"127.0.0.1:{port}")
        own = own.replace("/run/secrets/certificate", f"{folder}/certificate.pem")
        (extra / "tls.conf").write_text(own.replace("/run/secrets/key", f"{folder}/key.pem"))
    servers = " ".join(f"server 127.0.0.1:{each};" for each in gateways)
    changes = {
        "pid /tmp/nginx.pid;": "",  # the test names it
        "/tmp/": f"{folder}/",
        "/cache": f"{folder}/cache",
        "/etc/earthgan/extra": str(extra),
        "listen 8080": f"listen 127.0.0.1:{free_port() if tls else port}",
        # Docker's names are not known here. Every name of an upstream is found before any is looked up.
        "$gateways gateway:8000": "$gateways gateways",
        "    server {\n": f"    upstream gateways {{ {servers} }}\n    server {{\n",
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@dataclass
class Deployment:
    """nginx, and the process groups of the gateways behind it."""

    url: str
    groups: list[int] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    port = free_port()
    made = Deployment(f"http://127.0.0.1:{port}")
    with ExitStack() as stack:
        for _ in range(3):
            started = gateway_group(
                BASELINE_SURROGATE, 1, prefetch="false", trusted_proxies='["127.0.0.1/32"]', tile_wait_s="120"
            )
            own, group = stack.enter_context(started)
            made.ports.append(own)
            made.groups.append(group)
        folder = tmp_path_factory.mktemp("nginx")
        stack.enter_context(nginx(folder, configured(folder, port, made.ports)))
        yield made


def test_a_client_names_no_address_that_others_read(deployment: Deployment) -> None:
    said = {"forwarded": "for=203.0.113.9;host=evil.example", "x-forwarded-host": "evil.example"}
    said |= {"x-forwarded-port": "81", "x-forwarded-proto": "https", "x-forwarded-prefix": "/evil"}
    path = "/tiles/vz/120/30/tilejson.json"
    first = httpx.get(deployment.url + path, headers=said, trust_env=False).text
    assert first == httpx.get(deployment.url + path, trust_env=False).text
    assert f'"{deployment.url}/tiles/vz/120/30/' in first


def test_readers_of_one_tile_wait_for_one_request(deployment: Deployment) -> None:
    def counted() -> float:
        texts = [httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text for port in deployment.ports]
        found = re.findall(r"^earthgan_tiles_total\{.*\} (\S+)$", "\n".join(texts), re.MULTILINE)
        return sum(map(float, found))

    before = counted()
    with ThreadPoolExecutor(30) as readers:
        path = f"{deployment.url}/tiles/temperature/121/40/1/0/1.png"
        answers = [*readers.map(lambda _: httpx.get(path, trust_env=False), range(30))]
    assert [answer.status_code for answer in answers] == [200] * 30
    assert counted() - before == 1


def test_a_gateway_that_is_killed_under_load_costs_no_request(deployment: Deployment) -> None:
    found: Counter[str] = Counter()
    under_way, over = threading.Barrier(9), threading.Event()

    def read(number: int) -> None:
        with httpx.Client(base_url=deployment.url, trust_env=False) as client:
            client.get("/healthz")
            under_way.wait()
            for i in range(80):
                # Pictures that nginx has not kept, so a gateway is asked for each.
                answer = client.get(f"/tiles/temperature/{113 + i % 16}/{number}/2/{i % 4}/{i // 4 % 4}.png")
                found[str(answer.status_code)] += 1
            over.set()

    with ThreadPoolExecutor(8) as readers:
        reading = [readers.submit(read, number) for number in range(8)]
        under_way.wait()
        while sum(found.values()) < 160:
            assert not over.is_set()
        os.killpg(deployment.groups[0], signal.SIGKILL)
        at = sum(found.values())
        for each in reading:
            each.result()
    assert at < 640, "it was killed after the load"
    assert found == {"200": 640}


def test_it_speaks_tls(deployment: Deployment, tmp_path: Path) -> None:
    port = free_port()
    with nginx(tmp_path, configured(tmp_path, port, deployment.ports, tls=True)):
        answer = httpx.get(f"https://127.0.0.1:{port}/tiles/vz/120/30/tilejson.json", trust_env=False, verify=False)
    assert f'"https://127.0.0.1:{port}/tiles/' in answer.text


def test_gateways_trust_the_network_of_nginx_and_have_no_port() -> None:
    (subnet,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    gateway, proxy = COMPOSE["services"]["gateway"], COMPOSE["services"]["proxy"]
    assert gateway["environment"]["EARTHGAN_TRUSTED_PROXIES"] == f'["{subnet["subnet"]}"]'
    assert gateway["networks"] == ["front", "inside"]
    assert gateway["ports"] == []
    assert proxy["networks"] == ["outside", "front"]
    assert COMPOSE["networks"]["front"]["internal"] == "true"
