"""What the built page is told of a surrogate is what the gateway's catalog says."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from earthgan import Surrogate
from earthgan_gateway import catalog
from earthgan_gateway.offer import Offer
from earthgan_gateway.page.manifest import Manifest
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE, ROOT

PROGRAM = """
import { readFileSync } from "node:fs";
import { catalogOf } from "./clients/web/said.js";
console.log(JSON.stringify(catalogOf(JSON.parse(readFileSync(0, "utf8")))));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize("folder", [DEFAULT_SURROGATE, BASELINE_SURROGATE], ids=lambda folder: folder.name)
def test_the_pages_catalog_is_the_gateways(folder: Path) -> None:
    offer = Offer.of(Surrogate(folder))
    manifest = Manifest.of(offer)
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", PROGRAM],
        cwd=ROOT,
        input=json.dumps(manifest.document),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, due = json.loads(done.stdout), catalog.catalog(offer)
    for axis in ("latitudes_deg", "longitudes_deg"):
        np.testing.assert_allclose(found["grid"].pop(axis), due["grid"].pop(axis), rtol=0, atol=1e-9)
    shells, true = found.pop("shells"), due.pop("shells")
    assert [shell["r"] for shell in shells] == [shell["r"] for shell in true]
    for name in ("radius_km", "depth_km"):
        lengths, exact = ([shell[name] for shell in each] for each in (shells, true))
        np.testing.assert_allclose(lengths, exact, rtol=0, atol=0.51 * 10 ** -due["length_decimals"])
    assert found == due
