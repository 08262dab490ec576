"""The page's WebAssembly is what its source compiles to, and small."""

import gzip
import shutil
import subprocess

import pytest

from places import ROOT

SOURCE = ROOT / "clients" / "kernel"
CODE = ROOT / "clients" / "web" / "surrogate" / "kernel-code.js"


def test_the_compiled_kernel_is_small() -> None:
    assert len(gzip.compress(CODE.read_bytes())) <= 4096


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_committed_kernel_is_what_the_source_compiles_to(request: pytest.FixtureRequest) -> None:
    folder = request.config.cache.mkdir("kernel")
    for name in ("kernel.wat", "build.js", "package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, folder / name)
    if not (folder / "node_modules" / "wabt").is_dir():
        installed = subprocess.run(["npm", "ci", "--silent"], cwd=folder, capture_output=True, timeout=120, check=False)
        if installed.returncode != 0:
            pytest.skip("npm cannot download wabt here")
    built = subprocess.run(["node", "build.js"], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr
    assert built.stdout == CODE.read_text()
