"""Work over two nodes: network namespaces of this machine, with a Dask worker in each.

Whatever a command writes is what one process writes. This needs root.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway_server import EARTHGAN
from places import ROOT

pytestmark = pytest.mark.slow

NET = "10.214.91"
SWEEP = ["--seed", "1", "2", "--steps", "2", "--nodes", "17", "--degree", "24", "--rayleigh", "3000", "--heating", "0"]
BIN = Path(sys.executable).parent


def ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)


@dataclass(frozen=True)
class Nodes:
    """Two nodes with addresses of their own, which reach each other and nothing else."""

    names: tuple[str, str]
    logs: Path

    def address(self, node: int) -> str:
        return f"{NET}.{node + 1}"

    def start(self, node: int, command: Sequence[object]) -> subprocess.Popen[bytes]:
        """Start a command on a node. What it says goes to a file."""
        variables = os.environ | {"OMP_NUM_THREADS": "1"}
        with (self.logs / f"{self.names[node]}.log").open("ab") as log:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.names[node], *map(str, command)],
                cwd=ROOT,
                env=variables,
                stdout=log,
                stderr=log,
            )

    def log(self) -> str:
        return "".join(path.read_text()[-6000:] for path in self.logs.glob("*.log"))


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Two nodes. Skips where no network namespaces can be made."""
    tag = f"eg{os.getpid() % 100000}"
    found = Nodes((f"{tag}a", f"{tag}b"), tmp_path_factory.mktemp("nodes"))
    first, second = (f"{name}-e" for name in found.names)
    try:
        ip("netns", "add", found.names[0])
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespaces: {error}")
    try:
        ip("netns", "add", found.names[1])
        # A cable from one node to the other. A bridge would do what the machine's firewall says.
        ip("-n", found.names[0], "link", "add", first, "type", "veth", "peer", second, "netns", found.names[1])
        for i, name in enumerate(found.names):
            ip("-n", name, "addr", "add", f"{found.address(i)}/24", "dev", f"{name}-e")
            for device in (f"{name}-e", "lo"):
                ip("-n", name, "link", "set", device, "up")
        yield found
    finally:
        for name in found.names:
            ip("netns", "delete", name, check=False)


@pytest.fixture(scope="module")
def scheduler(nodes: Nodes) -> Iterator[str]:
    """The address of a Dask scheduler on the first node, with a worker on each node."""
    address = f"tcp://{nodes.address(0)}:8786"
    with contextlib.ExitStack() as running:
        serve = ["scheduler", "--host", nodes.address(0), "--port", "8786", "--no-dashboard", "--no-jupyter"]
        running.enter_context(ended(nodes.start(0, [BIN / "dask", *serve])))
        for node in (0, 1):
            work = ["worker", address, "--host", nodes.address(node), "--nthreads", "1", "--no-dashboard", "--no-nanny"]
            work += ["--local-directory", str(nodes.logs), "--name", nodes.names[node]]
            running.enter_context(ended(nodes.start(node, [BIN / "dask", *work])))
        until = time.monotonic() + 120
        while nodes.log().count("Registered to:") < 2:
            assert time.monotonic() < until, nodes.log()
            time.sleep(0.2)
        yield address


def run(nodes: Nodes, *arguments: object) -> None:
    """Run `earthgan` on the first node."""
    with ended(nodes.start(0, [*EARTHGAN, *map(str, arguments)])) as process:
        assert process.wait(900) == 0, nodes.log()


def here(*arguments: object) -> None:
    subprocess.run([*EARTHGAN, *map(str, arguments)], cwd=ROOT, check=True, capture_output=True, timeout=900)


def contents(folder: Path, *patterns: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in patterns
        for path in sorted(folder.rglob(pattern))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def raw(nodes: Nodes, scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, simulated by the two workers."""
    folder = tmp_path_factory.mktemp("sweep") / "raw"
    run(nodes, "simulate", "--out", folder, *SWEEP, "--scheduler", scheduler)
    return folder


def test_a_sweep_of_simulations(raw: Path, tmp_path: Path) -> None:
    here("simulate", "--out", tmp_path / "raw", *SWEEP)

    assert {path.name for path in raw.iterdir()} == {"seed-1", "seed-2"}
    assert contents(raw, "*.nc", "*.csv") == contents(tmp_path / "raw", "*.nc", "*.csv")
    assert len(contents(raw, "*.nc")) == 4


def test_a_data_set_is_prepared(nodes: Nodes, scheduler: str, raw: Path, tmp_path: Path) -> None:
    run(nodes, "prepare", raw / "seed-1", "--out", tmp_path / "spread", "--scheduler", scheduler)
    here("prepare", raw / "seed-1", "--out", tmp_path / "alone", "--workers", "0")

    assert contents(tmp_path / "spread", "*") == contents(tmp_path / "alone", "*")
