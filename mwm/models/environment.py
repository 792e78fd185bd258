"""How a model was computed: the versions, kernels and threads that its last bits depend on."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mwm import __version__
from mwm.io import records
from mwm.models import selftest
from mwm.settings.arithmetic import CHANGING, KERNELS

CONSEQUENCE = "where sums are done in another order, last digits differ (docs/reproducibility.md)"


def environment(device: torch.device) -> dict[str, str]:
    """What is in force here, the same at every call: no times, paths or names of machines."""
    cuda = device.type == "cuda"
    fixed = [f"{name}={os.environ[name]}" for name in KERNELS | CHANGING if name in os.environ]
    return {
        "mwm": __version__,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
        "kernels": torch.backends.cpu.get_cpu_capability(),
        "fixed": " ".join(fixed),
        "threads": str(selftest.threads()),
        "precision": torch.get_float32_matmul_precision(),
        "device": torch.cuda.get_device_name(device) if cuda else device.type,
    }


def note(manifests: Sequence[Path], device: torch.device) -> str | None:
    """One line if models were trained elsewhere than here; None if not.

    Raises:
        MwmError: a manifest is missing or no JSON.
    """
    here = environment(device)
    elsewhere = []
    for path in manifests:
        there = records.read(path).get("environment", {})
        differing = [
            f"{key} {there.get(key, 'unknown')} there, {here[key]} here"
            for key in here
            if there.get(key) != here[key]
        ]
        if differing:
            elsewhere.append(f"{path}: trained elsewhere: {'; '.join(differing)}")
    if not elsewhere:
        return None
    more = f" (and {len(elsewhere) - 1} more)" if elsewhere[1:] else ""
    return f"note: {elsewhere[0]}{more}; {CONSEQUENCE}"
