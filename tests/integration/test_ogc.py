"""OGC API - Tiles: a client that follows links from the landing page finds every tile set, and its tiles."""

from typing import Any

import httpx2 as httpx
import morecantile
import pytest

TILING_SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"


def followed(client: httpx.Client, document: dict[str, Any], rel: str) -> dict[str, Any]:
    (address,) = [link["href"] for link in document["links"] if link["rel"].rsplit("/", 1)[-1] == rel]
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_links_lead_from_the_landing_page_to_every_tile(client: httpx.Client) -> None:
    landing = client.get("/ogc").json()
    assert "paths" in followed(client, landing, "service-desc")
    assert followed(client, landing, "conformance")["conformsTo"]
    data = followed(client, landing, "data")
    assert [each["id"] for each in data["collections"]] == [
        v["name"] for v in client.get("/variables").json()["variables"]
    ]
    collection = followed(client, data["collections"][0], "self")
    tilesets = followed(client, collection, "tilesets-map")["tilesets"]
    assert len(tilesets) == len(followed(client, landing, "tiling-schemes")["tileMatrixSets"]) == 2
    for listed in tilesets:
        tileset = followed(client, listed, "self")
        matrices = followed(client, tileset, "tiling-scheme")
        known = morecantile.TileMatrixSet.model_validate(matrices)
        assert str(known.uri) == tileset["tileMatrixSetURI"]
        assert len(known.tileMatrices) == len(tileset["tileMatrixSetLimits"])
        (template,) = [link["href"] for link in tileset["links"] if link.get("templated")]
        limits = tileset["tileMatrixSetLimits"][1]
        place = {"tileMatrix": limits["tileMatrix"], "tileRow": limits["maxTileRow"], "tileCol": limits["maxTileCol"]}
        tile = client.get(template.format(**place))
        assert (tile.status_code, tile.headers["content-type"]) == (200, "image/png")
        beyond = client.get(template.format(**place | {"tileRow": limits["maxTileRow"] + 1}))
        assert beyond.status_code == 404


def test_a_query_chooses_step_and_shell(client: httpx.Client) -> None:
    tileset = client.get("/ogc/collections/vz/map/tiles/WorldCRS84Quad", params={"step": 120, "shell": 30}).json()
    (template,) = [link["href"] for link in tileset["links"] if link.get("templated")]
    assert "/tiles/vz/120/30/" in template
    assert "step 120" in tileset["title"]
    assert followed(client, tileset, "self") == tileset


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("collections/nothing", 404),
        ("collections/vz/map/tiles?step=9999", 404),
        ("collections/vz/map/tiles?step=-1", 422),
        ("collections/vz/map/tiles/Nothing", 404),
        ("tileMatrixSets/Nothing", 404),
    ],
)
def test_what_is_not_there_is_a_problem(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(f"/ogc/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
