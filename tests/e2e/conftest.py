"""A browser, and a page in which nothing may go wrong unseen."""

import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from e2e.browsers import Browsers
from e2e.client import WITHIN_MS, Faults, Gateway

expect.set_options(timeout=WITHIN_MS)


@pytest.fixture(scope="module")  # not longer: while it is open, its event loop stops other tests from running one
def browsers() -> Iterator[Browsers]:
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")  # the first costs a third as much
    if chromium is None:
        pytest.skip("Chromium is not installed")
    browsers = Browsers(chromium)
    yield browsers
    browsers.close()


@pytest.fixture
def browser(browsers: Browsers) -> Iterator[Browser]:
    with browsers.watched():
        yield browsers.browser()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """After a failure, the next test gets another browser: this one may hang."""
    report = yield
    browsers = getattr(item, "funcargs", {}).get("browsers")
    if report.failed and browsers is not None:
        browsers.kill()
    return report


@pytest.fixture(scope="session")
def gateway(gateway_url: str) -> Gateway:
    return Gateway(gateway_url)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def engine() -> str:
    """What computes the pages' fields: `server` or `browser`. Most tests ask the server, which can show all kinds."""
    return "server"


@pytest.fixture
def page(browser: Browser, faults: Faults, engine: str) -> Iterator[Page]:
    # Checks of their own script are run in pages, which the page's policy forbids; `test_policy.py` goes without.
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark", bypass_csp=True)
    context.add_init_script(f"try {{ localStorage['earthgan.engine'] = '{engine}' }} catch {{}}")
    page = context.new_page()
    page.set_default_timeout(WITHIN_MS)
    page.on("pageerror", lambda error: faults.seen.append(f"exception: {error}"))
    page.on(
        "console",
        lambda message: faults.seen.append(f"console: {message.text}") if message.type == "error" else None,
    )
    page.on(
        "response",
        lambda response: faults.seen.append(f"{response.status} {response.url}") if response.status >= 400 else None,
    )
    yield page
    with suppress(Error):  # the browser was killed
        context.close()
    assert not faults.unexpected()
