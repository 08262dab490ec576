"""What the hot path promises: styles, encodings, origins, one computation over all processes, idle prefetching."""

import asyncio
import gzip
import io
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image

from answers import array
from earthgan import Surrogate
from earthgan.errors import DamagedSurrogate
from earthgan.sphere.grid import cell_weights
from earthgan_gateway import Settings, create_app
from engines import CountingEngine
from gateway_server import gateway
from integration.redis_server import redis_server
from places import DEFAULT_SURROGATE

TILE = "/tiles/temperature/121/150/2/1/1"


def test_every_format_holds_the_same_field(client: httpx.Client) -> None:
    values = array(client.get(f"{TILE}.npy"))
    png, webp = (
        np.asarray(Image.open(io.BytesIO(client.get(f"{TILE}.{form}").content)).convert("RGB"))
        for form in ("png", "webp")
    )
    np.testing.assert_array_equal(png, webp)
    shell = array(client.get("/shells/temperature/121/150.npy"))
    document = client.get("/shells/temperature/121/150.json").json()
    np.testing.assert_array_equal(np.array(document["values"], dtype=np.float32), shell)
    assert client.get("/shells/temperature/121/150.nc").headers["content-type"] == "application/x-netcdf"
    assert client.get(f"{TILE}.tif").content[:2] == b"II"
    assert shell.min() <= values.min() <= values.max() <= shell.max()


def test_an_anomaly_has_no_mean_and_temperature_anomaly_is_the_same(
    client: httpx.Client, default_surrogate: Surrogate
) -> None:
    one = array(client.get("/shells/temperature/121/150.npy?anomaly=true"))
    other = array(client.get("/shells/temperature_anomaly/121/150.npy"))
    # The surrogate has this variable: a curve of temperature, whose mean is taken over other points of the shell.
    np.testing.assert_allclose(one, other, rtol=0, atol=0.05)
    assert abs((one * cell_weights(default_surrogate.grid)).sum()) < 0.01
    plain = array(client.get("/shells/temperature/121/150.npy?anomaly=false"))
    assert np.ptp(plain - one) < 1e-3


def test_derived_velocities_are_the_cartesian_ones_turned(client: httpx.Client) -> None:
    vx, vy, vz, speed, v_radial, v_theta, v_phi = (
        array(client.get(f"/shells/{name}/121/100.npy")).astype(float)
        for name in ("vx", "vy", "vz", "speed", "v_radial", "v_theta", "v_phi")
    )
    np.testing.assert_allclose(vx**2 + vy**2 + vz**2, speed**2, rtol=1e-4)
    np.testing.assert_allclose(v_radial**2 + v_theta**2 + v_phi**2, speed**2, rtol=1e-3)


@pytest.mark.parametrize(
    "query", ["anomaly=true", "steps=8", "resampling=nearest", "under=00ff00", "over=0000ff", "colormap=vik"]
)
def test_each_style_is_another_picture(client: httpx.Client, query: str) -> None:
    plain, styled = client.get(f"{TILE}?rescale=1700,2000"), client.get(f"{TILE}?rescale=1700,2000&{query}")
    assert styled.status_code == 200
    assert styled.content != plain.content
    assert styled.headers["etag"] != plain.headers["etag"]


def test_a_colour_map_has_one_name(client: httpx.Client) -> None:
    tags = {client.get(f"{TILE}?colormap={name}").headers["etag"] for name in ("vik", "crameri:vik")}
    assert len(tags) == 1


def test_steps_draw_flat_bands(client: httpx.Client) -> None:
    picture = Image.open(io.BytesIO(client.get(f"{TILE}?steps=6&rescale=1400,2400").content)).convert("RGB")
    assert len(picture.getcolors(256 * 256) or []) <= 6


