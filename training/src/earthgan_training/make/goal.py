"""What a user asks of a surrogate: a quality, a size, or a largest error in every cell."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

from earthgan_training.simulations.bounds import AskedBound as AskedBound
from earthgan_training.simulations.bounds import AskedBounds as AskedBounds
from earthgan_training.simulations.bounds import Bounds as Bounds
from earthgan_training.simulations.bounds import asked_bounds as asked_bounds
from earthgan_training.simulations.bounds import bounds_for as bounds_for

#: The default quality. The rms error is then a thousandth of the range: a quarter of what a colour map of 256 colours
#: tells apart.
USUAL_DB = 60.0


@dataclass(frozen=True)
class Quality:
    """The PSNR that each variable should have in each step."""

    psnr_db: float = USUAL_DB


@dataclass(frozen=True)
class Size:
    """The bytes of a step, with its share of the model: of everything that must be kept."""

    step_bytes: int


Goal = Quality | Size | Bounds


def decibels(text: str) -> float:
    """Parse a PSNR from 10 to 200 dB. This is the `type` of an argument. Raises ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 10 <= number <= 200:
        raise argparse.ArgumentTypeError(f"{text!r} is not a quality from 10 to 200 dB")
    return number
