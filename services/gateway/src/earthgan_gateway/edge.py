"""The edge of the server: uvicorn's HTTP protocol with limits for what one client may send, hold open, or not read.

uvicorn has limits for idle connections and for their number. It has none for the size of a request's head, for a head
or a body that comes byte by byte, or for an answer that is not read. docs/decisions.md says why another server would
not be better.

Nothing here costs a request more than a comparison. The server calls `sweep` once in a while, which looks at all
connections and closes those that have been in one state for too long.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

#: The most bytes of a request's line and header fields together, and the most fields.
HEAD_BYTES, HEAD_FIELDS = 32_768, 100
#: The most bytes of a body. Only inferences have one, which is small: what they ask for, and not fields.
BODY_BYTES = 65_536
#: How long a connection may be idle between two requests.
IDLE_S = 5
#: How long a client may take to send a head, counted from when the server was ready for it, and then to send a body.
HEAD_S, BODY_S = 10.0, 10.0
#: How long a client may take to read an answer: this time, and longer for a large answer, at so many bytes per second.
READ_S, READ_BYTES_PER_S = 15.0, 8192
#: How long the server waits for a client to read the refusal of its request, before it cuts the connection.
LINGER_S = 2.0

#: The header fields of every answer. The policies of pages are with their routes.
HEADERS = [("x-content-type-options", "nosniff"), ("x-frame-options", "SAMEORIGIN"), ("referrer-policy", "same-origin")]


class EdgeConfig(Config):
    """uvicorn's configuration, and the most connections of a process."""

    def __init__(self, app: Any, *, most_connections: int, **named: Any) -> None:
        super().__init__(app, http=EdgeProtocol, ws="none", timeout_keep_alive=IDLE_S, **named)
        self.most_connections = most_connections


class EdgeProtocol(HttpToolsProtocol):
    """One connection of a client."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        assert isinstance(self.config, EdgeConfig)
        self._most = self.config.most_connections
        self._came = 0  # bytes since a head or a body began, of which some may belong to what follows
        self._refused = False
        self._state: object = None
        self._since = self._state_s = 0.0
        self._unread = 0

    # What comes in.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        if len(self.connections) > self._most and not self._make_room():
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"more than {self._most} connections", retry_after_s=5)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._came += len(data)
        super().data_received(data)
        if self._came > HEAD_BYTES and not self._refused:
            if self._reads_body and self._came > BODY_BYTES:
                self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {BODY_BYTES} bytes")
            elif not self._reads_body:
                self._refuse_head()

    def on_headers_complete(self) -> None:
        came, self._came = self._came, 0
        if self._refused:
            return
        if len(self.headers) > HEAD_FIELDS or (came > HEAD_BYTES and self._head_bytes() > HEAD_BYTES):
            self._refuse_head()
            return
        super().on_headers_complete()
        if self.app_state.get("draining") and self.cycle is not None:
            self.cycle.keep_alive = False  # the answer says so, and the client's next request goes elsewhere

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._came = 0
        if not self._refused:
            super().on_message_complete()

    @property
    def _is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _reads_body(self) -> bool:
        return not self._is_idle and self.cycle.more_body

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    # Refusals.

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, "this is not a request of HTTP/1.1")

    def _refuse_head(self) -> None:
        what = f"a request's head may have {HEAD_BYTES} bytes and {HEAD_FIELDS} fields"
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, what)

    def _refuse(self, status: HTTPStatus, detail: str, retry_after_s: int | None = None) -> None:
        """Answer as problem+json, and close the connection. If a request is being answered, only close it."""
        self._refused = True
        if self.transport.is_closing():
            return
        if self._is_idle:
            self.transport.write(_problem(status, detail, retry_after_s, self.server_state.default_headers))
        if self.transport.can_write_eof():
            # A connection that is closed while bytes wait to be read is reset, and the client may not get the answer.
            self.transport.write_eof()
            self.loop.call_later(LINGER_S, self.transport.abort)
        else:
            self.transport.close()

    def _make_room(self) -> bool:
        """Close the connection that has been idle the longest. Return False if there is none."""
        others = [each for each in self.connections if isinstance(each, EdgeProtocol) and each is not self]
        idle = [each for each in others if each._is_idle and not each.transport.is_closing()]
        if not idle:
            return False
        min(idle, key=lambda each: each._since).transport.abort()
        return True

    # Time.

    def on_response_complete(self) -> None:
        self._since = self.loop.time()
        super().on_response_complete()

    def sweep(self, now: float) -> None:
        """Cut the connection if its client has kept it in one state for too long. `now` is the loop's time."""
        unread = self.transport.get_write_buffer_size()
        if unread or self.transport.is_closing():
            state: object = "unread"
        elif self._is_idle:
            state = "head"
        elif self.cycle.more_body:
            state = "body"
        else:
            state = "working"
        if state != self._state:
            self._state, self._state_s, self._unread = state, now, unread
        self._unread = max(self._unread, unread)
        for_s = now - self._state_s
        if (
            (state == "unread" and for_s > READ_S + self._unread / READ_BYTES_PER_S)
            or (state == "head" and now - self._since > HEAD_S)
            or (state == "body" and for_s > BODY_S)
        ):
            self.transport.abort()

    def shutdown(self) -> None:
        """Close the connection when its answer, if there is one under way, has been sent.

        A client that has just connected is about to ask. The server closes its connection later if it does not.
        """
        if self.cycle is None:
            return
        if self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False


def _problem(status: HTTPStatus, detail: str, retry_after_s: int | None, usual: list[tuple[bytes, bytes]]) -> bytes:
    body = json.dumps({"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}).encode()
    fields = [
        *usual,
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *([] if retry_after_s is None else [(b"retry-after", b"%d" % retry_after_s)]),
        CLOSE_HEADER,
    ]
    lines = [name + b": " + value + b"\r\n" for name, value in fields]
    return b"".join([STATUS_LINE[status], *lines, b"\r\n", body])
