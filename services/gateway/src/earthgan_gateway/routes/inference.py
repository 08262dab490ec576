"""The routes `/v2...` of the Open Inference Protocol, by which a gateway is the model server of others."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from earthgan import __version__
from earthgan.errors import InvalidRequest
from earthgan.surrogate import Field
from earthgan_gateway import inference
from earthgan_gateway.edge import BODY_BYTES
from earthgan_gateway.engines import Lane
from earthgan_gateway.inference import MOST_JSON_VALUES, Inference
from earthgan_gateway.routes.health import Readiness
from earthgan_gateway.routes.inference_models import (
    InferenceRequest,
    InferenceResponse,
    ModelMetadata,
    ModelReady,
    ServerLive,
    ServerMetadata,
    ServerReady,
)
from earthgan_gateway.routes.openapi import BINARY
from earthgan_gateway.routes.problems import ERRORS, documented
from earthgan_gateway.routes.query import ONLY_DOCUMENTED, one_line
from earthgan_gateway.tensors import (
    EXTENSION,
    JSON_LENGTH,
    MODEL,
    OUTPUT,
    Values,
    body_of,
    described,
    document_of,
    tensors_of,
)

_PATH = f"/v2/models/{MODEL}"
_UNREADY = documented(HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)
_REFUSED = documented(HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
_MICROSECONDS = 1_000_000


def inference_router(answers: Inference, readiness: Readiness) -> APIRouter:
    """Make the routes of the protocol. Errors are problem+json, with the member `error` that the protocol wants."""
    router = APIRouter(tags=["inference"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)

    @router.get("/v2")
    async def get_server() -> ServerMetadata:
        """Say what this server of the Open Inference Protocol is."""
        return ServerMetadata(name="earthgan", version=__version__, extensions=[EXTENSION])

    @router.get("/v2/health/live")
    async def get_live() -> ServerLive:
        """Report that the process is alive."""
        return ServerLive(live=True)

    @router.get("/v2/health/ready", responses=_UNREADY)
    async def get_ready(request: Request) -> ServerReady:
        """Report that the generator has just computed something, as /readyz does."""
        await readiness.check(request)
        return ServerReady(live=True, ready=True)

    @router.get(_PATH)
    async def get_model() -> ModelMetadata:
        """Describe the inputs and outputs of the model."""
        return ModelMetadata.model_validate(inference.metadata(answers.surrogate))

    @router.get(f"{_PATH}/ready", responses=_UNREADY)
    async def get_model_ready(request: Request) -> ModelReady:
        """Report that the generator has just computed something, as /readyz does."""
        await readiness.check(request)
        return ModelReady(name=MODEL, ready=True)

    @router.post(
        f"{_PATH}/infer",
        response_class=Response,
        openapi_extra=_BODY,
        responses={
            200: {"model": InferenceResponse, "content": {"application/octet-stream": BINARY}},
            **_REFUSED,
            **_UNREADY,
        },
    )
    async def infer(request: Request) -> Response:
        """Give variables at a time step, on radial shells or a part of them, in units.

        The inputs are `variables` (BYTES), `step`, `shells` and, if wanted, `seed`, `rows` and `columns` (INT64); the
        last two are half-open ranges. The output `field` is FP32 with the shape (variable, shell, row, column), in
        binary if the request asks for that.
        """
        asked, inputs = _read(await _body(request), request.headers.get(JSON_LENGTH))
        question = answers.question(inputs)
        binary = _wants_binary(asked)
        if not binary and answers.values(question) > MOST_JSON_VALUES:
            raise InvalidRequest(f"an answer in JSON has at most {MOST_JSON_VALUES} values: ask for binary_data")
        lane: Lane = "map" if asked.parameters.get("lane") == "map" else "long"
        field = await answers.answer(question, lane, _timeout_s(asked))
        content, headers = await asyncio.to_thread(_written, field, asked, binary, answers.surrogate.digest)
        return Response(content, headers={**headers, "cache-control": "no-store"})

    return router


async def _body(request: Request) -> bytes:
    """Read a body, of at most as many bytes as the server takes."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise HTTPException(413, f"a body may have {BODY_BYTES} bytes")
    return bytes(body)


def _read(body: bytes, json_length: str | None) -> tuple[InferenceRequest, dict[str, Values]]:
    try:
        document, following = document_of(body, json_length)
        if not isinstance(document, dict):
            raise ValueError("the document must be a JSON object")
        asked = InferenceRequest.model_validate(document)
        names = [each.name for each in asked.inputs]
        if len(set(names)) < len(names):
            raise ValueError("an input is given twice")
        if asked.outputs is not None and [each.name for each in asked.outputs] != [OUTPUT]:
            raise ValueError(f"the only output is {OUTPUT}")
        return asked, tensors_of(asked.inputs, following)
    except ValidationError as error:
        raise InvalidRequest(one_line(error.errors()[0])) from None
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


def _wants_binary(asked: InferenceRequest) -> bool:
    by_output = asked.outputs[0].parameters.get("binary_data") if asked.outputs else None
    return bool(asked.parameters.get("binary_data_output", False) if by_output is None else by_output)


def _timeout_s(asked: InferenceRequest) -> float | None:
    timeout = asked.parameters.get("timeout")
    if timeout is not None and (not isinstance(timeout, int) or isinstance(timeout, bool) or timeout < 1):
        raise InvalidRequest("timeout must be a whole number of microseconds")
    return None if timeout is None else timeout / _MICROSECONDS


def _written(field: Field, asked: InferenceRequest, binary: bool, digest: str) -> tuple[bytes, dict[str, str]]:
    output, following = described(OUTPUT, "FP32", field, binary)
    named: dict[str, Any] = {} if asked.id is None else {"id": asked.id}
    return body_of({"model_name": MODEL, **named, "parameters": {"digest": digest}, "outputs": [output]}, following)
