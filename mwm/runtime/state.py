"""The folder .mwm/, for what is not an output: progress, locks, checkpoints, speed."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mwm import MwmError
from mwm.io.files import write_text
from mwm.runtime.kernels import processor

if TYPE_CHECKING:
    from mwm.io.checkpoints import Shelf


def project_around(folder: Path) -> Path | None:
    """The DVC project of a folder: the nearest one, here or above, with .dvc; None without one."""
    return next((each for each in (folder, *folder.parents) if (each / ".dvc").is_dir()), None)


def state(*parts: str) -> Path:
    """A path below $DVC_ROOT/.mwm, which no stage has as an output.

    Experiments in temporary folders share it: DVC gives them the DVC_ROOT of the project.
    """
    return Path(os.environ.get("DVC_ROOT", "."), ".mwm", *parts)


def shelf() -> "Shelf":
    """Where stages keep their checkpoints, each the only process to use its own.

    An engine names a folder that other machines see, too (MWM_CHECKPOINTS).
    """
    from mwm.io.checkpoints import Shelf
    from mwm.runtime.locks import claim

    elsewhere = os.environ.get("MWM_CHECKPOINTS")
    return Shelf(Path(elsewhere) if elsewhere else state("checkpoints"), claim)


def speed(*parts: str) -> Path:
    """The file for a training's frames per second; the processor's name is put beside it.

    Neither belongs in an output of a stage, which is to be the same on another machine.
    """
    path = state("speed", f"runs-{'-'.join(parts)}.csv")
    with suppress(MwmError):  # no result depends on it
        write_text(path.with_suffix(".txt"), f"{processor()}\n")
    return path
