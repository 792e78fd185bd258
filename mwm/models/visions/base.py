"""What every vision model V is: a VAE of packed binary frames, whose decoder gives logits."""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from mwm import UsageError
from mwm.models import rarity
from mwm.settings.lines import did_you_mean
from mwm.settings.train import Model

PIXELS = 64 * 64
# Bounds of the log-variance: outside them exp() or its gradient overflows in the first steps.
LOG_VARIANCE = (-12.0, 4.0)


KINDS: dict[str, type["Vision"]] = {}


def vision(kind: str) -> Callable[[type["Vision"]], type["Vision"]]:
    """Register a subclass of `Vision` as the `kind` that params `train.model.vision` may name."""

    def register(architecture: type["Vision"]) -> type["Vision"]:
        if kind in KINDS:
            raise ValueError(f"a vision model {kind!r} is registered already")
        architecture.kind = kind
        KINDS[kind] = architecture
        return architecture

    return register


def make(config: Model) -> "Vision":
    """A fresh V of the kind that `config` names.

    Raises:
        UsageError: no such kind.
    """
    if config.vision not in KINDS:
        raise UsageError(
            f"train.model.vision: unknown kind {config.vision!r}; expected one of "
            f"{', '.join(KINDS)}{did_you_mean(config.vision, KINDS)}"
        )
    return KINDS[config.vision](config)


class Vision(nn.Module):
    """One world's V: encode a frame to a diagonal Gaussian over z, decode z to logits of pixels.

    Frames arrive packed, (n, 512) uint8, and are unpacked once per batch by `unpack` into what the
    architecture reads: `encode` and `loss` both take that.
    """

    kind: ClassVar[str]
    weights: Tensor

    def __init__(self, config: Model) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("weights", torch.ones(PIXELS))

    def calibrate(self, packed: Tensor) -> rarity.Usual:
        """Look at a sample of the world's frames (n, 512) before training, to weigh pixels.

        Returns:
            What the frames look like.
        """
        usual = rarity.usual(packed.cpu().numpy())
        weights = rarity.pixel_weights(usual.share, self.config.rare_pixels)
        self.weights.copy_(torch.from_numpy(weights))
        return usual

    def unpack(self, packed: Tensor) -> Any:
        """(n, 512) uint8 to what `encode` and `loss` read; here (n, 4096) float32 of 0 and 1."""
        return unpack_bits(packed)

    def encode(self, x: Any) -> tuple[Tensor, Tensor]:
        """Unpacked frames to mean and log-variance of z, each (n, latent)."""
        raise NotImplementedError

    def decode(self, z: Tensor) -> Tensor:
        """Latents (n, latent) to logits (n, 4096): sigmoid(logit) is the chance of a 1."""
        raise NotImplementedError

    def loss(self, z: Tensor, x: Any) -> Tensor:
        """d(decode(z), x): weighted sum over pixels, mean over frames (paper, L_r and L_p)."""
        return pixel_loss(self.decode(z), x, self.weights, self.config.loss)


def unpack_bits(packed: Tensor) -> Tensor:
    """(n, 512) uint8, most significant bit first, to (n, 4096) float32; on the frames' device."""
    shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=packed.device)
    return (packed[:, :, None] >> shifts & 1).flatten(1).float()


def pixel_loss(logits: Tensor, x: Tensor, weights: Tensor, kind: str) -> Tensor:
    """Loss of logits (n, 4096) against pixels: weighted sum over pixels, mean over frames."""
    if kind == "mse":
        return ((torch.sigmoid(logits) - x).square() @ weights).mean()
    return functional.binary_cross_entropy_with_logits(logits, x, weights, reduction="sum") / len(x)


def split_gaussian(both: Tensor) -> tuple[Tensor, Tensor]:
    """(…, 2 x latent) to mean and bounded log-variance, each (…, latent)."""
    mean, log_variance = both.chunk(2, dim=-1)
    return mean, log_variance.clamp(*LOG_VARIANCE)


def sample_gaussian(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """A reparametrised sample; the gradient flows to mean and log-variance."""
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + noise * (0.5 * log_variance).exp()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)): summed over the latent, mean over frames."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum() / len(mean)
