"""Draws of a generator with noise: one seed, the mean or the spread of several, on every route that gives values."""

import asyncio
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owslib.wmts import WebMapTileService
from PIL import Image

from earthgan import Surrogate
from earthgan.sphere.sampling import ShellSampler
from earthgan_gateway import Settings, create_app
from earthgan_gateway.draws import MOST
from engines import CountingEngine
from integration.test_openapi import address, example, operation
from noisy_surrogate import STEPS, make_noisy
from socketless import Gateway

NAMES = ("temperature", "vx", "temperature_anomaly", "speed", "v_radial")
#: Every kind of route that gives values or pictures of draws.
ROUTES = (
    "/tiles/speed/1/7/0/0/0.npy",
    "/tiles/speed/1/7/0/0/0.png",
    "/shells/speed/1/7.npy",
    "/shells/speed/1/7.nc",
    "/shells/speed/1/7.json",
    "/points/speed/1/7?lat=10&lon=20",
    "/profiles/speed/1?lat=10&lon=20",
    "/series/speed/7?lat=10&lon=20",
    "/sections/speed/1?from=1,2&to=30,40",
    "/statistics/speed/1/7",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_noisy(tmp_path_factory.mktemp("noisy") / "surrogate")


@pytest.fixture(scope="module")
def noisy(folder: Path) -> Iterator[Gateway]:
    gateway = Gateway(folder)
    yield gateway
    gateway.close()


@pytest.fixture(scope="module")
def silent() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


def get(gateway: Gateway, path: str, **query: object) -> httpx.Response:
    answer = gateway.get(path, *query.items())
    assert answer.status_code == 200, f"{path} {query}: {answer.text[:300]}"
    return answer


def shell(gateway: Gateway, name: str, t: int, r: int, **query: object) -> np.ndarray:
    return np.load(io.BytesIO(get(gateway, f"/shells/{name}/{t}/{r}.npy", **query).content))


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * max(np.abs(expected).max(), 1e-30))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(NAMES), st.integers(0, STEPS - 1), st.integers(0, 21), st.integers(2, MOST), st.booleans())
def test_a_statistic_is_that_of_the_single_draws(
    noisy: Gateway, name: str, t: int, r: int, count: int, anomaly: bool
) -> None:
    asked: dict[str, object] = {"anomaly": "true"} if anomaly else {}
    single = np.stack([shell(noisy, name, t, r, seed=seed, **asked) for seed in range(count)]).astype(np.float64)
    close(shell(noisy, name, t, r, draws=count, statistic="mean", **asked), single.mean(axis=0))
    close(shell(noisy, name, t, r, draws=count, statistic="std", **asked), single.std(axis=0))
    assert single.std(axis=0).max() > 0


