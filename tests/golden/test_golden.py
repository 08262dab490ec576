"""Tiles as they looked when somebody last looked at them.

A changed picture fails, with what was expected, what was served and where they differ side by side in
`test-output/golden`. Where the change is meant: `EARTHGAN_UPDATE_GOLDEN=1 pytest tests/golden`, and look at them again.
"""

import io
import os
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image

from places import ROOT

PICTURES = Path(__file__).parent / "pictures"
DIFFERENCES = ROOT / "test-output" / "golden"
#: Another CPU may round a value to the next colour; more than that is another picture.
MOST_STEPS = 1
MOST_MEAN_DIFFERENCE = 0.5  # of 255, red, green and blue

#: The whole world, a tile at the date line, and the tiles at both poles, of which the second is at the date line too.
PLACES = {
    "mercator": "0/0/0.png",
    "dateline": "2/3/1.png",
    "north": "1/0/0.png?tms=WorldCRS84Quad",
    "south": "1/3/1.png?tms=WorldCRS84Quad",
}
SHELLS = {"temperature": "120/150", "vx": "113/190", "vy": "128/40", "vz": "118/100"}

TILES = {f"{name}-{place}": f"{name}/{SHELLS[name]}/{tile}" for name in SHELLS for place, tile in PLACES.items()} | {
    "temperature-batlow": "temperature/120/150/1/0/0.png?colormap=batlow",
    "temperature-viridis": "temperature/120/150/1/1/0.png?colormap=viridis",
    "temperature-bands": "temperature/120/20/1/0/1.png?steps=10",
    "temperature-beyond": "temperature/120/20/1/1/1.png?rescale=1500,2500&under=0000ff&over=00ff00",
    "temperature-anomaly": "temperature_anomaly/120/150/0/0/0.png",
    "vz-berlin": "vz/118/100/0/0/0.png?colormap=berlin",
    "radial-velocity": "v_radial/120/150/0/0/0.png",
    "speed": "speed/120/150/0/0/0.png?tms=WorldCRS84Quad",
}


def opened(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png), formats=["PNG"])
    assert image.mode == "P"
    assert image.size == (256, 256)
    return image


def rgb(image: Image.Image) -> np.ndarray:
    """Colours over white."""
    ground = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")).astype(int)


def keep_difference(path: Path, expected: Image.Image, served: Image.Image) -> Path:
    """What was expected, what was served, and their difference eight times, side by side."""
    first, second = rgb(expected), rgb(served)
    beside = np.concatenate([first, second, np.minimum(8 * np.abs(first - second), 255)], axis=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(beside.astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("name", TILES)
def test_a_tile_looks_as_it_did(gateway_url: str, name: str) -> None:
    body = httpx.get(f"{gateway_url}/tiles/{TILES[name]}", trust_env=False).raise_for_status().content
    served, path = opened(body), PICTURES / f"{name}.png"
    if os.environ.get("EARTHGAN_UPDATE_GOLDEN"):
        PICTURES.mkdir(exist_ok=True)
        path.write_bytes(body)
    expected = opened(path.read_bytes())
    steps = np.abs(np.asarray(served).astype(int) - np.asarray(expected)).max()
    difference = np.abs(rgb(served) - rgb(expected)).mean()
    if steps > MOST_STEPS or difference > MOST_MEAN_DIFFERENCE:
        kept = keep_difference(DIFFERENCES / f"{name}.png", expected, served)
        pytest.fail(f"up to {steps} colour steps and {difference:.2f} of 255 on average apart: see {kept}")


def test_every_picture_belongs_to_a_tile() -> None:
    assert {path.stem for path in PICTURES.glob("*")} == set(TILES)


def test_a_change_is_noticed_and_kept(tmp_path: Path) -> None:
    first = opened((PICTURES / "vz-mercator.png").read_bytes())
    moved = first.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    assert np.abs(rgb(first) - rgb(moved)).mean() > 20 * MOST_MEAN_DIFFERENCE
    assert np.asarray(Image.open(keep_difference(tmp_path / "moved.png", first, moved))).shape == (256, 768, 3)
