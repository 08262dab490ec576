"""Servers for the tests of faults: our own server in a thread of this process, and a model server that lies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np

from earthgan import Surrogate
from earthgan.wire import MAGIC, ShellRequest, encode
from earthgan_gateway import Settings, create_app
from earthgan_gateway.engines import BareEngine
from earthgan_gateway.server import GatewayServer, make_config
from gateway_server import READY_WITHIN_S, free_port
from places import DEFAULT_SURROGATE
from stream_server import stream_server

TILE = "/tiles/temperature/121/150/1/0/0"


def tile(number: int) -> str:
    """The address of a tile of a shell of its own, for each number below 199 * 64."""
    return f"/tiles/vx/{65 + number // 199}/{number % 199}/0/0/0"


def fetch(address: str, timeout: float = 60, **headers: str) -> httpx.Response:
    return httpx.get(address, trust_env=False, timeout=timeout, headers=headers)


@dataclass
class Served:
    """A gateway in a thread of this process."""

    url: str
    server: GatewayServer
    loop: asyncio.AbstractEventLoop

    def tasks(self) -> int:
        """The number of tasks of its event loop."""
        return len(asyncio.all_tasks(self.loop))


@contextmanager
def served(own: BareEngine | None = None, /, surrogate: Path = DEFAULT_SURROGATE, **settings: Any) -> Iterator[Served]:
    """Serve a gateway with its own server, as `earthgan serve` does, but in a thread."""
    port = free_port()
    chosen = Settings(surrogate=surrogate, host="127.0.0.1", port=port, **({"prefetch": False} | settings))
    server = GatewayServer(make_config(create_app(chosen, own), chosen))
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve()

    server.config.port = port
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not server.started:
            assert time.monotonic() < deadline, "the gateway was not served in time"
            time.sleep(0.02)
        yield Served(f"http://127.0.0.1:{port}", server, loops[0])
    finally:
        server.notice_s, server.grace_s, server.should_exit = 0, 1, True
        thread.join(20)
        assert not thread.is_alive(), "the server did not end"


#: Answers a request: it gets the request and writes whatever it likes to the connection.
Answer = Callable[[ShellRequest, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Liar:
    """A model server that answers as its `answer` says. It may be changed while it serves."""

    answer: Answer
    port: int = field(default_factory=free_port)
    asked: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                )
                request = ShellRequest.model_validate_json(await reader.readexactly(length))
                self.asked += 1
                await self.answer(request, writer)
                await writer.drain()

    @contextmanager
    def running(self) -> Iterator[Liar]:
        with stream_server(self._serve, self.port):
            yield self


SHIPPED = Surrogate(DEFAULT_SURROGATE)
DIGEST = SHIPPED.digest


def shape_of(request: ShellRequest) -> tuple[int, ...]:
    _, all_rows, all_columns = SHIPPED.grid.shape
    rows = all_rows if request.rows is None else request.rows[1] - request.rows[0]
    columns = all_columns if request.columns is None else request.columns[1] - request.columns[0]
    return len(request.variables), len(request.shells), rows, columns


def right(request: ShellRequest) -> bytes:
    """The right answer in form. Its numbers are all a half."""
    return encode(np.full(shape_of(request), 0.5, np.float32), request.dtype, DIGEST)


def wrapped(body: bytes, status: str = "200 OK", *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


async def honest(request: ShellRequest, writer: asyncio.StreamWriter) -> None:
    writer.write(wrapped(right(request)))


async def hang(request: ShellRequest, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


def with_header(request: ShellRequest, header: Any) -> bytes:
    """An answer with another header before the right numbers."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    whole = right(request)
    _, length = struct.unpack_from("<4sI", whole)
    return struct.pack("<4sI", MAGIC, len(text)) + text + whole[8 + length :]


@contextmanager
def raw(url: str) -> Iterator[socket.socket]:
    """A connection to a gateway."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        yield connection


async def ask(url: str, path: str, timeout: float = 60) -> tuple[int, dict[str, str], float]:
    """Ask on a connection of its own: status, header fields and seconds. It costs far less than a client's library."""
    host, port = url.removeprefix("http://").split(":")
    began = time.perf_counter()
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    first, *fields = head.decode("latin-1").split("\r\n")
    said = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in fields)}
    return int(first.split()[1]), said, time.perf_counter() - began
