"""Pairs of worlds: one world's latents, decoded by another, against what that one really shows."""

from collections.abc import Iterator

from torch import Tensor

from mwm.metrics.errors import alignment, squared_error
from mwm.metrics.objects import OriginalView, f1
from mwm.models.encoding import Encoded, Sequences, decode
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import unpack_bits

Errors = dict[str, float]


class Target:
    """The world that decodes: its sequences, and what it makes of its own latents.

    Attributes:
        errors: squared errors per frame of its own latents. `reconstruction`: of codes.
            `prediction`: of M's predictions, against the next frame. `chance` and
            `predicted_chance`: the same for latents of unrelated frames.
        reconstructed: (n, 64, 64) bool, decoded from its own codes, in the original's pixels.
        truth: (n, 64, 64) bool, what is really there, in the original's pixels.
    """

    def __init__(
        self,
        model: MetaWorldModel,
        world: str,
        sequences: Sequences,
        view: OriginalView,
        latents: Encoded,
        unrelated: Tensor,
    ) -> None:
        """Decode the world's own latents.

        Args:
            model: holds `world`.
            world: whose V decodes.
            sequences: b x t frames of the world.
            view: of the world's pixels.
            latents: of these sequences, by the world's own V.
            unrelated: (b * t,) int64, for each frame the index of one that has nothing to do
                with it.
        """
        self._model, self._world, self._view = model, world, view
        self._now, self._after = sequences.now, sequences.after
        own, predicted = self._decode(latents)
        self.errors = {
            "reconstruction": squared_error(own, self._now),
            "chance": squared_error(own[unrelated], self._now),
            "prediction": squared_error(predicted, self._after),
            "predicted_chance": squared_error(predicted[unrelated], self._after),
        }
        self.reconstructed = view.binary(own)
        self.truth = view.binary(unpack_bits(self._now))

    def compare(self, source: Encoded) -> tuple[Errors, Tensor]:
        """Decode the latents of another world, which shows the same moments of play.

        Returns:
            `transfer`, squared error per frame; `predicted_transfer`, that of M's predictions
            against the next frame; the `alignment` of both. And what was decoded, (n, 64, 64) bool
            in the original's pixels.
        """
        decoded, predicted = self._decode(source)
        own = self.errors
        transfer = squared_error(decoded, self._now)
        predicted_transfer = squared_error(predicted, self._after)
        errors = {
            "transfer": transfer,
            "predicted_transfer": predicted_transfer,
            "alignment": alignment(transfer, own["reconstruction"], own["chance"]),
            "predicted_alignment": alignment(
                predicted_transfer, own["prediction"], own["predicted_chance"]
            ),
        }
        return errors, self._view.binary(decoded)

    def objects(self, found: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Per object its name, its box in `found` (n, 64, 64), and in the truth: (n, h, w) bool."""
        for name in self._view.objects:
            yield name, self._view.crop(found, name), self._view.crop(self.truth, name)

    def f1(self, found: Tensor) -> dict[str, float | None]:
        """F1 of every object in `found` (n, 64, 64) bool, in the original's pixels."""
        return {name: f1(box, truth) for name, box, truth in self.objects(found)}

    def _decode(self, latents: Encoded) -> tuple[Tensor, Tensor]:
        code, prediction = (decode(self._model, self._world, z.flatten(0, 1)) for z in latents)
        return code, prediction
