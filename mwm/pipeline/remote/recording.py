"""Record a stage that ran elsewhere: dvc.lock and the run-cache, as if DVC had run it here."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.engines.attempt import Receipt
from mwm.engines.store import Store
from mwm.pipeline.remote.jobs import Prepared, Read, place


def recorded(stage: Any) -> dict[str, Any]:
    """What dvc.lock has of a stage's deps and params, by path; of a new command, nothing."""
    if stage.cmd_changed or not all(out.hash_info for out in stage.outs):
        return {}
    return {dep.def_path: dep.hash_info for dep in stage.deps}


def record(repo: Any, stage: Any, prepared: Prepared, receipt: Receipt, store: Store) -> None:
    """Write what a receipt says into dvc.lock and the run-cache; nothing is downloaded.

    But outputs that DVC does not cache, such as metrics: they are put in place.

    Raises:
        MwmError: a dep was edited while the stage ran, so that it is not what was read.
    """
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.meta import Meta

    _refuse_edited(repo, stage, prepared.read)
    paths = dict(zip((out.fs_path for out in stage.outs), receipt.outs, strict=True))
    for out in stage.outs:
        told = paths[out.fs_path]
        out.hash_info = HashInfo("md5", told.md5)
        folder = told.nfiles is not None
        out.meta = Meta(size=told.size, nfiles=told.nfiles, isdir=folder, isexec=told.executable)
        Path(out.fs_path).parent.mkdir(parents=True, exist_ok=True)  # for its .gitignore
        if not out.use_cache:
            place(store, told.md5, Path(out.fs_path))
    for dep in stage.deps:  # DVC would look at files again, of which some are in the store alone
        dep.get_hash = partial(getattr, dep, "hash_info")
    with repo.lock:
        stage.ignore_outs()
        stage.dump(update_pipeline=False, update_lock=True)
        repo.stage_cache.save(stage)
    shutil.rmtree(prepared.job.checkpoints(store), ignore_errors=True)


def _refuse_edited(repo: Any, stage: Any, read: dict[str, Read]) -> None:
    made = {out.fs_path for out in repo.index.outs}
    for dep in stage.deps:
        if hasattr(dep, "params") or not any(
            Path(path).is_relative_to(dep.fs_path) for path in made
        ):
            dep.save()
            if dep.hash_info != read[dep.def_path].hash_info:
                raise MwmError(
                    f"{dep.def_path}: expected it to stay as it was while {stage.addressing} ran, "
                    "found it changed; nothing is recorded, run the command again"
                )
        else:
            dep.hash_info, dep.meta = read[dep.def_path].hash_info, read[dep.def_path].meta
