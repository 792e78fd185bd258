"""Delete what removed runs and worlds, and stages that were killed, left behind."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from mwm.pipeline import activity, claim, leftovers, lock_entries, project
from mwm.pipeline.output import AsJson, print_json, size
from mwm.pipeline.removal import remove
from mwm.runtime import vouched

Yes = Annotated[bool, typer.Option("--yes", help="delete; without it, only list")]
Keep = Annotated[bool, typer.Option("--keep-checkpoints", help="spare .mwm/checkpoints")]


def prune(yes: Yes = False, keep_checkpoints: Keep = False, as_json: AsJson = False) -> None:
    """List what no stage needs any more, or delete it.

    That is, of stages that dvc.yaml no longer has: outputs, if dvc.lock, an earlier one in Git, or
    the run-cache names the path; entries in dvc.lock; checkpoints. Also files left half written
    next to an output by stages that were killed, and notes of progress of processes that have
    ended. Never deleted: what Git tracks, what a stage lists, outputs with a name that
    begins with a dot, what is outside the project or in a project of its own, and DVC's cache
    (`dvc gc`). Outputs stay where a dvc.yaml has used `wdir`.
    JSON: {"files": [{"kind", "path", "size", "why"}], "entries": [stages], "size", "deleted"}.
    """
    with ExitStack() as held:
        if yes:
            held.enter_context(claim.claimed())  # a run that began now would rely on what goes
            activity.refuse_at_work("what it is about to use may be among what is to go")
        repo = held.enter_context(project.opened())
        stages = project.ordered(repo, [])
        found = leftovers.find(repo, stages)
        if keep_checkpoints:
            found = [each for each in found if each.kind != "checkpoint"]
        gone = lock_entries.gone(repo, stages)
        if yes:
            for each in found:
                _delete(each.path, Path(repo.root_dir))
            for lock, name in gone:
                with lock_entries.editing(repo, lock) as entries:
                    entries.pop(name, None)
    total = sum(each.size for each in found)
    names = [vouched.named(Path(repo.root_dir), lock, name) for lock, name in gone]
    if as_json:
        files = [each.record() for each in found]
        print_json({"files": files, "entries": names, "size": total, "deleted": yes})
        return
    for each in found:
        print(
            f"{size(each.size):>8}  {each.kind:<10}  {project.shown(str(each.path))}  ({each.why})"
        )
    for lock, name in gone:
        where = project.shown(str(lock))
        print(f"{'':>8}  {'entry':<10}  {name} in {where}  (dvc.yaml has no such stage)")
    deleted = "deleted" if yes else "left over"
    more = "; `mwm prune --yes` deletes them" if (found or gone) and not yes else ""
    listed = f"{len(found)} files or folders ({size(total)})"
    print(f"prune: {listed}, {len(gone)} entries of dvc.lock {deleted}{more}")


def _delete(path: Path, root: Path) -> None:
    """Delete a file or folder, and the folders above that it leaves empty."""
    remove(path)
    for folder in path.parents:
        if folder == root or any(folder.iterdir()):
            break
        folder.rmdir()
