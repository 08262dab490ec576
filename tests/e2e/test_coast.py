"""The Earth's coastlines over the map."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from e2e.client import Gateway, WholeGlobe, open_client, picture

pytestmark = pytest.mark.page
#: On the coast of South America, and far from any coast.
RECIFE, PACIFIC = (-8.1, -34.9), (-20, -120)


@pytest.fixture
def engine() -> str:
    return "browser"


def test_coastlines_lie_where_they_are_and_are_in_the_link(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    page.wait_for_selector("html[data-detail=refined]", state="attached")
    without = picture(page)
    page.get_by_label("Coasts").check()
    expect(page.locator("#message-text")).to_have_text(
        "These data are simulated. The Earth's coastlines only show sizes."
    )
    page.get_by_label("Dismiss").click()
    page.wait_for_selector(".viewport-canvas.coast", state="attached")
    page.wait_for_url("**coast=1*")
    changed = np.abs(picture(page) - without).max(axis=2) > 30
    globe = WholeGlobe.of(page)
    for place, is_coast in ((RECIFE, True), (PACIFIC, False)):
        x, y = map(int, globe.within_element(*place))
        assert changed[y - 8 : y + 8, x - 8 : x + 8].any() == is_coast
    page.reload()
    page.wait_for_selector(".viewport-canvas.coast", state="attached")
    expect(page.get_by_label("Coasts")).to_be_checked()
    page.get_by_label("Coasts").uncheck()
    expect(page.locator(".viewport-canvas.coast")).to_be_hidden()
