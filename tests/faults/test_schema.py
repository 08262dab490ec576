"""The gateway answers what its OpenAPI document says: schemathesis makes requests of it, valid ones and others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from earthgan import Surrogate
from engines import CountingEngine
from faults.rows import Measured, fault
from faults.servers import served
from places import DEFAULT_SURROGATE, ROOT

pytestmark = pytest.mark.alone


def schemathesis(*options: str) -> tuple[int, int, str]:
    """Return the number of requests that schemathesis made, the number of its findings, and what it said."""
    pytest.importorskip("schemathesis")
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE))
    with served(engine, tile_wait_s=60, read_wait_s=60) as gateway:
        config = str(Path(__file__).with_name("schemathesis.toml"))
        run = [
            "--config-file",
            config,
            "run",
            f"{gateway.url}/openapi.json",
            "--checks",
            "all",
            "--seed",
            "1",
            "--request-timeout",  # a profile with lateral means decodes its step, which takes long on a busy machine
            "60",
            "--max-response-time",
            "60",
            *options,
        ]
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *run],
            env=os.environ
            | {"SCHEMATHESIS_HOOKS": "faults.schema_hooks", "NO_COLOR": "1"}
            | {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    made = re.search(r"([\d,]+) generated", done.stdout)
    found = re.search(r"found (\d+) unique", done.stdout)
    assert made, done.stdout + done.stderr
    return int(made[1].replace(",", "")), int(found[1]) if found else done.returncode, done.stdout


@fault("1", "schemathesis: some hundred requests made of the OpenAPI document", "0 findings")
def test_some_requests_of_the_document(measured: Measured) -> None:
    made, found, said = schemathesis("--phases", "examples,fuzzing,stateful", "--max-examples", "12")
    measured(f"{found} in {made} requests")
    assert made >= 250
    assert not found, said


@pytest.mark.drill
@fault("1", "schemathesis: 10,000 requests made of the OpenAPI document", "0 findings")
def test_ten_thousand_requests_of_the_document(measured: Measured) -> None:
    made, found, said = schemathesis("--max-examples", "450", "--continue-on-failure")
    measured(f"{found} in {made} requests")
    assert made >= 10_000
    assert not found, said
