"""A server of plain connections, on a loopback port of its own, in a thread of this process."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def stream_server(serve: Serve, port: int = 0) -> Iterator[int]:
    """Serve connections until the block is over. It leaves no socket if `serve` closes its writer, also when cancelled.

    0 stands for any port; the block gets its number.
    """
    ready, ended, ports = threading.Event(), asyncio.Event(), list[int]()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", port)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await ended.wait()
        # What has just come has nothing yet that would close its socket. While no more comes, and before the server
        # closes, it becomes a transport, and `serve` begins.
        loop.remove_reader(server.sockets[0].fileno())
        await asyncio.sleep(0.05)
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.1)  # transports close in a later turn

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()
