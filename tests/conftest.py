"""Fixtures that several folders of tests share."""

import atexit
import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from hypothesis import settings

from earthgan import Surrogate
from gateway_server import gateway
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE, PUBLISHED

# Tests keep nothing in the user's own cache folder, and find nothing there. All processes of a run share a new folder:
# what it keeps of the shipped surrogate takes each of them five seconds to compute.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _cache = tempfile.TemporaryDirectory(prefix="earthgan-")
    atexit.register(_cache.cleanup)
    os.environ["EARTHGAN_CACHE_DIR"] = _cache.name

# In continuous integration, Hypothesis tries the same examples every time. Elsewhere it looks for new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

# A first answer of a velocity reads and refines a step. A machine that other tests keep busy takes longer for it than
# the five seconds that httpx waits, and a server that hangs is a matter for the time that each test has. All servers
# are on loopback without TLS, and reading the certificates of the world takes 40 ms a client.
for caller in (httpx.Client.__init__, httpx.AsyncClient.__init__, httpx.get, httpx.head, httpx.post, httpx.request):
    caller.__kwdefaults__ |= {"timeout": httpx.Timeout(120), "verify": False}


def pytest_collection_finish() -> None:
    """Everything that is there now stays. The garbage collector is only to look at what tests leave, or it would come
    too rarely: applications, which refer to themselves, hold a surrogate each.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def gateway_url() -> Iterator[str]:
    """The address of a real gateway that serves the shipped surrogate."""
    with gateway(engine_timeout_s="120") as url:  # a first series reads all steps, which is slow on some machines
        yield url


@pytest.fixture(scope="session")
def default_surrogate() -> Surrogate:
    return Surrogate(DEFAULT_SURROGATE)


@pytest.fixture(scope="session")
def baseline_surrogate() -> Surrogate:
    return Surrogate(BASELINE_SURROGATE)


@pytest.fixture(scope="session")
def published_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published generator and input as a surrogate folder."""
    if not PUBLISHED.is_dir():
        pytest.skip("the published artefacts are missing")
    from earthgan_training.surrogates.published import import_published

    folder = tmp_path_factory.mktemp("published") / "surrogate"
    import_published(PUBLISHED, folder)
    return folder


@pytest.fixture(scope="session")
def published_surrogate(published_folder: Path) -> Surrogate:
    return Surrogate(published_folder)
