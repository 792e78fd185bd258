"""Record a stage that ran elsewhere: dvc.lock and the run-cache, as if DVC had run it here."""

import shutil
import uuid
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.engines.attempt import Made, Receipt
from mwm.engines.store import Store, tree_of
from mwm.io import system
from mwm.pipeline.cache import listed
from mwm.pipeline.remote.contents import Contents, Read
from mwm.pipeline.remote.jobs import Prepared, place, refuse_another
from mwm.pipeline.remote.receipts import in_store
from mwm.pipeline.removal import remove


def recorded(stage: Any) -> dict[str, Any]:
    """What dvc.lock has of a stage's deps and params, by path; of a new command, nothing."""
    if stage.cmd_changed or not all(out.hash_info for out in stage.outs):
        return {}
    return {dep.def_path: dep.hash_info for dep in stage.deps}


def is_whole(stage: Any, store: Store) -> bool:
    """Whether a stage's outputs are as dvc.lock has them: in the store, or here if uncached."""
    return all(
        out.hash_info
        and (
            in_store(Made(out.def_path, out.hash_info.value, out.meta.size, out.meta.nfiles), store)
            if out.use_cache
            else out.exists and not out.workspace_status()
        )
        for out in stage.outs
    )


def record(repo: Any, stage: Any, prepared: Prepared, receipt: Receipt, store: Store) -> None:
    """Write what a receipt says into dvc.lock and the run-cache; nothing is downloaded.

    But outputs that DVC does not cache, such as metrics: they are put in place.

    Raises:
        MwmError: the stage or a dep was edited while it ran.
    """
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.meta import Meta

    refuse_another(repo, stage, prepared)
    _refuse_edited(repo, stage, prepared.read, store)
    for out, made in zip(stage.outs, receipt.outs, strict=True):
        told = _heeding_dvcignore(repo, out, made, store)
        out.hash_info = HashInfo("md5", told.md5)
        folder = told.nfiles is not None
        out.meta = Meta(size=told.size, nfiles=told.nfiles, isdir=folder, isexec=told.executable)
        Path(out.fs_path).parent.mkdir(parents=True, exist_ok=True)  # for its .gitignore
        if not out.use_cache:
            _put_in_place(store, made, Path(out.fs_path))  # also what .dvcignore names
    for dep in stage.deps:  # DVC would look at files again, of which some are in the store alone
        dep.get_hash = partial(getattr, dep, "hash_info")
    with repo.lock:
        stage.ignore_outs()
        stage.dump(update_pipeline=False, update_lock=True)
        repo.stage_cache.save(stage)
    shutil.rmtree(prepared.job.checkpoints(store), ignore_errors=True)


def _heeding_dvcignore(repo: Any, out: Any, made: Made, store: Store) -> Made:
    """A folder as DVC would record it here: without the files that `.dvcignore` names."""
    if made.nfiles is None:
        return made
    files = listed(store.find(made.md5))
    kept = {name: md5 for name, md5 in files.items() if not _ignored(repo, out.fs_path, name)}
    if kept == files:
        return made
    tree = tree_of(kept)
    md5 = str(tree.hash_info.value)
    store.put_bytes(tree.as_bytes(), store.output(md5))
    size = sum(store.find(each).stat().st_size for each in kept.values())
    return replace(made, md5=md5, size=size, nfiles=len(kept))


def _ignored(repo: Any, folder: str, name: str) -> bool:
    path = Path(folder, name)
    above = [each for each in path.parents if each.is_relative_to(folder)]
    return repo.dvcignore.is_ignored_file(str(path)) or any(
        repo.dvcignore.is_ignored_dir(str(each)) for each in above
    )


def _put_in_place(store: Store, made: Made, path: Path) -> None:
    """Put an output that DVC does not cache where the stage would have left it.

    What was there goes, as before a stage runs here; of a link the link alone.

    Raises:
        MwmError: it cannot be written.
    """
    if made.nfiles is None:
        if path.is_dir():
            remove(path)
        place(store, made.md5, path)
        return
    try:
        new = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        new.mkdir()
        for name, md5 in listed(store.find(made.md5)).items():
            place(store, md5, new / name)
        remove(path)
        new.rename(path)
    except OSError as error:
        raise MwmError(f"{path}: cannot be written: {system.told(error) or error}") from None


def _refuse_edited(repo: Any, stage: Any, read: dict[str, Read], store: Store) -> None:
    contents = Contents(repo, store)
    for dep in stage.deps:
        if hasattr(dep, "params") or not contents.made_by_stages(dep.fs_path):
            dep.save()
            if dep.hash_info != read[dep.def_path].hash_info:
                raise MwmError(
                    f"{dep.def_path}: expected it to stay as it was while {stage.addressing} ran, "
                    "found it changed; nothing is recorded, run the command again"
                )
        else:
            dep.hash_info, dep.meta = read[dep.def_path].hash_info, read[dep.def_path].meta
