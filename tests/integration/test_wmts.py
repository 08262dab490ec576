"""The WMTS capabilities, read by OWSLib and GDAL, which is what QGIS reads them with."""

import io
from xml.etree import ElementTree

import httpx2 as httpx
import numpy as np
import pytest
import rasterio
from owslib.wmts import WebMapTileService
from PIL import Image
from rasterio.crs import CRS

pytestmark = pytest.mark.filterwarnings("ignore:Truth-testing of elements:FutureWarning")  # OWSLib's own

CAPABILITIES = "/wmts/WMTSCapabilities.xml"


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> bytes:
    answer = client.get(CAPABILITIES)
    assert answer.headers["content-type"].startswith("application/xml")
    return answer.raise_for_status().content


@pytest.fixture(scope="module")
def service(client: httpx.Client, document: bytes) -> WebMapTileService:
    return WebMapTileService(str(client.base_url) + CAPABILITIES, xml=document)


def test_there_is_a_layer_for_each_variable(client: httpx.Client, service: WebMapTileService) -> None:
    assert list(service.contents) == [variable["name"] for variable in client.get("/variables").json()["variables"]]
    layer = service.contents["temperature"]
    assert layer.title == "Temperature [K]"
    assert layer.boundingBoxWGS84 == (-180, -90, 180, 90)
    assert layer.formats == ["image/png"]
    assert service.identification.title.startswith("EarthGAN")
    assert client.get("/catalog").json()["notice"] in service.identification.abstract


def test_the_dimensions_are_all_steps_and_shells(client: httpx.Client, service: WebMapTileService) -> None:
    catalog = client.get("/catalog").json()
    for layer in service.contents.values():
        assert set(layer.dimensions) == {"step", "shell"}
        assert layer.dimensions["step"]["values"] == [str(step["t"]) for step in catalog["steps"]]
        assert layer.dimensions["shell"]["values"] == [str(shell["r"]) for shell in catalog["shells"]]
        assert layer.dimensions["step"]["default"] == str(catalog["default"]["t"])
        assert layer.dimensions["shell"]["default"] == str(catalog["default"]["r"])


def test_the_matrix_sets_are_those_of_the_tiles(client: httpx.Client, service: WebMapTileService) -> None:
    catalog = client.get("/catalog").json()
    assert set(service.tilematrixsets) == set(catalog["tile_matrix_sets"])
    for name, described in catalog["tile_matrix_sets"].items():
        matrices = service.tilematrixsets[name].tilematrix
        assert [int(z) for z in matrices] == list(range(described["max_native_zoom"] + 1))
        for z, matrix in matrices.items():
            last = f"{z}/{matrix.matrixwidth - 1}/{matrix.matrixheight - 1}"
            beyond = f"{z}/{matrix.matrixwidth}/0"
            for tile, status in ((last, 200), (beyond, 404)):
                answer = client.get(f"/tiles/temperature/120/150/{tile}", params={"tms": name})
                assert answer.status_code == status, answer.text


@pytest.mark.parametrize("tms", ["WebMercatorQuad", "WorldCRS84Quad"])
def test_the_template_leads_to_the_tile(client: httpx.Client, service: WebMapTileService, tms: str) -> None:
    resource = next(r for r in service.contents["vz"].resourceURLs if r["resourceType"] == "tile")
    place = {"step": 120, "shell": 30, "TileMatrixSet": tms, "TileMatrix": 1, "TileCol": 1, "TileRow": 0}
    answer = client.get(resource["template"].format(**place)).raise_for_status()
    assert answer.headers["content-type"] == resource["format"] == "image/png"
    assert answer.content == client.get("/tiles/vz/120/30/1/1/0.png", params={"tms": tms}).content


def test_the_legend_is_a_picture(client: httpx.Client, service: WebMapTileService) -> None:
    legend = service.contents["vz"].styles["default"]
    assert legend["isDefault"] is True
    assert Image.open(io.BytesIO(client.get(legend["legend"]).raise_for_status().content)).format == "PNG"


