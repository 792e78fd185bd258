"""Mask the opponent's bat in half of the episodes: data/frames.h5 -> a study's data/frames.h5.

A player that is to see no bat of the opponent, or that of other frames (`control.opponent`), needs
a V that knows such frames. The result is the original of a study; `variants` makes the other worlds
from it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mwm.runtime import commands

if TYPE_CHECKING:
    from mwm.control.look import Mask
    from mwm.io.frames import Frames

app = commands.application(__doc__)


@commands.stage(app)
def mask(
    frames: Annotated[Path, typer.Option(help="frames of the original")],
    out: Annotated[Path, typer.Option(help="file to write")] = Path("data/frames.h5"),
) -> None:
    """Change the frames of half of the episodes as the player will see them.

    Reads `control.opponent`, `control.seed` and `train.run.inputs` of params.yaml.
    """
    from mwm import UsageError
    from mwm.control.look import mask_of
    from mwm.io.frames import read_frames, write_frames
    from mwm.runtime import locks
    from mwm.settings import params

    p = params.load()
    if frames.resolve() == out.resolve():
        raise UsageError(
            f"--out {out}: expected another file than that of --frames, found the same; the "
            "original's frames would be overwritten"
        )
    original = read_frames(frames)
    masking = mask_of(p.control.opponent, original, p.control.seed)
    if masking is None:
        raise UsageError(
            "params.yaml: control.opponent: expected foreign or erased, found shown, which "
            "changes no frame"
        )
    locks.claim(out)
    # Of independent inputs the original takes every second episode, and another world the rest:
    # two in a row are changed there, so that half of what each world sees is.
    _mask(original, masking, in_a_row=2 if p.train.run.inputs == "independent" else 1)
    write_frames(out, original)


def _mask(original: "Frames", masking: "Mask", in_a_row: int) -> None:
    """Leave so many episodes, change as many in place, and so on.

    By a frame's number the mask chooses a bat.
    """
    import numpy as np

    offsets = original.episode_offsets
    for episode in range(len(offsets) - 1):
        if episode // in_a_row % 2:
            start, end = offsets[episode], offsets[episode + 1]
            original.frames[start:end] = masking(original.frames[start:end], np.arange(start, end))


if __name__ == "__main__":
    app()
