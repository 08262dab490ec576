"""Compares the `wavelet` kind with SPERR at equal bytes: `python -m load.codes`, or `make bench-codes`.

Each field is coded in several sizes. The bytes are those of the time step's whole file. A gain below -0.2 dB, or a cell
beyond a tolerance, makes the command fail.
"""

from __future__ import annotations

import tempfile
import time
from itertools import chain
from pathlib import Path

import imagecodecs
import numpy as np

from code_fields import Field, made_fields, real_fields, source_of
from earthgan.kinds.wavelet_code import decode_box
from earthgan_training.coding.wavelet import coding_for
from earthgan_training.coding.wavelet_encode import CodedStep, WaveletEncoder

BITS_PER_CELL = (0.05, 0.15, 0.5, 1.5, 4.0, 8.0)
TOLERANCES = (1e-2, 1e-4)
LEAST_GAIN_DB = -0.2


def main() -> int:
    """Print the table. Return the exit status."""
    failed = 0
    print(f"{'field':28}{'bits/cell':>10}{'bytes':>9}{'dB':>8}{'SPERR':>8}{'gain':>7}{'decode ms/Mcell':>17}")
    with tempfile.TemporaryDirectory() as scratch:
        for name, field in chain(made_fields(), real_fields(Path(scratch))):
            source = source_of({1: {"T": field}})
            for bits in BITS_PER_CELL:
                coded = WaveletEncoder(source.grid, coding_for(source, step_bytes=field.size * bits / 8)).encode(
                    source, 1
                )
                ours, theirs = coded.scores[0].psnr_db, sperr_psnr_db(field, len(coded.data))
                failed += ours - theirs < LEAST_GAIN_DB
                print(
                    f"{name:28}{8 * len(coded.data) / field.size:10.3f}{len(coded.data):9}{ours:8.2f}{theirs:8.2f}"
                    f"{ours - theirs:+7.2f}{decoding_ms(coded, field):17.0f}",
                    flush=True,
                )
            for part in TOLERANCES:
                tolerance = part * float(np.ptp(field))
                coded = WaveletEncoder(source.grid, coding_for(source, max_error={"T": tolerance})).encode(source, 1)
                failed += coded.scores[0].max_error > tolerance
                print(
                    f"{name:28}{8 * len(coded.data) / field.size:10.3f}{len(coded.data):9}"
                    f"  largest error {coded.scores[0].max_error / tolerance:.6f} of {part:g} of the extent;"
                    f" SPERR {sperr_bytes(field, tolerance)} bytes",
                    flush=True,
                )
    return int(failed > 0)


def sperr_psnr_db(field: Field, size: int) -> float:
    """What SPERR makes of as many bytes."""
    low, extent = float(field.min()), float(np.ptp(field))
    stream = imagecodecs.sperr_encode(
        (field - np.float32(low)) / np.float32(extent), mode="bpp", level=8 * size / field.size
    )
    error = imagecodecs.sperr_decode(stream).astype(np.float64) * extent + low - field
    return float(10 * np.log10(extent**2 / np.mean(error**2)))


def sperr_bytes(field: Field, tolerance: float) -> int:
    """What SPERR takes to keep a tolerance."""
    return len(imagecodecs.sperr_encode(field, mode="pwe", level=tolerance))


def decoding_ms(coded: CodedStep, field: Field) -> float:
    """The time of this thread to decode a million cells."""
    start = time.thread_time()
    decode_box(coded.data[18:], (field.shape[0], field.shape[1], field.shape[2]))
    return (time.thread_time() - start) * 1e9 / field.size


if __name__ == "__main__":
    raise SystemExit(main())
