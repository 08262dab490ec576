"""Questions to the model server, and the answers that are due."""

import json

import numpy as np

from earthgan.backends.onnx import onnx_backend
from earthgan.surrogate import Surrogate
from earthgan.wire import ShellRequest, WireType

#: float16 keeps 11 bits of a number.
TOLERANCE: dict[WireType, float] = {"float32": 1e-5, "float16": 2e-3}

GOOD = {"variables": ["temperature"], "t": 113, "shells": [0]}

BAD = {
    b"": "Invalid JSON",
    b"not json": "Invalid JSON",
    b"\xff\xfe\x00": "Invalid JSON",
    b"5": "should be an object",
    b"[10000000000]": "should be an object",
    b"{}": "variables: Field required",
    json.dumps({**GOOD, "t": 999}).encode(): "no time step 999",
    json.dumps({**GOOD, "t": "113"}).encode(): "t: ",
    json.dumps({**GOOD, "t": 10**40}).encode(): "t",
    json.dumps({**GOOD, "shells": [199]}).encode(): "no radial shell 199",
    json.dumps({**GOOD, "shells": [-1]}).encode(): "shells.0: ",
    json.dumps({**GOOD, "shells": []}).encode(): "shells: ",
    json.dumps({**GOOD, "variables": ["salt\nwater"]}).encode(): "unknown variable",
    json.dumps({**GOOD, "seed": -1}).encode(): "seed: ",
    json.dumps({**GOOD, "dtype": "float64"}).encode(): "dtype: ",
    json.dumps({**GOOD, "shells": list(range(199)), "dtype": "float32"}).encode(): "ask for fewer shells",
    json.dumps({**GOOD, "rows": [0, 181]}).encode(): "rows 0 to 181 are not within rows 0 to 180",
    json.dumps({**GOOD, "rows": [5, 5]}).encode(): "rows 5 to 5",
    json.dumps({**GOOD, "rows": [-1, 5]}).encode(): "rows.0: ",
    json.dumps({**GOOD, "rows": [1]}).encode(): "rows.1: ",
    json.dumps({**GOOD, "columns": [0, 361]}).encode(): "not part of one turn",
    json.dumps({**GOOD, "columns": [10**9, 10**9 + 1]}).encode(): "not part of one turn",
    json.dumps({**GOOD, "columns": [0.5, 1]}).encode(): "columns.0: ",
}


def in_process(surrogate: Surrogate, request: ShellRequest) -> np.ndarray:
    """The shells that the server should give."""
    return surrogate.shells(onnx_backend(surrogate), request.variables, request.t, request.shells, request.seed)
