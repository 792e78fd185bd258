"""Play the game with a random policy: params `collect` -> data/rollouts.h5."""

import re
from pathlib import Path
from typing import Annotated

import typer

from mwm.runtime import commands
from mwm.runtime.options import Workers

app = commands.application(__doc__)


@commands.stage(app)
def collect(
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("data/rollouts.h5"),
    workers: Workers = None,
    part: Annotated[
        str | None,
        typer.Option(
            help="3/16: play the third of 16 parts alone, and keep its episodes as checkpoints. "
            "Parts can be played at once; the command without this option then writes all."
        ),
    ] = None,
) -> None:
    """Play the game with a random policy and record every screen, action and reward.

    Reads the section `collect` of params.yaml. The emulator limits the speed to about 2,800
    steps a second and core at frame skip 4.
    """
    from mwm.io.spawn import usable_cores
    from mwm.rollouts.recording import collect, collect_part
    from mwm.runtime import locks
    from mwm.runtime.progress import Progress
    from mwm.runtime.state import shelf
    from mwm.settings import params

    p = params.load()
    workers = workers or usable_cores()
    if part is not None:
        collect_part(p.collect, _share(part, p.collect.episodes), workers, shelf(), Progress)
        return
    locks.claim(out)
    collect(p.collect, out, workers, shelf(), Progress)


def _share(part: str, episodes: int) -> range:
    """The indices of a part's episodes."""
    from mwm import UsageError

    nth, _, of = part.partition("/")
    if not (re.fullmatch(r"\d+/\d+", part) and 1 <= int(nth) <= int(of)):
        raise UsageError(f"--part: expected K/N, such as 3/16, with 1 <= K <= N, found {part!r}")
    return range(int(nth) - 1, episodes, int(of))


if __name__ == "__main__":
    app()
