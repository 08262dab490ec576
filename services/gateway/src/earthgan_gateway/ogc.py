"""Use case: describe the surrogate as OGC API - Tiles and EDR, for OpenLayers, QGIS and others that follow its links.

OGC 20-057 (tiles and tile sets), 17-083r4 (tile matrix sets) and 19-072 (landing page, conformance, collections). A
variable is a collection. Its tile sets are maps of one time step and one radial shell; a query chooses another one.
`edr` has its values at places.
"""

from __future__ import annotations

from typing import Any

import morecantile

from earthgan.quantities import Quantity
from earthgan.sphere.tiles import TILE_MATRIX_SETS, WEB_MERCATOR, bounds_deg, max_native_zoom
from earthgan.surrogate import Surrogate
from earthgan_gateway import edr
from earthgan_gateway.catalog import attribution
from earthgan_gateway.offer import Offer

ROOT = "ogc"
_SPECS = "http://www.opengis.net/spec"
CONFORMS_TO = [
    f"{_SPECS}/ogcapi-common-1/1.0/conf/core",
    f"{_SPECS}/ogcapi-common-1/1.0/conf/json",
    f"{_SPECS}/ogcapi-common-2/1.0/conf/collections",
    f"{_SPECS}/ogcapi-tiles-1/1.0/conf/core",
    f"{_SPECS}/ogcapi-tiles-1/1.0/conf/tileset",
    f"{_SPECS}/ogcapi-tiles-1/1.0/conf/tilesets-list",
    f"{_SPECS}/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    f"{_SPECS}/ogcapi-tiles-1/1.0/conf/png",
    f"{_SPECS}/tms/2.0/conf/json-tilematrixset",
    *edr.CONFORMS_TO,
]
_REL = "http://www.opengis.net/def/rel/ogc/1.0"
_CRS = {True: "http://www.opengis.net/def/crs/EPSG/0/3857", False: edr.CRS84}
_JSON, _PNG = "application/json", "image/png"


def landing(surrogate: Surrogate, base_url: str) -> dict[str, Any]:
    """The page from which all links lead on. `base_url` is the gateway's address with a slash at its end."""
    return {
        "title": surrogate.spec.title,
        "description": surrogate.spec.description or surrogate.spec.title,
        "attribution": attribution(surrogate),
        "links": [
            _link(base_url, "self", ROOT, "This page"),
            _link(base_url, "service-desc", "openapi.json", "The API", "application/vnd.oai.openapi+json;version=3.1"),
            _link(base_url, "service-doc", "docs", "The API, for people", "text/html"),
            _link(base_url, f"{_REL}/conformance", f"{ROOT}/conformance", "What this API conforms to"),
            _link(base_url, f"{_REL}/data", f"{ROOT}/collections", "The variables"),
            _link(base_url, "describedby", "stac", "The same as a STAC collection"),
            _link(base_url, f"{_REL}/tiling-schemes", f"{ROOT}/tileMatrixSets", "The tile matrix sets"),
        ],
    }


def collections(offer: Offer, base_url: str) -> dict[str, Any]:
    """All variables as collections."""
    return {
        "links": [_link(base_url, "self", f"{ROOT}/collections", "The variables")],
        "collections": [collection(offer.surrogate, each, base_url) for each in offer.quantities.values()],
    }


def collection(surrogate: Surrogate, quantity: Quantity, base_url: str) -> dict[str, Any]:
    """One variable as a collection."""
    path = f"{ROOT}/collections/{quantity.name}"
    steps, shells = len(surrogate.steps), len(surrogate.grid.radii_km)
    return {
        "id": quantity.name,
        "title": quantity.heading,
        "description": f"{quantity.long_name} in {steps} time steps on {shells} radial shells",
        "attribution": attribution(surrogate),
        "extent": {
            "spatial": {"bbox": [[-180, -90, 180, 90]], "crs": _CRS[False]},
            **edr.extent(surrogate, base_url),
        },
        "crs": list(_CRS.values()),
        "links": [
            _link(base_url, "self", path, quantity.long_name),
            _link(base_url, f"{_REL}/tilesets-map", f"{path}/map/tiles", "Maps as tiles"),
        ],
        **edr.description(surrogate, quantity, base_url, path),
    }


