"""The engine in this process works in a thread of its own."""

import os
import subprocess
import sys

import pytest

from places import ROOT

pytestmark = pytest.mark.alone

FRESH = """
import asyncio, time
from threadpoolctl import threadpool_info, threadpool_limits
from earthgan.numerics.threads import one_thread
from earthgan.surrogate import Surrogate
from earthgan_gateway.engines.local import LocalEngine

def counted():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

{first}
seen = []
surrogate = Surrogate("model_store/baseline")

@one_thread
def backend(feeds):
    seen.append(counted())
    raise ArithmeticError

async def main():
    engine = LocalEngine(surrogate, backend, "test/float32")
    try:
        await engine.ready(time.monotonic() + 20)
    except ArithmeticError:
        pass
    await engine.close()

before = counted()
asyncio.run(main())
print(before, *seen, counted())
"""
FIRST = {
    "nobody": "",
    "the main thread": "one_thread(counted)()",
    "the main thread, with threadpoolctl": "threadpool_limits(1).restore_original_limits()",
}


@pytest.mark.skipif((os.cpu_count() or 1) == 1, reason="one thread is all there is")
@pytest.mark.parametrize("first", FIRST)
def test_the_limit_holds_in_the_engines_own_thread(first: str) -> None:
    """The libraries are the real ones: in a fresh process, for threadpoolctl remembers who set a limit first."""
    program = FRESH.format(first=FIRST[first])
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    cores = os.cpu_count()
    assert done.stdout.strip() == f"[{cores}] [1] [{cores}]", done.stderr
