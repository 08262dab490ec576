"""Runs the web client's own unit tests, where Node.js is there to run them."""

import shutil
import subprocess

import pytest

from places import ROOT

TESTS = ROOT / "clients" / "web" / "test"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_web_modules_pass_their_own_tests() -> None:
    files = sorted(str(path) for path in TESTS.glob("*.test.js"))
    assert files
    done = subprocess.run(["node", "--test", *files], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
