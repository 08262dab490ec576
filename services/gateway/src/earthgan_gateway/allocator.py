"""How the C library's allocator deals with memory that is free again."""

from __future__ import annotations

import ctypes

#: glibc's numbers for `mallopt`.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def give_memory_back() -> None:
    """Make the allocator return free memory to the system, so that caches bounded in bytes bound the process.

    By itself, glibc raises the size from which an array has pages of its own to 32 MB as soon as one array of that
    size was freed, and keeps a heap for each thread: holes between what is kept then take as much again. Other
    allocators are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no glibc
        return
    mallopt(_MMAP_THRESHOLD, 2**19)
    mallopt(_TRIM_THRESHOLD, 2**20)
    mallopt(_ARENA_MAX, 2)
