"""The device to train on, and what PyTorch holds globally."""

import torch

from mwm import UsageError
from mwm.models import selftest
from mwm.settings.train import RunSettings


def prepare_device(run: RunSettings) -> torch.device:
    """Choose the device by params `train.run`; set its number of threads and its precision.

    Raises:
        UsageError: CUDA is asked for and absent, or a CPU is asked for reduced precision.
        MwmError: PyTorch computes wrongly here.
    """
    cuda = torch.cuda.is_available()
    if run.device == "cuda" and not cuda:
        raise UsageError("train.run.device: expected a CUDA device, found none; use cpu or auto")
    device = torch.device("cuda" if cuda and run.device != "cpu" else "cpu")
    if device.type == "cpu" and run.precision != "float32":
        raise UsageError(
            f"train.run.precision: expected float32 on a CPU, found {run.precision} "
            "(bfloat16 is 150 times slower there); use float32, or a CUDA device"
        )
    torch.set_num_threads(run.threads)
    torch.backends.cuda.matmul.allow_tf32 = run.precision != "float32"
    torch.backends.cudnn.allow_tf32 = run.precision != "float32"
    selftest.check(device)
    return device
