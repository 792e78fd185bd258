"""New code taken into dvc.lock, and a record in vouched.csv of how it was vouched for."""

import os
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.pipeline import lock_entries, project
from mwm.pipeline.git import git
from mwm.pipeline.source import Source
from mwm.pipeline.vouching.code import Change
from mwm.pipeline.vouching.program import digest
from mwm.runtime import vouched


def accept(repo: Any, how: list[tuple[Change, str]], commit: str) -> None:
    """Note how, then let dvc.lock take the new code: a note without an entry counts for nothing.

    Raises:
        MwmError: code or dvc.lock changed since they were read.
    """
    from dvc.stage.serialize import to_single_stage_lockfile
    from dvc.utils.serialize import load_yaml

    changes = [change for change, _ in how]
    _check_unchanged(changes)
    written = {change.stage: dict(to_single_stage_lockfile(change.stage)) for change in changes}
    _record(how, written, commit)
    for path in {path for change in changes for path in (change.entry.lock, _lock(change.stage))}:
        with lock_entries.editing(repo, path) as found:
            for change in changes:
                place = (_lock(change.stage), change.stage.name)
                if path == change.entry.lock and place != (path, change.entry.name):
                    found.pop(change.entry.name, None)
            for change in changes:
                if path == _lock(change.stage):
                    found[change.stage.name] = written[change.stage]
        if not load_yaml(path).get("stages"):
            path.unlink()


def commit_of(source: Source, changes: list[Change]) -> str:
    """What is checked out; with `+` if the code to vouch for is not all in it."""
    paths = {source.below(project.absolute(c.stage, path)) for c in changes for path in c.new}
    head = git(source.top, "rev-parse", "--short=10", "HEAD").decode().strip()
    told = ("--literal-pathspecs", "status", "--porcelain", "--", *sorted(paths))
    return f"{head}+" if paths and git(source.top, *told).strip() else head


def _check_unchanged(changes: list[Change]) -> None:
    from dvc.dependency.param import ParamsDependency
    from dvc.utils.serialize import load_yaml

    locks = {path: load_yaml(path) for path in {change.entry.lock for change in changes}}
    for change in changes:
        if locks[change.entry.lock].get("stages", {}).get(change.entry.name) != change.entry.data:
            raise _changed(str(change.entry.lock))
        for dep in change.stage.deps:
            is_params = isinstance(dep, ParamsDependency)
            is_code = project.relative(change.stage, dep.fs_path) in change.new
            if (is_code and not dep.exists) or (
                (is_code or (is_params and dep.exists)) and dep.workspace_status()
            ):
                raise _changed(dep.fs_path)


def _changed(path: str) -> MwmError:
    return MwmError(
        f"{project.shown(path)}: expected it to stay as it was, found it changed while `mwm vouch` "
        "was at work; nothing was accepted, run the command again"
    )


def _record(how: list[tuple[Change, str]], written: dict[Any, dict[str, Any]], commit: str) -> None:
    """Add to vouched.csv; earlier rows of a stage go with it, if it was renamed."""
    if not how:
        return
    root = Path(how[0][0].stage.repo.root_dir)
    with vouched.changing(root) as rows:
        earlier = list(rows)
        old = {vouched.named(root, c.entry.lock, c.entry.name) for c, _ in how}
        new = {vouched.named(root, _lock(c.stage), c.stage.name) for c, _ in how}
        rows[:] = [row for row in rows if row.stage not in old | new]
        for change, why in how:
            before = vouched.named(root, change.entry.lock, change.entry.name)
            name = vouched.named(root, _lock(change.stage), change.stage.name)
            chain = [row for row in earlier if row.stage == before]
            if vouched.holding(chain, {before: change.entry.data}):
                rows += [row.of(name) for row in chain]
            rows.append(
                vouched.Row(
                    stage=name,
                    old=digest(change.old),
                    new=digest(change.new),
                    how=why,
                    commit=commit,
                    entry=vouched.digest(written[change.stage]),
                )
            )


def _lock(stage: Any) -> Path:
    return Path(os.fspath(stage.dvcfile.path)).with_suffix(".lock")
