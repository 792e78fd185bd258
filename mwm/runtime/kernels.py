"""Arithmetic of a stage: the environment that PyTorch's libraries read when it is first imported.

Libraries choose their kernels by the processor, and other kernels sum in another order. Here they
are fixed to AVX2, which every x86-64 processor of the last ten years has, so that one with AVX-512
gives the bytes of one without (docs/reproducibility.md has what was measured, and what it costs).
"""

import ctypes
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

from mwm import UsageError
from mwm.settings.arithmetic import CHANGING, KERNELS, THREADS

CHOICE = "MWM_KERNELS"
FIXED, NATIVE = "fixed", "native"  # its values; the first if it is not set

# PyTorch's threads (libgomp) wait for each other by spinning. Beside another busy process that
# takes their cores away from those who work: a training step took 1,360 ms instead of 59.
PATIENT = {"GOMP_SPINCOUNT": "0"}

FLUSH = 1 << 15 | 1 << 6  # bits of MXCSR: results and operands that are denormal count as 0

MEMORY = {-3: 2**30, -1: 2**31 - 1}  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD: bytes


def prepare() -> None:
    """Compute as every stage does: `pin`, `keep_memory` and `flush_denormals`.

    Raises:
        UsageError: MWM_KERNELS says something else than fixed or native.
    """
    pin()
    keep_memory()
    flush_denormals()


def pin() -> None:
    """Fix what decides results, and tell on stderr which variables of the user were set aside.

    With MWM_KERNELS=native libraries choose their kernels, and the user may change them; what makes
    results wrong is taken out all the same. Kernels are fixed on x86-64 with AVX2 alone.

    Raises:
        UsageError: MWM_KERNELS says something else.
    """
    choice = os.environ.get(CHOICE, FIXED)
    if choice not in (FIXED, NATIVE):
        raise UsageError(f"{CHOICE}: expected fixed or native, found {choice!r}")
    wanted = dict(THREADS)
    if choice == FIXED:
        wanted |= CHANGING | (KERNELS if _has_avx2() else {})
    aside = []
    for name, value in wanted.items():
        found = os.environ.pop(name, None)
        if found is not None and found.lower() != (value or "").lower():
            aside.append(f"{name}={found}")
        if value is not None:
            os.environ[name] = value
    if aside:
        print(
            f"note: set aside, as it would change or falsify results: {', '.join(aside)} "
            "(docs/reproducibility.md)",
            file=sys.stderr,
        )
    for name, value in PATIENT.items():
        os.environ.setdefault(name, value)


def keep_memory() -> None:
    """Let glibc keep freed memory, however large: a training step frees and takes megabytes.

    Otherwise each of its large arrays is mapped anew and zeroed by the kernel, 2,000 page faults a
    step (`python -m bench.kernels` measures it). No setting of the environment, since glibc reads
    that before Python starts.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL("libc.so.6")
        for option, value in MEMORY.items():
            libc.mallopt(option, value)


def flush_denormals() -> None:
    """Let the processor take float32 below 1.2e-38 for 0, in this thread and those that it starts.

    Adam's averages for what seldom shows become as small. A processor may need a hundred cycles for
    an operation with such a number: on an Intel Xeon a step of `see` took 100 ms instead of 35, and
    ended with the same bytes (docs/reproducibility.md). No setting of the environment does this,
    and PyTorch's own function would import it, which takes seconds that not every stage needs.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return
    with suppress(OSError, AttributeError):  # another C library
        libm = ctypes.CDLL("libm.so.6")
        state = (ctypes.c_uint32 * 8)()  # fenv_t: seven words of the x87, then MXCSR
        libm.fegetenv(state)
        state[7] |= FLUSH
        libm.fesetenv(state)


def processor() -> str:
    """The processor's name, and the widest vectors that it has, as far as the system tells."""
    told = _cpuinfo()
    names = [line.partition(":")[2].strip() for line in told if line.startswith("model name")]
    flags = {flag for line in told if line.startswith("flags") for flag in line.split()}
    widest = next((w for w in ("avx512f", "avx2", "avx") if w in flags), "")
    return f"{(names or [platform.processor() or platform.machine()])[0]} {widest}".strip()


def _has_avx2() -> bool:
    return any(line.startswith("flags") and " avx2" in line for line in _cpuinfo())


def _cpuinfo() -> list[str]:
    with suppress(OSError):
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return []
