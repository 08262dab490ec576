"""`earthgan.open` and the engine `earthgan` of xarray: what the gateway gives, and no more work than was asked for."""

import io
import pickle
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx
import netCDF4
import numpy as np
import pytest
import xarray as xr

import earthgan
import spectral_surrogate
from earthgan.cli import main
from earthgan.errors import BadInput, DamagedSurrogate, InvalidRequest, UnknownShell, UnknownStep, UnknownVariable
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE, ROOT

PLACES = ((48.2, 16.4), (-12.3, -179.9), (12, 359.7), (89.9, 20), (-90, 77))


@pytest.fixture(scope="module")
def run() -> earthgan.Run:
    return earthgan.open(DEFAULT_SURROGATE)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    return spectral_surrogate.make(spectral_surrogate.write_raw(folder / "raw"), folder / "coded")


@pytest.fixture(scope="module")
def data(small: Path) -> xr.Dataset:
    return xr.open_dataset(small)


def test_a_shell_is_the_gateways(client: httpx.Client, run: earthgan.Run) -> None:
    """But for the rounding of what the gateway keeps."""
    for name in run.variables:
        answer = client.get(f"/shells/{name}/121/150.npy").raise_for_status()
        ours, theirs = run.shell(name, 121, 150), np.load(io.BytesIO(answer.content))
        assert np.allclose(ours, theirs, rtol=0, atol=1e-4 * np.ptp(ours)), name


@pytest.mark.parametrize("name", ["temperature", "temperature_anomaly", "speed"])
def test_places_are_the_gateways(client: httpx.Client, run: earthgan.Run, name: str) -> None:
    near = float(1e-4 * np.ptp(run.shell(name, 121, 100)))
    for lat, lon in PLACES:
        asked = {"lat": lat, "lon": lon}
        point = client.get(f"/points/{name}/121/100", params=asked).raise_for_status().json()
        assert run.at(name, 121, 100, lat, lon) == pytest.approx(point["value"], abs=near)
        profile = client.get(f"/profiles/{name}/121", params=asked).raise_for_status().json()
        assert run.profile(name, 121, lat, lon) == pytest.approx(np.array(profile["values"]), abs=near)
        assert run.depths_km.tolist() == profile["depth_km"]
    section = client.get(f"/sections/{name}/121", params={"from": "60,150", "to": "-20,-120"}).raise_for_status().json()
    ours = run.section(name, 121, (60, 150), (-20, -120))
    assert ours.values == pytest.approx(np.array(section["values"]), abs=near)
    assert ours.latitudes_deg == pytest.approx(np.array(section["lat"]), abs=1e-6)
    assert ours.angles_deg == pytest.approx(np.array(section["angle_deg"]), abs=1e-6)


def test_places_keep_their_shape(run: earthgan.Run) -> None:
    latitudes, longitudes = np.array([[10.0], [20.0], [-90.0]]), np.array([0.0, 90.0])
    found = run.at("speed", 121, 100, latitudes, longitudes)
    assert found.shape == (3, 2)
    assert found[1, 1] == pytest.approx(float(run.at("speed", 121, 100, 20, 90)))


@pytest.mark.parametrize(
    ("error", "ask"),
    [
        (UnknownVariable, lambda run: run.shell("salt", 121, 0)),
        (UnknownStep, lambda run: run.shell("vx", 1000, 0)),
        (UnknownShell, lambda run: run.shell("vx", 121, 199)),
        (InvalidRequest, lambda run: run.profile("vx", 121, 91, 0)),
        (InvalidRequest, lambda run: run.at("vx", 121, 0, 0, np.nan)),
        (InvalidRequest, lambda run: run.section("vx", 121, (1, 2), (1, 2))),
        (InvalidRequest, lambda run: run.section("vx", 121, (1, 2), (3, 4), n=1)),
    ],
)
def test_what_cannot_be_is_said(
    run: earthgan.Run, error: type[Exception], ask: Callable[[earthgan.Run], object]
) -> None:
    with pytest.raises(error):
        ask(run)


