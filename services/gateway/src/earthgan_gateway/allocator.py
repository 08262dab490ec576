"""Settings of the C library's memory allocator."""

from __future__ import annotations

import ctypes

#: The parameters' numbers in glibc's `mallopt`.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def give_memory_back() -> None:
    """Make the allocator return free memory to the system, so that caches bounded in bytes bound the process.

    By default, glibc gives only large arrays pages of their own, and it raises that threshold up to 32 MB as large
    arrays are freed. It also keeps a heap for each thread. The gaps between cached arrays can then take as much memory
    as the arrays themselves. This function does not change other allocators.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no glibc
        return
    mallopt(_MMAP_THRESHOLD, 2**19)
    mallopt(_TRIM_THRESHOLD, 2**20)
    mallopt(_ARENA_MAX, 2)
