"""Back and Forward: one entry for each gesture, and each gives back the same address, title and picture."""

import random

import pytest
from playwright.sync_api import Page

from e2e.client import Gateway, open_client, picture, set_slider, wait_for_fragment

#: Chromium keeps no more.
MOST_ENTRIES = 50
#: Longer than the page waits before it writes a state.
SETTLED_MS = 600


def entries(page: Page) -> int:
    return page.evaluate("history.length")


def settled(page: Page) -> None:
    page.wait_for_timeout(SETTLED_MS)
    page.wait_for_selector("html[data-loaded]:not([data-busy])", state="attached")


def drag(page: Page, dx: float, dy: float = 0, steps: int = 4, pause_ms: int = 0) -> None:
    """Drags the map with the mouse, and holds it at the end so that it does not glide on."""
    page.mouse.move(640, 300)
    page.mouse.down()
    for i in range(1, steps + 1):
        page.mouse.move(640 + dx * i / steps, 300 + dy * i / steps)
        page.wait_for_timeout(pause_ms)
    page.wait_for_timeout(150)
    page.mouse.up()


def gestures(page: Page, gateway: Gateway, rng: random.Random) -> None:
    """Does one thing that a reader does."""
    catalog = gateway.catalog

    def choose() -> None:
        current = page.get_by_label("Variable").input_value()
        page.get_by_label("Variable").select_option(rng.choice([v for v in catalog["variables"] if v != current]))

    def slide(label: str, count: int) -> None:
        current = int(page.get_by_label(label, exact=True).input_value())
        set_slider(page, label, rng.choice([i for i in range(count) if i != current]))

    moves = [
        choose,
        lambda: slide("Depth", len(catalog["shells"])),
        lambda: slide("Time step", len(catalog["steps"])),
        lambda: drag(page, rng.choice([-1, 1]) * rng.uniform(40, 300)),
        lambda: page.locator("#map").press(rng.choice(["ArrowLeft", "ArrowRight"])),
    ]
    if page.get_by_label("Zoom in").is_enabled():
        moves.append(lambda: page.get_by_label("Zoom in").click())
    rng.choice(moves)()


def arrived(page: Page, expected: tuple[str, str]) -> None:
    """Waits until the page shows an entry, whole, and holds its address and title against those that it had."""
    page.wait_for_function("hash => location.hash === hash", arg=expected[0])
    page.wait_for_selector("html[data-loaded]:not([data-busy])", state="attached")
    assert page.title() == expected[1]


@pytest.mark.parametrize("histories", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_random_histories_restore_byte_for_byte(page: Page, gateway: Gateway, histories: int) -> None:
    rng = random.Random(histories)
    open_client(page, gateway)
    settled(page)
    for _ in range(histories):
        seen = [(page.evaluate("location.hash"), page.title())]
        for _ in range(3):
            before = entries(page)
            gestures(page, gateway, rng)
            page.wait_for_function("hash => location.hash !== hash", arg=seen[-1][0])
            page.wait_for_selector("html[data-loaded]:not([data-busy])", state="attached")
            seen.append((page.evaluate("location.hash"), page.title()))
            assert entries(page) == min(before + 1, MOST_ENTRIES)
        assert len({title for _, title in seen}) == len({address for address, _ in seen}) == 4
        for expected in reversed(seen[:-1]):
            page.go_back()
            arrived(page, expected)
        for expected in seen[1:]:
            page.go_forward()
            arrived(page, expected)
        settled(page)
        arrived(page, seen[-1])


def test_back_shows_the_same_picture(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    page.get_by_label("Zoom in").click()
    settled(page)
    drag(page, 133)
    settled(page)
    before = picture(page)
    set_slider(page, "Depth", 20)
    settled(page)
    page.go_back()
    settled(page)
    assert abs(picture(page) - before).mean() < 0.2


def test_a_slow_drag_of_a_slider_is_one_entry(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway, "#lat=10&lng=20&zoom=3")
    settled(page)
    before, link = entries(page), page.evaluate("location.hash")
    box = page.get_by_label("Time step").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 10, y)
    page.mouse.down()
    for i in range(6):
        page.mouse.move(box["x"] + 20 + 35 * i, y)
        page.wait_for_timeout(550)
    page.mouse.up()
    settled(page)
    assert entries(page) == before + 1
    dragged = page.evaluate("location.hash")
    page.go_back()
    settled(page)
    assert page.evaluate("location.hash") == link
    page.get_by_label("Time step").press("ArrowRight")  # another gesture
    settled(page)
    assert entries(page) == before + 1
    assert page.evaluate("location.hash") not in (link, dragged)


def test_a_key_that_is_held_is_one_entry(page: Page, gateway: Gateway) -> None:
    open_client(page, gateway)
    settled(page)
    before = entries(page)
    page.get_by_label("Depth", exact=True).focus()
    for _ in range(5):
        page.keyboard.down("ArrowRight")
        page.wait_for_timeout(500)
    page.keyboard.up("ArrowRight")
    settled(page)
    assert entries(page) == before + 1


def test_opening_a_link_leaves_no_entry_and_a_link_is_not_moved(page: Page, gateway: Gateway) -> None:
    page.goto("about:blank")
    start = entries(page)
    open_client(page, gateway, "#lat=80.123&lng=-170.5&zoom=2.345")
    settled(page)
    assert entries(page) == start + 1
    wait_for_fragment(page, "lat=80.123", "lng=-170.500", "zoom=2.345")
