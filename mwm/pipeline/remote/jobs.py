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
from mwm.pipeline import git, hashes
from mwm.pipeline.cache import listed

THREADS = "train.run.threads"  # the param that tells how many cores a stage uses


@dataclass(frozen=True)
class Read:
    """What dvc.lock is to record of a dep: DVC's hash and what it knows beside."""

    hash_info: Any
    meta: Any


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
    store, base = store_of(repo), base_of(repo)
    made = {out.fs_path: out for out in repo.index.outs}
    read: dict[str, Read] = {}
    deps: list[File] = []
    beside = _harness(base, cluster, store)
    params: dict[str, Any] = {}
    for dep in stage.deps:
        if hasattr(dep, "params"):  # a file of params: the keys count, the file is sent
            if (out := made.get(dep.fs_path)) is not None:  # a study's
                _bring(out, store)
            dep.save()
            params[dep.def_path] = dep.hash_info.value
            beside += _files([_here(dep.fs_path, store)], base)
            read[dep.def_path] = Read(dep.hash_info, dep.meta)
            continue
        files, read[dep.def_path] = _dep(repo, dep, made, store)
        deps += _files(files, base)
    wdir = Path(stage.wdir)
    job = Job(
        stage.addressing,
        [stage.cmd] if isinstance(stage.cmd, str) else list(stage.cmd),
        _below(base, str(wdir)),
        deps,
        beside,
        [_below(base, out.fs_path) for out in stage.outs],
        _cores(stage, params, cluster),
        versions(),
        hashes.of_bytes(repr((sorted((f.path, f.md5) for f in deps), params)).encode()),
        store.group,
    )
    return Prepared(job, read)


def parts(stage: Any, job: Job, cluster: Cluster) -> list[Job]:
    """The jobs that share the work of one stage, if dvc.yaml says `meta: {parts: true}`.

    Each runs the stage's command with `--part 3/16` besides; then the command itself, which finds
    their checkpoints, has little left to do.
    """
    if cluster.parts == 1 or not (stage.meta or {}).get("parts"):
        return []
    return [replace(job, part=f"{nth + 1}/{cluster.parts}") for nth in range(cluster.parts)]


Listed = list[tuple[str, str, bool]]  # path, MD5, whether it can be executed


def _dep(repo: Any, dep: Any, made: dict[str, Any], store: Store) -> tuple[Listed, Read]:
    """The files of a dep, and what is recorded of it."""
    inside = {path: out for path, out in made.items() if Path(path).is_relative_to(dep.fs_path)}
    if not inside:  # code and other sources, or a part of an output
        dep.save()
        here = _tree(dep)
        for path, md5, _ in here:
            store.put(Path(path), store.extra(md5))
        return here, Read(dep.hash_info, dep.meta)
    files = [file for path, out in inside.items() for file in _output(path, out, store)]
    if dep.fs_path in inside:
        out = inside[dep.fs_path]
        return files, Read(out.hash_info, out.meta)
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.meta import Meta

    for path in repo.dvcignore.find(dep.fs, dep.fs_path):  # what lies beside outputs there
        if not any(Path(path).is_relative_to(out) for out in inside):
            files.append(_here(path, store))
    below = {Path(os.path.relpath(path, dep.fs_path)).as_posix(): md5 for path, md5, _ in files}
    size = sum(store.find(md5).stat().st_size for md5 in below.values())
    found = HashInfo("md5", hashes.of_folder(below))
    return files, Read(found, Meta(size=size, nfiles=len(below), isdir=True))


def _output(path: str, out: Any, store: Store) -> Listed:
    """The files of another stage's output, as dvc.lock has it."""
    if not out.hash_info:
        raise MwmError(f"{out.def_path}: expected an output in dvc.lock, found none; make it first")
    value, executable = out.hash_info.value, bool(out.meta and out.meta.isexec)
    if not out.hash_info.isdir:
        if not out.use_cache and Path(path).is_file():  # DVC's cache does not have it
            store.put(Path(path), store.extra(value))
        return [(path, value, executable)]
    files = listed(store.find(value))
    return [(os.path.join(path, name), md5, False) for name, md5 in files.items()]  # noqa: PTH118


def _bring(out: Any, store: Store) -> None:
    """Put a file of params that a stage made where DVC reads it."""
    path = Path(out.fs_path)
    if out.hash_info and not (path.is_file() and md5_of(path) == out.hash_info.value):
        place(store, out.hash_info.value, path)


def place(store: Store, md5: str, path: Path) -> None:
    """Copy content of the store to where a stage would have put it."""
    with replacing(path) as temporary:
        shutil.copyfile(store.find(md5), temporary)


def _tree(dep: Any) -> Listed:
    if not dep.hash_info.isdir:
        executable = os.access(dep.fs_path, os.X_OK)
        return [(dep.fs_path, dep.hash_info.value, executable)]
    entries = dep.obj or dep.get_obj()
    return [
        (path := os.path.join(dep.fs_path, *parts), entry.value, os.access(path, os.X_OK))  # noqa: PTH118
        for parts, _, entry in entries
    ]


def _harness(base: Path, cluster: Cluster, store: Store) -> list[File]:
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
    return _files([_here(path, store) for path in paths if Path(path).is_file()], base)


def _here(path: str, store: Store) -> tuple[str, str, bool]:
    """A file of this machine, which the store has then."""
    md5 = md5_of(Path(path))
    store.put(Path(path), store.extra(md5))
    return path, md5, os.access(path, os.X_OK)


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
    asked = (stage.meta or {}).get("cores")
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
