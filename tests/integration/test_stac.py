"""The STAC collection: STAC's own schemas accept it, and everything that it names is there."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pystac
import pytest
from pystac.extensions.render import RenderExtension

from places import BASELINE_SURROGATE
from socketless import Gateway

GEOJSON = "https://geojson.org/schema/"


@pytest.fixture(scope="module")
def baseline() -> Iterator[Gateway]:
    gateway = Gateway(BASELINE_SURROGATE)
    yield gateway
    gateway.close()


@pytest.fixture(scope="module")
def document(baseline: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = baseline.get("/stac").json()
    return found


def schemas() -> dict[str, Any]:
    """All schemas that come with pystac, by the addresses under which they refer to each other."""
    folder = files("pystac.validation") / "jsonschemas"
    core = [json.loads(each.read_text()) for each in (folder / "stac-spec" / "v1.1.0").iterdir() if each.is_file()]
    named = {each["$id"].rstrip("#").replace("commonjson", "common.json"): each for each in core}  # theirs lacks a dot
    return named | {f"{GEOJSON}{each.name}": json.loads(each.read_text()) for each in (folder / "geojson").iterdir()}


def test_stac_s_own_schemas_accept_it(document: dict[str, Any]) -> None:
    known = schemas()
    registry = jsonschema_rs.Registry(list(known.items()))
    whole = next(schema for name, schema in known.items() if name.endswith("/collection.json"))
    validator = jsonschema_rs.validator_for(whole, registry=registry)
    assert [error.message for error in validator.iter_errors(document)] == []
    assert not validator.is_valid(document | {"license": 3})


def test_the_render_extension_reads_it(baseline: Gateway, document: dict[str, Any]) -> None:
    collection = pystac.Collection.from_dict(document)
    assert RenderExtension.has_extension(collection)
    renders = RenderExtension.ext(collection).renders
    variables = {each["name"]: each for each in baseline.get("/variables").json()["variables"]}
    assert set(renders) == set(variables)
    for name, render in renders.items():
        assert render.rescale == [variables[name]["range"]]
        assert set(render.assets) <= set(collection.assets)
        assert baseline.get(f"/legends/{name}.json", ("colormap", render.colormap_name)).status_code == 200


def test_everything_that_it_names_is_there(baseline: Gateway, document: dict[str, Any]) -> None:
    named = [each["href"] for each in (*document["links"], *document["assets"].values())]
    for address in named:
        path = address.removeprefix("http://gateway")
        answer = baseline.get(f"{path}/zarr.json" if path == "/zarr" else path)
        assert answer.status_code == 200, address
