"""Cells without a value are holes in a picture, of exactly their size."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from faults.rows import Measured, fault
from small_surrogate import COLUMNS, ROWS, make_small
from socketless import Gateway

pytestmark = pytest.mark.alone

PIXELS = 256


def decoded(content: bytes) -> NDArray[np.uint8]:
    """The pixels `(row, column, RGBA)` of a file."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def due(hidden: NDArray[np.bool_], column: int) -> NDArray[np.bool_]:
    """Which pixels of one of the two tiles of the whole sphere lie next to a cell `(row, column)` without a value."""
    step = 180 / PIXELS
    rows = ((np.arange(PIXELS) + 0.5) * step // (180 / ROWS)).astype(int)
    longitudes = -180 + 180 * column + (np.arange(PIXELS) + 0.5) * step
    columns = np.round(longitudes / (360 / COLUMNS)).astype(int) % COLUMNS
    return hidden[np.ix_(rows, columns)]


@fault(
    "15", "cells without a value, at the date line, beside a pole, and a whole shell of them", "exactly their pixels"
)
def test_cells_without_a_value_are_transparent(measured: Measured, tmp_path: Path) -> None:
    hidden = np.zeros((9, ROWS, COLUMNS), dtype=bool)
    hidden[3, 5:8, 10:20] = hidden[3, 9, ::2] = True
    hidden[3, 11:13, -2:] = hidden[3, 11:13, :2] = hidden[3, 2:4, 17:19] = True
    hidden[3, 1, 4:9] = True
    hidden[6] = True
    wrong = checked = holes = 0
    masked, whole = Gateway(make_small(tmp_path / "masked", hidden=hidden)), Gateway(make_small(tmp_path / "whole"))
    try:
        for r in (2, 3, 6):
            for column in (0, 1):
                for form in ("png", "webp"):
                    path = f"/tiles/temperature/0/{r}/0/{column}/0.{form}?tms=WorldCRS84Quad&resampling="
                    holed = due(hidden[r], column)
                    nearest, bilinear, all_known = (
                        decoded(gateway.get(path + how).content)
                        for gateway, how in ((masked, "nearest"), (masked, "bilinear"), (whole, "nearest"))
                    )
                    for picture in (nearest, bilinear):
                        wrong += int(((picture[..., 3] == 0) != holed).sum())
                        wrong += int(np.isin(picture[..., 3], (0, 255), invert=True).sum())
                    wrong += int((nearest[~holed] != all_known[~holed]).any(axis=-1).sum()) if form == "png" else 0
                    checked, holes = checked + 2 * holed.size, holes + 2 * int(holed.sum())
    finally:
        masked.close()
        whole.close()
    measured(f"{wrong} of {checked} pixels wrong; {holes} are holes")
    assert 0 < holes < checked
    assert not wrong
