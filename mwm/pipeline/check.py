"""Whether dvc.lock, code, params and present files agree; for CI, also without data."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from mwm.pipeline import damage, lock_entries, ours, project
from mwm.pipeline.folders import Folders
from mwm.pipeline.output import AsJson, Targets, print_json, shortened
from mwm.pipeline.reasons import Reason, changes, outputs
from mwm.runtime import vouched

Deep = Annotated[
    bool,
    typer.Option("--cache", help="also compare the bytes of outputs, here and in DVC's cache"),
]
MOST = 8  # reasons that are printed of a stage


@dataclass(frozen=True)
class Stale:
    """A stage that `dvc repro` may have to run.

    Attributes:
        stage: its name.
        reasons: what changed about itself.
        upstream: stale stages whose outputs it reads.
    """

    stage: str
    reasons: list[Reason] = field(default_factory=list)
    upstream: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        reasons = [reason.record() for reason in self.reasons]
        return {"stage": self.stage, "reasons": reasons, "upstream": self.upstream}


def check(targets: Targets = None, deep: Deep = False, as_json: AsJson = False) -> None:
    """Tell which stages are stale, and why.

    Exits with 0 only if dvc.lock, code, params and present files agree, else with 1. Files that are
    merely not pulled are fine. Without TARGETS: all stages, and dvc.lock may have no
    others. DVC believes that a file which it has in its cache stays as it was; --cache finds out.
    JSON: {"stale": [{"stage", "reasons": [{"kind", "what", "old", "new"}], "upstream"}],
    "gone": [stages that are in dvc.lock alone], "params": [faults of params.yaml or dvc.yaml],
    "ran": how many stages agree and ran, "vouched": [those that agree, and `mwm vouch` vouched
    for]}; with --cache "verified": how many files, "damaged": [{"stage", "path", "file",
    "intact", "cached"}].
    """
    with project.opened() as repo:
        stages = project.ordered(repo, targets or [])
        found = stale(repo, stages)
        root = Path(repo.root_dir)
        entries = [] if targets else lock_entries.gone(repo, stages)
        gone = [vouched.named(root, lock, name) for lock, name in entries]
        faults = ours.faults(root, stages)
        agreeing = _agreeing(repo, stages, found)
        trusted = agreeing & vouched_for(repo, stages)
        verified, damaged = damage.verify(stages) if deep else (0, [])
    if as_json:
        records = [each.record() for each in found]
        told = {"stale": records, "gone": gone, "params": faults}
        ran = len(agreeing) - len(trusted)
        more = {"verified": verified, "damaged": [vars(each) for each in damaged]} if deep else {}
        print_json(told | {"vouched": sorted(trusted), "ran": ran} | more)
    else:
        for each in found:
            print(f"{each.stage}:")
            for reason in each.reasons[:MOST]:
                print(f"  {shortened(str(reason), 98)}")
            if len(each.reasons) > MOST:
                print(f"  and {len(each.reasons) - MOST} more; --json lists all")
            if each.upstream:
                print(f"  downstream of {shortened(', '.join(each.upstream), 84)}")
        for name in gone:
            print(f"{name}: in dvc.lock, but dvc.yaml has no such stage; see `mwm prune`")
        print(*(f"error: {fault}" for fault in faults), sep="\n", end="\n" if faults else "")
        print(
            *(line for each in damaged for line in each.told()), sep="\n", end="\n" * bool(damaged)
        )
        print(_told(len(stages), len(found), len(gone), len(faults), len(trusted)))
        if deep:
            print(f"check: of {verified} files, here and in DVC's cache, {len(damaged)} damaged")
    sys.exit(1 if found or gone or faults or damaged else 0)


def stale(repo: Any, stages: list[Any]) -> list[Stale]:
    """The stale among `stages`, which come in the order of the pipeline."""
    made = outputs(repo)
    folders = Folders(repo)
    found: dict[str, Stale] = {}
    for stage in stages:
        reasons = folders.named(stage, changes(stage, made))
        above = [up.addressing for up in project.upstream(repo, stage) if up.addressing in found]
        if reasons or above:
            found[stage.addressing] = Stale(stage.addressing, reasons, sorted(above))
    return list(found.values())


def _agreeing(repo: Any, stages: list[Any], found: list[Stale]) -> set[str]:
    """The stages that are not stale, by name as from the project's root."""
    stale = {each.stage for each in found}
    return {_name(repo, stage) for stage in stages if stage.addressing not in stale}


def vouched_for(repo: Any, stages: list[Any]) -> set[str]:
    """The stages whose entries nobody has run, but `mwm vouch` has proven; by name as above."""
    root = Path(repo.root_dir)
    entries = {
        vouched.named(root, lock, name): entry
        for lock, file in lock_entries.lock_files(stages).items()
        for name, entry in file.lockfile_contents.get("stages", {}).items()
    }
    return vouched.holding(vouched.read(root), entries)


def _name(repo: Any, stage: Any) -> str:
    name = getattr(stage, "name", "")
    return vouched.named(Path(repo.root_dir), Path(stage.path), name) if name else stage.addressing


def _told(stages: int, stale: int, gone: int, faults: int, trusted: int) -> str:
    if not stale + gone + faults:
        ran = f" ({stages - trusted} ran, {trusted} vouched for)" if trusted else ""
        return f"check: {stages} stages agree with dvc.lock{ran}"
    plural = "s" if faults > 1 else ""
    parts = {"stale": stale, "gone": gone, f"fault{plural} of params.yaml or dvc.yaml": faults}
    counts = ", ".join(f"{count} {name}" for name, count in parts.items() if count)
    return f"check: of {stages} stages {counts}; `mwm plan` tells what `dvc repro` would run"
