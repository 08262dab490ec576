"""A real nginx in a process of its own, with a configuration of the repository on other ports and in other folders."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def certificate(folder: Path) -> None:
    """Write `certificate.pem` and `key.pem` for 127.0.0.1."""
    names = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    files = ["-subj", "/CN=127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    subprocess.run(["openssl", *names, *files], check=True, capture_output=True)


@contextmanager
def nginx(folder: Path, configuration: str) -> Iterator[None]:
    """Run nginx with a configuration, in a folder. Skips the test if nginx is not installed."""
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("nginx is not installed")
    (folder / "nginx.conf").write_text(configuration)
    owner = "user root; " * (os.getuid() == 0)  # otherwise its workers may not enter this folder
    settings = f"{owner}daemon off; pid {folder}/pid; error_log {folder}/error.log;"
    process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf", "-g", settings])
    try:
        until = time.monotonic() + 30
        while not (folder / "pid").exists():
            assert time.monotonic() < until
            assert process.poll() is None, (folder / "error.log").read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)
