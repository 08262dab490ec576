"""The page describes a dropped surrogate from its spec.json alone as the gateway describes it."""

import json
import shutil
from typing import Any

import numpy as np
import pytest

from earthgan import Surrogate
from earthgan_gateway.offer import Offer
from earthgan_gateway.page.manifest import Manifest
from page_module import said
from places import DEFAULT_SURROGATE

DESCRIBED = """
import { readFileSync } from "node:fs";
import { catalogOf, legendsOf, variablesOf, whyNot } from "./clients/web/dropped/described.js";
import { palettesOf } from "./clients/web/dropped/palettes.js";
const { spec, manifest } = JSON.parse(readFileSync(0, "utf8"));
const palettes = await palettesOf({ surrogates: [{ manifest }] }, null);
const [catalog, variables, reason] = [catalogOf(spec, manifest.catalog.digest), variablesOf(spec), whyNot(spec, "it")];
console.log(JSON.stringify({ catalog, variables, legends: legendsOf(spec, variables, palettes), reason }));
"""
REASON = """
import { readFileSync } from "node:fs";
import { whyNot } from "./clients/web/dropped/described.js";
console.log(JSON.stringify(whyNot(JSON.parse(readFileSync(0, "utf8")), "it")));
"""

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


@pytest.fixture
def spec() -> Any:
    return json.loads((DEFAULT_SURROGATE / "spec.json").read_text())


def test_a_dropped_surrogate_is_described_as_the_gateway_describes_it(spec: Any) -> None:
    surrogate = Surrogate(DEFAULT_SURROGATE)
    document = json.loads(json.dumps(Manifest.of(Offer.of(surrogate)).document))
    found = said(DESCRIBED, {"spec": spec, "manifest": document})
    assert found["reason"] is None

    own, due = found["catalog"], document["catalog"]
    shells, grid = own.pop("shells"), own.pop("grid")
    assert [shell["radius_km"] for shell in shells] == pytest.approx(surrogate.grid.radii_km, abs=1e-4)
    depths_km = [surrogate.depth_km(r) for r in range(len(shells))]
    assert [shell["depth_km"] for shell in shells] == pytest.approx(depths_km, abs=1e-4)
    for axis in ("latitudes_deg", "longitudes_deg"):
        np.testing.assert_allclose(grid[axis], getattr(surrogate.grid, axis), rtol=0, atol=1e-9)
    zoom = own.pop("tile_matrix_sets")["WorldCRS84Quad"]
    assert zoom == due["tile_matrix_sets"]["WorldCRS84Quad"]
    assert own == {name: due[name] for name in own}

    stored = {variable["name"] for variable in spec["variables"]}
    listed = {variable["name"]: variable for variable in document["variables"]}
    assert [variable["name"] for variable in found["variables"]] == list(listed)
    for variable in found["variables"]:
        name = variable["name"]
        same = ("long_name", "unit", "colormap", *(["range"] if name in stored else []))
        assert {key: variable[key] for key in same} == {key: listed[name][key] for key in same}, name
        legend, true = found["legends"][name], document["legends"][name]
        same = ("variable", "long_name", "unit", "colormap", "colors")
        assert {key: legend[key] for key in same} == {key: true[key] for key in same}, name
        assert legend["factor"] == pytest.approx(true["factor"])
        if name in stored:
            assert legend["range"] == pytest.approx(true["range"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"generator": {"arguments": {"preset": "wavelet"}}}, "of the kind wavelet"),
        ({"mask": {"file": "mask"}}, "have no value"),
        ({"variables": []}, "does not describe"),
        ({"inputs": {}}, "does not describe"),
        ({"generator": None}, "does not describe"),
    ],
)
def test_what_browsers_do_not_compute_has_a_reason(spec: Any, change: dict[str, Any], reason: str) -> None:
    assert reason in said(REASON, spec | change)
