"""What the operating system refuses, in words: what it said, and what to do about that."""

import errno
import os

MEMORY = "free some, or raise the limit (`ulimit -v`, a container's, the scheduler's)"
SPACE = "free some space or quota there, and run the command again"
RIGHTS = "allow it to this user, or use another place"
THROUGH = "the path leads through a file: remove that, or choose another folder"
FLOCK = "where the file system has no locks, use another one (docs/running.md)"
FILES = "raise the limit (`ulimit -n`), or run less at once"

ADVICE = {
    errno.EACCES: RIGHTS,
    errno.EAGAIN: "another program holds it, or a limit is reached (`ulimit -u`): end what does",
    errno.EDQUOT: SPACE,
    errno.EEXIST: THROUGH,
    errno.EFBIG: "see `ulimit -f`, and run the command again",
    errno.EISDIR: "a folder has that name: remove it, or choose another name",
    errno.EMFILE: FILES,
    errno.ENFILE: FILES,
    errno.ENOENT: "make it, or use another place",
    errno.ENOLCK: FLOCK,
    errno.ENOMEM: MEMORY,
    errno.ENOSPC: SPACE,
    errno.ENOTDIR: THROUGH,
    errno.ENOTSUP: FLOCK,
    errno.EPERM: RIGHTS,
    errno.EROFS: RIGHTS,
}


# Told by libraries in their own exceptions, of which nothing but the words tells.
LIMITS = (errno.EAGAIN, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC)
MEMORY_ERRORS = ("out of memory", "allocate memory", "bad_alloc", "failed to map segment")


def told(error: BaseException) -> str | None:
    """The system's own words, and what to do; None if the error is not of the system."""
    number = error.errno if isinstance(error, OSError) else None
    if out_of_memory(error):
        number = errno.ENOMEM
    if number is None and isinstance(error, OSError | RuntimeError | ImportError):
        number = next((limit for limit in LIMITS if os.strerror(limit) in str(error)), None)
    if number is None:  # h5py's `OSError` of a damaged file has none
        return None
    return f"{os.strerror(number)}; {ADVICE.get(number, 'mend that, and run the command again')}"


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is too little memory: NumPy's, PyTorch's, or a loader's."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError | ImportError) and any(w in said for w in MEMORY_ERRORS)
    )