@pytest.mark.parametrize(
    "query", ["anomaly=maybe", "steps=1", "steps=256", "steps=08", "resampling=cubic", "under=red", "over=12345"]
)
def test_styles_that_cannot_be_read_are_422(client: httpx.Client, query: str) -> None:
    answer = client.get(f"{TILE}?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_values_are_compressed_for_those_who_can_read_it(client: httpx.Client) -> None:
    packed = client.get(f"{TILE}.npy", headers={"accept-encoding": "gzip"})
    plain = client.get(f"{TILE}.npy", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < 0.9 * int(plain.headers["content-length"])
    assert packed.headers["etag"] != plain.headers["etag"], "a strong tag is of the bytes that are sent"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in client.get(TILE, headers={"accept-encoding": "gzip"}).headers
    with client.stream("GET", "/catalog", headers={"accept-encoding": "gzip"}) as catalog:
        assert b"depth_km" in gzip.decompress(b"".join(catalog.iter_raw()))


def test_head_has_the_headers_and_no_body(client: httpx.Client) -> None:
    for path in (TILE, "/shells/vx/121/3.npy"):
        got, asked = client.get(path), client.head(path)
        assert asked.content == b""
        for name in ("etag", "content-type", "content-length"):
            assert asked.headers[name] == got.headers[name]


def test_the_nearest_shell_is_found_by_depth_or_radius(client: httpx.Client) -> None:
    by_depth = client.get("/catalog?depth_km=660").json()["nearest"]
    assert by_depth == client.get("/catalog?radius_km=5711").json()["nearest"]
    assert abs(by_depth["depth_km"] - 660) < 7.3
    for query in ("depth_km=-1", "depth_km=nan", "depth_km=x", "radius_km=7000", "depth_km=1&radius_km=1"):
        answer = client.get(f"/catalog?{query}")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def test_pages_of_other_origins_may_ask_where_the_setting_says_so() -> None:
    origin = {"origin": "https://maps.example"}
    with gateway(cors_origins='["https://maps.example"]') as url:
        answer = httpx.get(url + TILE, headers=origin, trust_env=False)
        assert answer.headers["access-control-allow-origin"] == "https://maps.example"
        stranger = httpx.get(url + TILE, headers={"origin": "https://other.example"}, trust_env=False)
        assert "access-control-allow-origin" not in stranger.headers


def test_two_processes_give_the_same_bytes_for_a_cold_shell(tmp_path: Path) -> None:
    paths = [f"/tiles/{name}/121/77/2/{x}/{y}" for name in ("vx", "vz") for x in range(4) for y in range(4)]
    with redis_server(tmp_path) as (redis_url, _), gateway(redis_url=redis_url) as a, gateway(redis_url=redis_url) as b:
        with ThreadPoolExecutor(16) as callers:
            urls = [url + path for path in paths for url in (a, b)]
            answers = list(callers.map(lambda url: httpx.get(url, trust_env=False), urls))
        assert {answer.status_code for answer in answers} == {200}
        by_path: dict[str, set[bytes]] = {}
        for answer in answers:
            by_path.setdefault(answer.url.path, set()).add(answer.content)
        assert all(len(bodies) == 1 for bodies in by_path.values())


def test_four_gateways_over_one_redis_make_one_engine_call(tmp_path: Path) -> None:
    with redis_server(tmp_path) as (redis_url, _):
        surrogate = Surrogate(DEFAULT_SURROGATE)
        engines = [CountingEngine(surrogate, delay_s=0.3) for _ in range(4)]
        settings = Settings(surrogate=DEFAULT_SURROGATE, redis_url=redis_url, prefetch=False, redis_timeout_s=10)

        async def main() -> list[int]:
            apps = [create_app(settings, engine) for engine in engines]
            clients = [httpx.AsyncClient(transport=httpx.ASGITransport(a), base_url="http://g") for a in apps]
            answers = await asyncio.gather(*(c.get(f"/tiles/vx/120/9/2/{x}/1") for x in range(4) for c in clients * 12))
            for client in clients:
                await client.aclose()
            return [answer.status_code for answer in answers]

        assert set(asyncio.run(main())) == {200}
        assert sum(engine.calls for engine in engines) == 1


def test_prefetching_waits_for_silence_then_generates_neighbours_and_reads_all_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []
    monkeypatch.setattr(Surrogate, "read_ahead", lambda _, t: read.append(t))
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE))
    settings = Settings(surrogate=DEFAULT_SURROGATE, prefetch=True)

    async def main() -> tuple[int, int]:
        app = create_app(settings, engine)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://g")
        async with app.router.lifespan_context(app), client:
            await client.get("/tiles/temperature/120/60/0/0/0")
            at_once = engine.calls
            assert not read
            until = time.monotonic() + 30
            while len(read) < len(engine.surrogate.steps) and time.monotonic() < until:
                await asyncio.sleep(0.1)
            return at_once, engine.calls

    assert asyncio.run(main()) == (1, 5)
    assert read[0] == 120
    assert set(read[1:3]) == {119, 121}
    assert sorted(read) == [step.t for step in engine.surrogate.steps]


def test_two_workers_serve_one_address() -> None:
    with gateway(workers="2") as url:
        answers = [httpx.get(url + TILE, trust_env=False) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_each_workers_metrics_speak_for_all() -> None:
    with gateway(workers="2", prefetch="false") as url:
        for _ in range(30):  # each on a connection of its own: both workers get some
            assert httpx.get(url + TILE, trust_env=False).status_code == 200
        counts = {_tiles_answered(httpx.get(f"{url}/metrics", trust_env=False).text) for _ in range(10)}
    assert counts == {30}


def _tiles_answered(text: str) -> int:
    return sum(int(float(line.split()[-1])) for line in text.splitlines() if line.startswith("earthgan_tiles_total"))


def test_metrics_say_where_tiles_came_from() -> None:
    with gateway(prefetch="false") as url:
        tag = httpx.get(url + TILE, trust_env=False).headers["etag"]
        httpx.get(url + TILE, trust_env=False)
        httpx.get(url + TILE, trust_env=False, headers={"if-none-match": tag})
        text = httpx.get(f"{url}/metrics", trust_env=False).text
    for level in ("rendered", "memory", "not_modified"):
        assert f'earthgan_tiles_total{{level="{level}",variable="temperature",zoom="2"}} 1.0' in text
    assert "earthgan_engine_seconds_count 1.0" in text


def test_a_request_keeps_its_id() -> None:
    with gateway() as url:
        mine = httpx.get(url + TILE, trust_env=False, headers={"x-request-id": "from-a-test"})
        other = httpx.get(url + TILE, trust_env=False, headers={"x-request-id": "not sane " + "x" * 100})
    assert mine.headers["x-request-id"] == "from-a-test"
    assert other.headers["x-request-id"] not in ("", "from-a-test")


def test_a_surrogate_with_a_colour_map_that_nobody_has_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "surrogate"
    shutil.copytree(DEFAULT_SURROGATE, folder)
    spec = folder / "spec.json"
    spec.write_text(spec.read_text().replace('"inferno"', '"jet"'))
    with pytest.raises(DamagedSurrogate, match=r"spec\.json: variables\.0: there is no colour map 'jet'"):
        create_app(Settings(surrogate=folder))