def test_a_data_set_is_known_without_computing_anything(monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    monkeypatch.setattr(earthgan.Surrogate, "shells", lambda *_: pytest.fail("it computed"))
    data = xr.open_dataset(small)
    opened = earthgan.open(small)
    assert tuple(data.sizes.values()) == (len(opened.steps), *opened.grid.shape)
    assert data.depth.values[0] < data.depth.values[-1]
    assert (data.depth + data.radius).values == pytest.approx(6371)
    assert data.temperature.attrs["units"] == "K"
    assert data.attrs["Conventions"].startswith("CF-1.8")
    assert data.attrs["id"] == opened.surrogate.digest
    assert str(data)


def test_any_part_of_a_data_set_is_that_part_of_the_whole(data: xr.Dataset, small: Path) -> None:
    """Of one quantity that is stored, one whose lateral mean is subtracted, and one of three variables."""
    opened = earthgan.open(small)
    rng = np.random.default_rng(1)
    for name in ("temperature", "temperature_anomaly", "v_radial"):
        field = data[name]
        whole = np.stack([[opened.shell(name, t, r) for r in range(field.sizes["depth"])][::-1] for t in opened.steps])
        near = float(1e-5 * np.ptp(whole))
        assert np.allclose(field, whole, rtol=0, atol=near)
        for parts in (
            (0, 3, slice(None), slice(None)),
            (1, slice(None), 5, 7),
            (slice(None), slice(None, None, -5), slice(3, 30, 4), slice(None, None, -1)),
            (slice(None), [7, 2, 3, 20], [0, 33], [71, 0, 35]),
            (-1, -1, slice(-2, None), slice(0, 0)),
            (0, rng.permutation(24), slice(None), [5, 5]),
        ):
            found = field.isel(dict(zip(field.dims, parts, strict=True)))
            assert found.shape == (expected := xr.DataArray(whole, dims=field.dims)[parts]).shape
            assert np.allclose(found, expected, rtol=0, atol=near), (name, parts)


def test_the_nearest_place_is_where_it_should_be(data: xr.Dataset, small: Path) -> None:
    opened = earthgan.open(small)
    found = data.temperature.sel(depth=700, latitude=10, longitude=20, method="nearest").isel(time=0)
    assert float(found.depth) in opened.depths_km
    shell = opened.shell("temperature", int(found.step), int(found.shell))
    row, column = (int(np.abs(data[axis].values - at).argmin()) for axis, at in (("latitude", 10), ("longitude", 20)))
    assert float(found) == pytest.approx(float(shell[row, column]), rel=1e-5)


def test_dask_and_other_processes_take_it(data: xr.Dataset, small: Path) -> None:
    chunked = xr.open_dataset(small, chunks={})
    assert chunked.temperature.data.chunksize == (1, 1, *chunked.temperature.shape[2:])
    mean = chunked.temperature.isel(depth=slice(0, 3)).mean().compute()
    assert float(mean) == pytest.approx(float(data.temperature.isel(depth=slice(0, 3)).values.mean()), rel=1e-5)
    again = pickle.loads(pickle.dumps(data))
    assert np.array_equal(again.vx.isel(time=0, depth=0), data.vx.isel(time=0, depth=0))


def test_every_way_to_name_it_opens_it(small: Path) -> None:
    for name in (small, str(small), small / "spec.json"):
        assert list(xr.open_dataset(name).data_vars) == list(xr.open_dataset(small, engine="earthgan").data_vars)
    fewer = xr.open_dataset(small, engine="earthgan", drop_variables=["vx", "speed"])
    assert "vy" in fewer
    assert not {"vx", "speed"} & set(fewer)


def test_a_data_set_of_another_kind_opens() -> None:
    data = earthgan.open(BASELINE_SURROGATE).to_xarray()
    assert np.isfinite(data.temperature.isel(time=0, depth=10)).all()


def test_it_is_written_as_netcdf_and_read_back(data: xr.Dataset, tmp_path: Path) -> None:
    part = data[["temperature"]].isel(time=[0], depth=slice(0, 2))
    part.to_netcdf(tmp_path / "part.nc")
    with xr.open_dataset(tmp_path / "part.nc") as read:
        assert np.array_equal(read.temperature, part.temperature)
        assert read.temperature.attrs["grid_mapping"] == "crs" or read.temperature.encoding["grid_mapping"] == "crs"
        assert "crs" in read, "a part takes the sphere along on which its places lie"
    with netCDF4.Dataset(tmp_path / "part.nc") as file:  # the conventions forbid it (CF 1.8, 2.5.1)
        assert not [name for name in data.coords if "_FillValue" in file[name].ncattrs()]
    assert main(["inspect", str(tmp_path / "part.nc")]) == 0


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A file server of a folder, by its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def address(small: Path) -> Iterator[str]:
    with served(small) as found:
        yield found


def test_a_folder_on_a_file_server_opens_and_is_fetched_once(
    address: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARTHGAN_CACHE_DIR", str(tmp_path))
    opened = earthgan.open(address)
    assert opened.surrogate.folder.is_relative_to(tmp_path)
    here = earthgan.open(small)
    assert np.array_equal(opened.shell("vx", opened.steps[0], 3), here.shell("vx", here.steps[0], 3))
    monkeypatch.setattr("earthgan.run.fetched._fetch", lambda *_: pytest.fail("it was fetched again"))
    assert earthgan.open(f"{address}/").surrogate.digest == here.surrogate.digest
    data = xr.open_dataset(f"{address}/spec.json", engine="earthgan")
    assert list(data.data_vars)[:4] == ["temperature", "vx", "vy", "vz"]


@pytest.mark.parametrize("damage", ["missing", "altered", "no spec", "nonsense"])
def test_a_bad_folder_on_a_file_server_is_one_line(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv("EARTHGAN_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "folder"
    shutil.copytree(small, folder)
    weights = folder / "generator.safetensors"
    if damage == "missing":
        weights.unlink()
    elif damage == "altered":
        weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    else:
        (folder / "spec.json").write_text("{}") if damage == "nonsense" else (folder / "spec.json").unlink()
    with served(folder) as found, pytest.raises(BadInput, match=r"generator\.safetensors|spec\.json") as raised:
        earthgan.open(found)
    assert "\n" not in str(raised.value)
    assert not list((tmp_path / "cache").rglob("spec.json")), "nothing is kept by half"


def test_a_gateways_folder_opens(gateway_url: str, run: earthgan.Run) -> None:
    assert earthgan.open(f"{gateway_url}/surrogate").surrogate.digest == run.surrogate.digest


def test_every_example_of_the_documents_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An example that imports nothing goes on from the one before it."""
    (tmp_path / "model_store").symlink_to(ROOT / "model_store")
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL)
    assert len(examples) >= 2
    names: dict[str, object] = {}
    for example in examples:
        names = {} if example.startswith(("import", "from")) else names
        exec(example, names)


def test_nobody_at_an_address_is_one_line() -> None:
    with pytest.raises(BadInput, match=r"127\.0\.0\.1:9"):
        earthgan.open("http://127.0.0.1:9/")
    with pytest.raises(DamagedSurrogate):
        earthgan.open("/nowhere")
