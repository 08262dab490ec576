"""OGC API - EDR: collections say which queries there are, and CoverageJSON has the numbers of `/profiles` and so on."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from covjson_pydantic.coverage import Coverage
from edr_pydantic.collections import Collections

from places import BASELINE_SURROGATE
from socketless import Gateway

VZ = "/ogc/collections/vz"


@pytest.fixture(scope="module")
def baseline() -> Iterator[Gateway]:
    gateway = Gateway(BASELINE_SURROGATE)
    yield gateway
    gateway.close()


def coverage(gateway: Gateway, address: str) -> dict[str, Any]:
    """The coverage at an address, which others' model of CoverageJSON accepts."""
    answer = gateway.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/prs.coverage+json"
    Coverage.model_validate_json(answer.text)
    found: dict[str, Any] = answer.json()
    return found


def test_the_collections_say_what_can_be_asked(baseline: Gateway) -> None:
    document = baseline.get("/ogc/collections").json()
    for each in document["collections"]:
        each.pop("attribution")  # OGC API - Common has it, and others' model of EDR does not
    depths = [shell["depth_km"] for shell in reversed(baseline.get("/catalog").json()["shells"])]
    known = Collections.model_validate_json(json.dumps(document))
    for collection, as_written in zip(known.collections, document["collections"], strict=True):
        assert list(collection.parameter_names.root) == [collection.id]
        assert collection.extent.vertical is not None
        assert [float(depth) for depth in collection.extent.vertical.values] == depths
        for name, query in as_written["data_queries"].items():
            coords = {"position": "POINT(2 1)", "trajectory": "LINESTRING(2 1, 3 1)"}[name]
            path = query["link"]["href"].removeprefix("http://gateway")
            if collection.id in ("vz", "speed"):
                assert baseline.get(path, ("coords", coords)).status_code == 200


def test_a_position_is_the_profile_there(baseline: Gateway) -> None:
    profile = baseline.get("/profiles/vz/120?lat=48.2&lon=16.4").json()
    found = coverage(baseline, f"{VZ}/position?coords=POINT(16.4 48.2)&step=120")
    axes = found["domain"]["axes"]
    assert found["domain"]["domainType"] == "VerticalProfile"
    assert (axes["x"]["values"], axes["y"]["values"]) == ([profile["lon"]], [profile["lat"]])
    assert axes["z"]["values"] == profile["depth_km"][::-1]
    assert found["ranges"]["vz"]["values"] == profile["values"][::-1]
    assert found["parameters"]["vz"]["unit"]["symbol"] == profile["unit"]
    assert "step 120" in found["parameters"]["vz"]["description"]["en"]


def test_a_depth_chooses_the_nearest_shells(baseline: Gateway) -> None:
    depths = np.array(baseline.get("/profiles/vz/120?lat=1&lon=2").json()["depth_km"])
    point = coverage(baseline, f"{VZ}/position?coords=point ( 2.0  1 )&step=120&z=660")
    assert point["domain"]["domainType"] == "Point"
    nearest = depths[np.abs(depths - 660).argmin()]
    assert point["domain"]["axes"]["z"]["values"] == [nearest]
    assert len(point["ranges"]["vz"]["values"]) == 1
    several = coverage(baseline, f"{VZ}/position?coords=POINT(2 1)&z=0,660&parameter-name=vz&crs=CRS84&f=CoverageJSON")
    assert several["domain"]["axes"]["z"]["values"] == [depths[-1], nearest]
    between = coverage(baseline, f"{VZ}/position?coords=POINT(2 1)&z=100/660")
    assert between["domain"]["axes"]["z"]["values"] == sorted(d for d in depths if 100 <= d <= 660)


def test_a_trajectory_is_the_sections_of_its_legs(baseline: Gateway) -> None:
    legs = [baseline.get(f"/sections/vz/120?from={a}&to={b}").json() for a, b in (("0,0", "8,9"), ("8,9", "-3,12"))]
    found = coverage(baseline, f"{VZ}/trajectory?coords=LINESTRING(0 0, 9 8, 12 -3)&step=120&z=0/1000")
    axes, values = found["domain"]["axes"], found["ranges"]["vz"]
    places = [place for n, leg in enumerate(legs) for place in list(zip(leg["lon"], leg["lat"]))[1 if n else 0 :]]
    assert axes["composite"]["values"] == [list(place) for place in places]
    rows = [r for r in reversed(range(len(legs[0]["depth_km"]))) if legs[0]["depth_km"][r] <= 1000]
    assert values["shape"] == [len(places), len(rows)]
    section = np.concatenate([np.array(legs[0]["values"]), np.array(legs[1]["values"])[:, 1:]], axis=1)[rows]
    np.testing.assert_array_equal(np.reshape(values["values"], values["shape"]), section.T)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing/position?coords=POINT(1 1)", 404),
        ("vz/position?coords=POINT(1 1)&step=9999", 404),
        ("vz/position?coords=POINT(1 1)&z=7000/8000", 404),
        ("vz/position", 422),
        ("vz/position?coords=POINT(1 91)", 422),
        ("vz/position?coords=POINT(1,1)", 422),
        ("vz/position?coords=POINT(1 1)&z=5/1", 422),
        ("vz/position?coords=POINT(1 1)&z=1/2/3", 422),
        ("vz/position?coords=POINT(1 1)&f=GeoJSON", 422),
        ("vz/position?coords=POINT(1 1)&parameter-name=vx", 404),
        ("vz/trajectory?coords=POINT(1 1)", 422),
        ("vz/trajectory?coords=LINESTRING(1 1, 1 1)", 422),
        ("vz/trajectory?coords=LINESTRING(1 1, 2 2, 3 3, 4 4, 5 5, 6 6, 7 7, 8 8, 9 9, 1 3)", 422),
    ],
)
def test_what_cannot_be_answered_is_a_problem(baseline: Gateway, path: str, status: int) -> None:
    answer = baseline.get(f"/ogc/collections/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
