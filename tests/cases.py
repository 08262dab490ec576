"""Inputs of other people, made by the generators of the shared cases."""

import importlib.util
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from places import CASES


def generate(name: str, out: Path) -> ModuleType:
    """Run a generator as `python case.py OUT` does. Its module holds `truth` and the axes."""
    if name == "zarr_store":
        pytest.importorskip("zarr")
    spec = importlib.util.spec_from_file_location(f"case_{name}", CASES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    was, sys.argv = sys.argv, [name, str(out)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the writers
            spec.loader.exec_module(module)
    finally:
        sys.argv = was
    return module


def mapping_of(name: str, out: Path) -> Path | None:
    path = out / f"{name}.toml"
    return path if path.exists() else None
