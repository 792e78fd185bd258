"""Refine a recruit: what its V makes of a world is mended, and V recruited by that again."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.models.codes import Codes, half
from mwm.models.model import MetaWorldModel
from mwm.settings.train import ConstrainedAct, Record
from mwm.settling.settle import Settler
from mwm.settling.side import Side
from mwm.smoothing import smoother
from mwm.training import acts
from mwm.training.history import History


class Mender(NamedTuple):
    """Mends codes of another world by what is known of the original's.

    Attributes:
        codes: the original's.
        settler: which knows them.
        content: the other world's frames.
        world: its name.
    """

    codes: Codes
    settler: Settler
    content: Frames
    world: str

    @classmethod
    def load(
        cls,
        seen: MetaWorldModel,
        worlds: Mapping[str, Frames],
        folder: Path,
        hidden: int,
        own: Latents | None = None,
    ) -> "Mender":
        """For the second of two worlds, by the smoother in `folder`.

        Args:
            seen: the original's model.
            worlds: the frames of both, the original's first.
            folder: where the stage `smooth` put its network.
            hidden: units of that network's hidden layers.
            own: the part of the original's latents that actions decide, if it is known.
        """
        original, other = worlds
        codes = half(seen.vision(original), worlds[original], 0)
        smooth = smoother.load(folder, len(codes.dimensions), seen.actions, hidden)
        settler = Settler(smooth, Side(codes, worlds[original], own))
        return cls(codes, settler, worlds[other], other)

    def settle(self, model: MetaWorldModel, found: Latents, controlled: Latents) -> Latents:
        """What was deciphered, settled; the model's V need not be aligned."""
        return self.settler.settle(Side(self._encode(model), self.content, controlled, found))

    def mend(self, model: MetaWorldModel) -> Latents:
        """The original's latents in the frames of the world, from a V that was recruited."""
        return self.settler.mend(self._encode(model), self.content)

    def _encode(self, model: MetaWorldModel) -> Codes:
        """What the model's V makes of the other world's half, in the original's dimensions."""
        return half(model.vision(self.world), self.content, 1, like=self.codes)


def refine(
    setup: acts.Setup,
    models: tuple[MetaWorldModel, MetaWorldModel],
    worlds: Mapping[str, Frames],
    act: ConstrainedAct,
    record: Record,
    mender: Mender,
    name: str,
    rounds: int,
    weight: float,
    drawn: float,
) -> acts.Trained:
    """Mend the codes of the other world's V, and recruit it by them, so many times.

    `models` are the original's V and the one that was recruited before.
    """
    first, model = models
    past = History()
    for number in range(1, rounds + 1):
        both, found = [first, model], {mender.world: mender.mend(model)}
        model, later = acts.recruit(
            setup, f"{name}, {number}", both, worlds, act, record, found, weight, drawn
        )
        past = past.then(later)
    return model, past
