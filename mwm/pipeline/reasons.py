"""Why a stage is stale: how code, params and present files differ from what dvc.lock says."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from mwm.pipeline.project import shown

# Of each dvc.lock as the repository was opened: every stage would have DVC read all of it again.
_entries: WeakKeyDictionary[Any, dict[str, dict[str, Any]]] = WeakKeyDictionary()

UNSET = object()  # a param that is not there, on one side
TOLD = {
    "unrecorded": "{what} is not in dvc.lock",
    "always": "is to run every time",
    "missing": "{what} is missing",
    "unlisted": "{what} is no longer a dep, and Git does not know it",
    "stray": "{what} lies among code, and Git ignores it",
    "frozen": "is frozen",
    "untracked": "{what} is in a folder of deps, and Git does not track it",
}


@dataclass(frozen=True)
class Reason:
    """One difference.

    Attributes:
        kind: command, param, dep, output, unrecorded (not in dvc.lock), missing (a file that is in
            dvc.lock but not here, or not in the cache), always (the stage is to run every time),
            untracked (a file in a folder of deps that Git does not track),
            and for `mwm vouch` unlisted (a dep in dvc.lock alone), stray (a file that Git ignores,
            among code), frozen (the stage is).
        what: the path, the param (`file: key`) or the stage.
        old: the value in dvc.lock, of a command or param.
        new: the value now.
    """

    kind: str
    what: str
    old: str | None = None
    new: str | None = None

    def __str__(self) -> str:
        if self.kind in ("command", "param"):
            return f"{self.kind} {self.what}: {self.old} -> {self.new}"
        return TOLD.get(self.kind, "{kind} {what} changed").format(kind=self.kind, what=self.what)

    def record(self) -> dict[str, str]:
        """As JSON has it."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def outputs(repo: Any) -> dict[str, Any]:
    """All outputs of the project, by path, and None for the folders that hold them."""
    found = {out.fs_path: out for out in repo.index.outs}
    above = {str(folder) for path in found for folder in Path(path).parents}
    return dict.fromkeys(above) | found


def changes(stage: Any, made: dict[str, Any]) -> list[Reason]:
    """What makes a stage stale by itself; `made` are all `outputs` of the project.

    A file that is not here counts as what dvc.lock says it was: a dep as its maker's output.
    """
    from dvc.dependency.param import ParamsDependency

    locked = _locked(stage)
    if stage.cmd and not locked:
        return [Reason("unrecorded", stage.addressing)]
    found = []
    if getattr(stage, "cmd_changed", False):
        commands = (_command(locked["cmd"]), _command(stage.cmd))
        found.append(Reason("command", stage.addressing, *commands))
    if stage.is_callback or stage.always_changed:
        found.append(Reason("always", stage.addressing))
    for dep in () if stage.frozen else stage.deps:
        found += _params(dep, made) if isinstance(dep, ParamsDependency) else of_dep(dep, made)
    for out in stage.outs:
        if not out.hash_info:
            found.append(Reason("unrecorded", shown(out.fs_path)))
        elif not out.exists:
            found += [] if out.use_cache else [Reason("missing", shown(out.fs_path))]
        elif out.workspace_status():
            found.append(Reason("output", shown(out.fs_path)))
    return found


def missing(stage: Any) -> list[Reason]:
    """Outputs that DVC would make again since they are not here, or not in its cache."""
    outs = (out for out in stage.outs if out.hash_info and out.use_cache)
    return [
        Reason("missing", shown(out.fs_path))
        for out in outs
        if not out.exists or out.changed_cache()
    ]


def of_dep(dep: Any, made: dict[str, Any]) -> Iterator[Reason]:
    """Whether a dep differs from what dvc.lock says."""
    path = shown(dep.fs_path)
    out = made.get(dep.fs_path)
    if not dep.hash_info:
        yield Reason("unrecorded", path)
    elif is_here(dep, made):
        if dep.workspace_status():
            yield Reason("dep", path)
    elif out is not None:
        if out.hash_info and out.hash_info != dep.hash_info:
            yield Reason("dep", path)
    elif dep.is_in_repo and not within_outputs(dep.fs_path, made):
        yield Reason("missing", path)


def is_here(dep: Any, made: dict[str, Any]) -> bool:
    """Whether all of a dep is here: of a folder of outputs every one that dvc.lock has.

    A folder that holds code beside outputs counts as here: a change of that must be told.
    """
    if not dep.exists or made.get(dep.fs_path, dep) is not None:
        return bool(dep.exists)
    inside = (out for path, out in made.items() if out and Path(dep.fs_path) in Path(path).parents)
    if all(out.exists for out in inside if out.hash_info):
        return True
    files = dep.repo.dvcignore.find(dep.fs, dep.fs_path)
    beside = (each for each in files if not within_outputs(each, made))
    return any(Path(each).name != ".gitignore" for each in beside)


def unseen(stage: Any, made: dict[str, Any]) -> bool:
    """Whether a stage reads a part of an output, or params that a stage makes, that is not here.

    dvc.lock tells only of outputs as a whole, so that `changes` cannot know whether it differs.
    """
    from dvc.dependency.param import ParamsDependency

    return any(
        not is_here(dep, made)
        and (isinstance(dep, ParamsDependency) or made.get(dep.fs_path) is None)
        for dep in stage.deps
    )


def within_outputs(path: str, made: dict[str, Any]) -> bool:
    """Whether a path is a folder of outputs, or lies in an output that is a folder."""
    return path in made or any(made.get(str(folder)) for folder in Path(path).parents)


def _params(dep: Any, made: dict[str, Any]) -> Iterator[Reason]:
    if not dep.exists and within_outputs(dep.fs_path, made):
        return
    old = dep.hash_info.value or {}
    new = dep.read_params()
    for key in dep.params or [*new, *(old.keys() - new.keys())]:
        before, after = old.get(key, UNSET), new.get(key, UNSET)
        if before != after:
            yield from _values(f"{shown(dep.fs_path)}: {key}", before, after)


def _values(key: str, old: Any, new: Any) -> Iterator[Reason]:
    """The values that differ, below `key`: a section is told by its keys."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*new, *(old.keys() - new.keys())]:
            if old.get(name, UNSET) != new.get(name, UNSET):
                yield from _values(f"{key}.{name}", old.get(name, UNSET), new.get(name, UNSET))
    else:
        yield Reason("param", key, told(old), told(new))


def told(value: Any) -> str:
    """A value of params, as JSON has it."""
    return "unset" if value is UNSET else json.dumps(value, default=str)


def _locked(stage: Any) -> dict[str, Any]:
    """A pipeline stage's entry in dvc.lock; empty if there is none."""
    if not hasattr(stage, "name"):
        return {}
    known = _entries.setdefault(stage.repo, {})
    if stage.path not in known:
        known[stage.path] = stage.dvcfile.lockfile_contents.get("stages", {})
    entry: dict[str, Any] = known[stage.path].get(stage.name, {})
    return entry


def _command(cmd: str | list[str]) -> str:
    """One line for each command: dvc.yaml may list several."""
    return cmd if isinstance(cmd, str) else "\n".join(map(str, cmd))
