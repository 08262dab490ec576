"""`earthgan archive`: packs a surrogate folder and TorchServe's handler into a `.mar`, with its own archiver."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from earthgan.errors import BadInput
from earthgan.surrogate import Surrogate

ARCHIVER = [sys.executable, "-m", "model_archiver.model_packaging", "--version", "1.0", "--force"]
#: The handler that the package contains. In a checkout its folder is a link to `services/torchserve`.
HANDLER = Path(__file__).parent.with_name("shipped") / "torchserve" / "handler.py"


def archive(surrogate: Path, out: Path, handler: Path) -> None:
    """Write `out` (`<name>.mar`), whole or not at all. The archive carries every file of the surrogate folder.

    Raises BadInput where the folder or the handler cannot be used, or `out` cannot be written.
    """
    Surrogate(surrogate)
    if out.suffix != ".mar":
        raise BadInput(f"{out}: an archive's name ends in .mar")
    config = handler.with_name("model-config.yaml")
    for path in (handler, config):
        if not path.is_file():
            raise BadInput(f"{path}: no such file")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}-") as scratch:
            # Hidden files of an interrupted export stay behind.
            shutil.copytree(surrogate, Path(scratch) / "surrogate", ignore=shutil.ignore_patterns(".*"))
            _pack(out.stem, Path(scratch), handler.resolve(), config.resolve())
            (Path(scratch) / out.name).replace(out)
    except OSError as error:
        raise BadInput(f"{out}: cannot be written ({error.strerror or error})") from error


def _pack(name: str, scratch: Path, handler: Path, config: Path) -> None:
    # The archiver reads commas and wildcards in the path of the extra files, and empties a folder of the model's
    # name in the temporary folder: so it is given a plain relative path, and a temporary folder of its own.
    files = ["--extra-files", "surrogate", "--handler", str(handler), "--config-file", str(config)]
    command = [*ARCHIVER, "--model-name", name, "--export-path", ".", *files]
    environment = os.environ | {"TMPDIR": str(scratch)}
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise BadInput(f"{name}.mar: the model archiver failed: {last}")
