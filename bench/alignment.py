"""How long until a variant is aligned, and what finished studies took.

    python -m bench.alignment results/studies/*/* experiments/studies/*

It reads what studies recorded, and Git keeps: the seconds of each act, and alignment on validation
episodes at every fifth iteration of `recruit`. Seconds are those of one thread; the acts that all
variants share are told apart. A variant counts as aligned from the iteration on after which both
directions stay so: while Vs draw little more than the mean frame, they soon draw it alike. The last
column has what is shared, the variant's own acts, and that part of `recruit`, as if each of its
iterations took as long. With independent inputs `recruit` also settles latents before them.
"""

import itertools
from pathlib import Path
from typing import Annotated

import typer

from mwm.metrics.criterion import ALIGNMENT
from mwm.reporting.shared.results import read_table
from mwm.reporting.studies.study import ANCHORING, Study, read_study
from mwm.runtime import commands

HEAD = (
    *("study", "variant", "its own acts, s", "shared, s"),
    *(f"{ALIGNMENT} from iteration", "of", "aligned after, s"),
)
app = commands.application(__doc__)


@commands.command(app)
def alignment(
    studies: Annotated[list[Path], typer.Argument(help="folders of finished studies")],
) -> None:
    """Print a row per study and variant."""
    print(f"| {' | '.join(HEAD)} |")
    print("|---" * len(HEAD) + "|")
    for study in map(read_study, studies):
        shared = 60 * study.minutes(*ANCHORING)
        for there, _ in study.pairs.runs:
            first, last = reached(study, there.target)
            own = 60 * study.minutes(*study.recruiting(there.target))
            row = [study.folder.name, there.target, f"{own:.0f}", f"{shared:.0f}"]
            if first is None:
                row += ["never", str(last), f"more than {shared + own:.0f}"]
            else:
                left = 60 * study.minutes(study.recruiting(there.target)[-1]) * (1 - first / last)
                row += [str(first), str(last), f"{shared + own - left:.0f}"]
            print(f"| {' | '.join(row)} |")


def reached(study: Study, variant: str) -> tuple[int | None, int]:
    """The iteration from which both directions stay aligned, None for none; and the last one."""
    path = study.folder / "eval/curves.csv"
    lowest: dict[int, float] = {}
    for words, found in read_table(path, ("source", "target"), ("iteration", "alignment")):
        if variant in words.values():
            iteration = int(found["iteration"] or 0)
            lowest[iteration] = min(found["alignment"] or 0, lowest.get(iteration, 1))
    lasting = itertools.takewhile(lambda one: lowest[one] >= ALIGNMENT, sorted(lowest)[::-1])
    return min(lasting, default=None), max(lowest)


if __name__ == "__main__":
    app()
