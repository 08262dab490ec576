"""The table from errors to HTTP statuses, and problem+json answers (RFC 9457) for all errors."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earthgan.errors import (
    DamagedSurrogate,
    EarthGANError,
    EngineAnswerInvalid,
    EngineBusy,
    EngineTimeout,
    EngineUnavailable,
    InvalidRequest,
    NotFound,
)
from earthgan_gateway.routes.query import one_line

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5
MEDIA_TYPE = "application/problem+json"
#: The answer for a path that cannot be read.
NO_SUCH_PATH = "this path does not exist: numbers are written in plain decimal digits; /docs lists the paths"

STATUSES: dict[type[BaseException], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    DamagedSurrogate: HTTPStatus.SERVICE_UNAVAILABLE,  # it was complete when it was opened and has changed since
    EngineUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    EngineTimeout: HTTPStatus.SERVICE_UNAVAILABLE,
    EngineAnswerInvalid: HTTPStatus.BAD_GATEWAY,
}


class Problem(BaseModel):
    """An error, with its HTTP status and one sentence about what went wrong. The Open Inference Protocol calls the
    sentence `error`, so the answers under /v2 have it twice.
    """

    model_config = ConfigDict(frozen=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    error: str | None = None


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a route for the OpenAPI document. `complete_openapi` adds the schema."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        int(status): {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }


#: The errors of every route: it refuses unknown parameters and addresses that are too long, and an operator may limit
#: how often a client asks.
ERRORS = documented(
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
)
#: The errors of routes whose path names something.
PATH_ERRORS = documented(HTTPStatus.NOT_FOUND) | ERRORS
#: The errors of routes that need the generator.
ENGINE_ERRORS = PATH_ERRORS | documented(HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the application as problem+json."""
    app.add_exception_handler(EarthGANError, _any_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _any_error)


def problem(status: int, detail: str, headers: dict[str, str] | None = None, path: str = "") -> Response:
    """Make the answer for an error. Clients must not store it, and a 503 says when to ask again."""
    error = detail if "v2" in path.split("/") else None
    found = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, error=error)
    body = found.model_dump(exclude_none=True)
    all_headers = {"cache-control": "no-store", **(headers or {})}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        all_headers.setdefault("retry-after", str(RETRY_AFTER_S))
    return JSONResponse(body, status, headers=all_headers, media_type=MEDIA_TYPE)


def problem_of(error: Exception, path: str) -> Response:
    """Make the answer for any error. Errors that are not the client's fault are logged."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            status = STATUSES[kind]
            if status >= 500 and not isinstance(error, EngineBusy):  # an overload would fill the log
                log.warning("%s: %s", path, error)
            return problem(status, str(error), _when_to_retry(error), path)
    log.error("%s failed", path, exc_info=error)
    return problem(500, "the gateway failed; its log says why", path=path)


def _when_to_retry(error: Exception) -> dict[str, str]:
    wait_s = getattr(error, "retry_after_s", None)
    return {} if wait_s is None else {"retry-after": str(max(1, math.ceil(wait_s)))}


async def _any_error(request: Request, error: Exception) -> Response:
    return problem_of(error, request.url.path)


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(each["loc"][0] == "path" for each in errors):
        return problem(404, NO_SUCH_PATH, path=request.url.path)
    return problem(422, one_line(errors[0]), path=request.url.path)


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, dict(error.headers or {}), request.url.path)
