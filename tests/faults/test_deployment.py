"""What the files of the deployment allow: ports, rights of containers, addresses of models, and pickles."""

from __future__ import annotations

import ast
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import yaml

from earthgan_training.surrogates.archive import archive
from faults.rows import Measured, fault
from integration.torchserve_server import SERVICE, TorchServe
from places import BASELINE_SURROGATE, ROOT

COMPOSE = ("docker-compose.yml", "docker-compose.gpu.yml")


def services() -> dict[str, dict[str, Any]]:
    """The services of Compose by name, with their `<<` resolved."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / COMPOSE[0]).read_text())["services"]
    return found


@fault("19", "ports that Compose publishes", "1, the gateway's; the others' network has no way out")
def test_one_port_is_published(measured: Measured) -> None:
    whole = yaml.safe_load((ROOT / COMPOSE[0]).read_text())
    ports = {name: each.get("ports", []) for name, each in services().items()}
    inside = {name for name, network in whole["networks"].items() if (network or {}).get("internal")}
    outside = [
        name
        for name, each in services().items()
        if each.get("network_mode", "bridge") != "none" and set(each.get("networks", ["default"])) - inside
    ]
    measured(f"{sum(map(len, ports.values()))} published; {len(outside)} of {len(ports)} services have a way out")
    assert {name: len(each) for name, each in ports.items() if each} == {"gateway": 1}
    assert outside == ["gateway"]
    assert not any(
        "ports" in (each or {}) for each in yaml.safe_load((ROOT / COMPOSE[1]).read_text())["services"].values()
    )


def user_of(service: dict[str, Any]) -> str:
    """The user that a service runs as: what Compose says, or the last USER of its Dockerfile."""
    if "user" in service:
        return str(service["user"])
    text = (ROOT / service["build"]["dockerfile"]).read_text()
    return re.findall(r"^USER (\S+)$", text, re.MULTILINE)[-1]


def weaknesses(service: dict[str, Any]) -> list[str]:
    """What a service may do that it need not."""
    checks = {
        "runs as root": user_of(service).split(":")[0] in ("", "0", "root"),
        "may write to its root": service.get("read_only") is not True,
        "has capabilities": service.get("cap_drop") != ["ALL"] or bool(service.get("cap_add")),
        "may get new privileges": service.get("security_opt") != ["no-new-privileges:true"],
        "is privileged": bool(service.get("privileged") or service.get("pid") or service.get("ipc")),
        "has no limit of memory": not service.get("mem_limit"),
        "has no limit of processes": not service.get("pids_limit"),
        "has no init": service.get("init") is not True,
        "sees the machine's Docker": any("docker.sock" in str(each) for each in service.get("volumes", ())),
    }
    return [name for name, holds in checks.items() if holds]


@fault(
    "22",
    "what each container may do",
    "no root, a read-only root, no capabilities, no new privileges, limits of memory and processes: all services",
)
def test_every_container_may_do_little(measured: Measured) -> None:
    found = {name: weaknesses(service) for name, service in services().items()}
    measured(f"{sum(not each for each in found.values())} of {len(found)} services")
    assert len(found) >= 4
    assert not any(found.values()), found


#: Calls that may run code of a file that they read, and how each is safe.
UNPICKLING = {"torch.load": "weights_only=True", "np.load": "allow_pickle=False", "numpy.load": "allow_pickle=False"}
NEVER = re.compile(r"^(pickle|cPickle|dill|cloudpickle|joblib|marshal|shelve)\.(load|loads|open|Unpickler)$")


def unsafe_calls(source: str) -> tuple[int, list[str]]:
    """The number of calls that read such files, and those among them that could run code."""
    read, unsafe = 0, []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            said = {f"{each.arg}={ast.unparse(each.value)}" for each in node.keywords}
            if name == "torch.load":
                read += 1
                unsafe += [name] if UNPICKLING[name] not in said else []
            elif name in UNPICKLING:  # NumPy refuses pickles unless it is told otherwise
                read += 1
                unsafe += [name] if any(each.startswith("allow_pickle=") for each in said - {UNPICKLING[name]}) else []
            elif NEVER.match(name):
                unsafe.append(name)
    return read, unsafe


@fault(
    "23", "calls that read a file that may hold code", "torch.load with weights_only=True in 1 place; no other pickles"
)
def test_no_file_brings_code(measured: Measured) -> None:
    torch_loads, calls, unsafe = [], 0, []
    files = [
        path
        for folder in ("services", "training")
        for path in (ROOT / folder).rglob("*.py")
        if "build" not in path.parts
    ]
    for path in files:
        source = path.read_text()
        read, bad = unsafe_calls(source)
        calls += read
        unsafe += [f"{path.relative_to(ROOT)}: {name}" for name in bad]
        torch_loads += [path.name] * source.count("torch.load(")
    measured(f"{len(torch_loads)} torch.load; {len(unsafe)} of {calls} calls in {len(files)} modules could run code")
    assert torch_loads == ["published.py"]
    assert not unsafe
    assert unsafe_calls("torch.load(path)")[1]
    assert unsafe_calls("np.load(path, allow_pickle=True)")[1]
    assert unsafe_calls("pickle.load(file)")[1]


@contextmanager
def counted() -> Iterator[tuple[int, list[object]]]:
    """A port that counts who connects to it."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        done = threading.Event()

        def accept() -> None:
            while not done.is_set():
                try:
                    connection, address = listener.accept()
                except TimeoutError:
                    continue
                came.append(address)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1], came
        finally:
            done.set()
            thread.join()


@pytest.mark.drill
@fault("18", "a model named by an http, file, ftp or link-local address, to the model server", "refused; 0 connections")
def test_no_model_comes_from_an_address(measured: Measured, tmp_path: Path) -> None:
    mar = tmp_path / "earthgan.mar"
    archive(BASELINE_SURROGATE, mar, SERVICE / "handler.py")
    with counted() as (port, came), TorchServe({"earthgan": mar}) as server:
        server.wait_until_ready("earthgan")
        addresses = [
            f"http://127.0.0.1:{port}/model.mar",
            f"https://localhost:{port}/model.mar",
            f"ftp://127.0.0.1:{port}/model.mar",
            f"file://127.0.0.1:{port}/etc/passwd",
            "file:///etc/passwd",
            "http://169.254.169.254/model.mar",
            "//169.254.169.254/model.mar",
            "../../etc/passwd",
        ]
        management = next(line for line in server.log.splitlines() if line.startswith("Management address: "))
        refused = 0
        for place in (management.split()[-1], server.url):
            for address in addresses:
                answer = httpx.post(f"{place}/models", params={"url": address}, trust_env=False, timeout=30)
                refused += 400 <= answer.status_code < 500
        server.wait_until_ready("earthgan")
        models = httpx.get(f"{management.split()[-1]}/models", trust_env=False).json()["models"]
    measured(f"{refused} of {2 * len(addresses)} refused; {len(came)} connections")
    assert refused == 2 * len(addresses)
    assert not came
    assert [model["modelName"] for model in models] == ["earthgan"]