def tilesets(surrogate: Surrogate, quantity: Quantity, t: int, r: int, base_url: str) -> dict[str, Any]:
    """The tile sets of a variable: one for each tile matrix set."""
    path = f"{ROOT}/collections/{quantity.name}/map/tiles"
    found = [tileset(surrogate, quantity, t, r, tms, base_url) for tms in TILE_MATRIX_SETS]
    listed = ("title", "dataType", "crs", "tileMatrixSetURI", "links")
    return {
        "links": [_link(base_url, "self", f"{path}?{_place(t, r)}", "The tile sets")],
        "tilesets": [{name: each[name] for name in listed} for each in found],
    }


def tileset(surrogate: Surrogate, quantity: Quantity, t: int, r: int, tms: str, base_url: str) -> dict[str, Any]:
    """The map of a variable at a time step and on a radial shell, as tiles of a tile matrix set."""
    path = f"{ROOT}/collections/{quantity.name}/map/tiles"
    known, planet = morecantile.tms.get(tms), surrogate.spec.planet
    west, south, east, north = bounds_deg(tms)
    where = planet.place_in_words(surrogate.check_shell(r), planet.decimals(surrogate.grid.radii_km))
    template = f"tiles/{quantity.name}/{t}/{r}/{{tileMatrix}}/{{tileCol}}/{{tileRow}}.png?tms={tms}"
    return {
        "title": f"{quantity.long_name}, {where}, step {t}",
        "dataType": "map",
        "crs": _CRS[tms == WEB_MERCATOR],
        "tileMatrixSetURI": str(known.uri),
        "attribution": attribution(surrogate),
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": _CRS[False]},
        "tileMatrixSetLimits": [_limits(known, z) for z in range(max_native_zoom(tms, surrogate.grid) + 1)],
        "links": [
            _link(base_url, "self", f"{path}/{tms}?{_place(t, r)}", "This tile set"),
            _link(base_url, f"{_REL}/tiling-scheme", f"{ROOT}/tileMatrixSets/{tms}", "Its tile matrix set"),
            {**_link(base_url, "item", template, "A tile", _PNG), "templated": True},
        ],
    }


def tile_matrix_sets(base_url: str) -> dict[str, Any]:
    """The tile matrix sets by name."""
    return {
        "tileMatrixSets": [
            {
                "id": tms,
                "title": str(morecantile.tms.get(tms).title),
                "uri": str(morecantile.tms.get(tms).uri),
                "crs": _CRS[tms == WEB_MERCATOR],
                "links": [_link(base_url, "self", f"{ROOT}/tileMatrixSets/{tms}", tms)],
            }
            for tms in TILE_MATRIX_SETS
        ]
    }


def tile_matrix_set(surrogate: Surrogate, tms: str) -> dict[str, Any]:
    """A tile matrix set (OGC 17-083r4), without the zooms that show no more detail than the one before."""
    whole: dict[str, Any] = morecantile.tms.get(tms).model_dump(mode="json", by_alias=True, exclude_none=True)
    whole["tileMatrices"] = whole["tileMatrices"][: max_native_zoom(tms, surrogate.grid) + 1]
    return whole


def _limits(known: morecantile.TileMatrixSet, z: int) -> dict[str, Any]:
    matrix = known.matrix(z)
    rows, columns = matrix.matrixHeight - 1, matrix.matrixWidth - 1
    return {"tileMatrix": str(z), "minTileRow": 0, "maxTileRow": rows, "minTileCol": 0, "maxTileCol": columns}


def _place(t: int, r: int) -> str:
    return f"step={t}&shell={r}"


def _link(base_url: str, rel: str, path: str, title: str, media_type: str = _JSON) -> dict[str, Any]:
    return {"href": base_url + path, "rel": rel, "type": media_type, "title": title}