@pytest.mark.parametrize("path", ROUTES)
def test_each_choice_of_draws_has_its_own_answer_and_tag(noisy: Gateway, path: str) -> None:
    queries: tuple[dict[str, object], ...] = (
        {},
        {"seed": 1},
        {"seed": 2},
        {"draws": 3, "statistic": "mean"},
        {"draws": 4, "statistic": "mean"},
        {"draws": 3, "statistic": "std"},
        {"draws": 4, "statistic": "std"},
    )
    answers = [get(noisy, path, **query) for query in queries]
    assert len({answer.content for answer in answers}) == len(queries)
    tags = [answer.headers["etag"] for answer in answers]
    assert len(set(tags)) == len(queries)
    for query, answer, tag in zip(queries, answers, tags, strict=True):
        assert get(noisy, path, **query).content == answer.content
        assert noisy.get(path, *query.items(), **{"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize("path", ROUTES)
def test_the_surrogates_own_seed_and_what_is_left_out_change_no_byte(noisy: Gateway, path: str) -> None:
    for queries in (
        ({}, {"seed": 0}),
        ({"draws": 8}, {"draws": 8, "statistic": "mean"}, {"statistic": "mean"}),
        ({"statistic": "std"}, {"statistic": "std", "draws": 8}),
    ):
        answers = [get(noisy, path, **query) for query in queries]
        assert len({answer.content for answer in answers}) == 1
        assert len({answer.headers["etag"] for answer in answers}) == 1


@pytest.mark.parametrize("query", [{"seed": 5}, {"draws": 3, "statistic": "mean"}, {"draws": 3, "statistic": "std"}])
@pytest.mark.parametrize("name", NAMES)
def test_values_at_places_are_those_of_the_whole_globe(
    noisy: Gateway, folder: Path, name: str, query: dict[str, object]
) -> None:
    """They come from small windows of each draw. The places are in the middle, over the date line and near a pole."""
    grid = Surrogate(folder).grid
    sampler = ShellSampler(grid)
    t, r = 2, 11
    whole = shell(noisy, name, t, r, **query)
    unit = max(float(abs(whole).max()), 1e-30)
    for lat, lon in ((12.0, 30.0), (-40.0, 179.5), (88.0, -7.0)):
        value = sampler.sample(whole, np.array([lat]), np.array([lon]))[0, 0]
        here = {"lat": lat, "lon": lon, **query}
        point = get(noisy, f"/points/{name}/{t}/{r}", **here).json()
        profile = get(noisy, f"/profiles/{name}/{t}", **here).json()
        series = get(noisy, f"/series/{name}/{r}", **here).json()
        ends = {"from": f"{lat},{lon}", "to": "0,100", "n": 3, **query}
        section = get(noisy, f"/sections/{name}/{t}", **ends).json()
        for found in (point["value"], profile["values"][r], series["values"][t], section["values"][r][0]):
            assert found == pytest.approx(value, abs=2e-4 * unit)
        assert point["values"][name] == point["value"]
        assert all("draw" in each["long_name"] for each in (point, profile, series, section))
    statistics = get(noisy, f"/statistics/{name}/{t}/{r}", **query).json()
    assert statistics["min"] == pytest.approx(whole.min(), abs=1e-5 * unit)
    assert statistics["max"] == pytest.approx(whole.max(), abs=1e-5 * unit)


def test_a_lateral_mean_is_that_of_the_seed(noisy: Gateway) -> None:
    path, here = "/profiles/temperature/0", {"lat": 0, "lon": 0, "lateral_mean": "true"}
    own, other = (get(noisy, path, **here, **query).json()["lateral_mean"] for query in ({}, {"seed": 3}))
    mean = get(noisy, "/statistics/temperature/0/9", seed=3).json()["mean"]
    assert other[9] == pytest.approx(mean, rel=1e-4)
    assert other[9] != own[9]
    refused = noisy.get(path, *here.items(), ("draws", 2))
    assert refused.status_code == 422
    assert "one draw only" in refused.json()["detail"]


def test_a_spread_has_a_legend_from_zero_in_the_quantitys_unit(noisy: Gateway) -> None:
    for name in NAMES:
        legend = get(noisy, f"/legends/{name}.json", draws=4, statistic="std").json()
        plain = get(noisy, f"/legends/{name}.json").json()
        assert legend["unit"] == plain["unit"]
        assert legend["range"][0] == 0
        assert legend["colormap"] != plain["colormap"]
        assert legend["long_name"] == f"{plain['long_name']}, spread of 4 draws"
        spreads = [shell(noisy, name, t, r, statistic="std") for t in range(STEPS) for r in (3, 11, 18)]
        assert np.percentile(spreads, 90) <= legend["range"][1] <= 2 * np.max(spreads)
        histogram = get(noisy, f"/statistics/{name}/1/7", statistic="std").json()["histogram"]
        assert histogram["range"] == legend["range"]
        assert get(noisy, f"/legends/{name}.json", draws=9, statistic="std").json()["range"] == legend["range"]
        assert get(noisy, f"/legends/{name}.json", statistic="mean").json()["range"] == plain["range"]
        assert get(noisy, f"/legends/{name}.png", statistic="std").content[:4] == b"\x89PNG"


def test_a_picture_of_a_spread_has_the_legends_colours(noisy: Gateway) -> None:
    query = {"draws": 4, "statistic": "std"}
    legend = get(noisy, "/legends/temperature.json", **query).json()
    palette = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in legend["colors"]])
    values = shell(noisy, "temperature", 1, 7, **query)
    drawn = np.asarray(
        Image.open(io.BytesIO(get(noisy, "/shells/temperature/1/7.png", **query).content)).convert("RGB")
    )
    index = np.clip(np.rint(values / legend["range"][1] * 254), 0, 254).astype(int)
    np.testing.assert_array_equal(drawn, palette[index])
    rescaled = get(noisy, "/shells/temperature/1/7.png", rescale=f"0,{legend['range'][1]}", **query)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(rescaled.content)).convert("RGB")), drawn)


