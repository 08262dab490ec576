"""Surrogates for static sites: what ships, and a few of its steps under another name."""

import json
import shutil
from pathlib import Path

from earthgan.cli import main
from places import DEFAULT_SURROGATE

#: The steps of the excerpt: one that is coded by itself, and two that are predicted.
EXCERPT = (67, 68, 69)


def make_excerpt(folder: Path) -> Path:
    """Write a surrogate with three steps of the shipped one, into a new folder."""
    spec = json.loads((DEFAULT_SURROGATE / "spec.json").read_text())
    steps = [step for step in spec["inputs"]["steps"] if step["t"] in EXCERPT]
    spec |= {"title": "An excerpt", "inputs": spec["inputs"] | {"steps": steps}}
    (folder / "inputs").mkdir(parents=True)
    for name in ("generator.safetensors", "generator.onnx", *(step["file"] for step in steps)):
        shutil.copyfile(DEFAULT_SURROGATE / name, folder / name)
    (folder / "spec.json").write_text(json.dumps(spec))
    return folder


def make_site(out: Path, *surrogates: Path) -> Path:
    """Write a site with `earthgan site`."""
    assert main(["site", *map(str, surrogates), "--out", str(out)]) == 0
    return out
