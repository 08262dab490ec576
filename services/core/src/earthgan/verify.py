"""What a server computes when it starts. `earthgan info` computes the same, so what it verifies can be served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np

from earthgan.errors import DamagedSurrogate, EarthGANError
from earthgan.quantities import Quantity, quantities
from earthgan.spec import SPEC_FILE
from earthgan.surrogate import Backend, Surrogate


def verify(surrogate: Surrogate) -> dict[str, Quantity]:
    """The quantities of a surrogate that a server with the default engine can serve. Raises DamagedSurrogate and
    EngineAnswerInvalid.
    """
    found = offered(surrogate)
    if surrogate.kind.evaluates:
        probe(surrogate, None)
    elif find_spec("onnxruntime"):
        from earthgan.backends.onnx import onnx_backend

        probe(surrogate, onnx_backend(surrogate))
    return found


def offered(surrogate: Surrogate) -> dict[str, Quantity]:
    """The quantities with their ranges, for which a few steps are read. Raises DamagedSurrogate."""
    with _named(surrogate):
        return quantities(surrogate)


def probe(surrogate: Surrogate, backend: Backend | None) -> None:
    """Compute a number of the first step. Raises DamagedSurrogate and EngineAnswerInvalid."""
    with _named(surrogate):
        surrogate.probe(backend)


@contextmanager
def _named(surrogate: Surrogate) -> Iterator[None]:
    """Turn whatever goes wrong between parts that do not fit each other into an error that names the folder."""
    try:
        with np.errstate(all="ignore"):
            yield
    except EarthGANError:
        raise
    except Exception as error:
        reason = f"its numbers cannot be computed: {str(error) or type(error).__name__}"
        raise DamagedSurrogate(surrogate.folder / SPEC_FILE, " ".join(reason.split())) from error