def test_what_describes_the_surrogate_describes_its_draws(noisy: Gateway, folder: Path) -> None:
    catalog = get(noisy, "/catalog").json()
    assert catalog["draws"] == {"variables": catalog["variables"], "seed": 0, "fewest": 2, "most": 16, "usual": 8}
    document = get(noisy, "/tiles/temperature/1/7/tilejson.json", draws=4, statistic="std").json()
    assert document["tiles"][0].endswith("?draws=4&statistic=std")
    assert "spread of 4 draws" in document["name"]
    tile = httpx.URL(document["tiles"][0].format(z=0, x=0, y=0))
    assert get(noisy, tile.path, **dict(tile.params.items())).content


@pytest.mark.filterwarnings("ignore:Truth-testing of elements:FutureWarning")  # OWSLib's own
def test_a_wmts_layer_has_the_seed_as_a_dimension(noisy: Gateway) -> None:
    document = get(noisy, "/wmts/WMTSCapabilities.xml").content
    layer = WebMapTileService("http://gateway", xml=document).contents["vx"]
    assert layer.dimensions["seed"]["default"] == "0"
    assert layer.dimensions["seed"]["values"] == [str(seed) for seed in range(MOST)]
    template = next(r for r in layer.resourceURLs if r["resourceType"] == "tile")["template"]
    place = {"step": 1, "shell": 7, "TileMatrixSet": "WorldCRS84Quad", "TileMatrix": 0, "TileCol": 0, "TileRow": 0}
    own, other = (noisy.get(template.format(**place, seed=seed)) for seed in (0, 4))
    assert (own.status_code, other.status_code) == (200, 200)
    assert own.content != other.content


def test_a_surrogate_without_a_seed_has_draws_beside_no_noise(tmp_path: Path) -> None:
    gateway = Gateway(make_noisy(tmp_path / "surrogate", own_seed=None))
    try:
        assert get(gateway, "/catalog").json()["draws"]["seed"] is None
        own, zero, one = (shell(gateway, "vx", 0, 0, **query) for query in ({}, {"seed": 0}, {"seed": 1}))
        assert not np.array_equal(own, zero)
        assert not np.array_equal(zero, one)
        close(shell(gateway, "vx", 0, 0, draws=2), (zero + one) / 2)
    finally:
        gateway.close()


# What is refused


