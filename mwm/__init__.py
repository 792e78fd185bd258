"""Meta-world models: one shared dynamics model for worlds that look different.

    model = mwm.load("runs")                            # all worlds of a finished pipeline
    frames = mwm.frames_of("ALE/Pong-v5", screens)      # Gymnasium's screens -> packed frames
    shown = mwm.World("mirror", ["mirror"]).show(frames)
    z = model.encode("mirror", shown)                   # latents
    pictures = model.decode("transpose", z)             # probabilities, (n, 64, 64)

docs/library.md is a tutorial. Arrays are NumPy's, and PyTorch's tensors are accepted as well. A
mistake of the caller raises `UsageError`, a missing or damaged file `ArtefactError`; both are kinds
of `MwmError`. Public names are loaded when they are first used: `import mwm` is fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mwm.control.player import load_player
    from mwm.io.bits import pack, unpack
    from mwm.io.frames import Frames
    from mwm.library.judging import judge
    from mwm.library.loading import load
    from mwm.library.model import TrainedModel
    from mwm.library.plays import episodes_of, read_frames
    from mwm.library.screens import background_of, frames_of
    from mwm.worlds import World

__version__ = "0.1.0"

__all__ = [
    "ArtefactError",
    "Frames",
    "MwmError",
    "TrainedModel",
    "UsageError",
    "World",
    "__version__",
    "background_of",
    "episodes_of",
    "frames_of",
    "judge",
    "load",
    "load_player",
    "pack",
    "read_frames",
    "unpack",
]

_HOMES = {
    "Frames": "mwm.io.frames",
    "TrainedModel": "mwm.library.model",
    "World": "mwm.worlds",
    "background_of": "mwm.library.screens",
    "episodes_of": "mwm.library.plays",
    "frames_of": "mwm.library.screens",
    "judge": "mwm.library.judging",
    "load": "mwm.library.loading",
    "load_player": "mwm.control.player",
    "pack": "mwm.io.bits",
    "read_frames": "mwm.library.plays",
    "unpack": "mwm.io.bits",
}


class MwmError(Exception):
    """An error that is told to the user in one line: what, where, expected, found, what to do."""

    exit_code = 1


class UsageError(MwmError):
    """A mistake in what the user asked for: params or arguments."""

    exit_code = 2


class ArtefactError(MwmError):
    """A file that should have been made before is missing, damaged or of another kind.

    The message does not say how to make it again: commands of the pipeline add that.
    """


if not TYPE_CHECKING:  # type checkers tell names that do not exist

    def __getattr__(name: str) -> Any:
        """Load a public name from its home on first use (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module 'mwm' has no attribute {name!r}")
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
