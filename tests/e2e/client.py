"""What the browser tests need to know of the page, the gateway and the globe between them."""

import io
import re
from dataclasses import dataclass, field
from functools import cached_property

import httpx2 as httpx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from playwright.sync_api import Page

#: How many milliseconds a page may take to come to what a test waits for, on a machine that other tests keep busy.
WITHIN_MS = 60_000
#: Everything drawn over the field.
OVERLAYS = "main::before, #crosshair, #message, #words, #zoom, .graticule"


@dataclass
class Faults:
    """What went wrong in a page: console errors, uncaught exceptions, answers of 400 and above."""

    seen: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()

    def allow(self, *parts: str) -> None:
        """A fault that contains one of these is what the test is about."""
        self.allowed += parts

    def unexpected(self) -> list[str]:
        return [fault for fault in self.seen if not any(part in fault for part in self.allowed)]


@dataclass(frozen=True)
class Frame:
    """One field: a variable at a time step on a shell."""

    variable: str
    t: int
    r: int

    @property
    def key(self) -> str:
        return f"{self.variable}/{self.t}/{self.r}"


@dataclass(frozen=True)
class Gateway:
    """The gateway's own answers, to hold the page against."""

    url: str

    @cached_property
    def catalog(self) -> dict:
        return self.json("catalog")

    @property
    def default(self) -> Frame:
        return Frame(**{name: self.catalog["default"][name] for name in ("variable", "t", "r")})

    def json(self, path: str) -> dict:
        return httpx.get(f"{self.url}/{path}").raise_for_status().json()

    def shell(self, frame: Frame) -> NDArray[np.float32]:
        answer = httpx.get(f"{self.url}/shells/{frame.key}.npy").raise_for_status()
        return np.load(io.BytesIO(answer.content))

    def sample(
        self, shell: NDArray[np.float32], latitude_deg: ArrayLike, longitude_deg: ArrayLike
    ) -> NDArray[np.float64]:
        """Bilinear on the shell's grid, periodic in longitude, constant poleward of the outermost rows."""
        grid = self.catalog["grid"]
        latitudes, longitudes = np.array(grid["latitudes_deg"]), np.array(grid["longitudes_deg"])
        closed = np.append(longitudes, longitudes[0] + 360)
        turned = longitudes[0] + (np.asarray(longitude_deg) - longitudes[0]) % 360
        column = np.interp(turned, closed, np.arange(closed.size))
        row = np.interp(latitude_deg, latitudes[::-1], np.arange(latitudes.size)[::-1])

        north = np.minimum(row.astype(int), latitudes.size - 2)
        west = np.minimum(column.astype(int), longitudes.size - 1)
        east = (west + 1) % longitudes.size
        down, right = row - north, column - west
        upper = shell[north, west] * (1 - right) + shell[north, east] * right
        lower = shell[north + 1, west] * (1 - right) + shell[north + 1, east] * right
        return upper * (1 - down) + lower * down

    def spread(self, shell: NDArray[np.float32], lat: float, lng: float, radius_deg: float) -> tuple[float, float]:
        """Least and greatest value at a place and at this distance from it, north, south, east and west."""
        step = radius_deg * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
        values = self.sample(shell, np.clip(lat + step[:, 0], -90, 90), lng + step[:, 1])
        return float(values.min()), float(values.max())


@dataclass(frozen=True)
class WholeGlobe:
    """Where places are on the map's element while it shows the whole globe: 0, 0 is in its middle."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, page: Page) -> "WholeGlobe":
        box = page.locator("#map").bounding_box()
        assert box is not None
        return cls(box["x"], box["y"], box["width"], box["height"])

    @property
    def px_per_degree(self) -> float:
        return min(self.width / 360, self.height / 180)

    def within_element(self, latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
        x = self.width / 2 + longitude_deg * self.px_per_degree
        y = self.height / 2 - latitude_deg * self.px_per_degree
        return x, y

    def places_of(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Latitude and longitude in degrees of pixels' middles."""
        east = (np.asarray(x) + 0.5 - self.width / 2) / self.px_per_degree
        north = (self.height / 2 - np.asarray(y) - 0.5) / self.px_per_degree
        return north, east

    def on_page(self, latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
        x, y = self.within_element(latitude_deg, longitude_deg)
        return self.left + x, self.top + y


def open_client(page: Page, gateway: Gateway, fragment: str = "", frame: Frame | None = None) -> None:
    page.goto(f"{gateway.url}/{fragment}")
    wait_until_loaded(page, frame or gateway.default)


def follow(page: Page, fragment: str) -> None:
    """Follows a permalink within the open page, and does not wait for its tiles."""
    page.evaluate(
        """fragment => new Promise((done) => {
          addEventListener("hashchange", () => done(), { once: true });
          location.hash = fragment;
        })""",
        fragment,
    )


def go_to(page: Page, gateway: Gateway, fragment: str) -> None:
    """Follows a permalink within the open page, to another place in the default field."""
    follow(page, fragment)
    wait_until_loaded(page, gateway.default)


def wait_until_loaded(page: Page, frame: Frame) -> None:
    page.wait_for_selector(f'html[data-loaded="{frame.key}"]', state="attached")


def wait_for_fragment(page: Page, *parts: str) -> None:
    page.wait_for_function("parts => parts.every((part) => location.hash.includes(part))", arg=list(parts))


def set_slider(page: Page, label: str, index: int) -> None:
    """Moves a slider in one go, as a drag does."""
    page.get_by_label(label, exact=True).fill(str(index))


def picture(page: Page) -> NDArray[np.int16]:
    """The field as drawn: RGB of the map's element, without what is drawn over it."""
    png = page.locator("#map").screenshot(style=f"{OVERLAYS} {{ display: none !important }}")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int16)


def legend_colors(legend: dict) -> NDArray[np.int16]:
    return np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in legend["colors"]], np.int16)


def values_of_colors(colors: NDArray[np.int16], legend: dict) -> NDArray[np.float64]:
    """For each colour (last axis), the value whose legend colour is nearest."""
    palette = legend_colors(legend)
    nearest = np.abs(colors[..., None, :] - palette).sum(axis=-1).argmin(axis=-1)
    low, high = legend["range"]
    return low + (high - low) * nearest / (len(palette) - 1)


def ground(page: Page) -> NDArray[np.int16]:
    """The colour of the map where nothing is drawn."""
    colour = page.locator("#map").evaluate("element => getComputedStyle(element).backgroundColor")
    return np.array(re.findall(r"\d+", colour)[:3], np.int16)
