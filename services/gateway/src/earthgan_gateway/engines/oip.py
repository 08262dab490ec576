"""An engine that asks a model server by the Open Inference Protocol: another gateway, or any server with that model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import httpx2 as httpx
import numpy as np

from earthgan.errors import EngineAnswerInvalid
from earthgan.surrogate import Field, Surrogate
from earthgan.wire import ShellRequest
from earthgan_gateway.engines.base import Lane
from earthgan_gateway.engines.remote import RemoteEngine
from earthgan_gateway.tensors import JSON_LENGTH, MODEL, OUTPUT, TEXT, body_of, described, document_of, tensors_of

#: The document before the numbers of an answer is never longer.
_LONGEST_DOCUMENT = 4096
_MICROSECONDS = 1_000_000


class OipEngine(RemoteEngine):
    """Asks one model server for the model `earthgan`, whose answers are in units.

    The model server says its surrogate's digest as a parameter of the answer.
    """

    def __init__(self, surrogate: Surrogate, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        address = f"{url.rstrip('/')}/v2/models/{MODEL}/infer"
        super().__init__(surrogate, address, "oip/float32", "float32", transport)

    def _question(self, request: ShellRequest, left_s: float, lane: Lane) -> tuple[bytes, Mapping[str, str]]:
        asked: dict[str, tuple[str, Any]] = {
            "variables": (TEXT, request.variables),
            "step": ("INT64", [request.t]),
            "shells": ("INT64", request.shells),
        }
        seed = None if request.seed is None else [request.seed]
        others = {"seed": seed, "rows": request.rows, "columns": request.columns}
        asked |= {name: ("INT64", values) for name, values in others.items() if values is not None}
        document = {
            "parameters": {"lane": lane, "timeout": math.ceil(left_s * _MICROSECONDS), "binary_data_output": True},
            "inputs": [described(name, kind, values, False)[0] for name, (kind, values) in asked.items()],
            "outputs": [{"name": OUTPUT, "parameters": {"binary_data": True}}],
        }
        return body_of(document)

    def _longest(self, request: ShellRequest, part: tuple[int, int]) -> int:
        numbers = len(request.variables) * len(request.shells) * math.prod(part)
        return _LONGEST_DOCUMENT + numbers * np.dtype(np.float32).itemsize

    def _decoded(self, answer: bytes, headers: Mapping[str, str]) -> tuple[Field, str]:
        try:
            document, following = document_of(answer, headers.get(JSON_LENGTH))
            field = tensors_of(document["outputs"], following)[OUTPUT]
            digest = document["parameters"]["digest"]
            if isinstance(field, list) or not isinstance(digest, str):
                raise ValueError("not a field of numbers")
        except (ValueError, KeyError, TypeError) as error:
            raise EngineAnswerInvalid("the model server's answer cannot be read") from error
        return field.astype(np.float32), digest
