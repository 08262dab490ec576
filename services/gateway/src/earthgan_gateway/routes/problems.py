"""The one table from error to HTTP status, and problem+json (RFC 9457) for every answer that is an error."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earthgan.errors import (
    DamagedSurrogate,
    EarthGANError,
    EngineAnswerInvalid,
    EngineTimeout,
    EngineUnavailable,
    InvalidRequest,
    NotFound,
)

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5

STATUSES: dict[type[BaseException], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    DamagedSurrogate: HTTPStatus.SERVICE_UNAVAILABLE,  # it was whole when it was opened: it has been changed since
    EngineUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    EngineTimeout: HTTPStatus.SERVICE_UNAVAILABLE,
    EngineAnswerInvalid: HTTPStatus.BAD_GATEWAY,
}


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the application as problem+json."""
    app.add_exception_handler(EarthGANError, _any_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _any_error)


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """An error's answer. It is never stored; a 503 says when to come back."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    all_headers = {"cache-control": "no-store", **(headers or {})}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        all_headers["retry-after"] = str(RETRY_AFTER_S)
    return JSONResponse(body, status, headers=all_headers, media_type="application/problem+json")


def problem_of(error: Exception, path: str) -> Response:
    """The answer for any error; the log says more of those that are not the caller's."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            status = STATUSES[kind]
            if status >= 500:
                log.warning("%s: %s", path, error)
            return problem(status, str(error))
    log.error("%s failed", path, exc_info=error)
    return problem(500, "the gateway failed; its log says why")


async def _any_error(request: Request, error: Exception) -> Response:
    return problem_of(error, request.url.path)


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return problem(422, f"{first['loc'][-1]}: {first['msg']}")


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, dict(error.headers or {}))
