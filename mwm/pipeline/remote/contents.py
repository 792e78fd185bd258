"""What a stage reads, in the store and by hash: outputs as dvc.lock has them, others from here."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from mwm import MwmError
from mwm.engines.store import Store, md5_of, tree_of
from mwm.pipeline import hashes
from mwm.pipeline.cache import listed

Listed = list[tuple[str, str, bool]]  # path, MD5, whether it can be executed


@dataclass(frozen=True)
class Read:
    """What dvc.lock is to record of a dep: DVC's hash and what it knows beside."""

    hash_info: Any
    meta: Any


class Contents:
    """Finds the content of paths in a project, and puts it into the store."""

    def __init__(self, repo: Any, store: Store) -> None:
        """Of a DVC repository that is open."""
        self._repo, self._store = repo, store
        self._made = {out.fs_path: out for out in repo.index.outs}

    def made_by_stages(self, path: str) -> bool:
        """Whether a path is an output, lies in one, or is a folder that holds one."""
        return self._within(path) is not None or any(
            PurePath(out).is_relative_to(path) for out in self._made
        )

    def of_dep(self, dep: Any) -> tuple[Listed, Read]:
        """The files of a dep, and what is recorded of it.

        Raises:
            MwmError: there is none, or not the one that dvc.lock has.
        """
        path = dep.fs_path
        if not self.made_by_stages(path):  # code and other sources
            dep.save()
            here = _tree(dep)
            for each, md5, _ in here:
                self._store.put(Path(each), self._store.extra(md5))
            return here, Read(dep.hash_info, dep.meta)
        if (out := self._made.get(path)) is not None:
            return self.of_output(out), Read(out.hash_info, out.meta)
        if (out := self._within(path)) is not None:
            return self._part(out, path)
        outs = [each for each in self._made if PurePath(each).is_relative_to(path)]
        files = [file for each in outs for file in self.of_output(self._made[each])]
        for each in self._repo.dvcignore.find(dep.fs, path):  # what lies beside outputs there
            if not any(PurePath(each).is_relative_to(out) for out in outs):
                files.append(self.here(each))
        return files, self._folder(path, files)

    def of_params(self, dep: Any) -> str | None:
        """The MD5 of a file of params that a stage makes; None of any other."""
        if (out := self._within(dep.fs_path)) is None:
            return None
        return next(md5 for path, md5, _ in self._part(out, dep.fs_path)[0])

    def of_output(self, out: Any) -> Listed:
        """The files of another stage's output, as dvc.lock has it.

        Raises:
            MwmError: dvc.lock has none, or its content is not to be found.
        """
        path, recorded = out.fs_path, out.hash_info
        if not recorded:
            raise MwmError(
                f"{out.def_path}: expected an output in dvc.lock, found none; make it first"
            )
        if not out.use_cache:
            self._take(out)
        if not recorded.isdir:
            return [(path, recorded.value, bool(out.meta and out.meta.isexec))]
        files = listed(self._store.find(recorded.value))
        return [(os.path.join(path, name), md5, False) for name, md5 in files.items()]  # noqa: PTH118

    def made(self, path: str) -> Listed:
        """A path that is an output of a stage, as dvc.lock has it; nothing if it is none."""
        out = self._made.get(path)
        return [] if out is None else self.of_output(out)

    def here(self, path: str) -> tuple[str, str, bool]:
        """A file of this machine, which the store has then."""
        md5 = md5_of(Path(path))
        self._store.put(Path(path), self._store.extra(md5))
        return path, md5, os.access(path, os.X_OK)

    def _within(self, path: str) -> Any:
        """The output that a path is, or lies in; None if there is none."""
        above = (path, *map(str, PurePath(path).parents))
        return next((self._made[each] for each in above if each in self._made), None)

    def _part(self, out: Any, path: str) -> tuple[Listed, Read]:
        """What dvc.lock has of a path in an output that is a folder; or of the output itself."""
        files = [file for file in self.of_output(out) if PurePath(file[0]).is_relative_to(path)]
        if not files:
            raise MwmError(
                f"{path}: expected it in {out.def_path}, which dvc.lock lists, found no such file"
            )
        if [each for each, _, _ in files] != [path]:
            return files, self._folder(path, files)
        from dvc_data.hashfile.hash_info import HashInfo
        from dvc_data.hashfile.meta import Meta

        md5 = files[0][1]
        return files, Read(HashInfo("md5", md5), Meta(size=self._store.find(md5).stat().st_size))

    def _folder(self, path: str, files: Listed) -> Read:
        """What DVC would record of a folder with these files."""
        from dvc_data.hashfile.hash_info import HashInfo
        from dvc_data.hashfile.meta import Meta

        below = {_below(each, path): md5 for each, md5, _ in files}
        size = sum(self._store.find(md5).stat().st_size for md5 in below.values())
        found = HashInfo("md5", hashes.of_folder(below))
        return Read(found, Meta(size=size, nfiles=len(below), isdir=True))

    def _take(self, out: Any) -> None:
        """Put an output that DVC's cache does not keep into the store, from where it lies.

        Raises:
            MwmError: it is not what dvc.lock records, and the store has not got that, either.
        """
        path, recorded = Path(out.fs_path), out.hash_info.value
        if path.is_dir() and out.hash_info.isdir:
            files = {each: md5_of(Path(each)) for each in self._repo.dvcignore.find(out.fs, path)}
            tree = tree_of({_below(each, path): md5 for each, md5 in files.items()})
            if tree.hash_info.value == recorded:
                for each, md5 in files.items():
                    self._store.put(Path(each), self._store.extra(md5))
                self._store.put_bytes(tree.as_bytes(), self._store.extra(recorded))
                return
        elif path.is_file() and md5_of(path) == recorded:
            self._store.put(path, self._store.extra(recorded))
            return
        try:
            self._store.find(recorded)
        except MwmError:
            raise MwmError(
                f"{out.def_path}: expected what dvc.lock records, found "
                f"{'other content' if path.exists() else 'nothing'}; `git checkout` it, or "
                f"run {out.stage.addressing} again"
            ) from None


def _below(path: str, folder: str | Path) -> str:
    return PurePath(path).relative_to(folder).as_posix()


def _tree(dep: Any) -> Listed:
    if not dep.hash_info.isdir:
        executable = os.access(dep.fs_path, os.X_OK)
        return [(dep.fs_path, dep.hash_info.value, executable)]
    entries = dep.obj or dep.get_obj()
    return [
        (path := os.path.join(dep.fs_path, *parts), entry.value, os.access(path, os.X_OK))  # noqa: PTH118
        for parts, _, entry in entries
    ]
