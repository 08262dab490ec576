"""Programs that read files over HTTP ask a gateway for parts of them: rasterio, GDAL, xarray, and plain requests."""

import io

import httpx2 as httpx
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from earthgan_gateway.routes.ranges import Unsatisfiable, asked_range

SHELL = "/shells/temperature/121/150"
TAG = b'"tag"'


@given(size=st.integers(1, 1000), first=st.integers(0, 1100) | st.none(), last=st.integers(0, 1100) | st.none())
def test_a_range_is_what_the_standard_says(size: int, first: int | None, last: int | None) -> None:
    text = f"bytes={'' if first is None else first}-{'' if last is None else last}".encode()
    every = list(range(size))
    if first is None:
        expected = every if last is None else every[max(0, size - last) :]
    elif last is not None and last < first:
        expected = every
    else:
        expected = every[first : None if last is None else last + 1]
    if not expected:
        with pytest.raises(Unsatisfiable):
            asked_range([(b"range", text)], TAG, size)
        return
    found = asked_range([(b"range", text)], TAG, size)
    assert (every if found is None else every[found]) == expected


@pytest.mark.parametrize(
    "text", [b"bytes=0-1,3-4", b"rows=0-1", b"bytes", b"bytes=-", b"bytes=a-b", b"bytes=1--2", b""]
)
def test_any_other_range_is_all_of_it(text: bytes) -> None:
    assert asked_range([(b"range", text)], TAG, 10) is None


@pytest.mark.parametrize(
    ("tag", "part"), [(TAG, slice(2, 4)), (b'"old"', None), (b"Fri, 27 Nov 2026 00:00:00 GMT", None)]
)
def test_a_part_of_an_older_version_is_not_given(tag: bytes, part: slice | None) -> None:
    assert asked_range([(b"range", b"bytes=2-3"), (b"if-range", tag)], TAG, 10) == part


@pytest.mark.parametrize("form", ["npy", "nc", "tif", "png"])
def test_a_shell_is_read_in_parts(client: httpx.Client, form: str) -> None:
    whole = client.get(f"{SHELL}.{form}", headers={"accept-encoding": "identity"})
    assert whole.headers["accept-ranges"] == "bytes"
    size, parts = len(whole.content), []
    for first in range(0, size, size // 3 + 1):
        part = client.get(f"{SHELL}.{form}", headers={"range": f"bytes={first}-{first + size // 3}"})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{first + len(part.content) - 1}/{size}"
        assert part.headers["etag"] == whole.headers["etag"]
        assert "content-encoding" not in part.headers
        parts.append(part.content)
    assert b"".join(parts) == whole.content
    beyond = client.get(f"{SHELL}.{form}", headers={"range": f"bytes={size}-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{size}"
    assert beyond.headers["content-type"] == "application/problem+json"
    assert client.head(f"{SHELL}.{form}", headers={"range": "bytes=0-1"}).status_code == 200


def test_rasterio_opens_a_shell_by_its_address(gateway_url: str, client: httpx.Client) -> None:
    import rasterio

    with rasterio.MemoryFile(client.get(f"{SHELL}.tif").content) as file, file.open() as opened:
        expected = opened.read(1)
    for address in (f"{gateway_url}{SHELL}.tif", f"/vsicurl/{gateway_url}{SHELL}.tif"):
        with rasterio.open(address) as opened:
            assert np.array_equal(opened.read(1), expected)


def test_xarray_opens_a_shell_by_its_address(gateway_url: str, client: httpx.Client) -> None:
    shell = np.load(io.BytesIO(client.get(f"{SHELL}.npy").content))
    with xr.open_dataset(f"{gateway_url}{SHELL}.nc#mode=bytes") as opened:
        assert np.array_equal(opened.temperature, shell)
