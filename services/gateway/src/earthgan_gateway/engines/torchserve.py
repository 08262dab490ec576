"""An engine that asks TorchServe. A request is a small JSON object, and an answer compact binary (`earthgan.wire`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx2 as httpx

from earthgan.surrogate import Field, Surrogate
from earthgan.wire import ShellRequest, WireType, decode, longest_answer
from earthgan_gateway.engines.base import Lane
from earthgan_gateway.engines.remote import RemoteEngine

MODEL_NAME = "earthgan"


class TorchServeEngine(RemoteEngine):
    """Asks one TorchServe."""

    def __init__(
        self,
        surrogate: Surrogate,
        url: str,
        dtype: WireType = "float16",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        address = f"{url.rstrip('/')}/predictions/{MODEL_NAME}"
        super().__init__(surrogate, address, f"torchserve/{dtype}", dtype, transport)

    def _question(self, request: ShellRequest, left_s: float, lane: Lane) -> tuple[bytes, Mapping[str, str]]:
        return request.model_dump_json(exclude_none=True).encode(), {"content-type": "application/json"}

    def _longest(self, request: ShellRequest, part: tuple[int, int]) -> int:
        return longest_answer(request, part)

    def _decoded(self, answer: bytes, headers: Mapping[str, str]) -> tuple[Field, str]:
        return decode(answer)

    def _in_units(self, field: Field, variables: Sequence[str]) -> Field:
        return self._surrogate.in_units(field, variables)
