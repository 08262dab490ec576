"""Points, profiles, series, sections and statistics: of a real gateway, and over engines that count."""

import asyncio
import io
from collections.abc import Sequence
from types import SimpleNamespace

import httpx2 as httpx
import numpy as np
import pytest

from earthgan import Surrogate
from earthgan.errors import EngineTimeout, EngineUnavailable
from earthgan.quantities import quantities
from earthgan.sphere.great_circle import GreatCircle
from earthgan.sphere.grid import cell_weights
from earthgan.sphere.sampling import ShellSampler
from earthgan_gateway import Settings, create_app
from earthgan_gateway.draws import Draws
from earthgan_gateway.offer import Offer
from earthgan_gateway.places import Places
from engines import CountingEngine
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE

DERIVED = ("temperature_anomaly", "v_radial", "v_theta", "v_phi", "speed")
NAMES = tuple(quantities(Surrogate(DEFAULT_SURROGATE)))
STEPS = [step.t for step in Surrogate(DEFAULT_SURROGATE).steps]
#: In the middle, over the date line, between the last row and a pole, on a pole.
PLACES = ((48.2, 16.4), (-12.3, -179.9), (12, 359.7), (89.9, 20), (-90, 77))


def get(client: httpx.Client, path: str, **query: object) -> dict:
    answer = client.get(path, params={name.rstrip("_"): str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def spans() -> dict[str, float]:
    return {name: q.range[1] - q.range[0] for name, q in quantities(Surrogate(DEFAULT_SURROGATE)).items()}


SPANS = spans()


@pytest.mark.parametrize(("lat", "lon"), PLACES)
def test_a_point_is_the_shell_sampled_there(
    client: httpx.Client, default_surrogate: Surrogate, lat: float, lon: float
) -> None:
    sampler = ShellSampler(default_surrogate.grid)
    point = get(client, "/points/temperature/120/150", lat=lat, lon=lon)
    assert set(point["values"]) == set(NAMES)
    assert point["value"] == point["values"]["temperature"]
    assert (point["unit"], point["t"], point["r"]) == ("K", 120, 150)
    assert point["depth_km"] == pytest.approx(703.372, abs=0.01)
    assert point["radius_km"] + point["depth_km"] == pytest.approx(6371)
    assert point["lat"] == lat
    assert -180 <= point["lon"] < 180
    for name in NAMES:
        shell = np.load(io.BytesIO(client.get(f"/shells/{name}/120/150.npy").raise_for_status().content))
        expected = sampler.sample(shell, np.array([lat]), np.array([lon]))[0, 0]
        assert point["values"][name] == pytest.approx(expected, abs=1e-4 * SPANS[name]), name


@pytest.mark.parametrize("name", ["temperature", "vz", *DERIVED])
def test_profiles_and_sections_agree_with_points(client: httpx.Client, name: str) -> None:
    near = 1e-4 * SPANS[name]
    for lat, lon in PLACES:
        profile = get(client, f"/profiles/{name}/121", lat=lat, lon=lon)
        assert len(profile["values"]) == len(profile["radius_km"]) == len(profile["depth_km"]) == 199
        for r in (0, 70, 198):
            value = get(client, f"/points/{name}/121/{r}", lat=lat, lon=lon)["value"]
            assert profile["values"][r] == pytest.approx(value, abs=near)
    for start, end in (("60,150", "-20,-120"), ("70,10", "75,-172"), ("0.3,0", "0.3,50")):
        section = get(client, f"/sections/{name}/121", from_=start, to=end, n=9)
        assert len(section["values"]) == 199
        for i in (0, 3, 4, 8):
            place = {"lat": section["lat"][i], "lon": section["lon"][i]}
            for r in (5, 190):
                value = get(client, f"/points/{name}/121/{r}", **place)["value"]
                assert section["values"][r][i] == pytest.approx(value, abs=near)


@pytest.mark.parametrize(("name", "place"), [("temperature", PLACES[1]), ("v_phi", PLACES[3])])
def test_series_agree_with_points(client: httpx.Client, name: str, place: tuple[float, float]) -> None:
    """Of few quantities: a series reads every time step. A slow machine is asked again for the rest."""
    lat, lon = place
    asked = {"lat": str(lat), "lon": str(lon)}
    answer = client.get(f"/series/{name}/70", params=asked)
    while answer.status_code == 503 and "ask again for the rest" in answer.json()["detail"]:
        answer = client.get(f"/series/{name}/70", params=asked)
    series = answer.raise_for_status().json()
    assert series["t"] == STEPS
    for t in (113, 121):
        value = get(client, f"/points/{name}/{t}/70", lat=lat, lon=lon)["value"]
        assert series["values"][STEPS.index(t)] == pytest.approx(value, abs=1e-4 * SPANS[name])


def test_a_section_says_where_it_goes(client: httpx.Client, default_surrogate: Surrogate) -> None:
    section = get(client, "/sections/temperature/120", from_="48.2,16.4", to="35.7,139.7")
    arc = GreatCircle((48.2, 16.4), (35.7, 139.7))
    n = len(section["lat"])
    columns = default_surrogate.grid.shape[2]
    assert n == int(np.ceil(arc.length_deg * columns / 360)) + 1, "one for each column's width"
    assert (section["lat"][0], section["lon"][0]) == (48.2, 16.4)
    assert (section["lat"][-1], section["lon"][-1]) == (35.7, 139.7)
    assert section["surface_distance_km"][-1] == pytest.approx(9080, rel=0.02), "Vienna to Tokyo"
    assert {len(row) for row in section["values"]} == {n}
    assert section["radius_km"] == sorted(section["radius_km"])


def test_a_profile_with_means_has_the_means_of_the_shells(client: httpx.Client, default_surrogate: Surrogate) -> None:
    profile = get(client, "/profiles/temperature/121", lat=10, lon=10, lateral_mean="true")
    anomaly = get(client, "/profiles/temperature_anomaly/121", lat=10, lon=10)
    shell = np.load(io.BytesIO(client.get("/shells/temperature/121/66.npy").content))
    assert profile["lateral_mean"][66] == pytest.approx((shell * cell_weights(default_surrogate.grid)).sum(), abs=0.1)
    difference = np.array(profile["values"]) - np.array(profile["lateral_mean"])
    np.testing.assert_allclose(anomaly["values"], difference, atol=0.05)


def test_statistics_are_the_shells(client: httpx.Client, default_surrogate: Surrogate) -> None:
    shell = np.load(io.BytesIO(client.get("/shells/temperature/120/40.npy").content))
    found = get(client, "/statistics/temperature/120/40")
    assert found["mean"] == pytest.approx((shell * cell_weights(default_surrogate.grid)).sum(), abs=0.1)
    assert (found["min"], found["max"]) == pytest.approx((shell.min(), shell.max()), abs=0.1)
    assert found["min"] < found["percentiles"]["p1"] < found["percentiles"]["p50"] < found["percentiles"]["p99"]
    histogram = found["histogram"]
    assert histogram["range"] == [200, 3600]
    assert len(histogram["bins"]) == 64
    assert sum(histogram["bins"]) + histogram["below"] + histogram["above"] == pytest.approx(1, abs=1e-4)
    assert found["missing"] == 0
    assert abs(get(client, "/statistics/temperature_anomaly/120/40")["mean"]) < 0.1


def test_answers_have_a_tag_of_their_meaning(client: httpx.Client) -> None:
    path = "/points/temperature/120/150"
    one, same, other = (client.get(f"{path}?lat=1&lon={lon}") for lon in ("-170.0", "190", "191"))
    assert one.headers["etag"] == same.headers["etag"] != other.headers["etag"]
    assert one.content == same.content
    assert one.headers["cache-control"] == "public, max-age=60"
    again = client.get(f"{path}?lat=1&lon=190", headers={"if-none-match": one.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    gone = client.get("/points/temperature/999/150?lat=1&lon=190", headers={"if-none-match": one.headers["etag"]})
    assert gone.status_code == 404


def ask(engine: CountingEngine, *paths: str) -> Sequence[httpx.Response]:
    async def main() -> Sequence[httpx.Response]:
        app = create_app(Settings(surrogate=engine.surrogate.folder), engine)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(main())


HERE = "?lat=1&lon=2"
NOT_FOUND = [
    f"/points/density/120/150{HERE}",
    f"/points/temperature/999/150{HERE}",
    f"/points/temperature/120/199{HERE}",
    f"/points/temperature/0120/150{HERE}",
    f"/points/temperature/120/+5{HERE}",
    f"/points/temperature/120/-1{HERE}",
    f"/points/temperature/120/1.0{HERE}",
    f"/points/temperature/120/150%0A{HERE}",
    f"/points/temperature/120/\u0661{HERE}",
    f"/points/temperature/120/150/{HERE}",
    f"/points/temperature/120/150.json{HERE}",
    f"/points/temperature/120{HERE}",
    f"/profiles/temperature/99999999999999999999{HERE}",
    f"/profiles/Temperature/120{HERE}",
    f"/profiles/temperature/120/150{HERE}",
    f"/series/temperature/199{HERE}",
    f"/series/temperature/007{HERE}",
    "/sections/temperature/129?from=1,2&to=3,4",
    "/sections/density/120?from=1,2&to=3,4",
    "/statistics/temperature/120/199",
    "/statistics/temperature/1e2/150",
    "/statistics/",
]
UNREADABLE = [
    "/points/temperature/120/150",
    "/points/temperature/120/150?lat=1",
    "/points/temperature/120/150?lat=90.001&lon=0",
    "/points/temperature/120/150?lat=nan&lon=0",
    "/points/temperature/120/150?lat=0&lon=inf",
    "/points/temperature/120/150?lat=0&lon=1e999",
    "/points/temperature/120/150?lat=1_0&lon=0",
    "/points/temperature/120/150?lat=%D9%A1&lon=0",
    "/points/temperature/120/150?lat=&lon=0",
    "/points/temperature/120/150?lat=1%0A&lon=0",
    "/profiles/temperature/120?lat=-91&lon=0",
    f"/profiles/temperature/120{HERE}&lateral_mean=maybe",
    "/series/temperature/150?lat=north&lon=0",
    "/sections/temperature/120",
    "/sections/temperature/120?from=1,2",
    "/sections/temperature/120?from=1,2&to=3",
    "/sections/temperature/120?from=1,2&to=3,4,5",
    "/sections/temperature/120?from=1,2&to=91,4",
    "/sections/temperature/120?from=1,2&to=1,362",
    "/sections/temperature/120?from=10,20&to=-10,-160",
    *(f"/sections/temperature/120?from=1,2&to=3,4&n={n}" for n in ("1", "513", "x", "", "-5", "1e1", "64.0")),
]


@pytest.mark.parametrize(("status", "paths"), [(404, NOT_FOUND), (422, UNREADABLE)])
def test_what_is_asked_wrongly_is_a_problem_and_costs_no_engine_call(status: int, paths: list[str]) -> None:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE))
    for path, answer in zip(paths, ask(engine, *paths), strict=True):
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["detail"]
        assert "\n" not in answer.json()["detail"], path
    assert engine.calls == 0


def test_nothing_asks_for_more_than_it_needs() -> None:
    calls = {}
    for path in (
        f"/points/speed/120/150{HERE}",
        f"/profiles/speed/120{HERE}",
        f"/series/speed/150{HERE}",
        "/sections/speed/120?from=40,5&to=-40,5",
        f"/profiles/temperature_anomaly/120{HERE}",
        "/statistics/speed/120/150",
    ):
        engine = CountingEngine(Surrogate(DEFAULT_SURROGATE))
        ask(engine, path, path + "#again")
        calls[path.split("/")[1] + "/" + path.split("/")[2]] = engine.calls
    assert calls["points/speed"] == 1, "all variables of the shell, kept"
    assert calls["profiles/speed"] == 2, "one window each time"
    assert calls["series/speed"] == len(STEPS), "each step once, and kept"
    assert calls["sections/speed"] == 2
    assert calls["profiles/temperature_anomaly"] == 2, "the means are told by the coefficients"
    assert calls["statistics/speed"] == 1


def test_means_that_no_coefficients_tell_are_computed_once() -> None:
    engine = CountingEngine(Surrogate(BASELINE_SURROGATE))
    path = f"/profiles/temperature_anomaly/120{HERE}"
    ask(engine, path, path + "#again")
    assert engine.calls == 2 + 13, "199 shells, 16 at a time"


@pytest.mark.parametrize(("error", "status"), [(EngineUnavailable("away"), 503), (EngineTimeout("slow"), 503)])
def test_an_engine_that_fails_is_a_problem(error: Exception, status: int) -> None:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE), error=error)
    paths = (
        f"/points/speed/120/150{HERE}",
        f"/profiles/temperature_anomaly/120{HERE}",
        f"/series/vx/150{HERE}",
        "/sections/vx/120?from=1,2&to=3,4",
        "/statistics/vx/120/150",
    )
    for answer in ask(engine, *paths):
        assert answer.status_code == status
        assert answer.headers["cache-control"] == "no-store"


