"""Align a V again, from where it stood, on plays that now have a player's own among them."""

from collections.abc import Mapping
from pathlib import Path

from mwm.io.frames import Frames
from mwm.models.codes import half
from mwm.models.model import MetaWorldModel
from mwm.settings.train import Train
from mwm.smoothing.smoother import load, smooth
from mwm.training import acts
from mwm.training.history import History


def learn_again(
    setup: acts.Setup,
    run: str,
    models: tuple[MetaWorldModel, MetaWorldModel],
    worlds: Mapping[str, Frames],
    train: Train,
    smoother: Path,
) -> acts.Trained:
    """Mend the codes of the other world's V, and recruit it by them, as often as `train` says.

    Nothing is deciphered: V reads the world nearly right already, also where the player goes, and
    the smoother knows how the original's codes follow each other there.

    Args:
        setup: what holds for every act.
        run: its name.
        models: V of the original, and V of the other world as it was recruited.
        worlds: the frames of both, the original's first.
        train: params `train`, with independent inputs.
        smoother: folder of the network that mends codes.

    Raises:
        MwmError: there is no such network, or too few episodes.
    """
    (original, content), (other, shown) = worlds.items()
    first, model = models
    past = History()
    codes = half(first.vision(original), content, 0)
    network = load(smoother, len(codes.dimensions), first.actions, train.smooth.hidden)
    for number in range(1, train.decipher.refinements + 1):
        mended = smooth(network, half(model.vision(other), shown, 1, like=codes))
        model, later = acts.recruit(
            setup,
            f"{run} practised, {number}",
            [first, model],
            worlds,
            train.recruit,
            train.record,
            {other: mended},
            train.decipher.weight,
            train.decipher.drawn,
        )
        past = past.then(later)
    return model, past
