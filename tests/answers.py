"""Reads a gateway's answers."""

import io

import httpx2 as httpx
import numpy as np


def array(answer: httpx.Response) -> np.ndarray:
    """Return the array in an NPY answer."""
    assert answer.status_code == 200, answer.text
    loaded: np.ndarray = np.load(io.BytesIO(answer.content))
    return loaded
