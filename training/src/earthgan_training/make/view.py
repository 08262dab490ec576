"""`earthgan view`: makes a surrogate into the user's cache folder, serves it, and opens its page."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from earthgan.errors import BadInput, DamagedSurrogate
from earthgan.kept import cache_folder
from earthgan.surrogate import Surrogate

#: The port of the page, if it is free.
USUAL_PORT = 8000
#: The views that are kept in the cache folder. The one that was not looked at for the longest time is deleted first.
KEPT_VIEWS = 12
#: How long the gateway may take until it is ready.
READY_WITHIN_S = 60
#: How long it may take to stop before it is killed.
STOPPED_WITHIN_S = 5


def view(
    make: Callable[[Path], None], facts: dict[str, Any] | None, host: str, port: int | None, browser: bool
) -> None:
    """Serve the surrogate that `make` writes into a folder, until the user interrupts it.

    `facts` are all that the surrogate follows from. What was made of the same facts before is shown at once. If they
    are None, nothing is kept. Raises BadInput if the surrogate cannot be made or served.
    """
    with _place(facts) as folder:
        if not _is_sound(folder):
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
        _serve(folder, host, port, browser)


def find_gateway() -> None:
    """Raise BadInput if the gateway is not installed."""
    if not any(entry.name == "gateway" for entry in entry_points(group="earthgan.commands")):
        raise BadInput("earthgan view needs the gateway: pip install earthgan-gateway")


@contextmanager
def _place(facts: dict[str, Any] | None) -> Iterator[Path]:
    """The folder of a view: in the user's cache folder, or where nothing is kept, a temporary one."""
    cache = cache_folder()
    if cache is None or facts is None:
        with tempfile.TemporaryDirectory(prefix="earthgan-view-") as place:
            yield Path(place) / "view"
        return
    views = cache / "views"
    folder = views / hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
    if folder.exists():
        with suppress(OSError):
            os.utime(folder)
    _delete_oldest(views, folder)
    yield folder


def _delete_oldest(views: Path, but: Path) -> None:
    with suppress(OSError):
        others = [path for path in views.iterdir() if path != but and not path.name.startswith(".")]
        for path in sorted(others, key=lambda path: path.stat().st_mtime)[: -KEPT_VIEWS + 1]:
            shutil.rmtree(path, ignore_errors=True)


def _is_sound(folder: Path) -> bool:
    try:
        Surrogate(folder)
    except DamagedSurrogate:
        return False
    return True


def _serve(folder: Path, host: str, port: int | None, browser: bool) -> None:
    """Run a gateway until it ends or the user interrupts it. Both processes have ended when this returns."""
    port = port or free_port(host)
    command = [sys.executable, "-m", "earthgan.cli", "serve", str(folder), "--host", host, "--port", str(port)]
    environment = os.environ | {"EARTHGAN_LOG_LEVEL": os.environ.get("EARTHGAN_LOG_LEVEL", "warning")}
    with _stoppable(), suppress(KeyboardInterrupt):
        gateway = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            shown = f"[{host}]" if ":" in host else host
            _wait_until_ready(gateway, host, port)
            address = f"http://{shown}:{port}/"
            print(f"{address}   (Ctrl-C ends it)", flush=True)
            if browser:
                webbrowser.open(address)
            if gateway.wait() != 0:
                raise BadInput(f"{address}: the gateway ended with status {gateway.returncode}")
        finally:
            _stop(gateway)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM and SIGINT end the block as Ctrl-C does, so that no gateway is left behind.

    A process that a script starts in the background ignores SIGINT otherwise.
    """

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _wait_until_ready(gateway: subprocess.Popen[bytes], host: str, port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    # A server that listens on all addresses is asked on this machine's own.
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # nothing listens  # nosec B104
    while time.monotonic() < deadline:
        if gateway.poll() is not None:
            raise BadInput(f"http://{host}:{port}: the gateway could not be started")  # it has said why itself
        connection = http.client.HTTPConnection(reachable, port, timeout=READY_WITHIN_S)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise BadInput(f"http://{host}:{port}: the gateway was not ready within {READY_WITHIN_S} s")


def _stop(gateway: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        gateway.terminate()
    try:
        gateway.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        gateway.kill()
        gateway.wait()


def free_port(host: str) -> int:
    """The usual port, or another one if that is taken. Raises BadInput if the machine has no such address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (USUAL_PORT, 0):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                reason = error.strerror or str(error)
                continue
            return int(probe.getsockname()[1])
    raise BadInput(f"{host}: {reason}")
