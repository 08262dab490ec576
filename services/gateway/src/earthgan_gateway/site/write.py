"""Writes a static site into an empty folder."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from earthgan.errors import BadInput
from earthgan.spec import SPEC_FILE
from earthgan.surrogate import Surrogate
from earthgan_gateway.offer import Offer
from earthgan_gateway.page.bundle import SOURCE_MAP, ZARR, Bundle, version_of
from earthgan_gateway.page.html import Entry, built_page
from earthgan_gateway.page.manifest import Manifest, served_files, why_not
from earthgan_gateway.zarr import METADATA, documents

SURROGATES, MANIFEST, STORE = "surrogates", "manifest.json", "store.json"
#: The service worker.
OFFLINE = "sw.js"
#: The folder of the lesson, which names its surrogate by the digest.
LESSONS = "pages"
_ABOUT = re.compile(r'<meta name="surrogate" content="([0-9a-f]+)">')
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Shown:
    """A surrogate of a site: the name of its folder there, and what the page is told of it."""

    name: str
    surrogate: Surrogate
    manifest: Manifest


def opened(folders: Sequence[Path]) -> list[Shown]:
    """Open and verify surrogates that browsers compute. Raises BadInput, which names the folder."""
    found: list[Shown] = []
    seen: dict[str, Path] = {}
    for folder in folders:
        if not (folder / SPEC_FILE).is_file():
            raise BadInput(f"{folder} is not a surrogate folder: it holds no {SPEC_FILE}")
        surrogate = Surrogate(folder)
        reason = why_not(surrogate)
        if reason is not None:
            raise BadInput(f"{folder}: {reason}")
        twin = seen.setdefault(surrogate.digest, folder)
        if twin is not folder:
            raise BadInput(f"{folder} and {twin} are the same surrogate")
        name = _name(folder, {other.name for other in found})
        found.append(Shown(name, surrogate, Manifest.of(Offer.of(surrogate))))
    return found


def _name(folder: Path, taken: set[str]) -> str:
    """A name for addresses: that of the folder, and a number if another surrogate has the same."""
    name = _NOT_IN_NAMES.sub("-", folder.resolve().name).strip(".-") or "surrogate"
    return next(each for each in (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))) if each not in taken)


def write_site(folder: Path, page: Path, shown: Sequence[Shown]) -> None:
    """Write the page in the folder `page` and the surrogates into the folder `folder`, which is empty or not there yet.

    The page shows the first surrogate, and offers the others. Raises BadInput, and OSError if a file cannot be written.
    """
    bundle = Bundle.required(page)
    folder.mkdir(exist_ok=True)
    for name in bundle.versions:
        text = (bundle.folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(SOURCE_MAP.sub("\n", text), encoding="utf-8")
    for licence in sorted(page.glob("vendor/*/LICENSE")):
        if any(source.startswith(f"vendor/{licence.parent.name}/") for source in bundle.sources):
            shutil.copyfile(licence, folder / f"{licence.parent.name}.LICENSE.txt")
    entries = [_entry(folder, each, is_first=each is shown[0]) for each in shown]
    html = built_page(bundle, "", entries, gateway=None, offline=OFFLINE)
    addresses = {name: f"{name}?v={version}" for name, version in bundle.versions.items()}
    stores = [_write_store(folder / entry.folder, each) for each, entry in zip(shown, entries, strict=True)]
    site = {
        "version": version_of(html.encode()),
        "zarr": addresses.pop(ZARR),
        "page": ["./", *addresses.values()],
        "surrogates": [
            {"digest": each.surrogate.digest, "folder": entry.folder, "store": store}
            for each, entry, store in zip(shown, entries, stores, strict=True)
        ],
    }
    program = (bundle.folder / OFFLINE).read_text(encoding="utf-8")
    (folder / OFFLINE).write_text(f"const SITE={json.dumps(site)};\n{program}", encoding="utf-8")
    _write_lessons(folder / LESSONS, page / LESSONS, shown[0].surrogate.digest)
    (folder / "index.html").write_text(html, encoding="utf-8")


def _write_lessons(folder: Path, lessons: Path, digest: str) -> None:
    """Write the lesson, if it is about the surrogate of this digest, which is shown first."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(lessons.glob("*")) if path.is_file()}
    about = {found for text in texts.values() for found in _ABOUT.findall(text)}
    if about != {digest.removeprefix("sha256:")}:
        return
    folder.mkdir()
    for name, text in texts.items():
        # A gateway serves them two folders below the page, and a site has them one below it.
        (folder / name).write_text(text.replace('href="../../#', 'href="../#'), encoding="utf-8")


def _entry(folder: Path, shown: Shown, *, is_first: bool) -> Entry:
    """Write a surrogate's files and return how the page names it. The page itself holds the first one's manifest."""
    place = folder / SURROGATES / shown.name
    for name in served_files(shown.surrogate):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shown.surrogate.folder / name, place / name)
    for name, part in shown.manifest.parts.items():
        (place / name).write_bytes(part)
    address, title = f"{SURROGATES}/{shown.name}/", shown.surrogate.spec.title
    if is_first:
        return Entry(shown.name, title, address, shown.manifest.document)
    text = json.dumps(shown.manifest.document, separators=(",", ":"), ensure_ascii=False)
    (place / MANIFEST).write_text(text, encoding="utf-8")
    return Entry(shown.name, title, address, f"{address}{MANIFEST}?v={version_of(text.encode())}")


def _write_store(place: Path, shown: Shown) -> str:
    """Write what the service worker is told of a surrogate's Zarr store, and return its address relative to the page.

    It is one file, and not those of the store: to a program that no service worker answers, a store without chunks of
    quantities would look like one without values.
    """
    written = documents(Offer.of(shown.surrogate))
    told = {
        "surrogate": shown.manifest.document["surrogate"],
        "documents": {key: content.decode() for key, content in written.items() if key.endswith(METADATA)},
        "chunks": {key: b64encode(content).decode() for key, content in written.items() if not key.endswith(METADATA)},
    }
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    (place / STORE).write_text(text, encoding="utf-8")
    return f"{SURROGATES}/{shown.name}/{STORE}?v={version_of(text.encode())}"
