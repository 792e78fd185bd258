"""The system as it is on a file system without flock, as some mounts of Lustre and FUSE are.

A library that is loaded before all others makes flock fail, for Python, DVC and HDF5 alike: so no
mount is needed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHIM = """
#include <errno.h>
#include <stdlib.h>
int flock(int descriptor, int operation) {
    (void)descriptor, (void)operation;
    errno = atoi(getenv("NOFLOCK"));
    return -1;
}
"""


def without_flock(folder: Path, number: int) -> dict[str, str]:
    """An environment in which flock fails with the error `number`; the library is in `folder`.

    Skips the test where there is no C compiler, or on another system than Linux.
    """
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("a C compiler is needed, and Linux")
    source, library = folder / "shim.c", folder / "shim.so"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    preloaded = f"{library} {os.environ.get('LD_PRELOAD', '')}".strip()
    return {"LD_PRELOAD": preloaded, "NOFLOCK": str(number)}
