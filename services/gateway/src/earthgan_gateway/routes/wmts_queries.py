"""WMTS as key-value pairs (OGC 07-057r7, section 8): `/wmts?SERVICE=WMTS&REQUEST=GetTile&...`.

A request for a tile becomes the request for its address under `/tiles`, so it is drawn, cached and counted as the same
picture. A dimension that is missing has its default, because simple clients know nothing of dimensions.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from earthgan_gateway import wmts
from earthgan_gateway.formats import FORMATS
from earthgan_gateway.routes.grammar import TILE_FORMATS
from earthgan_gateway.routes.paths import VARIABLE
from earthgan_gateway.routes.query import WHOLE, TileQuery

PATH = "/wmts"
_FORMATS = {FORMATS[name].media_type: name for name in TILE_FORMATS}
#: The parameters of `/tiles` that a request may have as well, such as `colormap`. The standard ignores any others.
_OURS = set(TileQuery.model_fields) - {"tms"}
_REPORT = """<?xml version="1.0" encoding="utf-8"?>
<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1" version="1.0.0">
  <ows:Exception exceptionCode={code} locator={locator}>
    <ows:ExceptionText>{text}</ows:ExceptionText>
  </ows:Exception>
</ows:ExceptionReport>
"""


class Refused(Exception):
    """A request that the standard does not allow: its code, the parameter that is wrong, and one sentence."""

    def __init__(self, code: str, parameter: str, text: str) -> None:
        super().__init__(text)
        self.code, self.parameter = code, parameter


class WmtsQueries:
    """ASGI middleware that turns queries to `/wmts` into requests for tiles and for the capabilities document."""

    def __init__(self, app: ASGIApp, default_t: int, default_r: int) -> None:
        self._app = app
        self._defaults = {wmts.STEP: str(default_t), wmts.SHELL: str(default_r), "style": "default"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/") == PATH:
            try:
                path, query = self._meant(scope["query_string"].decode("latin-1"))
            except Refused as error:
                await _report(error)(scope, receive, send)
                return
            scope = {**scope, "path": path, "query_string": query.encode("ascii")}
        await self._app(scope, receive, send)

    def _meant(self, query_string: str) -> tuple[str, str]:
        """Return the path and the query of what is asked for. Raises Refused."""
        given: dict[str, str] = {}
        for name, value in parse_qsl(query_string, keep_blank_values=True, errors="replace"):
            small = name.lower()
            if given.setdefault(small, value) != value:
                raise Refused("InvalidParameterValue", name, f"{name} is given twice")
        if _of(given, "service").upper() != "WMTS":
            raise Refused("InvalidParameterValue", "SERVICE", "SERVICE must be WMTS")
        request = _of(given, "request")
        if request == "GetCapabilities":
            return f"/{wmts.CAPABILITIES}", ""
        if request != "GetTile":
            raise Refused("OperationNotSupported", "REQUEST", "REQUEST must be GetCapabilities or GetTile")
        return self._tile(self._defaults | {name: value for name, value in given.items() if value})

    def _tile(self, given: dict[str, str]) -> tuple[str, str]:
        layer = _of(given, "layer", VARIABLE)
        if _of(given, "style") != "default":
            raise Refused("InvalidParameterValue", "STYLE", "STYLE must be default")
        form = _FORMATS.get(_of(given, "format"))
        if form is None:
            raise Refused("InvalidParameterValue", "FORMAT", f"FORMAT must be one of {', '.join(_FORMATS)}")
        names = (wmts.STEP, wmts.SHELL, "tilematrix", "tilecol", "tilerow")
        place = "/".join(_of(given, name, WHOLE) for name in names)
        others = {name: value for name, value in given.items() if name in _OURS}
        return f"/tiles/{layer}/{place}.{form}", urlencode({"tms": _of(given, "tilematrixset")} | others)


def _of(given: dict[str, str], name: str, pattern: str = ".*") -> str:
    shown = name.upper()
    if name not in given:
        raise Refused("MissingParameterValue", shown, f"{shown} is missing")
    if not re.fullmatch(pattern, given[name], re.ASCII | re.DOTALL):
        raise Refused("InvalidParameterValue", shown, f"{shown} cannot be {given[name][:40]!r}")
    return given[name]


def _report(error: Refused) -> Response:
    body = _REPORT.format(code=quoteattr(error.code), locator=quoteattr(error.parameter[:40]), text=escape(str(error)))
    # A character that XML forbids, such as a backspace, would make the report unreadable.
    body = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", body)
    status = 501 if error.code == "OperationNotSupported" else 400
    return Response(body, status, {"cache-control": "no-store"}, wmts.MEDIA_TYPE)
