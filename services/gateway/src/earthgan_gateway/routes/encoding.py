"""Which encodings a client accepts (RFC 9110, section 12.5.3), and gzip for those who do."""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_ACCEPT = b"accept-encoding"
_WEIGHT = re.compile(r"q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE | re.ASCII)


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a client wants gzip rather than the bytes as they are, by the value of its Accept-Encoding field.

    The coding with the greater weight is wanted, and gzip where both weigh the same. `*` stands for what is not
    named; `x-gzip` is gzip. A client that refuses the bytes as they are without accepting gzip gets them all the
    same, which the standard allows. A weight that cannot be read counts as a refusal.
    """
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        coding, *parameters = (text.strip() for text in part.split(";"))
        name = coding.lower().removeprefix("x-")
        weights[name] = max(_weight(parameters), weights.get(name, 0.0))
    gzip = weights.get("gzip", weights.get("*", 0.0))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def accepted(scope: Scope) -> str:
    """The value of a request's Accept-Encoding field, whose lines are one list."""
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == _ACCEPT)


class Compression:
    """Starlette's compression of answers, for those who accept it: it looks for the letters `gzip` alone."""

    def __init__(self, app: ASGIApp, minimum_bytes: int) -> None:
        self._gzip = GZipMiddleware(app, minimum_size=minimum_bytes, compresslevel=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            wanted = b"gzip" if accepts_gzip(accepted(scope)) else b"identity"
            others = [(name, value) for name, value in scope["headers"] if name != _ACCEPT]
            scope = {**scope, "headers": [*others, (_ACCEPT, wanted)]}
        await self._gzip(scope, receive, send)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.lower().startswith("q"):
            found = _WEIGHT.fullmatch(parameter)
            return float(found[1]) if found else 0.0
    return 1.0
