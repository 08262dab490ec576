"""The gateway answers what its OpenAPI document says: schemathesis makes requests of it, valid ones and others."""

from __future__ import annotations

import json
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
from gateway_server import gateway
from places import DEFAULT_SURROGATE, ROOT
from spectral_surrogate import make, write_raw

pytestmark = pytest.mark.alone


#: A profile with lateral means decodes its step, and a series all steps, which takes long on a busy machine.
WAIT_S = 60
PATIENT = {f"{name}_s": WAIT_S for name in ("tile_wait", "read_wait", "engine_timeout")}


def schemathesis(url: str, surrogate: Surrogate, *options: str) -> tuple[int, int, str]:
    """Return the number of requests that schemathesis made, the number of its findings, and what it said."""
    pytest.importorskip("schemathesis")
    names, steps, shells = surrogate.variables, [step.t for step in surrogate.steps], len(surrogate.grid.radii_km)
    there = {"var": names, "t": steps, "r": list(range(shells)), "key": ["zarr.json"]}
    config = str(Path(__file__).with_name("schemathesis.toml"))
    run = [
        "--config-file",
        config,
        "run",
        f"{url}/openapi.json",
        "--checks",
        "all",
        "--seed",
        "1",
        "--request-timeout",
        str(WAIT_S),
        "--max-response-time",
        str(WAIT_S),
        *options,
    ]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *run],
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": "faults.schema_hooks", "SCHEMA_THERE": json.dumps(there), "NO_COLOR": "1"}
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
    surrogate = Surrogate(DEFAULT_SURROGATE)
    with served(CountingEngine(surrogate), **PATIENT) as own:
        made, found, said = schemathesis(
            own.url, surrogate, "--phases", "examples,fuzzing,stateful", "--max-examples", "12"
        )
    measured(f"{found} in {made} requests")
    assert made >= 250
    assert not found, said


@pytest.mark.drill
@fault("1", "schemathesis: 10,000 requests made of the OpenAPI document", "0 findings")
def test_ten_thousand_requests_of_the_document(measured: Measured, tmp_path: Path) -> None:
    """Of a gateway in a process of its own, whose generator computes all values of a small surrogate."""
    surrogate = make(write_raw(tmp_path / "raw"), tmp_path / "surrogate")
    with gateway(surrogate, **{name: str(value) for name, value in PATIENT.items()}) as url:
        made, found, said = schemathesis(url, Surrogate(surrogate), "--max-examples", "450", "--continue-on-failure")
    print(said)
    measured(f"{found} in {made} requests")
    assert made >= 10_000
    assert not found, said
