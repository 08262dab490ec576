"""What tests of a running gateway share, and those of the model server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from integration.torchserve_server import SERVICE
from places import DEFAULT_SURROGATE, SIMULATED


@pytest.fixture(scope="module")
def client(gateway_url: str) -> Iterator[httpx.Client]:
    """A client of the gateway over the shipped surrogate."""
    with httpx.Client(base_url=gateway_url, trust_env=False, timeout=120) as client:
        yield client


@pytest.fixture(scope="session")
def simulated_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Step 30 of the simulated run, as a file."""
    if not SIMULATED.is_dir():
        pytest.skip("the simulated run is not here")
    folder = tmp_path_factory.mktemp("simulated")
    command = [sys.executable, SIMULATED / "expand.py", SIMULATED / "run-a.npz", folder, "--steps", "30"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture(scope="session")
def mar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped surrogate's archive."""
    from earthgan_training.surrogates.archive import archive

    path = tmp_path_factory.mktemp("mar") / "earthgan.mar"
    archive(DEFAULT_SURROGATE, path, SERVICE / "handler.py")
    return path
