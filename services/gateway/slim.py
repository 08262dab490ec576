"""Remove from an environment what the gateway never reads: python slim.py /opt/earthgan.

The image is built with it, and compiles and starts the gateway afterwards, which would tell what was removed in error.
It fails if a part that it is to remove is not there, because then this list is out of date. It needs `strip`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

#: Tests, and bytecode of modules that the gateway may never import.
FOLDERS = ("**/__pycache__", "**/tests")
#: What compilers read, and what type checkers read.
FILES = ("**/*.c", "**/*.h", "**/*.pyx", "**/*.pxd", "**/*.pyi")
PARTS = (
    "onnxruntime/capi/libonnxruntime.so*",  # for programs in C; the module for Python holds the same once more
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "numpy/distutils",
    "numpy/f2py",
    "PIL/_avif.*.so",  # no route offers such pictures
    "pillow.libs/libavif-*",
)
#: Modules that come with symbols for debuggers.
WITH_SYMBOLS = ("uvloop/*.so", "netCDF4/*.so", "cftime/*.so", "pyproj/*.so", "httptools/**/*.so")


def slim(packages: Path) -> None:
    """Slim a folder `site-packages`. Raises FileNotFoundError if a part is not there."""
    for pattern in (*FOLDERS, *FILES, *PARTS):
        found = list(packages.glob(pattern))
        if not found and pattern in PARTS:
            raise FileNotFoundError(f"{packages / pattern}")
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    for pattern in WITH_SYMBOLS:
        subprocess.run(["strip", "--strip-unneeded", *packages.glob(pattern)], check=True)


if __name__ == "__main__":
    for folder in Path(sys.argv[1]).glob("lib/python3*/site-packages"):
        slim(folder)