def test_use_cases_need_no_more_of_fields_than_they_say() -> None:
    """Over a field whose shells hold their own row and index, without HTTP."""
    surrogate = Surrogate(BASELINE_SURROGATE)

    class Fields(SimpleNamespace):
        async def shell(self, quantity: str, t: int, r: int, draws: Draws) -> SimpleNamespace:
            rows = np.arange(180, dtype=np.float32)[:, None] * np.ones(360, np.float32)
            return SimpleNamespace(values=rows + r)

    fields = Fields(engine=CountingEngine(surrogate), timeout_s=5.0)
    places = Places(Offer.of(surrogate), fields)  # type: ignore[arg-type]
    row = 90 - 0.5 - 30.25
    assert asyncio.run(places.point("vx", 120, 7, (30.25, 400.0)))["value"] == pytest.approx(row + 7)
    profile = asyncio.run(places.profile("temperature", 120, (30.25, -40.0)))
    np.testing.assert_allclose(profile["values"], row + np.arange(199), rtol=1e-5)
    anomaly = asyncio.run(places.profile("temperature_anomaly", 120, (30.25, -40.0)))
    np.testing.assert_allclose(anomaly["values"], row - 89.5, atol=1e-3)
    section = asyncio.run(places.section("temperature", 120, GreatCircle((30.25, 0.0), (-30.25, 0.0)), 3))
    np.testing.assert_allclose(section["values"][100], [row + 100, 89.5 + 100, 179 - row + 100], rtol=1e-5)
