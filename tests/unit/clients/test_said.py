"""The built page is told what the gateway's catalog says, and the surrogate's own first field."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import earthgan
from earthgan import Surrogate
from earthgan_gateway import catalog
from earthgan_gateway.offer import Offer
from earthgan_gateway.page.first import first_field
from earthgan_gateway.page.manifest import Manifest
from page_module import said
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE

PROGRAM = """
import { readFileSync } from "node:fs";
import { catalogOf } from "./clients/web/said.js";
console.log(JSON.stringify(catalogOf(JSON.parse(readFileSync(0, "utf8")))));
"""
FIRST = """
import { readFileSync } from "node:fs";
import { firstShell } from "./clients/web/first.js";
console.log(JSON.stringify([...(await firstShell(JSON.parse(readFileSync(0, "utf8")).surrogate)).values]));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize("folder", [DEFAULT_SURROGATE, BASELINE_SURROGATE], ids=lambda folder: folder.name)
def test_the_pages_catalog_is_the_gateways(folder: Path) -> None:
    offer = Offer.of(Surrogate(folder))
    manifest = Manifest.of(offer)
    found, due = said(PROGRAM, manifest.document), catalog.catalog(offer)
    for axis in ("latitudes_deg", "longitudes_deg"):
        np.testing.assert_allclose(found["grid"].pop(axis), due["grid"].pop(axis), rtol=0, atol=1e-9)
    shells, true = found.pop("shells"), due.pop("shells")
    assert [shell["r"] for shell in shells] == [shell["r"] for shell in true]
    for name in ("radius_km", "depth_km"):
        lengths, exact = ([shell[name] for shell in each] for each in (shells, true))
        np.testing.assert_allclose(lengths, exact, rtol=0, atol=0.51 * 10 ** -due["length_decimals"])
    assert found == due


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_page_holds_the_first_field_in_as_many_steps_as_a_picture_has_colours() -> None:
    surrogate = Surrogate(DEFAULT_SURROGATE)
    manifest = Manifest.of(Offer.of(surrogate))
    first = manifest.document["surrogate"]["first"]
    view = {name: first[name] for name in ("variable", "t", "r")}
    assert view == catalog.first_view(surrogate)
    due = surrogate.coded_shell(**view)
    assert due is not None
    step = (first["high"] - first["low"]) / 254
    found = np.array(said(FIRST, manifest.document)).reshape(due.shape)
    np.testing.assert_allclose(found, due, rtol=0, atol=0.501 * step)
    run = earthgan.open(DEFAULT_SURROGATE)
    assert np.abs(run.shell(view["variable"], view["t"], view["r"]) - due).mean() < step
    predicted = next(step.t for step in surrogate.steps if step.predicted_from is not None)
    assert surrogate.coded_shell(view["variable"], predicted, view["r"]) is None


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_values_of_the_first_field_may_lie_beyond_the_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    surrogate = Surrogate(DEFAULT_SURROGATE)
    due = np.linspace(-5000, 5000, 180 * 360, dtype=np.float32).reshape(180, 360)
    monkeypatch.setattr(Surrogate, "coded_shell", lambda *_, **__: due)
    spec = {"grid": {"longitudes_deg": {"first": 0, "last": 359, "count": 360}}}
    document = {"surrogate": {"spec": spec, "first": first_field(surrogate)}}
    found = np.array(said(FIRST, document)).reshape(due.shape)
    np.testing.assert_allclose(found, due, rtol=0, atol=0.501 * 10000 / 254)
