"""The paper's vision model: World Models' convolutional VAE (Ha & Schmidhuber 2018)."""

from typing import cast

from torch import Tensor, nn

from mwm.models.visions.base import Vision, split_gaussian, vision
from mwm.settings.train import Model

CODE = 1024  # 256 channels x 2 x 2 after the encoder; the decoder starts from as many


class FromPixel(nn.ConvTranspose2d):
    """A transposed convolution of one pixel, (n, c, 1, 1), without padding: a matrix product.

    PyTorch's own has the same numbers, but fills and adds up columns as if pixels overlapped, for a
    quarter of a training step's time (`python -m bench training`).
    """

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(n, in, 1, 1) to (n, out, *kernel_size)."""
        assert self.bias is not None
        products = x.flatten(1) @ self.weight.flatten(1)
        return products.unflatten(1, self.weight.shape[1:]) + self.bias[:, None, None]  # type: ignore[no-any-return,no-untyped-call]


@vision("conv")
class ConvVision(Vision):
    """Four convolutions 4 x 4 of stride 2 (64 - 31 - 14 - 6 - 2 pixels a side); four transposed
    convolutions of stride 2 from 1 x 1 (5 x 5, 5 x 5, 6 x 6, 6 x 6: 1 - 5 - 13 - 30 - 64)."""

    def __init__(self, config: Model) -> None:
        super().__init__(config)
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, 64, 64)),
            nn.Conv2d(1, 32, 4, stride=2),
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, stride=2),
            nn.ReLU(),
            nn.Conv2d(64, 128, 4, stride=2),
            nn.ReLU(),
            nn.Conv2d(128, 256, 4, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(CODE, 2 * config.latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(config.latent, CODE),
            nn.Unflatten(1, (CODE, 1, 1)),
            FromPixel(CODE, 128, 5, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(128, 64, 5, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 6, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 6, stride=2),
            nn.Flatten(),
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 4096) to mean and log-variance, each (n, latent)."""
        return split_gaussian(self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        """(n, latent) to logits (n, 4096)."""
        return cast(Tensor, self.decoder(z))
