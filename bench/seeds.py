"""An R step of several seeds: one batched model, against one model after another.

Where one model already fills the processor, batching gains nothing, and seeds had better run side
by side, a process for each core. Both contenders are plain PyTorch, and their gradients agree.
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from bench.table import OURS, Row, measured, seconds
from bench.training import model_of, packed
from mwm.models.visions.base import Vision, kl_divergence, pixel_loss
from mwm.settings import params

SEEDS = 4
ROUNDS, TIMES = 5, 3


class Loss(nn.Module):
    """That of an R step of one world, without constraints."""

    def __init__(self, vision: Vision) -> None:
        super().__init__()
        self.vision = vision

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """Of unpacked frames (n, 4096), with the noise (n, latent) of their latents."""
        mean, log_variance = self.vision.encode(x)
        logits = self.vision.decode(mean + noise * (0.5 * log_variance).exp())
        pixels = pixel_loss(logits, x, self.vision.weights, "bce")
        return pixels + kl_divergence(mean, log_variance)


def rows() -> list[Row]:
    p = params.load().train
    torch.set_num_threads(p.run.threads)
    count = p.batch.frames
    losses = [Loss(model_of(p, "dense").vision("mirror")) for _ in range(SEEDS)]
    x = torch.stack([losses[0].vision.unpack(packed(count, seed)) for seed in range(SEEDS)])
    noise = torch.randn(SEEDS, count, p.model.latent, generator=torch.Generator().manual_seed(0))
    weights, buffers = stack_module_state(losses)
    weights = {name: weight.detach() for name, weight in weights.items()}

    def loss(weights: dict[str, Tensor], buffers: dict[str, Tensor], *seen: Tensor) -> Tensor:
        found: Tensor = functional_call(losses[0], (weights, buffers), seen)
        return found

    step = grad(loss)

    def apart() -> list[dict[str, Tensor]]:
        states = ({k: v[n] for k, v in (weights | buffers).items()} for n in range(SEEDS))
        return [
            step({k: state[k] for k in weights}, {k: state[k] for k in buffers}, x[n], noise[n])
            for n, state in enumerate(states)
        ]

    def together() -> dict[str, Tensor]:
        found: dict[str, Tensor] = vmap(step)(weights, buffers, x, noise)
        return found

    for name, batched in together().items():
        torch.testing.assert_close(batched, torch.stack([one[name] for one in apart()]))
    contenders = {
        OURS: seconds(apart, TIMES, 1e3),
        "one batched model": seconds(together, TIMES, 1e3),
    }
    name = f"R gradients, dense, {SEEDS} seeds x {count} frames"
    return [Row(name, "ms", measured(contenders, ROUNDS))]
