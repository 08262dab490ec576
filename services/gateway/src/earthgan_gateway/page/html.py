"""The HTML of the built page, with what it is told of its data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earthgan_gateway.page.bundle import PLACES, Bundle

#: A file's version in its address is so many digits of its digest.
VERSION_DIGITS = 16


@dataclass(frozen=True)
class Entry:
    """A surrogate that the page shows. `folder` is its address, and `manifest` what the page is told of it or the address
    of that, all relative to the page.
    """

    name: str
    title: str
    folder: str
    manifest: Mapping[str, Any] | str


def built_page(
    bundle: Bundle, code: str, entries: Sequence[Entry], *, gateway: str | None, offline: str | None = None
) -> str:
    """Return the HTML of the page. `code` is the address of the bundle's files, `gateway` that of the gateway, and `offline`
    that of a service worker that keeps the page for times without a network; all are relative to the page.
    """

    def address(name: str) -> str:
        return f"{code}{name}?v={bundle.versions[name]}"

    told = {
        "gateway": gateway,
        "worker": address("worker.js"),
        "offline": offline,
        "surrogates": [vars(entry) for entry in entries],
    }
    preloads = [f'<link rel="modulepreload" href="{address("leaflet.js")}">']
    first = entries[0]
    if not isinstance(first.manifest, str) and first.manifest["surrogate"] is not None:
        coded = first.folder + versioned(first.manifest["surrogate"]["parts"]["coded"])
        # In the order of need: the worker computes while the page's modules are read.
        worker = f'<link rel="modulepreload" href="{address("worker.js")}">'
        preloads = [worker, f'<link rel="preload" as="fetch" crossorigin href="{coded}">', *preloads]
    written = (
        "\n".join(preloads),
        f'<script id="earthgan" type="application/json">{_within_html(told)}</script>',
        f'<script type="module" src="{address("main.js")}"></script>',
    )
    html = bundle.html
    for place, text in zip(PLACES, written, strict=True):
        html = html.replace(place, text, 1)
    return html


def versioned(file: Mapping[str, str]) -> str:
    """The address of a file that a surrogate names, within the surrogate's folder."""
    return f"{file['file']}?v={file['sha256'][:VERSION_DIGITS]}"


def _within_html(told: Any) -> str:
    """JSON that no HTML parser takes for the end of a script."""
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
