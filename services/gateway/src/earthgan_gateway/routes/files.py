"""Answers with files that are kept in memory: compressed ahead, with entity tags, kept for ever by their versions."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

from earthgan_gateway.page.bundle import version_of
from earthgan_gateway.routes.encoding import STATED, accepted, best_encoding

#: For an address that names the version of what it stands for.
FOR_EVER = "public, max-age=31536000, immutable"
#: For all others: whoever keeps them asks each time whether they have changed.
ASK_AGAIN = "no-cache"


@dataclass(frozen=True)
class WebFile:
    """A file, its media type and headers of its own. `encoded` holds it in other codings; gzip is added, unless nothing
    would be gained.
    """

    content: bytes
    media_type: str
    encoded: Mapping[str, bytes] = field(default_factory=dict)
    compresses: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        return version_of(self.content)

    @cached_property
    def _codings(self) -> Mapping[str, bytes]:
        return {**self.encoded, "gzip": gzip.compress(self.content, 9, mtime=0)} if self.compresses else self.encoded

    def answer(self, request: Request) -> Response:
        """Answer a request for the file: 304 if the client has it, and otherwise in the coding that it likes best."""
        stated = request.scope.get(STATED, accepted(request.scope))
        coding = best_encoding(stated, tuple(self._codings)) if self._codings else None
        tag = f'"{self.version}{f"-{coding}" if coding else ""}"'
        headers = {
            **self.headers,
            "etag": tag,
            "cache-control": FOR_EVER if request.query_params.get("v") == self.version else ASK_AGAIN,
        }
        known = [text.strip().removeprefix("W/") for text in request.headers.get("if-none-match", "").split(",")]
        if tag in known or "*" in known:
            return Response(status_code=304, headers={**headers, "vary": "Accept-Encoding"})
        if coding is None:  # `Compression` says that it varies
            return Response(self.content, media_type=self.media_type, headers=headers)
        return Response(
            self._codings[coding],
            media_type=self.media_type,
            headers={**headers, "content-encoding": coding, "vary": "Accept-Encoding"},
        )
