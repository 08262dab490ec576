"""Runs real gateways in processes of their own, each on its own loopback port."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import uvicorn
from fastapi import FastAPI

from places import DEFAULT_SURROGATE, ROOT

#: The command that starts this environment's `earthgan`.
EARTHGAN = (sys.executable, "-m", "earthgan.cli")
READY_WITHIN_S = 300  # of a machine that is busy with other tests


def free_port() -> int:
    """A port that is free now. Two processes of tests at once never get the same one."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port // 2 % workers == mine:  # the kernel prefers odd ports here
            return port


def environment(**settings: str) -> dict[str, str]:
    """This process's variables for a server. Of EarthGAN's, there are only `settings`, as `EARTHGAN_<NAME>`, and the
    folder in which all processes of a run of tests keep what takes long to compute.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("EARTHGAN_")}
    shared = {name: os.environ[name] for name in ("EARTHGAN_CACHE_DIR",) if name in os.environ}
    return own | shared | {f"EARTHGAN_{name.upper()}": value for name, value in settings.items()}


@contextmanager
def gateway(
    surrogate: Path | None = DEFAULT_SURROGATE, command: Sequence[str] = EARTHGAN, cwd: Path = ROOT, **settings: str
) -> Iterator[str]:
    """Run `earthgan serve` and yield its address.

    `settings` become the variables `EARTHGAN_<NAME>`. By default, the gateway does not prefetch. `command` starts
    `earthgan` in the folder `cwd`. If `surrogate` is None, the command line of `serve` names none.
    """
    url = f"http://127.0.0.1:{(port := free_port())}"
    arguments = ["serve", *([] if surrogate is None else [str(surrogate)]), "--port", str(port)]
    variables = environment(**({"prefetch": "false"} | settings))
    process = subprocess.Popen([*command, *arguments], cwd=cwd, env=variables)
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            assert process.poll() is None, "the gateway ended before it was ready"
            assert time.monotonic() < deadline, "the gateway was not ready in time"
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)  # a gateway gives its clients some seconds to leave


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application from a thread of this process and yield its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not server.started:
            assert time.monotonic() < deadline, "the application was not served in time"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
