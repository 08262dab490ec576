"""The page keeps its own content security policy, whoever computes, and the policy keeps out what is not the page's."""

import pytest
from playwright.sync_api import Browser, Error

from e2e.client import WITHIN_MS, Gateway


@pytest.mark.parametrize("engine", ["browser", "server"])
def test_the_page_runs_under_its_policy_and_nothing_else_does(browser: Browser, gateway: Gateway, engine: str) -> None:
    context, refused = browser.new_context(), []
    context.add_init_script(f"localStorage['earthgan.engine'] = '{engine}'")
    page = context.new_page()
    page.set_default_timeout(WITHIN_MS)
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto(gateway.url)
    page.wait_for_selector("html[data-loaded]", state="attached")
    assert not refused
    with pytest.raises(Error, match="Content Security Policy"):
        page.add_script_tag(content="window.foreign = 1")
    assert page.evaluate("() => window.foreign") is None
    context.close()
