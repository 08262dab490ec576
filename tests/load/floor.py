"""The floor for any Python server: a raw ASGI application that answers every request with 12 kB.

`python floor.py PORT WORKERS` runs it with the settings that `earthgan serve` gives to uvicorn.
"""

import os
import socket
import sys
from typing import Any

import uvicorn

BODY = bytes(12_000)
HEADERS = [(b"content-type", b"image/png"), (b"content-length", str(len(BODY)).encode())]


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    listener = socket.create_server(("127.0.0.1", port))
    for _ in range(workers - 1):
        if os.fork() == 0:
            break
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])
