"""The vision model for CPUs: it reads only the pixels that differ from the background."""

from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

from mwm.models.visions.base import PIXELS, Vision, pixel_loss, split_gaussian, vision
from mwm.settings.train import Model

SIDE = 64
BLANK_LOGIT = -3.0  # initial logit of a pixel that differs from the background: objects are rare


class OnPixels(NamedTuple):
    """Where a batch of n frames differs from the background.

    Attributes:
        flat: (k,) int64, rising: frame * 4096 + pixel.
        offsets: (n,) int64: where each frame starts in `flat`.
    """

    flat: Tensor
    offsets: Tensor


@vision("sparse")
class SparseVision(Vision):
    """Sum of embeddings of the "on" pixels; a decoder of rank-k outer products, rows by columns.

    "On" means different from the background, the most frequent value of each pixel, so that a world
    with inverted colours costs the same as any other. Every axis-aligned rectangle is an outer
    product of rank 1: `rank` bounds how many unrelated rectangles a frame may hold.
    """

    background: Tensor
    sign: Tensor

    def __init__(self, config: Model) -> None:
        super().__init__(config)
        hidden = config.hidden
        self.embedding = nn.Parameter(0.05 * torch.randn(PIXELS, hidden))
        self.embedding_bias = nn.Parameter(torch.zeros(hidden))
        self.encoder = nn.Sequential(
            nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2 * config.latent)
        )
        self.decoder = nn.Sequential(
            nn.Linear(config.latent, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2 * config.rank * SIDE),
        )
        self.canvas = nn.Parameter(torch.full((SIDE, SIDE), BLANK_LOGIT))
        self.register_buffer("background", torch.zeros(PIXELS // 8, dtype=torch.uint8))
        self.register_buffer("sign", torch.ones(PIXELS))

    def calibrate(self, packed: Tensor) -> None:
        """Take the most frequent value of each pixel in `packed` (n, 512) as the background."""
        bits = np.unpackbits(packed.cpu().numpy(), axis=1)
        common = (2 * bits.sum(axis=0, dtype=np.int64) > len(bits)).astype(np.uint8)
        self.background.copy_(torch.from_numpy(np.packbits(common)))
        self.sign.copy_(torch.from_numpy(1.0 - 2.0 * common))

    def unpack(self, packed: Tensor) -> OnPixels:
        """(n, 512) uint8 to the places of the "on" pixels."""
        different = torch.bitwise_xor(packed, self.background)
        if packed.device.type == "cpu":  # torch.nonzero takes four times as long there
            bits = np.unpackbits(different.numpy())
            flat = torch.from_numpy(np.flatnonzero(bits.view(bool)))
        else:
            shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=packed.device)
            flat = (different[:, :, None] >> shifts & 1).flatten().nonzero().squeeze(1)
        frame_starts = torch.arange(0, len(packed) * PIXELS, PIXELS, device=packed.device)
        return OnPixels(flat, torch.searchsorted(flat, frame_starts))

    def encode(self, x: OnPixels) -> tuple[Tensor, Tensor]:
        """ "On" pixels of n frames to mean and log-variance, each (n, latent)."""
        summed = functional.embedding_bag(x.flat % PIXELS, self.embedding, x.offsets, mode="sum")
        return split_gaussian(self.encoder(summed + self.embedding_bias))

    def decode(self, z: Tensor) -> Tensor:
        """(n, latent) to logits (n, 4096) in the world's own colours."""
        return self._differences(z) * self.sign

    def loss(self, z: Tensor, x: OnPixels) -> Tensor:
        """As `Vision.loss`; differences from the background have the same loss."""
        logits = self._differences(z)
        if self.config.loss == "bce":
            return cast(Tensor, _SparseCrossEntropy.apply(logits, x.flat))  # type: ignore[no-untyped-call]
        target = torch.zeros_like(logits)
        target.view(-1)[x.flat] = 1.0
        return pixel_loss(logits, target, self.config.loss)

    def _differences(self, z: Tensor) -> Tensor:
        """Logits (n, 4096) that a pixel differs from the background."""
        rows, columns = self.decoder(z).view(-1, 2, self.config.rank, SIDE).unbind(1)
        canvas = self.canvas.expand(len(z), SIDE, SIDE)
        return torch.baddbmm(canvas, rows.transpose(1, 2), columns).view(-1, PIXELS)


class _SparseCrossEntropy(torch.autograd.Function):
    """Cross-entropy against rare ones: the sum of softplus(l), less the sum of l at "on" pixels.

    Its gradient, sigmoid(l) less 1 at "on" pixels, needs no dense target: half the memory traffic
    of binary_cross_entropy_with_logits.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, logits: Tensor, flat: Tensor) -> Tensor:
        ctx.save_for_backward(logits, flat)
        on = logits.view(-1)[flat].sum()
        return (functional.softplus(logits).sum() - on) / len(logits)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
        logits, flat = ctx.saved_tensors  # type: ignore[attr-defined]
        difference = torch.sigmoid(logits)
        difference.view(-1)[flat] -= 1.0
        return difference.mul_(grad / len(logits)), None
