"""Serves a surrogate by LitServe as the model `earthgan` of the Open Inference Protocol, which the engine `oip` asks.

pip install litserve 'earthgan[onnx]'
python litserve_model.py model_store/default 9000
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import litserve
from fastapi import HTTPException, Response

from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan.errors import EarthGANError, InvalidRequest, NotFound

LARGEST = 16_777_216


class Model(litserve.LitAPI):
    """Answers each request with the numbers of shells, or of a part of them, in units."""

    def __init__(self, folder: Path) -> None:
        super().__init__(api_path="/v2/models/earthgan/infer")
        self._folder = folder

    def setup(self, device: str) -> None:
        """Open the surrogate in the process that computes."""
        self._surrogate = Surrogate(self._folder)
        self._backend = onnx_backend(self._surrogate)

    def decode_request(self, request):  # with a type, LitServe would take it for a query
        return {tensor["name"]: tensor["data"] for tensor in request["inputs"]}

    def predict(self, asked: dict[str, list[Any]]) -> Any:
        variables, shells, (t,) = asked["variables"], asked["shells"], asked["step"]
        (seed,) = asked.get("seed", [None])
        rows, columns = (range(*asked[name]) if name in asked else None for name in ("rows", "columns"))
        _, height, width = self._surrogate.grid.shape
        part = len(rows or range(height)) * len(columns or range(width))
        if len(variables) * len(shells) * part > LARGEST:
            raise HTTPException(422, "the answer would be too large")
        try:
            field = self._surrogate.shells(self._backend, variables, t, shells, seed, rows, columns)
            return self._surrogate.in_units(field, variables)
        except (NotFound, InvalidRequest) as error:
            raise HTTPException(404 if isinstance(error, NotFound) else 422, str(error)) from error
        except EarthGANError as error:
            raise HTTPException(500, str(error)) from error

    def encode_response(self, field: Any) -> Response:
        """The document, and then the numbers: the binary tensor data extension."""
        numbers = field.astype("<f4").tobytes()
        about = {"name": "field", "shape": field.shape, "datatype": "FP32"}
        document = {
            "model_name": "earthgan",
            "parameters": {"digest": self._surrogate.digest},
            "outputs": [{**about, "parameters": {"binary_data_size": len(numbers)}}],
        }
        text = json.dumps(document).encode()
        headers = {"Inference-Header-Content-Length": str(len(text))}
        return Response(text + numbers, media_type="application/octet-stream", headers=headers)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    ready = "/v2/health/ready"
    server = litserve.LitServer(Model(arguments.folder), accelerator="cpu", timeout=30, healthcheck_path=ready)
    server.run(host="127.0.0.1", port=arguments.port, generate_client_file=False)
