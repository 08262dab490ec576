"""`earthgan archive` packs a surrogate folder and TorchServe's handler into a `.mar` file with
TorchServe's archiver.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from earthgan.errors import BadInput
from earthgan.files import whole
from earthgan.surrogate import Surrogate
from earthgan_training.surrogates.folder import copy_files

ARCHIVER = [sys.executable, "-m", "model_archiver.model_packaging", "--version", "1.0", "--force"]
#: The packaged handler. In a checkout, its folder is a link to `services/torchserve`.
HANDLER = Path(__file__).parent.with_name("shipped") / "torchserve" / "handler.py"


def archive(surrogate: Path, out: Path, handler: Path) -> None:
    """Write `out` (`<name>.mar`), whole or not at all. The archive contains every file that the surrogate's spec names.

    Raises BadInput if the folder or the handler cannot be used, or if `out` cannot be written.
    """
    opened = Surrogate(surrogate)
    if out.suffix != ".mar":
        raise BadInput(f"{out}: the name of an archive must end in .mar")
    config = handler.with_name("model-config.yaml")
    for path in (handler, config):
        if not path.is_file():
            raise BadInput(f"{path}: no such file")
    with whole(out) as part:
        folder = part.parent
        copy_files(opened, folder / "surrogate")
        _pack(out.stem, folder, handler.resolve(), config.resolve())
        (folder / out.name).replace(part)


def _pack(name: str, scratch: Path, handler: Path, config: Path) -> None:
    # The archiver interprets commas and wildcards in the path of the extra files. It also empties a folder with the
    # model's name in the temporary folder. So it gets a plain relative path and its own temporary folder.
    files = ["--extra-files", "surrogate", "--handler", str(handler), "--config-file", str(config)]
    command = [*ARCHIVER, "--model-name", name, "--export-path", ".", *files]
    environment = os.environ | {"TMPDIR": str(scratch)}
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise BadInput(f"{name}.mar: the model archiver failed: {last}")
