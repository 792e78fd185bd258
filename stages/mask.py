"""Mask the opponent's bat in some episodes: data/frames.h5 -> a study's data/frames.h5.

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
    """Change frames as the player will see them: every second episode, or copies of all.

    With independent inputs the frames stay, and masked copies of the training episodes are added:
    the dynamics by which worlds are deciphered are those of plays as they were.

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
    masked = _added if p.train.run.inputs == "independent" else _changed
    write_frames(out, masked(original, masking))


def _changed(original: "Frames", masking: "Mask") -> "Frames":
    """Episodes 1, 3, 5, … are changed in place; by its number the mask chooses a frame's bat."""
    import numpy as np

    offsets = original.episode_offsets
    for start, end in zip(offsets[1:-1:2], offsets[2::2], strict=True):
        original.frames[start:end] = masking(original.frames[start:end], np.arange(start, end))
    return original


def _added(original: "Frames", masking: "Mask") -> "Frames":
    """All episodes, and after them masked copies of those for training.

    Worlds take training episodes in turn. The world that has an episode gets its copy, too, or else
    frames of one world had a counterpart in the other's.

    Raises:
        MwmError: there are fewer than two training episodes.
    """
    from dataclasses import replace

    import numpy as np

    from mwm.io.frames import divide

    episodes = original.episodes("train")
    divide(episodes, "independent", 1, 2)  # an error if there are too few
    copied = episodes[len(episodes) % 2 :]  # whose turn it is after the last of an odd number
    at, count = original.indices(copied), len(original.frames)
    copies = masking(original.frames[at], np.arange(count, count + len(at)))
    ends = original.episode_offsets[-1] + np.cumsum(np.diff(original.episode_offsets)[copied])
    return replace(
        original,
        frames=np.concatenate([original.frames, copies]),
        actions=np.concatenate([original.actions, original.actions[at]]),
        episode_offsets=np.concatenate([original.episode_offsets, ends]),
        split=np.concatenate([original.split, original.split[copied]]),
    )


if __name__ == "__main__":
    app()
