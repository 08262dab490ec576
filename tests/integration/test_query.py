"""What a query may say: the same parameters, booleans and refusals on every route."""

from collections.abc import Iterator

import httpx2 as httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from socketless import Gateway

TILE, SHELL = "/tiles/temperature/120/150/0/0/0", "/shells/temperature/120/150"
#: An address of each route, with the parameters that it needs.
ADDRESSES = {
    TILE: "",
    TILE + ".npy": "",
    TILE + "@2x.webp": "",
    SHELL: "",
    SHELL + ".png": "",
    "/shells/temperature.nc": "t=119-120&r=150",
    "/tiles/temperature/120/150/tilejson.json": "",
    "/catalog": "",
    "/variables": "",
    "/colormaps": "",
    "/legends/temperature": "",
    "/legends/temperature.json": "",
    "/legends/temperature.png": "",
    "/wmts/WMTSCapabilities.xml": "",
    "/ogc/collections/vx/map/tiles/WorldCRS84Quad": "step=120",
    "/ogc/collections/vx/position": "coords=POINT(2 1)",
    "/ogc/collections/vx/trajectory": "coords=LINESTRING(2 1, 4 3)",
    "/stac": "",
    "/zarr/zarr.json": "",
    "/points/temperature/120/150": "lat=1&lon=2",
    "/profiles/temperature/120": "lat=1&lon=2",
    "/series/temperature/150": "lat=1&lon=2",
    "/sections/temperature/120": "from=1,2&to=3,4",
    "/statistics/temperature/120/150": "",
    "/features/120": "",
    "/features/120.csv": "",
    "/features/120.geojson": "",
    "/v2": "",
    "/v2/models/earthgan": "",
    "/healthz": "",
    "/servez": "",
    "/readyz": "",
    "/metrics": "",
}

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def fast() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


def detail(answer: httpx.Response, status: int = 422) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    text: str = answer.json()["detail"]
    assert text
    assert "\n" not in text
    return text


def test_the_addresses_are_those_of_every_route(fast: Gateway) -> None:
    known = {path.split("/")[1] for path in fast.app.openapi()["paths"]}
    assert {address.split("/")[1].split("?")[0] for address in ADDRESSES} == known
    for address, query in ADDRESSES.items():
        assert fast.get(f"{address}?{query}").status_code == 200, address


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("name", ["colormap_name", "TMS", "tilesize", "_", "x" * 500, "lat[]", ""])
def test_a_parameter_that_a_route_does_not_have_is_named(fast: Gateway, address: str, name: str) -> None:
    text = detail(fast.get(f"{address}?{ADDRESSES[address]}", (name, "1")))
    assert repr(name[:40]) in text
    assert len(text) < 300


@pytest.mark.parametrize(
    ("address", "name", "meant"),
    [
        (TILE, "colormap_name", "colormap"),
        (TILE, "TMS", "tms"),
        (TILE, "rescal", "rescale"),
        (SHELL, "anomalies", "anomaly"),
        ("/catalog", "depth", "depth_km"),
        ("/points/temperature/120/150", "long", "lon"),
        ("/profiles/temperature/120", "lateralmean", "lateral_mean"),
    ],
)
def test_the_nearest_parameter_is_named_too(fast: Gateway, address: str, name: str, meant: str) -> None:
    assert f"did you mean {meant}?" in detail(fast.get(f"{address}?{ADDRESSES[address]}", (name, "1")))


@pytest.mark.parametrize(
    ("address", "first", "second"),
    [
        (TILE, "colormap=batlow", "colormap=vik"),
        (TILE + ".npy", "anomaly=true", "anomaly=false"),
        (SHELL, "v=1", "v=2"),
        ("/legends/temperature.json", "rescale=1,2", "rescale=1,3"),
        ("/catalog", "depth_km=1", "depth_km=2"),
        ("/points/temperature/120/150", "lat=1&lon=2", "lon=3"),
        ("/sections/temperature/120", "from=1,2&to=3,4", "to=3,5"),
        ("/tiles/temperature/120/150/tilejson.json", "anomaly=true", "anomaly=false"),
    ],
)
def test_a_parameter_with_two_values_is_refused_and_the_same_value_twice_is_not(
    fast: Gateway, address: str, first: str, second: str
) -> None:
    assert second.split("=")[0] in detail(fast.get(f"{address}?{first}&{second}"))
    assert detail(fast.get(f"{address}?{second}&{first}"))
    assert fast.get(f"{address}?{first}&{first}").status_code == 200


TRUE, FALSE = ("true", "True", "TRUE", "1", "yes", "on"), ("false", "False", "FALSE", "0", "no", "off")
BOOLEANS = [
    (TILE, "anomaly"),
    (TILE + ".npy", "anomaly"),
    (SHELL + ".json", "anomaly"),
    ("/legends/temperature.json", "anomaly"),
    ("/legends/temperature.png", "anomaly"),
    ("/tiles/temperature/120/150/tilejson.json", "anomaly"),
    ("/profiles/temperature/120?lat=1&lon=2", "lateral_mean"),
]


@pytest.mark.parametrize(("address", "name"), BOOLEANS)
def test_a_boolean_in_any_spelling_is_the_same_answer(fast: Gateway, address: str, name: str) -> None:
    yes, no = ([fast.get(address, (name, text)) for text in spellings] for spellings in (TRUE, FALSE))
    assert {answer.status_code for answer in (*yes, *no)} == {200}
    assert len({answer.headers.get("etag") for answer in yes}) == 1
    assert len({answer.headers.get("etag") for answer in (*no, fast.get(address))}) == 1
    if "tilejson" not in address:  # its tiles carry the query as it was asked
        assert len({answer.content for answer in yes}) == 1
        assert len({answer.content for answer in (*no, fast.get(address))}) == 1
        assert yes[0].content != no[0].content
    for text in ("", "maybe", "2", "truee", " true"):
        assert name in detail(fast.get(address, (name, text)))


RANGED = [
    "/legends/temperature.json",
    "/legends/temperature.png",
    TILE,
    TILE + ".webp?under=000000&over=ffffff",
    TILE + ".png?resampling=nearest",
    SHELL + ".png",
    "/tiles/temperature/120/150/tilejson.json",
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("address", RANGED)
@settings(max_examples=25, deadline=None)
@given(low=st.floats(), high=st.floats())
@example(-1e308, 1e308)
@example(0.0, 1e-320)
@example(0.0, 1e-36)
@example(1800.0, 1800.00001)
@example(1.0, 1.0000000000000002)
@example(-3.4e38, 3.4e38)
@example(1000.0, 1000.001)
def test_no_range_is_a_failure(fast: Gateway, address: str, low: float, high: float) -> None:
    answer = fast.get(address, ("rescale", f"{low!r},{high!r}"))
    if answer.status_code != 200:
        assert detail(answer).startswith("rescale ")
    elif address.endswith(".json") and "legends" in address:
        ticks = answer.json()["ticks"]
        assert len(ticks) >= 2
        assert len({tick["label"] for tick in ticks}) == len(ticks)
        assert all(low <= tick["value"] <= high for tick in ticks)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "1",
        "1,",
        "1,2,3",
        "a,b",
        "1;2",
        "0x1,2",
        "1_0,20",
        "1 ,2",
        "nan,1",
        "1,inf",
        "1e999,2",
        "\u0661,\u0662",
    ],
)
def test_what_is_no_range_is_refused_alike_everywhere(fast: Gateway, text: str) -> None:
    assert len({detail(fast.get(address, ("rescale", text))) for address in RANGED}) == 1
