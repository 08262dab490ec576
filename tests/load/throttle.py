"""A relay in front of a server that is as slow as a phone's network, and counts what passes.

A browser's own throttling does not reach what its workers ask for, and this does.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

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
    loop, ready = asyncio.new_event_loop(), threading.Event()
    found = Relay("")
    to = urlsplit(server)

    ended = asyncio.Event()

    async def serve() -> None:
        listening = await asyncio.start_server(lambda r, w: _connect(found, to.hostname, to.port, r, w), "127.0.0.1", 0)
        found.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        ready.set()
        await ended.wait()
        listening.close()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await asyncio.sleep(0.05)  # until their sockets are closed

    def run() -> None:
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


async def _connect(
    found: Relay, host: str | None, port: int | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        await asyncio.sleep(found.network.round_trip_s)  # of the handshake
        upstream_reader, upstream_writer = await asyncio.open_connection(host, port)
    except BaseException:
        writer.close()
        raise

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

    await asyncio.gather(forward(reader, upstream_writer, False), forward(upstream_reader, writer, True))
