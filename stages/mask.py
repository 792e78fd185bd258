"""Mask the opponent's bat in every second episode: data/frames.h5 -> a study's data/frames.h5.

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
    """Change the frames of every second episode as the player will see them.

    Reads `control.opponent` and `control.seed` of params.yaml.
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
    _mask(original, masking)
    write_frames(out, original)


def _mask(original: "Frames", masking: "Mask") -> None:
    """Change the frames of episodes 1, 3, 5, … in place; by its number the mask chooses a bat."""
    import numpy as np

    offsets = original.episode_offsets
    for start, end in zip(offsets[1:-1:2], offsets[2::2], strict=True):
        original.frames[start:end] = masking(original.frames[start:end], np.arange(start, end))


if __name__ == "__main__":
    app()
