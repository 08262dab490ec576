"""Use case: describe the surrogate as a STAC collection (1.1), whose renders say how each variable is drawn.

A collection has an interval of dates, and a simulation has none, so the interval is open at both ends. `/catalog` has
the times.
"""

from __future__ import annotations

import re
from typing import Any

from earthgan.sphere.tiles import WEB_MERCATOR, max_native_zoom
from earthgan_gateway.catalog import first_view, variables
from earthgan_gateway.offer import Offer

ROOT = "stac"
RENDER = "https://stac-extensions.github.io/render/v2.0.0/schema.json"
#: What STAC allows as the name of a licence.
_LICENCE = re.compile(r"[\w\-.+]+", re.ASCII)


def collection(offer: Offer, base_url: str) -> dict[str, Any]:
    """The collection. `base_url` is the gateway's address with a slash at its end."""
    surrogate, first = offer.surrogate, first_view(offer.surrogate)
    spec, provenance = surrogate.spec, surrogate.spec.provenance
    shown, zoom = f"{first['t']}/{first['r']}", max_native_zoom(WEB_MERCATOR, surrogate.grid)
    described = variables(offer)["variables"]
    notice = f"{spec.description or spec.title} {provenance.notice}".strip()
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "stac_extensions": [RENDER],
        "id": f"earthgan-{surrogate.digest[:16]}",
        "title": spec.title,
        "description": notice,
        "keywords": ["mantle convection", "surrogate model"],
        "license": provenance.licence if _LICENCE.fullmatch(provenance.licence) else "other",
        **({"providers": [{"name": provenance.credit, "roles": ["producer"]}]} if provenance.credit else {}),
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
        "links": [
            _link(base_url, "self", ROOT, "This collection"),
            _link(base_url, "root", ROOT, "This collection"),
            _link(base_url, "about", "ogc", "The same as OGC API - Tiles and EDR"),
            _link(base_url, "wmts", "wmts/WMTSCapabilities.xml", "All variables as WMTS", "application/xml"),
            *(
                _link(
                    base_url, "tilejson", f"tiles/{each['name']}/{shown}/tilejson.json", f"Tiles: {each['long_name']}"
                )
                for each in described
            ),
        ],
        "assets": {
            "zarr": {
                "href": f"{base_url}zarr",
                "type": "application/vnd.zarr; version=3",
                "title": "All variables, steps and shells",
                "roles": ["data"],
            },
            "surrogate": {
                "href": f"{base_url}surrogate/spec.json",
                "type": "application/json",
                "title": "The surrogate, from which earthgan.open computes the same",
                "roles": ["data", "source"],
            },
            "thumbnail": {
                "href": f"{base_url}shells/{first['variable']}/{shown}.png",
                "type": "image/png",
                "title": "A shell",
                "roles": ["thumbnail"],
            },
        },
        "renders": {
            each["name"]: {
                "title": each["long_name"],
                "assets": ["zarr"],
                "rescale": [each["range"]],
                "colormap_name": each["colormap"],
                "resampling": "bilinear",
                "minmax_zoom": [0, zoom],
            }
            for each in described
        },
    }


def _link(base_url: str, rel: str, path: str, title: str, media_type: str = "application/json") -> dict[str, Any]:
    return {"href": base_url + path, "rel": rel, "type": media_type, "title": title}
