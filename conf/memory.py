"""Keeps big buffers out of the heap, so that memory used for one copy goes back when it is done; glibc only."""

import ctypes
import gc

_M_MMAP_THRESHOLD = -3  # from malloc.h
_M_ARENA_MAX = -8
_BIG = 256 * 1024


def return_big_buffers() -> None:
    """Give buffers of 256 KiB and more pages of their own: freed, they go back at once.

    Left alone, glibc raises that limit to 32 MiB with use, and a process keeps what its largest copy needed.
    """
    libc = _libc()
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, _BIG)
        libc.mallopt(_M_ARENA_MAX, 2)


def return_free_memory() -> None:
    """Give back what is free now; after a large job, not on a hot path."""
    gc.collect()
    libc = _libc()
    if libc is not None:
        libc.malloc_trim(0)


def _libc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
