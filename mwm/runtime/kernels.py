"""Arithmetic kernels: libraries choose theirs by the processor, and so sum in another order.

Pinned to AVX2, which every x86-64 processor of the last ten years has, one with AVX-512 gives the
bytes of one without (docs/reproducibility.md says what was measured, and what it costs). Read when
torch is first imported, so it must be set before.
"""

import ctypes
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

PINNED = {
    "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # the LSTM's, of oneDNN
    "MKL_CBWR": "AVX2",  # matrix products of MKL: "conditional bitwise reproducibility"
}

# PyTorch's threads (libgomp) wait for each other by spinning. Beside another busy process that
# takes their cores away from those who work: a training step took 1,360 ms instead of 59.
PATIENT = {"GOMP_SPINCOUNT": "0"}


MEMORY = {-3: 2**30, -1: 2**31 - 1}  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD: bytes


def pin() -> None:
    """Set what is not set already; kernels on x86-64 processors with AVX2 alone."""
    wanted = PATIENT | (PINNED if _has_avx2() else {})
    for name, value in wanted.items():
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
