"""What sums over pixels leave out of codes: a small network that reads the sums."""

import torch
from torch import Tensor, nn

from mwm.models.codes import Codes

HIDDEN = 256  # units of each of its two layers
STEPS, BATCH = 2000, 1000
RATE = 3e-3  # at first; it falls to 0
SEED = 0  # of its weights and batches


class Remainder:
    """What is to be added to sums that stand for codes, so that they are the codes.

    V's codes are nearly sums over pixels. But V of one seed drew the agent's bat by where the
    opponent's is, and sums put that bat beside its place in a tenth of the frames. The sums still
    tell where everything is, and so what the code is: a network learns that from the original.

    Args:
        sums: (n, d), of the original's frames.
        codes: theirs.
    """

    @torch.enable_grad()
    def __init__(self, sums: Tensor, codes: Codes) -> None:
        d = sums.shape[1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            self._network = nn.Sequential(
                nn.Linear(d, HIDDEN),
                nn.ReLU(),
                nn.Linear(HIDDEN, HIDDEN),
                nn.ReLU(),
                nn.Linear(HIDDEN, d),
            )
        adam = torch.optim.Adam(self._network.parameters(), lr=RATE, fused=True)
        rng = torch.Generator().manual_seed(SEED)
        drawn = torch.multinomial(codes.weights, STEPS * BATCH, replacement=True, generator=rng)
        left_out = codes.z - sums
        for step, batch in enumerate(drawn.view(STEPS, BATCH)):
            for group in adam.param_groups:
                group["lr"] = RATE * (1 - step / STEPS)
            errors = self._network(sums[batch]) - left_out[batch]
            adam.zero_grad()
            (errors.square() @ codes.precision).mean().backward()
            adam.step()

    @torch.no_grad()
    def __call__(self, sums: Tensor) -> Tensor:
        """What sums (n, d) leave out, (n, d)."""
        found: Tensor = self._network(sums)
        return found
