"""What the images install: the packages that pip chooses for each Dockerfile, with what they say of themselves."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: The Dockerfile of each image. What it asks pip for is read from it, so that the audit is of what is built.
IMAGES = {
    "gateway": ROOT / "services" / "gateway" / "Dockerfile",
    "torchserve": ROOT / "services" / "torchserve" / "Dockerfile",
    "training": ROOT / "training" / "Dockerfile",
}
#: Options of pip that have a value.
VALUED = ("--constraint", "--requirement", "--only-binary")


@dataclass(frozen=True)
class Package:
    """A package in one or more images. `sha256` is the digest of the archive that pip would install, if it is known."""

    name: str
    version: str
    metadata: dict[str, Any]
    sha256: str | None
    images: tuple[str, ...]

    @property
    def purl(self) -> str:
        """The package URL, as advisories and bills of materials write it."""
        return f"pkg:pypi/{canonical(self.name)}@{self.version.split('+')[0]}"


def canonical(name: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def asked(dockerfile: Path) -> list[str]:
    """What a Dockerfile asks pip to install, as pip's arguments from the repository's root."""
    text = dockerfile.read_text().replace("\\\n", " ")
    found: list[str] = []
    # Without --python, pip installs what only the build needs. Without an index, it installs our own wheels.
    for line in re.findall(r"\bpip --python \S+ install ((?:(?!&&).)*)$", text, re.MULTILINE):
        words = shlex.split(line)
        while words:
            word = words.pop(0)
            value = words.pop(0) if word in VALUED else None
            if word == "--requirement" and value is not None:
                # The build copies this file beside the constraints.
                found += [word, str((dockerfile.parent / value).relative_to(ROOT))]
            elif word == "--constraint" and value is not None and value not in found:
                found += [word, value]
            elif not word.startswith("-"):
                found.append(word)
    return found


def resolved(image: str) -> list[dict[str, Any]]:
    """What pip would install into an image, as entries of its report. Nothing is installed.

    Raises `RuntimeError` with pip's own words if it finds no set of packages.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    command += asked(IMAGES[image])
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"pip cannot tell what the image {image} installs:\n{run.stderr.strip()}")
    entries: list[dict[str, Any]] = json.loads(run.stdout)["install"]
    return entries


def merged(reports: dict[str, list[dict[str, Any]]]) -> list[Package]:
    """The packages of all images, each once for a version, without our own."""
    found: dict[tuple[str, str], Package] = {}
    for image, entries in reports.items():
        for entry in entries:
            metadata, archive = entry["metadata"], entry["download_info"].get("archive_info", {})
            if "dir_info" in entry["download_info"]:
                continue  # a folder of this repository
            key = (canonical(metadata["name"]), metadata["version"])
            before = found.get(key)
            images = (*(before.images if before else ()), image)
            found[key] = Package(*key, metadata, archive.get("hashes", {}).get("sha256"), images)
    return [found[key] for key in sorted(found)]


def requirements(packages: Iterable[Package]) -> str:
    """The packages as a requirements file of exact versions. A label such as +cpu names a build, not a release."""
    return "".join(f"{package.name}=={package.version.split('+')[0]}\n" for package in packages)
