"""The bill of materials: every Python package of the images and every library of TorchServe's jar, as CycloneDX."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from audit.jars import Library
from audit.packages import Package

#: SPDX has no identifier for these, and CycloneDX takes names in their place.
REFERENCE = "LicenseRef-"


def bill(version: str, packages: Iterable[tuple[Package, str]], libraries: Iterable[Library]) -> str:
    """A CycloneDX 1.6 document of packages, each with its licence, and of the jar's libraries."""
    components = [
        _component(package.name, package.version, package.purl, licence, package.sha256, package.images)
        for package, licence in packages
    ]
    components += [
        _component(purl.split("/")[2].split("@")[0], each.version, purl, each.licence, None, ("torchserve",))
        | {"group": each.group}
        for each in libraries
        for purl in each.purls
    ]
    root = {"type": "application", "bom-ref": "earthgan", "name": "earthgan", "version": version}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid4()}",
        "version": 1,
        "metadata": {"timestamp": datetime.now(UTC).isoformat(timespec="seconds"), "component": root},
        "components": sorted(components, key=lambda each: str(each["bom-ref"])),
    }
    return json.dumps(document, indent=1) + "\n"


def _component(
    name: str, version: str, purl: str, licence: str, sha256: str | None, images: tuple[str, ...]
) -> dict[str, Any]:
    component: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "purl": purl}
    if version:
        component["version"] = version
    if sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    if licence:
        component["licenses"] = [{"license": {"name": licence}} if REFERENCE in licence else {"expression": licence}]
    component["properties"] = [{"name": "earthgan:image", "value": image} for image in images]
    return component


def faults(document: str) -> list[str]:
    """What CycloneDX's own schema finds wrong with a document. This needs the environment of `make audit`."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(document)
    return [f"the bill of materials is not CycloneDX: {error}"] if error else []
