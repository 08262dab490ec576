"""`make lock`: writes what the gateway's image installs, with the digests of every archive of every version.

PYTHONPATH=tests python -m audit.lock, in an environment with tests/audit/requirements.txt alone. uv chooses versions
that constraints.txt allows, for each processor that Linux runs on.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from audit.packages import ROOT

GATEWAY = ROOT / "services" / "gateway"
HEADER = "# `make lock` writes this file from pyproject.toml and constraints.txt.\n"


def required() -> list[str]:
    """What the gateway and the core need for serving, as requirements, without our own packages."""
    gateway = tomllib.loads((GATEWAY / "pyproject.toml").read_text())["project"]
    core = tomllib.loads((ROOT / "services" / "core" / "pyproject.toml").read_text())["project"]
    own = next(each for each in gateway["dependencies"] if each.startswith("earthgan["))
    extras = own.removeprefix("earthgan[").rstrip("]").split(",")
    found = [*core["dependencies"], *gateway["dependencies"]]
    found += [each for extra in extras for each in core["optional-dependencies"][extra]]
    return [each for each in found if each != own]


def built_with() -> list[str]:
    """What builds the two wheels."""
    builds = [
        tomllib.loads((ROOT / "services" / name / "pyproject.toml").read_text())["build-system"]["requires"]
        for name in ("core", "gateway")
    ]
    return sorted({each for build in builds for each in build})


def locked(requirements: list[str]) -> str:
    """The exact versions and digests for requirements. Raises `RuntimeError` with uv's words if there are none."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--constraint", "constraints.txt", "-"]
    run = subprocess.run(command, cwd=ROOT, input="\n".join(requirements), capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr.strip())
    return HEADER + run.stdout


def main() -> int:
    """Write both files."""
    files: dict[Path, list[str]] = {GATEWAY / "requirements.lock": required(), GATEWAY / "build.lock": built_with()}
    for path, requirements in files.items():
        text = locked(requirements)
        path.write_text(text)
        print(f"{path.relative_to(ROOT)}: {text.count('==')} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