@pytest.mark.parametrize("tms", ["WebMercatorQuad", "WorldCRS84Quad"])
def test_gdal_opens_a_layer_and_shows_the_same_pixels(
    client: httpx.Client, tmp_path, monkeypatch: pytest.MonkeyPatch, tms: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = f"WMTS:{client.base_url}{CAPABILITIES},layer=temperature,tilematrixset={tms}"
    with rasterio.Env(GDAL_DEFAULT_WMS_CACHE_PATH=str(tmp_path)), rasterio.open(address) as raster:
        assert raster.crs == CRS.from_string("EPSG:3857" if tms == "WebMercatorQuad" else "OGC:CRS84")
        zoom = client.get("/catalog").json()["tile_matrix_sets"][tms]["max_native_zoom"]
        columns = {"WebMercatorQuad": 1, "WorldCRS84Quad": 2}[tms] * 2**zoom
        assert raster.shape == (256 * 2**zoom, 256 * columns)
        edges = {"WebMercatorQuad": (20037508.342789244,) * 2, "WorldCRS84Quad": (180, 90)}[tms]
        assert raster.bounds == pytest.approx((-edges[0], -edges[1], edges[0], edges[1]))
        shown = raster.read([1, 2, 3], window=((0, 256), (256, 512)))
    default = client.get("/catalog").json()["default"]
    tile = client.get(f"/tiles/temperature/{default['t']}/{default['r']}/{zoom}/1/0.png", params={"tms": tms})
    expected = np.asarray(Image.open(io.BytesIO(tile.content)).convert("RGB"))
    np.testing.assert_array_equal(np.moveaxis(shown, 0, -1), expected)


def test_there_is_a_box_for_each_matrix_set(document: bytes) -> None:
    """A client that has only the box of the sphere makes Mercator's poles infinite."""
    names = {"": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1"}
    root = ElementTree.fromstring(document)
    edges = {"urn:ogc:def:crs:EPSG::3857": 20037508.342789244, "urn:ogc:def:crs:OGC:1.3:CRS84": 180.0}
    for place in (root.findall(".//Layer", names), root.findall(".//Contents/TileMatrixSet", names)):
        boxes = [box for element in place for box in element.findall("ows:BoundingBox", names)]
        assert {box.attrib["crs"] for box in boxes} == set(edges)
        for box in boxes:
            west, _ = (float(text) for text in str(box.findtext("ows:LowerCorner", namespaces=names)).split())
            assert west == pytest.approx(-edges[box.attrib["crs"]])


def test_the_elements_stand_in_the_order_of_the_schema(document: bytes) -> None:
    """The schema's sequences (OGC 07-057r7), for clients that validate."""
    order = {
        "Capabilities": ["ServiceIdentification", "OperationsMetadata", "Contents", "ServiceMetadataURL"],
        "Layer": [
            *("Title", "Abstract", "WGS84BoundingBox", "Identifier", "BoundingBox"),
            *("Style", "Format", "Dimension", "TileMatrixSetLink", "ResourceURL"),
        ],
        "Style": ["Title", "Identifier", "LegendURL"],
        "Dimension": ["Title", "Identifier", "Default", "Current", "Value"],
        "TileMatrixSet": ["Identifier", "BoundingBox", "SupportedCRS", "WellKnownScaleSet", "TileMatrix"],
    }
    for element in ElementTree.fromstring(document).iter():
        name = element.tag.split("}")[1]
        if name in order and len(element):
            children = [order[name].index(child.tag.split("}")[1]) for child in element]
            assert children == sorted(children), name


TILE = {"SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": "vz", "STYLE": "default"}
TILE |= {"FORMAT": "image/png", "TileMatrixSet": "WorldCRS84Quad", "TileMatrix": "1", "TileRow": "0", "TileCol": "1"}


def asked(client: httpx.Client, **changes: str | None) -> httpx.Response:
    return client.get("/wmts", params={name: value for name, value in (TILE | changes).items() if value is not None})


def test_a_tile_by_keys_and_values_is_that_of_its_address(client: httpx.Client) -> None:
    default = client.get("/catalog").json()["default"]
    place = "1/1/0.png?tms=WorldCRS84Quad"
    for changes, address in (
        ({}, f"/tiles/vz/{default['t']}/{default['r']}/{place}"),
        ({"step": "120", "SHELL": "30", "colormap": "RdBu_r"}, f"/tiles/vz/120/30/{place}&colormap=RdBu_r"),
        ({"step": "", "STYLE": "", "_dc": "171"}, f"/tiles/vz/{default['t']}/{default['r']}/{place}"),
    ):
        answer, tile = asked(client, **changes), client.get(address)
        assert (answer.status_code, answer.headers["etag"]) == (200, tile.headers["etag"])
        assert answer.content == tile.content
    assert asked(client, REQUEST="GetCapabilities").content == client.get(CAPABILITIES).content


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"SERVICE": None}, 400, "MissingParameterValue"),
        ({"SERVICE": "WMS"}, 400, "InvalidParameterValue"),
        ({"REQUEST": None}, 400, "MissingParameterValue"),
        ({"REQUEST": "GetFeatureInfo"}, 501, "OperationNotSupported"),
        ({"LAYER": None}, 400, "MissingParameterValue"),
        ({"LAYER": "../../etc/passwd"}, 400, "InvalidParameterValue"),
        ({"STYLE": "vik"}, 400, "InvalidParameterValue"),
        ({"FORMAT": "image/jpeg"}, 400, "InvalidParameterValue"),
        ({"TileRow": "-1"}, 400, "InvalidParameterValue"),
        ({"TileMatrix": "\b<&>"}, 400, "InvalidParameterValue"),
        ({"layer": "vx"}, 400, "InvalidParameterValue"),
    ],
)
def test_what_the_standard_does_not_allow_is_an_exception_report(
    client: httpx.Client, changes: dict[str, str | None], status: int, code: str
) -> None:
    answer = asked(client, **changes)
    assert answer.status_code == status
    (exception,) = ElementTree.fromstring(answer.content)
    assert exception.attrib["exceptionCode"] == code
    assert exception.findtext("{http://www.opengis.net/ows/1.1}ExceptionText")


def test_a_client_that_knows_no_dimension_finds_a_tile(client: httpx.Client, service: WebMapTileService) -> None:
    place = {"tilematrixset": "WebMercatorQuad", "tilematrix": "1", "row": 0, "column": 1}
    body = service.gettile(layer="temperature", style="default", format="image/png", **place).read()
    assert Image.open(io.BytesIO(body)).size == (256, 256)
