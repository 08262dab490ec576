"""The Zarr store of a site, which its service worker computes, equals the gateway's, and other programs read it."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from playwright.sync_api import Page

from e2e.client import Faults, Gateway
from e2e.static_server import static_server
from npm_package import npm_package
from places import DEFAULT_SURROGATE
from static_site import make_site

pytestmark = pytest.mark.page

STORE = "surrogates/default/zarr/"
#: Step 115 is not predicted. The chunk's depth is 703 km.
QUANTITIES, CHUNK, STEP, DEPTH = ("temperature", "temperature_anomaly", "v_radial"), "c/114/48/0/0", 114, 48
#: A gateway keeps 16 bits of a shell's numbers, and a browser adds float32 in another order.
TOLERANCE = 2e-5
#: Gives the status, the type and the content in base64 of each address.
FETCH = """(addresses) => Promise.all(addresses.map(async (address) => {
  const answer = await fetch(address);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return [answer.status, answer.headers.get("content-type"), btoa(text)];
}))"""
READER = """<!doctype html><title>Another program</title><link rel="icon" href="data:,">
<script type="importmap">{ "imports": { "zarrita": "./npm/zarrita/dist/src/index.js",
  "@zarrita/storage/fetch": "./npm/storage/dist/src/fetch.js" } }</script>
<script type="module">
  import * as zarr from "zarrita";
  globalThis.read = async (address, name, chosen) => {
    const store = await zarr.withConsolidatedMetadata(new zarr.FetchStore(new URL(address, location.href).href));
    const group = await zarr.open(store, { kind: "group" });
    const array = await zarr.open(group.resolve(name), { kind: "array" });
    const { data, shape } = await zarr.get(array, chosen);
    return { title: group.attrs.title, shape, data: Array.from(data) };
  };
</script>"""


@pytest.fixture
def engine() -> str:
    return "browser"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    (folder / "favicon.ico").touch()
    make_site(folder / "site", DEFAULT_SURROGATE)
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    with static_server(folder) as url:
        yield f"{url}/site/"


def visit(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-offline=kept]", state="attached")


def fetched(page: Page, keys: list[str]) -> list[tuple[int, str, bytes]]:
    answers = page.evaluate(FETCH, [f"{STORE}{key}" for key in keys])
    return [(status, kind, base64.b64decode(content)) for status, kind, content in answers]


def numbers(content: bytes, gateway: Gateway) -> np.ndarray:
    grid = gateway.catalog["grid"]
    return np.frombuffer(content, "<f4").reshape(len(grid["latitudes_deg"]), len(grid["longitudes_deg"]))


def test_it_is_the_gateways_store(page: Page, gateway: Gateway, folder: Path, faults: Faults) -> None:
    """Its metadata and coordinates are the same bytes, its chunks the same numbers, and it needs no network."""
    faults.allow("404", "net::ERR")
    with httpx.Client(base_url=f"{gateway.url}/zarr/", trust_env=False) as client:
        root = client.get("zarr.json").json()["consolidated_metadata"]["metadata"]
        keys = ["zarr.json"]
        for name, array in root.items():
            keys += [f"{name}/zarr.json"]
            if len(array["shape"]) < 4:
                keys += ["/".join((name, "c", *("0" for _ in array["shape"])))]
        chunks = [f"{name}/{CHUNK}" for name in QUANTITIES]
        with static_server(folder) as url:
            visit(page, f"{url}/site/")
        for key, (status, kind, content) in zip(keys, fetched(page, keys), strict=True):
            due = client.get(key)
            assert (status, kind, content) == (200, due.headers["content-type"], due.content), key
        for key, (status, kind, content) in zip(chunks, fetched(page, chunks), strict=True):
            due = client.get(key)
            assert (status, kind, len(content)) == (200, due.headers["content-type"], len(due.content)), key
            found, expected = (numbers(each, gateway) for each in (content, due.content))
            assert np.abs(found - expected).max() <= TOLERANCE * np.ptp(expected), key
        absent = ["nothing/zarr.json", "temperature/c/0114/48/0/0", "temperature/c/128/0/0/0", "temperature/c/0/0/1/0"]
        for key, (status, _, _) in zip(absent, fetched(page, absent), strict=True):
            assert (status, client.get(key).status_code) == (404, 404), key


def test_another_page_of_the_site_reads_it_with_zarrita(
    page: Page, gateway: Gateway, site: str, folder: Path, faults: Faults, request: pytest.FixtureRequest
) -> None:
    faults.allow("404")  # zarrita looks for a store of format 2 first
    for package, name in (("zarrita@0.7.5", "zarrita"), ("@zarrita/storage@0.2.0", "storage")):
        shutil.copytree(npm_package(request, package), folder / "site" / "npm" / name)
    (folder / "site" / "reader.html").write_text(READER)
    visit(page, site)
    page.goto(f"{site}reader.html")
    page.wait_for_function("typeof read === 'function'")
    found = page.evaluate(f"read('{STORE}', 'temperature', [{STEP}, {DEPTH}, null, null])")
    root = gateway.json("zarr/zarr.json")
    due = numbers(httpx.get(f"{gateway.url}/zarr/temperature/{CHUNK}", trust_env=False).content, gateway)
    assert found["title"] == root["attributes"]["title"]
    assert tuple(found["shape"]) == due.shape
    assert np.abs(np.array(found["data"]).reshape(due.shape) - due).max() <= TOLERANCE * np.ptp(due)


def test_without_the_service_worker_it_is_not_there(folder: Path) -> None:
    """A program would take metadata without chunks for a run without values."""
    assert not (folder / "site" / STORE).exists()
    assert json.loads((folder / "site" / "surrogates" / "default" / "store.json").read_text())["documents"]["zarr.json"]
