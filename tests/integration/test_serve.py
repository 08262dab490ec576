"""`earthgan serve`, as a person starts it."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx
import pytest

from gateway_server import environment, free_port
from places import DEFAULT_SURROGATE, ROOT

pytestmark = pytest.mark.alone


def serve(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "earthgan.cli", "serve", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment() | variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_it_prints_its_address_is_ready_in_ten_seconds_and_stops_when_told() -> None:
    port, started = free_port(), time.monotonic()
    process = serve("--port", str(port))
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line == f"EarthGAN serves {DEFAULT_SURROGATE} at http://127.0.0.1:{port}\n"
        answer = httpx.get(f"http://127.0.0.1:{port}/tiles/temperature/120/150/1/0/0", trust_env=False, timeout=10)
        assert answer.status_code == 200
        assert time.monotonic() - started < 10
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    assert errors == ""


def refusal(*arguments: str, **variables: str) -> str:
    """The one line with which it refuses to start."""
    process = serve(*arguments, **variables)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert output == ""
    assert errors.count("\n") == 1
    return errors


@pytest.mark.parametrize("file", ["spec.json", "generator.onnx", "inputs/128.bin"])
def test_a_damaged_surrogate_is_refused_with_the_files_name(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "surrogate"
    shutil.copytree(DEFAULT_SURROGATE, folder)
    (folder / file).write_bytes((folder / file).read_bytes()[:-20])
    assert file in refusal(str(folder))


def test_a_port_in_use_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "in use" in refusal("--port", str(port))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("EARTHGAN_PORT", "eighty"),
        ("EARTHGAN_ENGINE", "magic"),
        ("EARTHGAN_ENGINE", "torchserve"),
        ("EARTHGAN_REDIS_URL", "http://redis"),
        ("EARTHGAN_TORCHSERVE_URL", "file:///etc/passwd"),
        ("EARTHGAN_CACHE_MB", "-1"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(variable: str, value: str) -> None:
    assert refusal(**{variable: value}).startswith("earthgan: settings: ")


@pytest.mark.parametrize("folder", ["empty", "missing", "file"])
def test_a_client_without_a_page_is_one_line(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    client = tmp_path / folder
    assert (
        refusal(EARTHGAN_CLIENT=str(client)) == f"earthgan: EARTHGAN_CLIENT: the folder {client} holds no index.html\n"
    )
