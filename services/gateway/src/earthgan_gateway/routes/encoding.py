"""Reads which encodings a client accepts (RFC 9110, section 12.5.3), and compresses answers if it prefers gzip."""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_ACCEPT = b"accept-encoding"
#: Under this name, `Compression` keeps what a request's Accept-Encoding field said.
STATED = "earthgan.accept_encoding"
_WEIGHT = re.compile(r"q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE | re.ASCII)


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a client prefers gzip to uncompressed bytes, from the value of its Accept-Encoding field.

    The coding with the greater weight wins, and gzip wins if both weights are equal. `*` stands for all codings that
    are not named, and `x-gzip` means gzip. A client that accepts neither gets uncompressed bytes, which the standard
    allows. A weight that cannot be read counts as a refusal.
    """
    return best_encoding(accept_encoding, ("gzip",)) == "gzip"


@lru_cache(maxsize=256)
def best_encoding(accept_encoding: str, offered: tuple[str, ...]) -> str | None:
    """Return the offered coding with the greatest weight, the first of equal ones, by the same rules. None stands for
    uncompressed bytes.
    """
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        coding, *parameters = (text.strip() for text in part.split(";"))
        name = coding.lower().removeprefix("x-")
        weights[name] = max(_weight(parameters), weights.get(name, 0.0))
    found = {coding: weights.get(coding, weights.get("*", 0.0)) for coding in offered}
    best = max(offered, key=lambda coding: found[coding])
    return best if found[best] > 0 and found[best] >= weights.get("identity", 0.0) else None


def accepted(scope: Scope) -> str:
    """Return the value of a request's Accept-Encoding field. Several lines of the field form one list."""
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == _ACCEPT)


class Compression:
    """Compresses answers with Starlette's middleware, but reads Accept-Encoding correctly.

    Starlette's middleware only looks for the letters `gzip` in that field. Answers to inferences (POST) stay as they
    are: they may be large, and floats hardly get smaller.
    """

    def __init__(self, app: ASGIApp, minimum_bytes: int) -> None:
        self._gzip = GZipMiddleware(app, minimum_size=minimum_bytes, compresslevel=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            wanted = b"gzip" if scope["method"] != "POST" and accepts_gzip(accepted(scope)) else b"identity"
            others = [(name, value) for name, value in scope["headers"] if name != _ACCEPT]
            scope = {**scope, "headers": [*others, (_ACCEPT, wanted)], STATED: accepted(scope)}
        await self._gzip(scope, receive, send)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.lower().startswith("q"):
            found = _WEIGHT.fullmatch(parameter)
            return float(found[1]) if found else 0.0
    return 1.0
