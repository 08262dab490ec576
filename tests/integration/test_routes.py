"""The routes of a real gateway over the shipped surrogate."""

import io
import re

import httpx2 as httpx
import mercantile
import numpy as np
import pytest
from PIL import Image

from answers import array
from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan_gateway.drawing.colours import colours
from earthgan_gateway.page.bundle import Bundle
from gateway_server import gateway
from places import ROOT


def picture(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def test_the_first_tile_of_the_readme() -> None:
    """From a gateway that nobody has asked before."""
    with gateway() as url, httpx.Client(base_url=url, trust_env=False) as client:
        first = client.get("/tiles/temperature/120/150/1/0/0")
        second = client.get("/tiles/temperature/120/150/1/0/0")
    assert first.status_code == 200
    assert first.headers["content-type"] == "image/png"
    assert "fwd=miss" in first.headers["cache-status"]
    assert "hit; detail=memory" in second.headers["cache-status"]
    assert second.content == first.content
    assert picture(first).shape == (256, 256, 4)


@pytest.mark.parametrize("variable", ["temperature", "vx", "vy", "vz"])
@pytest.mark.parametrize("tms", ["WebMercatorQuad", "WorldCRS84Quad"])
def test_a_png_shows_its_npys_values_within_a_colour_step(client: httpx.Client, variable: str, tms: str) -> None:
    tile = f"/tiles/{variable}/118/40/2/1/2"
    values = array(client.get(f"{tile}.npy", params={"tms": tms}))
    pixels = picture(client.get(f"{tile}.png", params={"tms": tms}))
    spec = next(v for v in client.get("/variables").json()["variables"] if v["name"] == variable)
    low, high = spec["range"]
    table = colours(spec["colormap"]).astype(int)
    nearest = np.abs(pixels[..., None, :3].astype(int) - table).sum(axis=-1).argmin(axis=-1)
    shown = low + nearest / 254 * (high - low)
    assert np.abs(np.clip(values, low, high) - shown).max() <= 1.01 * (high - low) / 254
    assert (pixels[..., 3] == 255).all()


def test_a_tile_is_the_shell_at_the_tiles_place(client: httpx.Client, default_surrogate: Surrogate) -> None:
    """North up, east right: against the shell itself, at mercantile's coordinates."""
    shell = array(client.get("/shells/temperature/120/100.npy"))
    tile = mercantile.Tile(x=5, y=2, z=3)
    values = array(client.get(f"/tiles/temperature/120/100/{tile.z}/{tile.x}/{tile.y}.npy"))
    latitudes, longitudes = default_surrogate.grid.latitudes_deg, default_surrogate.grid.longitudes_deg
    for row, column in ((0, 0), (0, 255), (255, 0), (255, 255), (100, 30)):
        child = mercantile.Tile(tile.x * 256 + column, tile.y * 256 + row, tile.z + 8)
        west, south, east, north = mercantile.bounds(child)
        nearest_row = np.abs(np.array(latitudes) - (north + south) / 2).argmin()
        nearest_column = np.abs(np.array(longitudes) - (east + west) / 2 % 360).argmin()
        assert values[row, column] == pytest.approx(shell[nearest_row, nearest_column], abs=40)
    assert np.ptp(values) > 200, "the check is worth something only where the field varies"


def test_a_shell_is_the_generators_in_units(client: httpx.Client, default_surrogate: Surrogate) -> None:
    served = array(client.get("/shells/vz/125/30"))
    expected = default_surrogate.shells(onnx_backend(default_surrogate), ["vz"], 125, [30])
    expected = default_surrogate.in_units(expected, ["vz"])[0, 0]
    assert served.dtype == np.float32
    np.testing.assert_allclose(served, expected, rtol=0, atol=1e-5 * np.ptp(expected))  # half of a code is 0.76e-5
    assert picture(client.get("/shells/vz/125/30.png")).shape == (*default_surrogate.grid.shape[1:], 4)


def test_neighbouring_tiles_meet_and_a_parent_agrees_with_its_children(client: httpx.Client) -> None:
    def tile(z: int, x: int, y: int) -> np.ndarray:
        return array(client.get(f"/tiles/temperature/113/60/{z}/{x}/{y}.npy"))

    def bend_at_the_middle(both: np.ndarray) -> float:
        """Where 20 columns meet 20 others, beyond what the field has on either side."""
        bends = np.abs(np.diff(both, n=2, axis=1))
        on_either_side = np.concatenate([bends[:, 10:18], bends[:, 20:28]], axis=1)
        return float((bends[:, 18:20].max(axis=1) - on_either_side.max(axis=1)).max())

    step_k = 3310 / 254
    for left, right in ((3, 4), (7, 0)):  # the second pair meets at the date line
        both = np.concatenate([tile(3, left, 3)[:, -20:], tile(3, right, 3)[:, :20]], axis=1)
        assert bend_at_the_middle(both) < step_k
    assert bend_at_the_middle(np.concatenate([tile(3, 3, 3)[-20:], tile(3, 3, 4)[:20]]).T) < step_k
    parent = tile(2, 1, 1)
    children = np.block([[tile(3, 2, 2), tile(3, 3, 2)], [tile(3, 2, 3), tile(3, 3, 3)]])
    assert mean_of_four_misses(children, parent) < 1


def mean_of_four_misses(fine: np.ndarray, coarse: np.ndarray) -> float:
    """How far the means of four pixels are from the pixel in their middle at most, relative to how much the field bends
    there from one pixel to the next."""
    bend = max(np.abs(np.diff(fine, n=2, axis=axis)).max() for axis in (0, 1))
    return float(np.abs(fine.reshape(256, 2, 256, 2).mean(axis=(1, 3)) - coarse).max() / bend)


def test_a_double_tile_has_twice_the_pixels(client: httpx.Client) -> None:
    double = array(client.get("/tiles/temperature/113/60/2/1/1@2x.npy"))
    single = array(client.get("/tiles/temperature/113/60/2/1/1.npy"))
    assert double.shape == (512, 512)
    assert mean_of_four_misses(double, single) < 1


def test_style_changes_the_picture_and_its_tag(client: httpx.Client) -> None:
    path = "/tiles/temperature/113/60/1/1/1.png"
    answers = [
        client.get(path + query) for query in ("", "?colormap=viridis", "?rescale=1000,3000", "?tms=WorldCRS84Quad")
    ]
    assert len({answer.content for answer in answers}) == 4
    assert len({answer.headers["etag"] for answer in answers}) == 4


def test_tags_and_lifetimes(client: httpx.Client) -> None:
    digest = client.get("/catalog").json()["digest"]
    path = "/tiles/temperature/113/60/1/1/0.png"
    plain, versioned = client.get(path), client.get(f"{path}?v={digest}")
    assert re.fullmatch(r'"[0-9a-f]{32}"', plain.headers["etag"])
    assert plain.headers["earthgan-surrogate"] == digest
    assert "immutable" in versioned.headers["cache-control"]
    assert "immutable" not in plain.headers["cache-control"]
    assert client.get(path, headers={"if-none-match": plain.headers["etag"]}).status_code == 304
    head = client.head(path)
    assert head.status_code == 200
    assert head.headers["etag"] == plain.headers["etag"]
    assert client.post(path).status_code == 405


def test_the_catalog_gives_every_index_its_place(client: httpx.Client) -> None:
    catalog = client.get("/catalog").json()
    assert [step["t"] for step in catalog["steps"]] == list(range(1, 129))
    shells = catalog["shells"]
    assert [shell["r"] for shell in shells] == list(range(199))
    assert shells[0]["radius_km"] == pytest.approx(3492.2513, abs=1e-3)
    assert all(s["radius_km"] + s["depth_km"] == pytest.approx(6371, abs=1e-3) for s in shells)
    assert shells[150]["depth_km"] == pytest.approx(703.372, abs=0.01)
    assert catalog["simulated"] is True
    assert "reconstructed" in catalog["notice"]
    assert catalog["grid"]["latitudes_deg"][0] == 90


def test_legends_have_a_unit_colours_and_ticks(client: httpx.Client) -> None:
    for path in ("/legends/temperature", "/legends/temperature.json"):
        legend = client.get(path).json()
        assert legend["unit"] == "K"
        assert legend["range"] == [200.0, 3600.0]
        assert len(legend["colors"]) == 255
        assert [tick["label"] for tick in legend["ticks"]] == ["1000", "2000", "3000"]
    assert picture(client.get("/legends/vx.png")).shape[2] == 4


def test_tilejson_points_at_tiles_that_exist(client: httpx.Client) -> None:
    document = client.get("/tiles/temperature/120/150/tilejson.json").json()
    assert document["tilejson"] == "3.0.0"
    assert "703 km deep" in document["name"]
    url = document["tiles"][0].format(z=document["maxzoom"], x=1, y=1)
    assert httpx.get(url, trust_env=False).status_code == 200
    # Readers of TileJSON would put these tiles on Web Mercator, where they do not belong.
    refused = client.get("/tiles/temperature/120/150/tilejson.json", params={"tms": "WorldCRS84Quad"})
    assert refused.status_code == 422
    assert "WebMercatorQuad" in refused.json()["detail"]


def test_the_surrogates_own_files_and_no_others(client: httpx.Client, default_surrogate: Surrogate) -> None:
    spec = default_surrogate.spec
    assert spec.generator.onnx
    for name in ("spec.json", spec.generator.weights.file, spec.generator.onnx.file, spec.inputs.steps[-1].file):
        answer = client.get(f"/surrogate/{name}").raise_for_status()
        assert answer.content == (default_surrogate.folder / name).read_bytes()
        assert client.get(f"/surrogate/{name}", headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    for name in ("", "inputs", "inputs/", "../README.md", "..%2fREADME.md"):
        assert client.get(f"/surrogate/{name}").status_code == 404, name


def test_probes(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert ready == {"status": "ready", "digest": client.get("/catalog").json()["digest"]}


def test_the_docs_page_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs").text
    linked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert linked
    assert all(client.get(link).status_code == 200 for link in linked if link.startswith("/"))
    assert [link for link in linked if not link.startswith("/")] == []


def test_the_built_page_is_small_in_every_coding_and_kept_for_ever_by_its_versions(gateway_url: str) -> None:
    bundle = Bundle.required(ROOT / "clients" / "web")
    with httpx.Client(base_url=gateway_url, trust_env=False) as client:
        html = client.get("/", headers={"accept-encoding": "gzip"})
        assert html.headers["cache-control"] == "no-cache"
        known = {"if-none-match": html.headers["etag"], "accept-encoding": "gzip"}
        assert client.get("/", headers=known).status_code == 304
        for name, version in bundle.versions.items():
            content = (bundle.folder / name).read_bytes()
            tags, sizes = set(), []
            for coding in ("br", "gzip", "identity"):
                headers = {"accept-encoding": coding}
                with client.stream("GET", f"/client/bundle/{name}?v={version}", headers=headers) as answer:
                    raw = b"".join(answer.iter_raw())
                assert answer.headers.get("content-encoding", "identity") == coding
                assert "immutable" in answer.headers["cache-control"]
                assert answer.headers["vary"] == "Accept-Encoding"
                tags.add(answer.headers["etag"])
                sizes.append(len(raw))
                again = client.get(
                    f"/client/bundle/{name}", headers=headers | {"if-none-match": answer.headers["etag"]}
                )
                assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")
            assert len(tags) == 3
            assert sizes == sorted(sizes)
            assert raw == content
            other = client.get(f"/client/bundle/{name}?v=0123456789abcdef", headers={"accept-encoding": "gzip"})
            assert (other.content, other.headers["cache-control"]) == (content, "no-cache")


def test_versions_of_the_surrogates_files_are_kept_for_ever(client: httpx.Client, default_surrogate: Surrogate) -> None:
    step = default_surrogate.steps[0]
    for version, due in ((step.sha256[:16], "public, max-age=31536000, immutable"), ("0" * 16, "no-cache")):
        assert client.get(f"/surrogate/{step.file}?v={version}").headers["cache-control"] == due
    assert client.get(f"/surrogate/{step.file}").headers["cache-control"] == "no-cache"
    part = client.get("/surrogate/coded.safetensors.gz").raise_for_status()
    assert "content-encoding" not in part.headers
    assert part.content[:2] == b"\x1f\x8b"
