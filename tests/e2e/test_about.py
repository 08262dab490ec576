"""What am I looking at? The dialog answers for the picture, and the tour leads through the controls."""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from e2e.client import Gateway, open_client, set_slider

pytestmark = pytest.mark.page

PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=800)
#: Whether the note of the tour, and the middle of what it is about, are on the screen and not over one another.
IN_SIGHT = """() => {
  const [note, of] = ["#tour", ".toured"].map((each) => document.querySelector(each).getBoundingClientRect());
  const inside = (box) => box.left >= 0 && box.top >= 0 && box.right <= innerWidth + 1 && box.bottom <= innerHeight + 1;
  const apart = note.right <= of.left || of.right <= note.left || note.bottom <= of.top || of.bottom <= note.top;
  return inside(note) && inside(of) && apart;
}"""


@pytest.fixture
def engine() -> str:
    return "browser"


def test_the_dialog_answers_for_the_picture_on_the_map(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    dialog = page.get_by_role("dialog", name="What am I looking at?")
    for depth in (None, 0):
        if depth is not None:
            set_slider(page, "Depth", depth)
            expect(page.locator("#caption")).not_to_contain_text("703 km")
        page.get_by_role("button", name="What am I looking at?").click()
        shown = page.locator("#caption").inner_text().split(" · ")[1]
        expect(dialog).to_contain_text(f"Temperature, {shown} below the surface, at step 1, the first.")
        expect(dialog).to_contain_text("No. A computer simulated it. A simulation, not the Earth")
        stands_in = re.compile(r"A surrogate of [\d.]+ [kM]B stands in for them\. Your browser computes")
        expect(dialog).to_contain_text(stands_in)
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        assert page.evaluate("document.activeElement.id") == "about"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_tour_shows_every_control_and_gives_the_focus_back(
    page: Page, gateway: Gateway, viewport: ViewportSize
) -> None:
    page.set_viewport_size(viewport)
    open_client(page, gateway)
    page.get_by_role("button", name="What am I looking at?").click()
    page.get_by_role("button", name="Take the tour").click()
    tour = page.locator("#tour")
    for stop, title in enumerate(("Colours", "Depth", "Time", "Further in"), 1):
        expect(tour).to_have_accessible_name(title)
        expect(tour).to_contain_text(f"{stop} of 4")
        page.wait_for_function(IN_SIGHT)
        expect(tour.get_by_role("button", name="Next" if stop < 4 else "Done")).to_be_focused()
        if stop == 2:
            tour.get_by_role("button", name="Back").click()
            expect(tour).to_have_accessible_name("Colours")
            page.keyboard.press("Enter")
        page.keyboard.press("Enter")
    expect(tour).to_be_hidden()
    expect(page.locator(".toured")).to_have_count(0)
    expect(page.get_by_role("button", name="What am I looking at?")).to_be_focused()
