"""A cheap HTTP client: it sends one request on each of its keep-alive sockets, and then reads all answers."""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Answer:
    """An answer. The names in `headers` are in lower case."""

    status: int
    headers: dict[str, str]
    bytes: int


class Waves:
    """A few keep-alive connections, like a browser's.

    The k-th request of a list goes over connection `k % connections`, each time the list is sent: with several
    workers, a tile comes back to the worker that has drawn it.
    """

    def __init__(self, port: int, connections: int) -> None:
        self._sockets = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(connections)]
        for connection in self._sockets:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for connection in self._sockets:
            connection.close()

    def get(self, requests: Sequence[bytes]) -> Iterator[Answer]:
        """Send each request once, and return the answers in the same order. Raises OSError if a connection breaks."""
        width = len(self._sockets)
        for start in range(0, len(requests), width):
            wave = requests[start : start + width]
            for connection, request in zip(self._sockets, wave):
                connection.sendall(request)
            for connection, _ in zip(self._sockets, wave):
                yield _read(connection)

    def everywhere(self, requests: Sequence[bytes]) -> None:
        """Send each request over every connection, so that every worker sees it."""
        for request in requests:
            for connection in self._sockets:
                connection.sendall(request)
                _read(connection)


def request(path: str, etag: str | None = None) -> bytes:
    """Make a GET request like a browser's, without the headers that the server does not read."""
    condition = f"If-None-Match: {etag}\r\n" if etag else ""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: image/png,*/*\r\n{condition}\r\n".encode()


def _read(connection: socket.socket) -> Answer:
    received = _receive(connection)
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _receive(connection)
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    status = int(first.split(" ", 2)[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0)) if status != 304 else 0
    got = len(received) - end - 4
    while got < length:
        got += len(_receive(connection))
    return Answer(status, headers, length)


def _receive(connection: socket.socket) -> bytes:
    chunk = connection.recv(1 << 16)
    if not chunk:
        raise OSError("the server closed the connection")
    return chunk
