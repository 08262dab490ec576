"""`earthgan archive`: packs a surrogate folder and TorchServe's handler into a `.mar`, with TorchServe's own
archiver.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from earthgan.errors import BadInput
from earthgan.surrogate import Surrogate


def archive(surrogate: Path, out: Path, handler: Path, version: str = "1.0") -> None:
    """Write `out` (`<name>.mar`), whole or not at all. The archive carries every file of the surrogate folder.

    Raises BadInput where the folder or the handler cannot be used.
    """
    Surrogate(surrogate)
    if out.suffix != ".mar":
        raise BadInput(f"{out}: an archive's name ends in .mar")
    config = handler.with_name("model-config.yaml")
    for path in (handler, config):
        if not path.is_file():
            raise BadInput(f"{path}: no such file")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}-") as scratch:
        # The archiver takes a folder's contents; hidden files of an interrupted export stay behind.
        content = Path(scratch) / "surrogate"
        shutil.copytree(surrogate, content, ignore=shutil.ignore_patterns(".*"))
        command = [
            sys.executable,
            "-m",
            "model_archiver.model_packaging",
            "--model-name",
            out.stem,
            "--version",
            version,
        ]
        command += ["--handler", str(handler), "--config-file", str(config)]
        command += ["--extra-files", str(content), "--export-path", scratch, "--force"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip() or "no message").splitlines()[-1]
            raise BadInput(f"{out}: the model archiver failed: {last}")
        (Path(scratch) / out.name).replace(out)
