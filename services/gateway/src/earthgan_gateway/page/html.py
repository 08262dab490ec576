"""The HTML of the built page, with what it is told of its data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from earthgan_gateway.page.bundle import PLACES, SOURCE_MAP, ZARR, Bundle


@dataclass(frozen=True)
class Entry:
    """A surrogate that the page shows. `folder` is its address relative to the page, and `manifest` what the page is
    told of it, or the address of that.
    """

    name: str
    title: str
    folder: str
    manifest: Mapping[str, Any] | str


def built_page(
    bundle: Bundle,
    code: str,
    entries: Sequence[Entry],
    *,
    gateway: str | None,
    offline: str | None = None,
) -> str:
    """Return the HTML of the page. `code` is the address of the bundle's files, `gateway` that of the gateway, and
    `offline` that of a service worker that keeps the page for times without a network; all are relative to the page.
    """

    def address(name: str) -> str:
        return f"{code}{name}?v={bundle.versions[name]}"

    told = {
        "gateway": gateway,
        "worker": address("worker.js"),
        "offline": offline,
        "surrogates": [vars(entry) for entry in entries],
    }
    written = (
        "\n".join(f'<link rel="modulepreload" href="{address(name)}">' for name in ("leaflet.js", "main.js")),
        f'<script id="earthgan" type="application/json">{_within_html(told)}</script>',
        f'<script type="module" src="{address("main.js")}"></script>',
        *_words(entries),
    )
    return _filled(bundle, written)


def held_page(bundle: Bundle, start: str, entry: Entry, query: str) -> str:
    """Return the HTML of a page that holds its own modules, for a frame without an address and without a server.

    `start` is the script that starts such a page, and `query` stands for what its address would ask for. The folder of
    `entry` begins with `held:`, which the page's `held.js` explains.
    """
    told = {
        "gateway": None,
        "worker": f"./worker.js?v={bundle.versions['worker.js']}",
        "offline": None,
        "surrogates": [vars(entry)],
        "query": query,
    }
    codes = {
        name: SOURCE_MAP.sub("\n", (bundle.folder / name).read_text(encoding="utf-8"))
        for name in bundle.versions
        if name != ZARR
    }
    written = (
        "",
        f'<script id="earthgan" type="application/json">{_within_html(told)}</script>',
        f'<script id="codes" type="application/json">{_within_html(codes)}</script>\n'
        f'<script type="module">{start}</script>',
        *_words([entry]),
    )
    return _filled(bundle, written)


def _words(entries: Sequence[Entry]) -> tuple[str, str]:
    """The title and the notice of the surrogate that the page shows, as `main.js` writes them later: a header that grew
    then would move the map. They are empty for a page that does not yet know which surrogate it shows.
    """
    if len(entries) != 1 or isinstance(entries[0].manifest, str):
        return "", ""
    catalog = entries[0].manifest["catalog"]
    return escape(catalog["title"]), escape(" · ".join(filter(None, (catalog["notice"], catalog["credit"]))))


def _filled(bundle: Bundle, written: Sequence[str]) -> str:
    html = bundle.html
    for place, text in zip(PLACES, written, strict=True):
        html = html.replace(place, text, 1)
    return html


def _within_html(told: Any) -> str:
    """JSON that no HTML parser takes for the end of a script."""
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
