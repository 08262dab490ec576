"""The picture of the page in README is what the page shows. With `EARTHGAN_PICTURES=1`, the test makes it anew."""

import io
import os

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from e2e.client import Gateway
from places import ROOT

SIZE = {"width": 1280, "height": 800}
WHOLE_MAP = "html[data-loaded][data-detail=refined]:not([data-busy])"
#: The file in docs/images, the page's address, and what is there when it is whole.
PICTURES = {
    "globe": (
        "#var=temperature&t=120&r=188&anomaly=1&range=-1200,1200&lat=0&lng=0&zoom=1.27&globe=24,6,1,-50,52,0",
        '#globe canvas[data-detail="whole"][data-drawn="fine"]',
    ),
}


def _colours(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.int16)


@pytest.fixture
def engine() -> str:
    return "browser"


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_the_page(page: Page, gateway: Gateway, name: str) -> None:
    fragment, whole = PICTURES[name]
    page.set_viewport_size(SIZE)
    page.goto(f"{gateway.url}/{fragment}")
    page.wait_for_selector(WHOLE_MAP, state="attached")
    page.wait_for_selector(whole)
    png, path = page.screenshot(), ROOT / f"docs/images/{name}.png"
    if os.environ.get("EARTHGAN_PICTURES"):
        path.write_bytes(png)
    shown, kept = (_colours(each) for each in (png, path.read_bytes()))
    assert np.mean(np.abs(shown - kept)) < 2, "of 255"
