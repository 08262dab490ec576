"""Keys and entity tags name all that changes the bytes."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.sphere.tiles import Tile
from earthgan_gateway.draws import Draws
from earthgan_gateway.keys import Keys
from earthgan_gateway.pictures import ShellPicture, Style, TilePicture

KEYS = Keys("d" * 64, "onnx/float32")
STYLE = Style("crameri:batlow", 0.0, 1.0)
TILE = TilePicture(quantity="vx", t=1, r=2, format="png", style=STYLE, tile=Tile("WebMercatorQuad", 1, 0, 1))
#: Another value for each field of a tile.
OTHERS = {
    "quantity": "vy",
    "anomaly": True,
    "draws": Draws((1,)),
    "t": 3,
    "r": 3,
    "format": "webp",
    "style": replace(STYLE, steps=7),
    "gzipped": True,
    "tile": Tile("WebMercatorQuad", 1, 1, 1),
    "pixels": 512,
    "nearest": True,
}


@pytest.mark.parametrize("name", [each.name for each in fields(Keys)])
def test_every_ingredient_is_part_of_every_key_that_it_changes(name: str) -> None:
    value = getattr(KEYS, name)
    other = replace(KEYS, **{name: value + 1 if isinstance(value, int) else value + "x"})
    assert other.picture("p") != KEYS.picture("p")
    assert other.tag(other.picture("p")) != KEYS.tag(KEYS.picture("p"))
    if name != "compressor":  # of pictures alone
        assert other.places("p") != KEYS.places("p")
    if name not in ("compressor", "numbers"):
        assert other.shell("vx", 1, 2) != KEYS.shell("vx", 1, 2)


@pytest.mark.parametrize("name", [each.name for each in fields(TilePicture)])
def test_every_field_of_a_picture_is_part_of_its_name(name: str) -> None:
    assert replace(TILE, **{name: OTHERS[name]}).name != TILE.name


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["vx", "vy", "*"]), st.integers(0, 99), st.integers(0, 99), st.none() | st.integers(0, 99)
        ),
        unique=True,
        max_size=9,
    )
)
def test_keys_of_different_things_differ(asked: list[tuple[str, int, int, int | None]]) -> None:
    shells = [KEYS.shell(*each) for each in asked]
    pictures = [
        KEYS.picture(ShellPicture(quantity=q, t=t, r=r, format="npy", style=None, draws=Draws((seed,))).name)
        for q, t, r, seed in asked
    ]
    places = [KEYS.places(str(each)) for each in asked]
    assert len({*shells, *pictures, *places}) == 3 * len(asked)
