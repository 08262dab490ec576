"""What is known to be vulnerable: pip-audit for Python, npm for what builds the page, and OSV for Java libraries."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from audit.jars import Library
from audit.packages import Package, requirements
from audit.waivers import Advisory

#: pip-audit asks this service, too.
OSV = "https://api.osv.dev/v1/query"
SILENCE_S = 30
LONGEST_SUMMARY = 100
Ask = Callable[[str], dict[str, Any]]


class NotAsked(Exception):
    """The service that knows vulnerabilities did not answer, so nobody knows whether there are any."""


def of_python(packages: Iterable[Package], folder: Path) -> list[Advisory]:
    """What pip-audit finds for packages. Its input and its answer stay in `folder`."""
    listed, found = folder / "requirements.txt", folder / "pip-audit.json"
    listed.write_text(requirements(packages))
    found.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pip_audit", "--strict", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    command += ["--vulnerability-service", "osv", "--format", "json", "--output", str(found)]
    run = subprocess.run([*command, "--requirement", str(listed)], capture_output=True, text=True, check=False)
    if not found.is_file() or not found.read_text().strip():
        raise NotAsked(f"pip-audit could not ask its service: {(run.stderr.strip() or 'no answer').splitlines()[-1]}")
    return [
        Advisory(each["name"], each["version"], frozenset([known["id"], *known["aliases"]]), _short(known))
        for each in json.loads(found.read_text())["dependencies"]
        for known in each["vulns"]
    ]


def _short(known: dict[str, Any]) -> str:
    text = str(known.get("summary") or known.get("description") or known.get("details") or "").strip()
    return text.splitlines()[0][:LONGEST_SUMMARY] if text else ""


def ask_osv(purl: str) -> dict[str, Any]:
    """OSV's answer for a package URL. Raises `NotAsked`."""
    body = json.dumps({"package": {"purl": purl}}).encode()
    request = urllib.request.Request(OSV, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=SILENCE_S) as answer:
            found: dict[str, Any] = json.load(answer)
    except (OSError, ValueError) as error:
        raise NotAsked(f"OSV could not be asked for {purl}: {error}") from error
    return found


def of_jar(libraries: Iterable[Library], ask: Ask = ask_osv) -> list[Advisory]:
    """What OSV knows of the jar's libraries whose versions are known."""
    return [
        Advisory(f"{each.group}:{purl.split('/')[2].split('@')[0]}", each.version, _names(known), _short(known))
        for each in libraries
        if each.version
        for purl in each.purls
        for known in ask(purl).get("vulns", [])
    ]


def _names(known: dict[str, Any]) -> frozenset[str]:
    return frozenset([known["id"], *known.get("aliases", [])])


def of_npm(folder: Path) -> list[Advisory]:
    """What `npm audit` finds for a folder with a package-lock.json."""
    run = subprocess.run(["npm", "audit", "--json"], cwd=folder, capture_output=True, text=True, check=False)
    return read_npm(run.stdout, folder.name)


def read_npm(answer: str, folder: str) -> list[Advisory]:
    """The advisories in an answer of `npm audit --json`. Raises `NotAsked` if it is none."""
    try:
        said = json.loads(answer)
        packages = said["vulnerabilities"]
    except (ValueError, KeyError) as error:
        why = said.get("message", "no answer") if isinstance(error, KeyError) else "no answer"
        raise NotAsked(f"npm could not ask its service for clients/{folder}: {why}") from error
    return [
        Advisory(name, each["range"], frozenset([str(via["url"]).rpartition("/")[2]]), str(via["title"]))
        for name, each in packages.items()
        for via in each["via"]
        if isinstance(via, dict)  # a string names another package of this answer
    ]
