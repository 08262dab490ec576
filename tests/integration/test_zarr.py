"""The virtual Zarr store, read by zarr and xarray over HTTP from a real gateway."""

import io
import json
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
import xarray as xr

import earthgan
from earthgan import Surrogate
from earthgan_gateway import zarr
from earthgan_gateway.offer import Offer
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE
from socketless import Gateway

CHUNK = "/zarr/temperature/c/114/5/0/0"


@pytest.fixture(scope="module")
def data(gateway_url: str) -> xr.Dataset:
    return xr.open_zarr(f"{gateway_url}/zarr", consolidated=True, chunks=None)


def test_xarray_opens_it_as_it_opens_the_folder(data: xr.Dataset) -> None:
    folder = earthgan.open(DEFAULT_SURROGATE).to_xarray()
    assert dict(data.sizes) == dict(folder.sizes)
    assert set(data.data_vars) == set(folder.data_vars)
    for name in folder.coords:
        assert np.array_equal(data[name], folder[name]), name
        assert data[name].attrs == folder[name].attrs
    assert data.attrs == folder.attrs
    for name in folder.data_vars:
        assert data[name].attrs.items() <= {**folder[name].attrs, **folder[name].encoding}.items(), name


def test_a_chunk_is_the_shell_to_the_bit(data: xr.Dataset, client: httpx.Client) -> None:
    for name in ("temperature", "temperature_anomaly", "v_radial"):
        found = data[name].sel(depth=703.372, method="nearest").isel(time=119)
        t, r = int(found.step), int(found.shell)
        shell = np.load(io.BytesIO(client.get(f"/shells/{name}/{t}/{r}.npy").raise_for_status().content))
        assert np.array_equal(found.values, shell), name


def test_a_part_of_a_chunk_is_that_part(data: xr.Dataset) -> None:
    whole = data.speed.isel(time=120, depth=100).values
    part = data.speed.isel(time=120, depth=100, latitude=slice(10, 20), longitude=[0, 358])
    assert np.array_equal(part, whole[10:20][:, [0, 358]])


def test_chunks_are_kept_as_pictures_are(client: httpx.Client) -> None:
    first = client.get(CHUNK)
    assert first.headers["content-type"] == "application/octet-stream"
    assert first.headers["earthgan-surrogate"] == Surrogate(DEFAULT_SURROGATE).digest
    assert len(first.content) == 4 * 180 * 359
    again = client.get(CHUNK)
    assert again.headers["cache-status"].startswith("earthgan; hit")
    assert client.get(CHUNK, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    assert client.head(CHUNK).status_code == 200
    digest = first.headers["earthgan-surrogate"]
    assert "immutable" in client.get(f"{CHUNK}?v={digest}").headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/zarr", 404),
        ("/zarr/", 404),
        ("/zarr/salt/zarr.json", 404),
        ("/zarr/salt/c/0/0/0/0", 404),
        ("/zarr/temperature/c/128/0/0/0", 404),
        ("/zarr/temperature/c/0/199/0/0", 404),
        ("/zarr/temperature/c/0/0/1/0", 404),
        ("/zarr/temperature/c/00/0/0/0", 404),
        ("/zarr/temperature/c/-1/0/0/0", 404),
        ("/zarr/../spec.json", 404),
        (f"{CHUNK}?colormap=vik", 422),
        ("/zarr/zarr.json?v=1", 422),
    ],
)
def test_what_is_not_there_is_a_problem(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_metadata_are_small_and_whole() -> None:
    """Also those of two thousand steps, which are the same but for the length of one axis."""
    documents = zarr.documents(Offer.of(Surrogate(DEFAULT_SURROGATE)))
    assert len(documents["zarr.json"]) < 50_000
    root = json.loads(documents["zarr.json"])
    for name, array in root["consolidated_metadata"]["metadata"].items():
        assert json.loads(documents[f"{name}/zarr.json"]) == array
        if name in array["dimension_names"] or array["dimension_names"] in ([], ["time"], ["depth"]):
            chunk = documents["/".join((name, "c", *("0" for _ in array["shape"])))]
            assert len(chunk) == np.dtype(array["data_type"]).itemsize * int(np.prod(array["shape"]))


def test_a_surrogate_of_another_kind_has_a_store(tmp_path: Path) -> None:
    gateway = Gateway(BASELINE_SURROGATE)
    try:
        root = json.loads(gateway.get("/zarr/zarr.json").text)
        name, array = next(iter(root["consolidated_metadata"]["metadata"].items()))
        content = gateway.get(f"/zarr/{name}/c/0/0/0/0").content
        assert len(content) == 4 * int(np.prod(array["chunk_grid"]["configuration"]["chunk_shape"]))
    finally:
        gateway.close()
