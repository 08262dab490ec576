"""The real LitServe with the model of docs/examples, for tests: on a port of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx

from gateway_server import READY_WITHIN_S, free_port
from places import ROOT

PROGRAM = ROOT / "docs" / "examples" / "litserve_model.py"


@contextmanager
def litserve(folder: Path) -> Iterator[str]:
    """Serve a surrogate folder. Leaving stops every process of the server."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(folder), str(port)], stdout=log, stderr=log, start_new_session=True
        )
        try:
            deadline = time.monotonic() + READY_WITHIN_S
            while not _is_ready(url):
                log.seek(0)
                assert process.poll() is None, log.read().decode(errors="replace")
                assert time.monotonic() < deadline, "LitServe was not ready in time"
                time.sleep(0.1)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # its workers do not end with it
            process.wait(10)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v2/health/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
