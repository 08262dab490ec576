"""Paths that tests use."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_SURROGATE = ROOT / "model_store" / "default"
BASELINE_SURROGATE = ROOT / "model_store" / "baseline"
SHARED = ROOT.parent / "shared"
PUBLISHED = SHARED / "data" / "published"
SIMULATED = SHARED / "data" / "simulated"
CASES = SHARED / "data" / "cases"

needs_published = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published artefacts are not here")
