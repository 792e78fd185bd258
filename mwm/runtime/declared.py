"""Whether DVC knows what the evaluation reads: it sees no change of what dvc.yaml does not list."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from mwm import UsageError

PIPELINE = "dvc.yaml"
READ = ("worlds", "see", "runs")  # folders of which each entry is a dep: <world>.h5, <world>, <run>
Runs = Mapping[str, Sequence[str]]  # the worlds of each run of params' train.runs


def check(runs: Runs, plays: str | None) -> None:
    """Stop the stage that DVC runs in this process if its deps are not those of `runs` and `plays`.

    They stand in the dvc.yaml of this folder. A study has none: its stages depend on whole folders.

    Raises:
        UsageError: it has other deps.
    """
    from mwm.settings.lines import read

    stage = os.environ.get("DVC_STAGE", "").rpartition(":")[2]
    if stage and Path(PIPELINE).is_file():
        entry = read(PIPELINE)[0].get("stages", {}).get(stage, {})
        if deps := entry.get("deps"):  # else a template makes them
            refuse(stage, runs, plays, list(map(str, deps)))


def refuse(stage: str, runs: Runs, plays: str | None, deps: Collection[str]) -> None:
    """Stop if a stage that evaluates `runs`, and foreign `plays`, has other `deps`, paths.

    Raises:
        UsageError: one line for each world or run that is missing or not needed, and for the plays.
    """
    if told := [*_misfits(runs, deps), *_misfit_plays(plays, deps)]:
        raise UsageError("\nerror: ".join(f"{PIPELINE}: {stage}: {said}" for _, said in told))


def _misfits(runs: Runs, deps: Iterable[str]) -> Iterator[tuple[str, str]]:
    wanted = {("runs", run) for run in runs}
    for world in {world for worlds in runs.values() for world in worlds}:
        wanted |= {("see", world), ("worlds", f"{world}.h5")}
    listed = {ends for dep in deps if (ends := PurePath(dep).parts[-2:])[0] in READ}
    for name in sorted({PurePath(name).stem for _, name in wanted - listed}):
        todo = f"`mwm world add {name}` puts them there"
        yield name, f"expected the files of {name!r}, which params.yaml has, in its deps; {todo}"
    for name in sorted({PurePath(name).stem for _, name in listed - wanted}):
        todo = f"`mwm world remove {name}` takes them out"
        yield name, f"expected no files of {name!r}, which params.yaml lacks, in its deps; {todo}"


def _misfit_plays(plays: str | None, deps: Iterable[str]) -> Iterator[tuple[str, str]]:
    if plays and not any(PurePath(plays).is_relative_to(dep) for dep in deps):
        yield plays, f"expected {plays}, which evaluate.plays names, in its deps; put it there"
