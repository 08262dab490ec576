"""One Chromium at a time, which can be killed where it hangs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
from playwright.sync_api import Browser, Error, Playwright, PlaywrightContextManager, sync_playwright

#: A test that takes longer than this waits for a browser that does not answer any more.
HUNG_AFTER_S = 240.0

CHROMIUM_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--force-color-profile=srgb",  # pixels are compared with colours
)


def children() -> set[psutil.Process]:
    return set(psutil.Process().children())


class Browsers:
    """Starts a browser when one is asked for, and another one after that was killed.

    Playwright waits for a browser that hangs without an end, also when it closes it. After `kill`, all that waits for
    the browser fails at once.
    """

    def __init__(self, executable: str) -> None:
        self._executable = executable
        self._started: Callable[[], set[psutil.Process]] = set
        self._manager: PlaywrightContextManager | None = None
        self._browser: Browser | None = None
        self._was_killed = False

    def browser(self) -> Browser:
        if self._was_killed:
            self.close()
        if self._browser is None:
            others = children()
            self._started = lambda: children() - others
            self._manager = sync_playwright()
            playwright: Playwright = self._manager.__enter__()
            self._browser = playwright.chromium.launch(executable_path=self._executable, args=list(CHROMIUM_ARGUMENTS))
            started = {each for driver in self._started() for each in (driver, *driver.children())}
            self._started = lambda: started  # servers of tests are started later
        return self._browser

    @contextmanager
    def watched(self, within_s: float = HUNG_AFTER_S) -> Iterator[None]:
        """Kill the browser if the block is not over by then."""
        timer = threading.Timer(within_s, self.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def kill(self) -> None:
        """Kill the driver, the browser, and all that they have started. Any thread may do that.

        It asks no process for its name or its arguments: the system may not answer that for one that hangs.
        """
        self._was_killed = True
        for parent in self._started():
            with suppress(psutil.Error):
                for process in (*parent.children(recursive=True), parent):
                    with suppress(psutil.Error):
                        process.kill()

    def close(self) -> None:
        with self.watched(60), suppress(Error):
            if self._browser is not None and not self._was_killed:
                self._browser.close()
        if self._manager is not None:
            with self.watched(60):
                self._manager.__exit__(None, None, None)
        self._manager, self._browser, self._was_killed = None, None, False
