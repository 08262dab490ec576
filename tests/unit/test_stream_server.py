"""The server that tests put in front of others leaves no socket, whose warning would fail a test that comes later."""

import asyncio
import gc
import socket
import warnings
from contextlib import closing

from stream_server import stream_server


async def waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer):
        await reader.read(1)


def test_connections_that_have_just_come_are_closed() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(10):
            with stream_server(waiting) as port:
                clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
            for client in clients:
                client.close()
        gc.collect()
    assert not [str(each.message) for each in seen if issubclass(each.category, ResourceWarning)]
