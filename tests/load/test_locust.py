"""Tests of the load tests: their checks, and the exit codes that report them. Locust changes Python's standard
library where it is imported: it runs as a process of its own.
"""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_server import free_port, gateway
from load.checks import PNG_START, fault, view
from places import ROOT

pytestmark = pytest.mark.alone

PNG = PNG_START + (256).to_bytes(4, "big") * 2 + b"..." + b"IEND\xaeB`\x82"
HEADERS = {"etag": '"a"', "earthgan-surrogate": "d"}


def locust(host: str, file: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "locust", "-f", f"tests/load/{file}", "--headless", "--host", host, *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_readers_in_two_processes_find_nothing_wrong(gateway_url: str) -> None:
    """A master and two workers make every journey. On a busy machine, a reader may wait for a first time step longer
    than a run takes. The next run then finds it in memory.
    """
    slow = [f"--p95-{journey}-ms=20000" for journey in ("pan", "depth", "time")]
    missing = {"/catalog", "pan: tile", "pan: tile again", "depth: tile", "time: tile"}
    for _ in range(4):
        port = str(free_port())
        two = ["--processes", "2", "--master-bind-port", port, "--master-port", port]
        done = locust(gateway_url, "locustfile.py", "-u", "6", "-r", "6", "-t", "5s", *two, *slow)
        assert done.returncode == 0, done.stderr
        missing = {name for name in missing if f" {name} " not in done.stderr}
        if not missing:
            break
    assert not missing


def test_arrivals_do_not_wait_for_answers() -> None:
    """Eight views a second, each of a time step of its own, are more than a slow machine can compute. This gateway lets
    its readers wait, and the threshold says how long.
    """
    with gateway(tile_wait_s="120", engine_timeout_s="120") as url:
        done = locust(url, "arrivals.py", "-u", "8", "-r", "8", "-t", "2s", "--p95-open-ms=20000")
    assert done.returncode == 0, done.stderr
    assert " open: tile " in done.stderr


@pytest.mark.parametrize(
    ("path", "options", "reason"),
    [
        ("/nothing", ("-t", "2s"), "requests failed"),
        ("", ("-t", "8s", "--p95-pan-ms=0.001", "PanAndZoom"), "p95 of 'pan: tile'"),  # a first tile may take long
    ],
)
def test_a_missed_threshold_is_the_exit_code(
    gateway_url: str, path: str, options: tuple[str, ...], reason: str
) -> None:
    done = locust(gateway_url + path, "locustfile.py", "-u", "2", "-r", "2", *options)
    assert done.returncode == 1
    assert f"threshold missed: {reason}" in done.stderr.replace("1 of 1 ", "").replace("2 of 2 ", "")


def test_a_right_answer_has_no_fault() -> None:
    assert fault(200, HEADERS, PNG, "d") is None


@pytest.mark.parametrize(
    ("status", "headers", "body", "text"),
    [
        (503, HEADERS, PNG, "status 503"),
        (200, HEADERS, PNG[:-1], "not a whole PNG"),
        (200, HEADERS, PNG.replace(b"\x01\0", b"\x02\0"), "not 256 pixels"),
        (200, {"earthgan-surrogate": "d"}, PNG, "no entity tag"),
        (200, HEADERS | {"earthgan-surrogate": "e"}, PNG, "of another surrogate"),
    ],
)
def test_each_fault_is_named(status: int, headers: dict[str, str], body: bytes, text: str) -> None:
    assert text in (fault(status, headers, body, "d") or "")


@given(z=st.integers(0, 8), x=st.floats(0, 1), y=st.floats(0, 1), columns=st.integers(1, 5), rows=st.integers(1, 4))
def test_a_view_is_of_tiles_that_there_are_and_holds_its_centre(
    z: int, x: float, y: float, columns: int, rows: int
) -> None:
    tiles = view(z, x, y, columns, rows)
    width = 2**z
    assert 1 <= len(tiles) == len(set(tiles)) <= columns * rows
    assert all(tile[0] == z and 0 <= tile[1] < width and 0 <= tile[2] < width for tile in tiles)
    assert (z, int(x * width) % width, min(int(y * width), width - 1)) in tiles
