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
REAL = SHARED / "data" / "real"

needs_published = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published artefacts are not here")
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the shells of the contest's own data are not here")
