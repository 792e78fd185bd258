"""The vision model for CPUs: it reads only the pixels that differ from the background."""

from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

from mwm.models.rarity import Usual
from mwm.models.visions.base import PIXELS, Vision, pixel_loss, split_gaussian, vision
from mwm.settings.train import Model

SIDE = 64
CHUNK = 100  # frames whose logits are in the cache at once: 1.6 MB
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

    def calibrate(self, packed: Tensor) -> Usual:
        """As `Vision.calibrate`; the most frequent value of each pixel is the background."""
        usual = super().calibrate(packed)
        self.background.copy_(torch.from_numpy(usual.background))
        self.sign.copy_(torch.from_numpy(1.0 - 2.0 * np.unpackbits(usual.background)))
        return usual

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
        rows, columns = self._factors(z)
        if self.config.loss == "bce":
            loss = _OuterCrossEntropy.apply(rows, columns, self.canvas, x.flat, self.weights)  # type: ignore[no-untyped-call]
            return cast(Tensor, loss)
        logits = _outer(rows, columns, self.canvas).flatten(1)
        target = torch.zeros_like(logits)
        target.view(-1)[x.flat] = 1.0
        return pixel_loss(logits, target, self.weights, self.config.loss)

    def _differences(self, z: Tensor) -> Tensor:
        """Logits (n, 4096) that a pixel differs from the background."""
        return _outer(*self._factors(z), self.canvas).flatten(1)

    def _factors(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Rows and columns, each (n, rank, 64), whose outer products draw the frames."""
        rows, columns = self.decoder(z).view(-1, 2, self.config.rank, SIDE).unbind(1)
        return rows, columns


def _outer(rows: Tensor, columns: Tensor, canvas: Tensor) -> Tensor:
    """Logits (n, 64, 64): the canvas and the sum of outer products of (n, rank, 64) factors."""
    return torch.baddbmm(canvas.expand(len(rows), SIDE, SIDE), rows.transpose(1, 2), columns)


class _OuterCrossEntropy(torch.autograd.Function):
    """Weighted cross-entropy of `_outer`'s logits against rare ones, and at once its gradient.

    The loss is the sum of softplus(l), less that of l at "on" pixels; its gradient is sigmoid(l),
    less 1 at "on" pixels. Logits are made, used and forgotten CHUNK frames at a time, so that they
    stay in the cache: half the time of three passes over all of them.
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cuda", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]
    def forward(
        ctx: FunctionCtx,
        rows: Tensor,
        columns: Tensor,
        canvas: Tensor,
        flat: Tensor,
        weights: Tensor,
    ) -> Tensor:
        n = len(rows)
        by_row, by_column, by_canvas = map(torch.empty_like, (rows, columns, canvas))
        by_canvas.zero_()
        total, square = rows.new_zeros(()), weights.view(SIDE, SIDE)
        edges = torch.arange(0, n + CHUNK, CHUNK, device=flat.device) * PIXELS
        on_edges = torch.searchsorted(flat, edges).tolist()
        for index, start in enumerate(range(0, n, CHUNK)):
            part = slice(start, start + CHUNK)
            logits = _outer(rows[part], columns[part], canvas)
            on = flat[on_edges[index] : on_edges[index + 1]] - start * PIXELS
            weight_on = weights[on % PIXELS]
            total += (functional.softplus(logits).sum(0) * square).sum()
            total -= (logits.view(-1)[on] * weight_on).sum()
            slope = logits.sigmoid_().mul_(square)
            slope.view(-1)[on] -= weight_on
            torch.bmm(columns[part], slope.transpose(1, 2), out=by_row[part])
            torch.bmm(rows[part], slope, out=by_column[part])
            by_canvas += slope.sum(0)
        ctx.save_for_backward(by_row, by_column, by_canvas)
        return total / n

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        by_row, by_column, by_canvas = ctx.saved_tensors  # type: ignore[attr-defined]
        factor = grad / len(by_row)
        return by_row * factor, by_column * factor, by_canvas * factor, None, None
