"""Jobs of DVC's stages: what a stage reads, by hash, also where it is in the store alone."""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mwm import MwmError, UsageError
from mwm.engines.cluster import Cluster
from mwm.engines.job import File, Job
from mwm.engines.node import versions
from mwm.engines.store import Store, md5_of
from mwm.io.files import replacing
from mwm.pipeline import git, hashes, ours, project
from mwm.pipeline.remote.contents import Contents, Listed, Read

THREADS = "train.run.threads"  # the param that tells how many cores a stage uses


@dataclass(frozen=True)
class Prepared:
    """A stage's job, and what is recorded of its deps, by path."""

    job: Job
    read: dict[str, Read]


def store_of(repo: Any) -> Store:
    """DVC's cache as a store."""
    shared = repo.config["cache"].get("shared") == "group"
    return Store(Path(repo.cache.local.path).parents[1], group=shared)


def base_of(repo: Any) -> Path:
    """The folder that workspaces stand for: Git's, as a stage may `cd ..`; else the project."""
    root = Path(repo.root_dir)
    return git.top(root) if git.used(root) else root


def prepare(repo: Any, stage: Any, cluster: Cluster) -> Prepared:
    """The job of a stage, everything that it reads being in the store then.

    What other stages make is read as dvc.lock has it, whether it is here or not.

    Raises:
        MwmError: a dep is missing, or the store cannot be written.
        UsageError: a path is out of reach of a workspace.
    """
    _refuse_what_stays_here(stage)
    store, base = store_of(repo), base_of(repo)
    contents = Contents(repo, store)
    read: dict[str, Read] = {}
    deps: list[File] = []
    folders: list[str] = []
    beside = _harness(base, cluster, contents)
    params: dict[str, Any] = {}
    for dep in stage.deps:
        if hasattr(dep, "params"):  # a file of params: the keys count, the file is sent
            if made := contents.of_params(dep):  # a study's
                _bring(made, Path(dep.fs_path), store)
            dep.save()
            params[dep.def_path] = dep.hash_info.value
            beside += _files([contents.here(dep.fs_path)], base)
            read[dep.def_path] = Read(dep.hash_info, dep.meta)
            continue
        files, read[dep.def_path] = contents.of_dep(dep)
        deps += _files(files, base)
        if read[dep.def_path].hash_info.isdir:
            folders.append(_below(base, dep.fs_path))
    for path in ours.params_beside(stage):
        beside += _files(contents.made(path), base)
    commands, folder, outs = _told(stage, base)
    job = Job(
        stage.addressing,
        commands,
        folder,
        deps,
        beside,
        outs,
        _cores(stage, params, cluster),
        versions(),
        hashes.of_bytes(repr((sorted((f.path, f.md5) for f in deps), params)).encode()),
        store.group,
        shell=os.environ.get("SHELL") or "/bin/sh",  # in which DVC would run it here
        folders=folders,
    )
    return Prepared(job, read)


def refuse_another(repo: Any, stage: Any, prepared: Prepared) -> None:
    """Refuse a stage whose entry in dvc.yaml was edited after its job was made.

    Raises:
        MwmError: it has another command, folder, deps or outputs.
    """
    job, now = prepared.job, _told(stage, base_of(repo))
    deps = {dep.def_path for dep in stage.deps}
    if now != (job.commands, job.folder, job.outs) or deps != prepared.read.keys():
        raise changed(stage.addressing)


def changed(stage: str) -> MwmError:
    """What is told of a stage that was edited while it ran."""
    return MwmError(
        f"dvc.yaml: expected {stage} to stay as it was while it ran, found it changed; nothing is "
        "recorded, run the command again"
    )


def parts(stage: Any, job: Job, cluster: Cluster) -> list[Job]:
    """The jobs that share the work of one stage, if dvc.yaml says `meta: {parts: true}`.

    Each runs the stage's command with `--part 3/16` besides; then the command itself, which finds
    their checkpoints, has little left to do.
    """
    if cluster.parts == 1 or not project.meta(stage).get("parts"):
        return []
    return [replace(job, part=f"{nth + 1}/{cluster.parts}") for nth in range(cluster.parts)]


def _told(stage: Any, base: Path) -> tuple[list[str], str, list[str]]:
    """What dvc.yaml says of a stage: its commands, its folder and its outputs, below `base`."""
    outs = [_below(base, out.fs_path) for out in stage.outs]
    return project.commands(stage), _below(base, str(Path(stage.wdir))), outs


def _refuse_what_stays_here(stage: Any) -> None:
    """Refuse a stage that begins with what it made before: a workspace has none of it.

    Raises:
        UsageError: it has an output with `persist: true`.
    """
    for out in stage.outs:
        if out.persist:
            raise UsageError(
                f"{stage.addressing}: expected no output with `persist: true`, found "
                f"{out.def_path}; run this stage here: `mwm repro {stage.addressing}`"
            )


def _bring(md5: str, path: Path, store: Store) -> None:
    """Put a file of params that a stage made where DVC reads it."""
    if not (path.is_file() and md5_of(path) == md5):
        place(store, md5, path)


def place(store: Store, md5: str, path: Path) -> None:
    """Copy content of the store to where a stage would have put it."""
    with replacing(path) as temporary:
        shutil.copyfile(store.find(md5), temporary)


def _harness(base: Path, cluster: Cluster, contents: Contents) -> list[File]:
    """What every stage gets beside its deps: the files that Git tracks there."""
    paths = []
    for path in cluster.harness:
        told = os.fsdecode(git.git(base, "ls-files", "-z", "--", path))
        if not told:
            raise UsageError(
                f"cluster.yaml: harness: expected paths of files that Git tracks, found {path}; "
                "`git add` it, or take it out"
            )
        paths += [str(base / name) for name in told.split("\0") if name]
    return _files([contents.here(path) for path in paths if Path(path).is_file()], base)


def _files(listed: Listed, base: Path) -> list[File]:
    return [File(_below(base, path), md5, executable) for path, md5, executable in listed]


def _below(base: Path, path: str) -> str:
    found = Path(os.path.relpath(path, base)).as_posix()
    if found.startswith("../"):
        raise UsageError(
            f"{path}: expected a path in {base}, found one outside; a stage on another machine "
            "has what is in its repository alone"
        )
    return found


def _cores(stage: Any, params: dict[str, Any], cluster: Cluster) -> int:
    """The cores of a stage: `meta: {cores: …}`, else what it declares of train.run.threads."""
    asked = project.meta(stage).get("cores")
    if asked:
        return cluster.cores if asked == "all" else int(asked)
    declared = (_threads(values or {}) for values in params.values())
    return next((threads for threads in declared if threads), 1)


def _threads(values: dict[str, Any]) -> int | None:
    """train.run.threads, if that, or a section that it is in, is among values by name."""
    for key, value in values.items():
        if f"{THREADS}.".startswith(f"{key}."):
            found: Any = value
            for name in THREADS.removeprefix(key).split(".")[1:]:
                found = found.get(name) if isinstance(found, dict) else None
            return found if isinstance(found, int) else None
    return None
