"""Compares the `wavelet` kind with SPERR at equal bytes: `python -m load.codes`, or `make bench-codes`.

Each field is coded in several sizes. The bytes are those of the time step's whole file. A gain below -0.2 dB, or a cell
beyond a tolerance, makes the command fail. So does a real shell alone, beside two-dimensional SPERR, on which the gain
is below +2 dB up to 500 bytes, or negative beyond.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path

import imagecodecs
import numpy as np

from code_fields import Field, made_fields, real_fields, real_shell, source_of
from earthgan.kinds.wavelet import step_bytes
from earthgan.kinds.wavelet_code import BoxCode, decode_box, encode_box
from earthgan.kinds.wavelet_transform import Order, Plan
from earthgan_training.coding.wavelet import coding_for
from earthgan_training.coding.wavelet_encode import CodedStep, WaveletEncoder

BITS_PER_CELL = (0.05, 0.15, 0.5, 1.5, 4.0, 8.0)
TOLERANCES = (1e-2, 1e-4)
LEAST_GAIN_DB = -0.2
#: The bytes in which a single shell is coded, and the least gain by the bytes from which on it is asked for.
SHELL_BYTES = (76, 150, 300, 500, 600, 1200, 2400)
SHELL_GAINS_DB = {0: 2.0, 501: 0.0}
#: In at most so many bytes, the encoder tries changes of its numbers, with quantisation steps that are larger by these
#: factors than without.
TRIED_BYTES, TRIALS, TRIED_STEPS = 100, 2, (1.05, 1.07, 1.085, 1.1, 1.12, 1.14)
#: The range of the run's temperature, in K, which is the peak of the real shell's PSNR.
RUN_RANGE_K = 3314.0


def main() -> int:
    """Print the table. Return the exit status."""
    failed = shells_failed()
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


def shells_failed() -> int:
    """Print the table of the real shell alone. Return the number of gains that are too small."""
    shell, failed = real_shell(), 0
    if shell is None:
        return 0
    print(f"{'one real shell, bytes':>24}{'refined':>9}{'not':>8}{'SPERR':>8}{'gain':>7}{'gain by area':>14}")
    for size in SHELL_BYTES:
        data, refined, plain = shell_in(shell, size)
        least = next(gain for first, gain in reversed(SHELL_GAINS_DB.items()) if size >= first)
        rival = sperr_shell(shell, len(data))
        ours, unrefined, theirs = (shell_psnr_db(shell, each) for each in (refined, plain, rival))
        by_area = shell_psnr_db(shell, refined, by_area=True) - shell_psnr_db(shell, rival, by_area=True)
        failed += ours - theirs < least
        print(
            f"{len(data):24}{ours:9.2f}{unrefined:8.2f}{theirs:8.2f}{ours - theirs:+7.2f}{by_area:+14.2f}", flush=True
        )
    return failed


def shell_in(shell: Field, size: int) -> tuple[bytes, Field, Field]:
    """The file of a time step that is this shell `(row, column)` alone, in at most `size` bytes, and what it decodes to
    with the refinement and without.
    """
    shape = (1, *shell.shape)
    plan, fine, coarse = Plan(shape, (0, 5, 6), Order.DYADIC, True), 1e-2, 2.0
    code = BoxCode(plan, coarse * float(np.ptp(shell)))
    while coarse / fine > 1.005:
        step = float((fine * coarse) ** 0.5)
        tried = replace(code, step=step * float(np.ptp(shell)))
        if len(step_bytes([[encode_box(shell[None], tried)]])) <= size:
            coarse, code = step, tried
        else:
            fine = step
    plain, refined = (encode_box(shell[None], replace(code, refined=each)) for each in (False, True))
    if size <= TRIED_BYTES:
        for factor in TRIED_STEPS:
            tried = encode_box(shell[None], replace(code, step=code.step * factor, refined=True, trials=TRIALS))
            if len(step_bytes([[tried]])) <= size:
                refined = max(refined, tried, key=lambda data: shell_psnr_db(shell, decode_box(data, shape)[0]))
    return step_bytes([[refined]]), decode_box(refined, shape)[0], decode_box(plain, shape)[0]


def sperr_shell(shell: Field, size: int) -> Field:
    """The best that two-dimensional SPERR makes of at most `size` bytes. A stream may be longer than was asked for,
    and a shorter one may be better.
    """
    low, extent, found = float(shell.min()), float(np.ptp(shell)), []
    for level in np.linspace(size + 8, size * 0.4, 80):
        stream = imagecodecs.sperr_encode((shell - low) / extent, mode="bpp", level=8 * level / shell.size)
        if len(stream) <= size:
            found.append(imagecodecs.sperr_decode(stream) * extent + low)
    return max(found, key=lambda decoded: shell_psnr_db(shell, decoded))


def shell_psnr_db(shell: Field, decoded: Field, by_area: bool = False) -> float:
    """Over all cells alike or by their area, with the range of the run as the peak."""
    square = np.square(decoded.astype(np.float64) - shell).mean(axis=1)
    weights = np.cos(np.radians(np.linspace(90, -90, len(shell)))) if by_area else np.ones(len(shell))
    return float(10 * np.log10(RUN_RANGE_K**2 / np.average(square, weights=weights)))


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
    decode_box(coded.data[4:], (field.shape[0], field.shape[1], field.shape[2]))
    return (time.thread_time() - start) * 1e9 / field.size


if __name__ == "__main__":
    raise SystemExit(main())
