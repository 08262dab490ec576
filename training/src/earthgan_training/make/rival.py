"""What the codec SPERR makes of the same bytes, if it is installed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan_training.evaluate.codecs import Codec, available_codecs, code
from earthgan_training.make.measure import psnr_db
from earthgan_training.simulations.labelled import Source

#: The codec takes about this many bytes of memory for each number of a field.
_BYTES_PER_NUMBER = 48


def sperr() -> Codec | None:
    """The codec, or None if its package is not installed."""
    return next((codec for codec in available_codecs() if codec.name == "sperr"), None)


def sperr_psnr_db(
    source: Source, t: int, name: str, step_bytes: float, memory_bytes: int, span: float | None = None
) -> float | None:
    """The PSNR of a variable in a step if SPERR gets all bytes of the step for it alone. Its peak is `span`, or else
    the variable's own range.

    None if SPERR is not installed, if the field does not fit into the memory, if it has missing cells, which SPERR
    cannot code, or if the field is constant. Raises BadInput.
    """
    codec = sperr()
    field = None if codec is None else _field(source, t, name, memory_bytes)
    if codec is None or field is None:
        return None
    coded = code(codec, field, step_bytes)
    error = np.subtract(coded.field, field, dtype=np.float64)
    return psnr_db(float(np.ptp(field)) if span is None else span, float(np.square(error).mean()))


def sperr_bytes(source: Source, t: int, name: str, largest_error: float, memory_bytes: int) -> int | None:
    """The bytes that SPERR takes for a variable in a step if no cell may be off by more than `largest_error`.

    None as for `sperr_psnr_db`. Raises BadInput.
    """
    field = None if sperr() is None else _field(source, t, name, memory_bytes)
    if field is None:
        return None
    import imagecodecs

    return len(imagecodecs.sperr_encode(np.ascontiguousarray(field), mode="pwe", level=largest_error))


def _field(source: Source, t: int, name: str, memory_bytes: int) -> NDArray[np.float32] | None:
    """A variable that SPERR can code, or None."""
    if np.prod(source.grid.shape) * _BYTES_PER_NUMBER > memory_bytes:
        return None
    field = source.read(t, name)
    return field if np.isfinite(field).all() and np.ptp(field) else None