@pytest.mark.parametrize("query", ["seed=0", "seed=3", "draws=8", "statistic=std", "draws=8&statistic=mean"])
@pytest.mark.parametrize("path", [*ROUTES, "/legends/speed.json", "/tiles/speed/120/7/tilejson.json"])
def test_a_surrogate_without_noise_says_that_it_has_no_draws(silent: Gateway, path: str, query: str) -> None:
    path = path.replace("/1/", "/120/").replace("/1?", "/120?")
    answer = silent.get(f"{path}{'&' if '?' in path else '?'}{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "noise" in answer.json()["detail"]
    assert get(silent, "/catalog").json()["draws"] is None


@pytest.mark.parametrize(
    "query",
    [
        "seed=-1",
        "seed=01",
        "seed=x",
        "draws=1",
        "draws=17",
        "statistic=median",
        "seed=1&draws=2",
        "seed=1&statistic=std",
    ],
)
@pytest.mark.parametrize("path", [*ROUTES, "/legends/speed.json", "/tiles/speed/1/7/tilejson.json"])
def test_draws_that_make_no_sense_are_refused(noisy: Gateway, path: str, query: str) -> None:
    answer = noisy.get(f"{path}{'&' if '?' in path else '?'}{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(("seed", "draws", "statistic", "give a seed"))


def test_the_openapi_document_names_draws_only_where_there_are_some(noisy: Gateway, silent: Gateway) -> None:
    """With noise, each of their examples works."""

    def documented(gateway: Gateway) -> tuple[dict[str, Any], set[str]]:
        document = get(gateway, "/openapi.json").json()
        parameters = {path: operation(document, path).get("parameters", []) for path in document["paths"]}
        return document, {
            path for path, each in parameters.items() if {"seed", "draws", "statistic"} <= {p["name"] for p in each}
        }

    assert documented(silent)[1] == set()
    document, paths = documented(noisy)
    assert {path.split("/")[1] for path in paths} == {
        *("tiles", "shells", "points", "profiles", "series", "sections", "statistics", "legends", "ogc"),
    }
    for path in sorted(paths):
        filled, needed = address(operation(document, path), path)
        filled = filled.replace("/120", "/1").replace("/150", "/7")
        needed = [(name, {"t": "1", "r": "7"}.get(name, value)) for name, value in needed]
        for parameter in operation(document, path)["parameters"]:
            if parameter["name"] in ("seed", "draws", "statistic"):
                get(noisy, filled, **dict(needed), **{parameter["name"]: example(parameter)})


# What they cost


class Noisy(CountingEngine):
    """An engine whose draws differ. It remembers the seeds and the lanes that it was asked for."""

    def __init__(self, surrogate: Surrogate, delay_s: float = 0) -> None:
        super().__init__(surrogate, delay_s)
        self.asked: list[tuple[int | None, str]] = []

    async def shells(self, variables, t, shells, seed, deadline, lane="map"):  # type: ignore[no-untyped-def,override]
        self.asked.append((seed, lane))
        _, rows, columns = self.surrogate.grid.shape
        return (await self._answer(len(variables), shells, range(rows), columns)) + (seed or 0)


def ask_all(folder: Path, engine: Noisy, *paths: str, max_pending: int) -> list[httpx.Response]:
    settings = Settings(surrogate=folder, max_pending_shells=max_pending, prefetch=False)

    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(settings, engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return list(await asyncio.gather(*(client.get(path) for path in paths)))

    return asyncio.run(main())


def test_a_statistic_counts_as_many_pending_shells_as_it_has_draws(folder: Path) -> None:
    engine = Noisy(Surrogate(folder), delay_s=0.05)
    ask = partial(ask_all, folder, engine, max_pending=6)
    four, two, one = "/shells/vx/1/{}.npy?draws=4", "/shells/vx/1/{}.npy?draws=2", "/shells/vx/1/{}.npy"
    answers = ask(four.format(1), two.format(2), one.format(3))
    assert [answer.status_code for answer in answers] == [200, 200, 503]
    assert int(answers[2].headers["retry-after"]) > 0
    assert sorted(engine.asked, key=str) == sorted([(s, "long") for s in (None, 1, 2, 3, None, 1)], key=str)
    answers = ask(one.format(1), one.format(2), one.format(3), four.format(4))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 503]
    assert [answer.status_code for answer in ask(four.format(5), one.format(6), one.format(7))] == [200] * 3


def test_a_statistic_that_was_let_in_is_not_refused_later(folder: Path) -> None:
    """Other requests take every other place all the time while its draws are generated."""
    settings = Settings(surrogate=folder, max_pending_shells=6, prefetch=False)

    async def main() -> tuple[httpx.Response, list[httpx.Response]]:
        transport = httpx.ASGITransport(create_app(settings, Noisy(Surrogate(folder), delay_s=0.05)))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:

            async def later(i: int) -> httpx.Response:
                await asyncio.sleep(0.005 * i)
                return await client.get(f"/shells/vx/{i % 2}/{i // 2}.npy")

            first, *others = await asyncio.gather(client.get("/shells/vx/2/1.npy?draws=4"), *map(later, range(1, 44)))
            return first, others

    statistic, others = asyncio.run(main())
    assert statistic.status_code == 200
    assert {answer.status_code for answer in others} == {200, 503}


def test_more_draws_than_may_ever_be_pending_are_refused_for_good(folder: Path) -> None:
    (answer,) = ask_all(folder, Noisy(Surrogate(folder)), "/shells/vx/1/1.npy?draws=4", max_pending=3)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("draws must be at most 3 here")


def test_a_draw_is_computed_once_for_all_who_want_it(folder: Path) -> None:
    engine = Noisy(Surrogate(folder))

    async def main() -> None:
        transport = httpx.ASGITransport(create_app(Settings(surrogate=folder, prefetch=False), engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            for query in ("", "?seed=1", "?draws=2", "?draws=4", "?draws=4&statistic=std", "?seed=3", "?seed=0"):
                for name in ("vx", "speed"):
                    assert (await client.get(f"/shells/{name}/1/1.npy{query}")).status_code == 200

    asyncio.run(main())
    assert [seed for seed, _ in engine.asked] == [None, 1, 2, 3]
