"""What keeps a browser that hangs from stopping all tests after it."""

import signal

import psutil
import pytest
from playwright.sync_api import Error

from e2e.browsers import Browsers


@pytest.mark.parametrize("hangs", ["chrom", "node"])
def test_another_browser_follows_one_that_hangs(browsers: Browsers, hangs: str) -> None:
    page = browsers.browser().new_page()
    stopped = [each for each in psutil.Process().children(recursive=True) if hangs in each.name()]
    assert stopped
    for each in stopped:
        each.send_signal(signal.SIGSTOP)
    with pytest.raises(Error), browsers.watched(1):
        page.evaluate("1 + 1")
    page = browsers.browser().new_page()
    assert page.evaluate("1 + 1") == 2
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in stopped)
