"""What the page is told of a surrogate, so that it computes its shells and asks for nothing but files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any

from earthgan.parts import divided
from earthgan.spec import SPEC_FILE
from earthgan.surrogate import Surrogate
from earthgan.verified import files_of
from earthgan_gateway import catalog
from earthgan_gateway.offer import Offer
from earthgan_gateway.page.first import first_field
from earthgan_gateway.pictures import Style

#: The kinds of surrogates that a browser computes.
KINDS = ("spectral",)
#: The parts of spec.json that a browser computes with. The catalog says the rest.
_SPEC = ("format", "variables", "grid", "generator", "inputs")
#: The arrays that only a refinement needs begin with this.
_REFINEMENT = "refinement."
#: So many digits of a digest tell files apart that nobody has made alike: 128 bits. All would be half of what a series
#: is described by.
_DIGITS = 32


@dataclass(frozen=True)
class Manifest:
    """The document that the page is told, and the surrogate's parts by file name: gzip of the weights' parts."""

    document: Mapping[str, Any]
    parts: Mapping[str, bytes]

    @classmethod
    def of(cls, offer: Offer) -> Manifest:
        """Make the manifest of a surrogate. If browsers cannot compute it, `surrogate` of the document is null."""
        packed, parts = (None, {}) if why_not(offer.surrogate) else _packed(offer.surrogate)
        legends = {
            name: catalog.legend(offer.surrogate, quantity, Style.of(quantity))
            for name, quantity in offer.quantities.items()
        }
        listed = catalog.catalog(offer)
        if packed is not None:
            del listed["grid"]  # spec.json states it
            decimals = listed["length_decimals"]
            listed["shells"] = {name: _rises(listed["shells"], name, decimals) for name in ("radius_km", "depth_km")}
        return cls({"catalog": listed, **catalog.variables(offer), "legends": legends, "surrogate": packed}, parts)


def why_not(surrogate: Surrogate) -> str | None:
    """Why no browser can compute a surrogate, or None."""
    preset = surrogate.spec.generator.arguments.preset
    if preset not in KINDS:
        return f"browsers compute surrogates of the kind {' and '.join(KINDS)} only, and this one is {preset}"
    if surrogate.spec.mask is not None or any(step.mask is not None for step in surrogate.steps):
        return "some of its cells have no value, which browsers cannot tell yet"
    return None


def served_files(surrogate: Surrogate) -> list[str]:
    """All files of a surrogate's folder: its description, and what that names. `earthgan.open` needs every one of them,
    and browsers all but the ONNX file.
    """
    return [SPEC_FILE, *(file.file for file in files_of(surrogate.spec))]


def _rises(shells: Sequence[Mapping[str, float]], name: str, decimals: int) -> list[int]:
    """The lengths of all shells in units of their last decimal, each as its rise over what the rise before leads to.
    Most of them are 0, 1 or -1.
    """
    units = [round(shell[name] * 10**decimals) for shell in shells]
    rises = [unit - before for before, unit in pairwise([0, *units])]
    return [rise - before for before, rise in pairwise([0, *rises])]


def _packed(surrogate: Surrogate) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What a browser computes a surrogate from, besides the time steps. What is coded of a step needs the first part of
    the weights alone.
    """
    stated = json.loads((surrogate.folder / SPEC_FILE).read_bytes())
    first, rest = divided(surrogate.weights_path.read_bytes(), lambda name: not name.startswith(_REFINEMENT))
    refines = surrogate.spec.generator.arguments.model_dump().get("refinement") is not None
    weights = {"coded": first} | ({"refinement": rest} if refines else {})
    parts = {f"{name}.safetensors.gz": gzip.compress(data, 9, mtime=0) for name, data in weights.items()}
    files = {name: {"file": name, "sha256": sha256(data).hexdigest()[:_DIGITS]} for name, data in parts.items()}
    told = {name: files.get(f"{name}.safetensors.gz") for name in ("coded", "refinement")}
    spec = {name: stated[name] for name in _SPEC if name in stated}
    steps = [{**step, "sha256": step["sha256"][:_DIGITS]} for step in spec["inputs"]["steps"]]
    moved = sum((surrogate.folder / step["file"]).stat().st_size for step in steps)
    whole = spec | {"inputs": spec["inputs"] | {"steps": steps}}
    return {"spec": whole, "parts": told, "bytes": moved, "first": first_field(surrogate)}, parts
