"""What `dvc repro` would run, all the way down, why, and how long it took last."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mwm.pipeline import ours, project, times
from mwm.pipeline.cache import files
from mwm.pipeline.folders import Folders
from mwm.pipeline.output import AsJson, Targets, duration, print_json, shortened
from mwm.pipeline.reasons import Reason, changes, missing, outputs, unseen

Action = Literal["run", "restore", "maybe"]
TOLD = {"run": "runs", "restore": "is restored from the cache", "maybe": "may run"}
FILES = ("dep", "missing", "unrecorded", "output")  # kinds of reasons that are about a path
INNER = ("settings", "kept")  # what JSON leaves out
Timed = Literal["here", "other params", "default params", "unknown"]


@dataclass(frozen=True)
class Step:
    """A stage that `dvc repro` does not skip, or may not.

    Attributes:
        stage: its name.
        action: run (or be restored, if the cache knows what is upstream once that is there);
            restore (DVC's cache holds what it would make); maybe (it runs if what is upstream
            makes other bytes than before).
        reasons: what changed about itself.
        upstream: stages before it in the plan, whose outputs it reads.
        seconds: that it took, or may take.
        timed: how that is known: it took them here when it last ran with these params, seeds aside;
            or with others; or takes them with the default params; or it is a guess.
        settings: a hash of those params.
        kept: whether DVC only looks for its outputs, which its cache may have: `dvc add`, frozen.
    """

    stage: str
    action: Action
    reasons: list[Reason]
    upstream: list[str]
    seconds: float
    timed: Timed
    settings: str
    kept: bool = False

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        known = {key: value for key, value in vars(self).items() if key not in INNER}
        return known | {"reasons": [reason.record() for reason in self.reasons]}

    @property
    def is_checkout(self) -> bool:
        """Whether it only brings back what dvc.lock has: the same for all that comes after it."""
        return self.action == "restore" and all(each.kind == "missing" for each in self.reasons)

    @property
    def time(self) -> str:
        """Its seconds in words."""
        if self.timed == "unknown":
            return "time unknown"
        told = duration(self.seconds)
        return told if self.timed == "here" else f"{told} with {self.timed}"

    @property
    def why(self) -> str:
        """One line."""
        if self.reasons:
            more = f" (and {len(self.reasons) - 1} more)" if len(self.reasons) > 1 else ""
            return f"{shortened(str(self.reasons[0]), 76)}{more}"
        return shortened(f"if there is something new from {', '.join(self.upstream)}", 88)


def plan(targets: Targets = None, as_json: AsJson = False) -> None:
    """List what `dvc repro TARGETS` would run, and how long.

    Also says why each stage would run, and lists those that may run because of others. Times were
    measured here with these params, whatever the seeds; where they were not, the line says so.
    Without TARGETS: the stages of the nearest dvc.yaml, here or above.
    JSON: {"steps": [{"stage", "action": "run", "restore" or "maybe", "reasons": [{"kind", "what",
    "old", "new"}], "upstream", "seconds", "timed": "here" (with these params), "other params",
    "default params" or "unknown"}], "seconds": {"certain", "at_most"}}.
    """
    found = steps(project.wanted(targets))
    certain = sum(step.seconds for step in found if step.action == "run")
    at_most = sum(step.seconds for step in found if step.action != "restore")
    if as_json:
        totals = {"certain": round(certain, 1), "at_most": round(at_most, 1)}
        print_json({"steps": [step.record() for step in found], "seconds": totals})
        return
    for step in found:
        told = "" if step.action == "restore" else f" ({step.time})"
        print(f"{step.stage} {TOLD[step.action]}{told}:\n  {step.why}")
    if any(reason.kind == "missing" for step in found for reason in step.reasons):
        print(
            "plan: files are missing; `dvc pull` brings those that a remote has, and runs nothing"
        )
    timed = Counter(step.timed for step in found if step.action != "restore")
    rough = timed["other params"] + timed["default params"]
    more = f"; {rough} of these times are with other params" if rough else ""
    more += f"; the time of {timed['unknown']} is unknown" if timed["unknown"] else ""
    runs, maybe = ([s for s in found if s.action == action] for action in ("run", "maybe"))
    print(
        f"plan: {len(runs)} run ({duration(certain)}), {len(maybe)} may follow "
        f"({duration(at_most)} in all){more}"
        if found
        else "plan: nothing to do"
    )


def steps(targets: Sequence[str]) -> list[Step]:
    """The stages that `dvc repro TARGETS` would not skip, in its order."""
    found: dict[str, Step] = {}
    with project.opened() as repo:
        made = outputs(repo)
        folders = Folders(repo)
        stages = project.ordered(repo, targets)
        ours.refuse_faults(Path(repo.root_dir), stages)
        settings, earlier = times.settings(repo, stages), times.earlier()
        for stage in stages:
            before = [up for up in project.upstream(repo, stage) if up.addressing in found]
            above = before
            if not unseen(stage, made):  # else what a checkout brings back may be new to it
                above = [up for up in before if not found[up.addressing].is_checkout]
            reasons = [*changes(stage, made), *missing(stage)]
            if not reasons and not above:
                continue
            named = folders.named(stage, reasons)
            found[stage.addressing] = Step(
                stage.addressing,
                _action(stage, reasons, above),
                named,
                sorted(up.addressing for up in before),
                *_timed(earlier, stage.addressing, settings[stage.addressing]),
                kept=_is_kept(stage),
            )
    return list(found.values())


def _is_kept(stage: Any) -> bool:
    """Whether DVC only looks for its outputs, and a checkout can bring all that are missing."""
    looked_for = stage.frozen or not (stage.cmd or stage.is_import)
    return looked_for and all(out.use_cache or out.exists for out in stage.outs)


def _timed(earlier: times.Earlier, stage: str, settings: str) -> tuple[float, Timed, str]:
    """The last three attributes of a step."""
    took, known = times.last(earlier, stage, settings)
    if took is not None:
        return took, "here" if known else "other params", settings
    usual = times.usual(stage)
    return usual or 1, "default params" if usual else "unknown", settings


def _action(stage: Any, reasons: list[Reason], above: list[Any]) -> Action:
    outs = [Path(out.fs_path) for up in above for out in up.outs]
    pending = {project.shown(str(path)) for out in outs for path in (out, *out.parents)}
    if all(reason.what in pending and reason.kind in FILES for reason in reasons):
        return "maybe"
    if not above and _in_cache(stage, reasons):
        return "restore"
    return "run"


def _in_cache(stage: Any, reasons: list[Reason]) -> bool:
    """Whether DVC finds what the stage would make: under dvc.lock's hashes, or in its run-cache."""
    cache = stage.repo.stage_cache
    if all(reason.kind == "missing" for reason in reasons):  # DVC removes all, and then restores it
        return all(not out.persist and files(stage.repo, out) is not None for out in stage.outs)
    from dvc.dependency.base import DependencyDoesNotExistError
    from dvc.stage.cache import RunCacheNotFoundError

    try:
        stage.save_deps()
    except DependencyDoesNotExistError:
        return False
    stage.cmd_changed = True  # so that the run-cache is asked, and not the outputs of before
    try:
        cache.restore(stage, dry=True)
    except RunCacheNotFoundError:
        return False
    return True
