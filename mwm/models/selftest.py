"""A self-test of this process: an LSTM and its gradients against plain arithmetic, in a moment.

Where OpenMP gives fewer threads than PyTorch asks for, PyTorch's LSTM is off by 1.0 without a word
as soon as gradients are wanted, and training goes on with them.
"""

import ctypes

import torch
from torch import Tensor, nn

from mwm import MwmError

LENGTH, INPUTS, HIDDEN = 5, 38, 32  # a short sequence for the default run's M
PER_THREAD = 4  # sequences; with fewer, oneDNN may leave threads idle, and all is well
ALONE = 4  # sequences of the plain LSTM at once: products so small are of one thread
TOLERANCE = {"highest": 1e-4}  # relative, by PyTorch's precision of products; found: 4e-7 ...
ROUGH = 0.1  # ... and of all others, such as TF32


def check(device: torch.device) -> None:
    """Compare at the present number of threads and precision; 0.1 s, leaves no trace.

    Raises:
        MwmError: results are wrong; with the number of threads that were asked for and given.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        lstm = nn.LSTM(INPUTS, HIDDEN, batch_first=True)
        x = torch.randn(max(64, PER_THREAD * torch.get_num_threads()), LENGTH, INPUTS)
    parts = [_plain(lstm.double(), part) for part in torch.split(x.double(), ALONE)]
    expected = _results(torch.cat(parts), lstm)
    found = _results(lstm.to(device, torch.float32)(x.to(device))[0], lstm)
    pairs = zip(found, expected, strict=True)
    errors = [(a.cpu() - b).abs().max() / b.abs().max() for a, b in pairs]
    error = float(torch.stack(errors).max())  # NaN if any is: Python's max may pass over it
    tolerance = TOLERANCE.get(torch.get_float32_matmul_precision(), ROUGH)
    if not error <= tolerance:  # also where it is NaN
        asked, given = torch.get_num_threads(), threads()
        raise MwmError(
            "PyTorch computes wrongly here: expected an LSTM with gradients right to "
            f"{tolerance:g}, found it off by {error:.1g}, with {asked} threads asked for and "
            f"{given} given; take OMP_DYNAMIC and OMP_THREAD_LIMIT out of the environment, or ask "
            "for 1 thread (train.run.threads)"
        )


def _results(output: Tensor, lstm: nn.LSTM) -> list[Tensor]:
    """The output, and the gradients of its sum of squares."""
    gradients = torch.autograd.grad(output.square().sum(), list(lstm.parameters()))
    return [output.detach(), *gradients]


def _plain(lstm: nn.LSTM, x: Tensor) -> Tensor:
    """What an LSTM is to give, (b, t, hidden), by sums and products of single numbers."""
    inputs, recurrent, *biases = lstm.parameters()
    hidden = cell = x.new_zeros(len(x), HIDDEN)
    outputs = []
    for now in x.unbind(1):
        summed = (now[:, None] * inputs).sum(2) + (hidden[:, None] * recurrent).sum(2)
        i, f, g, o = (summed + biases[0] + biases[1]).chunk(4, 1)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cell.tanh()
        outputs.append(hidden)
    return torch.stack(outputs, 1)


def threads() -> int:
    """How many threads work at once in PyTorch's OpenMP, counted by a region of its own.

    Where its OpenMP has no GNU interface: how many PyTorch asks for.
    """
    try:
        parallel = ctypes.CDLL(torch._C.__file__).GOMP_parallel
    except (OSError, AttributeError):
        return torch.get_num_threads()
    counted: list[None] = []
    region = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: counted.append(None))
    parallel(region, None, 0, 0)  # 0: as many as are asked for
    return len(counted)
