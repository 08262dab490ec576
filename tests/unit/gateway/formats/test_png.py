"""The PNG encoder, against Pillow's decoder."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from earthgan_gateway.formats.png import PALETTE_BYTES, encode, with_libdeflate, with_zlib

PALETTE = np.random.default_rng(0).integers(0, 256, PALETTE_BYTES, dtype=np.uint8).tobytes()

compressors = pytest.mark.parametrize("compress", [with_libdeflate, with_zlib])


def decoded(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png), formats=["PNG"])
    image.load()  # checks every chunk's sum
    return image


@st.composite
def index_arrays(draw: st.DrawFn) -> np.ndarray:
    """Of any shape: noise, a few values, or a smooth ramp that wraps around."""
    rows, columns = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    if draw(st.booleans()):
        return (np.add.outer(np.arange(rows) * draw(st.integers(0, 9)), np.arange(columns)) % 256).astype(np.uint8)
    highest = draw(st.sampled_from([0, 1, 255]))
    values = st.integers(0, highest)
    flat = draw(st.lists(values, min_size=rows * columns, max_size=rows * columns))
    return np.array(flat, dtype=np.uint8).reshape(rows, columns)


@compressors
@given(index=index_arrays())
def test_pillow_reads_the_same_indices_and_colours(compress: Callable[[bytes], bytes], index: np.ndarray) -> None:
    image = decoded(encode(index, PALETTE, compress))
    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image), index)
    assert image.info.get("transparency") == (None if index.all() else 0)
    shown = np.asarray(image.convert("RGBA"))
    np.testing.assert_array_equal(shown[..., :3], np.frombuffer(PALETTE, np.uint8).reshape(256, 3)[index])
    np.testing.assert_array_equal(shown[..., 3] == 0, index == 0)


@compressors
def test_a_smooth_tile_is_small(compress: Callable[[bytes], bytes]) -> None:
    across = np.linspace(0, 3, 256)
    index = np.rint(128 + 60 * np.sin(across) + 60 * np.cos(2 * across)[:, None]).astype(np.uint8)
    assert len(encode(index, PALETTE, compress)) < index.size / 3


def test_views_and_read_only_arrays_can_be_drawn() -> None:
    index = np.arange(600, dtype=np.uint16).astype(np.uint8).reshape(20, 30)
    index.flags.writeable = False
    np.testing.assert_array_equal(np.asarray(decoded(encode(index.T[::-1], PALETTE))), index.T[::-1])


def test_what_cannot_be_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        encode(np.zeros((0, 3), np.uint8), PALETTE)
    with pytest.raises(ValueError, match="768 bytes"):
        encode(np.zeros((3, 3), np.uint8), PALETTE[:-1])
