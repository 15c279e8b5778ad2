"""How running out of memory shows, in whatever layer it happens."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

# What Python, TensorFlow, MLIR, the dynamic loader and the C library say.
_SIGNS = (
    "bad_alloc",
    "cannot allocate memory",
    "can't start new thread",
    "failed to map segment",
    "length_error",
    "memoryerror",
    "mmap error: 12",
    "oom when allocating",
    "out of memory",
    "pthread_create() failed",
    "resource_exhausted",
    "resource temporarily unavailable",
    "unable to allocate",
)
_NEAR = 0.9


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that there is no memory left."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return False
        name = type(seen).__name__
        if isinstance(seen, MemoryError) or name in ("ResourceExhaustedError", "InternalError"):
            if name != "InternalError" or speaks_of_memory(str(seen)):
                return True
        if isinstance(seen, OSError | RuntimeError | ImportError) and speaks_of_memory(str(seen)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def is_near_limit() -> bool:
    """Whether this process has had nearly all of the address space it may have.

    Then errors of any kind come of it. False where the system does not tell.
    """
    with contextlib.suppress(ImportError, OSError, AttributeError, ValueError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        peak = re.search(r"VmPeak:\s*(\d+) kB", Path("/proc/self/status").read_text())
        if limit != resource.RLIM_INFINITY and peak is not None:
            return int(peak[1]) << 10 > _NEAR * limit
    return False


def speaks_of_memory(text: str) -> bool:
    """Whether words of a runtime are about memory that it did not get."""
    lower = text.lower()
    return any(sign in lower for sign in _SIGNS)
