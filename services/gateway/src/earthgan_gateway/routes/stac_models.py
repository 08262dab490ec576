"""The JSON document of a STAC collection."""

from __future__ import annotations

from typing import Any, Literal

from earthgan_gateway.routes.models import Document, Ends, Link


class Asset(Document):
    """Data that the collection leads to."""

    href: str
    type: str
    title: str
    roles: list[str]


class Render(Document):
    """How a variable is drawn."""

    title: str
    assets: list[str]
    rescale: list[Ends]
    colormap_name: str
    resampling: str
    minmax_zoom: list[int]


class StacCollection(Document):
    """The surrogate as a STAC collection (1.1) with the render extension (2.0)."""

    type: Literal["Collection"]
    stac_version: str
    stac_extensions: list[str]
    id: str
    title: str
    description: str
    keywords: list[str]
    license: str
    providers: list[dict[str, Any]] | None = None
    extent: dict[str, Any]
    links: list[Link]
    assets: dict[str, Asset]
    renders: dict[str, Render]
