"""Remove from an environment what the gateway never reads: python slim.py /opt/earthgan.

The image is built with it, and compiles and starts the gateway afterwards, which would tell what was removed in error.
It fails if something that it is to remove is not there, because then this list is out of date.
"""

from __future__ import annotations

import shutil
import struct
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

#: In the head of a 64-bit ELF file: where tables begin, and the size and number of their entries.
_PROGRAM_AT, _SECTIONS_AT, _PROGRAM_SIZE, _SECTIONS_SIZE = 32, 40, 54, 58
#: In an entry of the table of segments: where a segment begins in the file, and its size there.
_SEGMENT_AT, _SEGMENT_SIZE = 8, 32


def without_symbols(library: bytes) -> bytes:
    """A 64-bit little-endian ELF file without what follows its last segment, and without its table of sections.

    A program loads segments alone. Raises ValueError for another file.
    """
    if library[:6] != b"\x7fELF\x02\x01":
        raise ValueError("this is no 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", library, _PROGRAM_AT)
    size, number = struct.unpack_from("<HH", library, _PROGRAM_SIZE)
    end = table + size * number
    for at in range(table, end, size):
        (begins,), (length,) = (struct.unpack_from("<Q", library, at + part) for part in (_SEGMENT_AT, _SEGMENT_SIZE))
        end = max(end, begins + length)
    kept = bytearray(library[:end])
    struct.pack_into("<Q", kept, _SECTIONS_AT, 0)
    struct.pack_into("<HHH", kept, _SECTIONS_SIZE, 0, 0, 0)
    return bytes(kept)


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
        for path in packages.glob(pattern):
            path.write_bytes(without_symbols(path.read_bytes()))


if __name__ == "__main__":
    for folder in Path(sys.argv[1]).glob("lib/python3*/site-packages"):
        slim(folder)
