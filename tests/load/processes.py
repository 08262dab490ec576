"""Runs servers in process groups of their own, and reads the CPU time of a group."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx2 as httpx

from gateway_server import READY_WITHIN_S, environment, free_port
from places import ROOT

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PGRP, _UTIME, _STIME = 2, 11, 12  # fields of /proc/PID/stat, counted from the one after the name


def cpu_s(*, group: int | None = None, pid: int | None = None) -> float:
    """Return the user and system seconds of all living processes of a group, or of one process.

    The resolution is one clock tick.
    """
    ticks = 0
    for stat in Path("/proc").glob(f"{pid or '[0-9]*'}/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has just ended
            continue
        if group is None or int(fields[_PGRP]) == group:
            ticks += int(fields[_UTIME]) + int(fields[_STIME])
    return ticks / TICKS_PER_S


@contextlib.contextmanager
def server(command: Sequence[str], port: int, ready_path: str, **settings: str) -> Iterator[int]:
    """Run a server in a process group of its own. Yield the group's number when `ready_path` answers 200."""
    variables = environment(**settings)
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not _answers(f"http://127.0.0.1:{port}{ready_path}"):
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} ended before it was ready")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} was not ready in {READY_WITHIN_S} s")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):  # processes of the group that are left
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def gateway_group(surrogate: Path, workers: int, **settings: str) -> Iterator[tuple[int, int]]:
    """Run a gateway with this many workers. Yield its port and the number of its process group."""
    port = free_port()
    command = [sys.executable, "-m", "earthgan.cli", "serve", str(surrogate), "--port", str(port)]
    if workers > 1:
        command += ["--workers", str(workers)]
    with server(command, port, "/readyz", **settings) as group:
        yield port, group


def serve_has_workers() -> bool:
    """Return whether `earthgan serve` has the option `--workers`."""
    command = [sys.executable, "-m", "earthgan.cli", "serve", "--help"]
    return "--workers" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextlib.contextmanager
def floor_group(workers: int) -> Iterator[tuple[int, int]]:
    """Run the raw ASGI floor (`floor.py`) in the same way."""
    port = free_port()
    with server(
        [sys.executable, str(Path(__file__).with_name("floor.py")), str(port), str(workers)], port, "/"
    ) as group:
        yield port, group


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=10).status_code == 200
    except httpx.TransportError:
        return False
