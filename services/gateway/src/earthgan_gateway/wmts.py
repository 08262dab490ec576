"""Use case: describe the tiles as RESTful OGC WMTS 1.0.0, so that QGIS and other GIS programs find them."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

import morecantile

from earthgan.quantities import Quantity
from earthgan.sphere.tiles import TILE_MATRIX_SETS, WEB_MERCATOR, max_native_zoom
from earthgan.surrogate import Surrogate
from earthgan_gateway.draws import MOST

MEDIA_TYPE = "application/xml"
CAPABILITIES = "wmts/WMTSCapabilities.xml"
#: The names of the dimensions. They appear in the template of a tile's address.
STEP, SHELL, SEED = "step", "shell", "seed"

_WMTS = "http://www.opengis.net/wmts/1.0"
_OWS = "http://www.opengis.net/ows/1.1"
_XLINK = "http://www.w3.org/1999/xlink"
_CRS = {True: "urn:ogc:def:crs:EPSG::3857", False: "urn:ogc:def:crs:OGC:1.3:CRS84"}

for prefix, namespace in (("", _WMTS), ("ows", _OWS), ("xlink", _XLINK)):
    ElementTree.register_namespace(prefix, namespace)


def capabilities(
    surrogate: Surrogate, quantities: Iterable[Quantity], default_t: int, default_r: int, base_url: str
) -> bytes:
    """Write the capabilities document: one layer per quantity, with time step and radial shell as dimensions.

    If the surrogate has draws and a seed of its own, the seed is a dimension too. It offers as many as a statistic
    may take. `base_url` is the gateway's address and ends with a slash. The document lists no zoom that shows no more
    detail than the one before.
    """
    provenance = surrogate.spec.provenance
    document = ElementTree.Element(_wmts("Capabilities"), {"version": "1.0.0"})
    service = _add(document, _ows("ServiceIdentification"))
    _add(service, _ows("Title"), f"EarthGAN: {surrogate.spec.title}")
    words = (provenance.notice, provenance.credit, surrogate.spec.description)
    _add(service, _ows("Abstract"), " ".join(text for text in words if text))
    _add(service, _ows("ServiceType"), "OGC WMTS")
    _add(service, _ows("ServiceTypeVersion"), "1.0.0")
    _add(service, _ows("Fees"), "none")
    if provenance.licence:
        _add(service, _ows("AccessConstraints"), provenance.licence)
    _add_operations(document, base_url)
    contents = _add(document, _wmts("Contents"))
    for quantity in quantities:
        _add_layer(contents, surrogate, quantity, default_t, default_r, base_url)
    for tms in TILE_MATRIX_SETS:
        _add_matrix_set(contents, tms, max_native_zoom(tms, surrogate.grid))
    _add(document, _wmts("ServiceMetadataURL"), href=base_url + CAPABILITIES)
    ElementTree.indent(document)
    text: bytes = ElementTree.tostring(document, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add_operations(document: ElementTree.Element, base_url: str) -> None:
    """State the operations that may be asked for as key-value pairs. Tiles have addresses of their own, too."""
    operations = _add(document, _ows("OperationsMetadata"))
    for name in ("GetCapabilities", "GetTile"):
        http = _add(_add(_add(operations, _ows("Operation"), name=name), _ows("DCP")), _ows("HTTP"))
        get = _add(http, _ows("Get"), href=f"{base_url}wmts?")
        constraint = _add(get, _ows("Constraint"), name="GetEncoding")
        _add(_add(constraint, _ows("AllowedValues")), _ows("Value"), "KVP")


def _add_layer(
    contents: ElementTree.Element,
    surrogate: Surrogate,
    quantity: Quantity,
    default_t: int,
    default_r: int,
    base_url: str,
) -> None:
    radii_km = surrogate.grid.radii_km
    layer = _add(contents, _wmts("Layer"))
    _add(layer, _ows("Title"), quantity.heading)
    _add(layer, _ows("Abstract"), surrogate.spec.provenance.notice)
    _add_box(layer, "WGS84BoundingBox", -180, -90, 180, 90)
    _add(layer, _ows("Identifier"), quantity.name)
    for tms in TILE_MATRIX_SETS:  # a client that turns the box of the sphere into Mercator's finds infinite poles
        _add_box(layer, "BoundingBox", *morecantile.tms.get(tms).xy_bbox, crs=_CRS[tms == WEB_MERCATOR])
    style = _add(layer, _wmts("Style"), isDefault="true")
    _add(style, _ows("Title"), quantity.colormap)
    _add(style, _ows("Identifier"), "default")
    _add(style, _wmts("LegendURL"), format="image/png", href=f"{base_url}legends/{quantity.name}.png")
    _add(layer, _wmts("Format"), "image/png")
    steps, planet = surrogate.steps, surrogate.spec.planet
    labels = f", from {steps[0].label} to {steps[-1].label}" if steps[0].label and steps[-1].label else ""
    _add_dimension(layer, STEP, f"Time step{labels}", default_t, [step.t for step in steps])
    inner, outer = (planet.in_words(radius, planet.decimals(radii_km)) for radius in (radii_km[0], radii_km[-1]))
    shells = f"Radial shell, from 0 at radius {inner} to {len(radii_km) - 1} at {outer}"
    _add_dimension(layer, SHELL, shells, default_r, range(len(radii_km)))
    own_seed, drawn = surrogate.spec.seed, ""
    if surrogate.kind.has_noise and own_seed is not None:
        seeds = sorted({own_seed, *range(MOST)})
        _add_dimension(layer, SEED, "Seed of a draw of the generator's noise", own_seed, seeds)
        drawn = f"&{SEED}={{{SEED}}}"
    for tms in TILE_MATRIX_SETS:
        _add(_add(layer, _wmts("TileMatrixSetLink")), _wmts("TileMatrixSet"), tms)
    place = f"{{{STEP}}}/{{{SHELL}}}/{{TileMatrix}}/{{TileCol}}/{{TileRow}}"
    template = f"{base_url}tiles/{quantity.name}/{place}.png?tms={{TileMatrixSet}}{drawn}"
    _add(layer, _wmts("ResourceURL"), format="image/png", resourceType="tile", template=template)


def _add_dimension(layer: ElementTree.Element, name: str, title: str, default: int, values: Iterable[int]) -> None:
    dimension = _add(layer, _wmts("Dimension"))
    _add(dimension, _ows("Title"), title)
    _add(dimension, _ows("Identifier"), name)
    _add(dimension, _wmts("Default"), str(default))
    _add(dimension, _wmts("Current"), "false")
    for value in values:
        _add(dimension, _wmts("Value"), str(value))


def _add_matrix_set(contents: ElementTree.Element, tms: str, last_zoom: int) -> None:
    matrix_set = _add(contents, _wmts("TileMatrixSet"))
    known, crs = morecantile.tms.get(tms), _CRS[tms == WEB_MERCATOR]
    _add(matrix_set, _ows("Identifier"), tms)
    _add_box(matrix_set, "BoundingBox", *known.xy_bbox, crs=crs)
    _add(matrix_set, _ows("SupportedCRS"), crs)
    _add(matrix_set, _wmts("WellKnownScaleSet"), str(known.wellKnownScaleSet))
    for z in range(last_zoom + 1):
        matrix = known.matrix(z)
        described = _add(matrix_set, _wmts("TileMatrix"))
        _add(described, _ows("Identifier"), str(z))
        _add(described, _wmts("ScaleDenominator"), repr(matrix.scaleDenominator))
        _add(described, _wmts("TopLeftCorner"), "{!r} {!r}".format(*matrix.pointOfOrigin))
        _add(described, _wmts("TileWidth"), str(matrix.tileWidth))
        _add(described, _wmts("TileHeight"), str(matrix.tileHeight))
        _add(described, _wmts("MatrixWidth"), str(matrix.matrixWidth))
        _add(described, _wmts("MatrixHeight"), str(matrix.matrixHeight))


def _add_box(
    parent: ElementTree.Element, tag: str, west: float, south: float, east: float, north: float, **attributes: str
) -> None:
    box = _add(parent, _ows(tag), **attributes)
    _add(box, _ows("LowerCorner"), f"{west!r} {south!r}")
    _add(box, _ows("UpperCorner"), f"{east!r} {north!r}")


def _add(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    """Append a new element to the parent. The attribute `href` belongs to XLink."""
    named = {f"{{{_XLINK}}}href" if name == "href" else name: value for name, value in attributes.items()}
    element = ElementTree.SubElement(parent, tag, named)
    element.text = text
    return element


def _wmts(name: str) -> str:
    return f"{{{_WMTS}}}{name}"


def _ows(name: str) -> str:
    return f"{{{_OWS}}}{name}"
