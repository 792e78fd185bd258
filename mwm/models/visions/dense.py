"""The vision model without spatial structure: for worlds whose pixels have no neighbours."""

from typing import cast

from torch import Tensor, nn

from mwm.models.visions.base import PIXELS, Vision, split_gaussian, vision
from mwm.settings.train import Model


@vision("dense")
class DenseVision(Vision):
    """Fully connected: 4096 - hidden - hidden - 2 x latent, and back."""

    def __init__(self, config: Model) -> None:
        super().__init__(config)
        hidden = config.hidden
        self.encoder = nn.Sequential(
            nn.Linear(PIXELS, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2 * config.latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(config.latent, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, PIXELS),
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 4096) to mean and log-variance, each (n, latent)."""
        return split_gaussian(self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        """(n, latent) to logits (n, 4096)."""
        return cast(Tensor, self.decoder(z))
