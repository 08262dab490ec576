"""A relay in front of a server that is as slow as a phone's network, and counts what passes.

A browser's own throttling does not reach what its workers ask for, and this does.
"""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from stream_server import stream_server

CHUNK_BYTES = 8192


@dataclass(frozen=True)
class Network:
    """A round trip and a rate. Without a rate, answers pass as they come."""

    round_trip_s: float = 0.0
    bytes_per_s: float | None = None


FAST = Network()
PHONE = Network(0.150, 1.6e6 / 8)
SLOW_PHONE = Network(0.400, 0.4e6 / 8)


@dataclass
class Relay:
    """The relay's address, and how many requests and bytes of answers have passed since `reset`."""

    url: str
    network: Network = FAST
    requests: int = 0
    received_bytes: int = 0
    _free_at: float = field(default=0.0, repr=False)

    def reset(self) -> None:
        self.requests = self.received_bytes = 0

    async def wait_for_turn(self, size: int) -> None:
        """Wait until the network, which all connections share, has carried so many bytes."""
        loop = asyncio.get_running_loop()
        if self.network.bytes_per_s is not None:
            self._free_at = max(self._free_at, loop.time()) + size / self.network.bytes_per_s
            await asyncio.sleep(self._free_at - loop.time())


@contextmanager
def relay(server: str) -> Iterator[Relay]:
    """Run a relay to a server in a thread of its own. Its network may be changed while it runs."""
    found, to = Relay(""), urlsplit(server)
    with stream_server(lambda reader, writer: _connect(found, to.hostname, to.port, reader, writer)) as port:
        found.url = f"http://127.0.0.1:{port}"
        yield found


async def _connect(
    found: Relay, host: str | None, port: int | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    async def forward(source: asyncio.StreamReader, sink: asyncio.StreamWriter, is_answer: bool) -> None:
        try:
            while data := await source.read(CHUNK_BYTES):
                if is_answer:
                    found.received_bytes += len(data)
                    await found.wait_for_turn(len(data))
                else:
                    found.requests += data.startswith((b"GET ", b"HEAD "))
                    await asyncio.sleep(found.network.round_trip_s)
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()

    with closing(writer):
        await asyncio.sleep(found.network.round_trip_s)  # of the handshake
        upstream_reader, upstream_writer = await asyncio.open_connection(host, port)
        with closing(upstream_writer):
            await asyncio.gather(forward(reader, upstream_writer, False), forward(upstream_reader, writer, True))
