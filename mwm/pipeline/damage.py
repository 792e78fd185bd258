"""Which outputs have other bytes than dvc.lock records: DVC trusts the mode and times of a file."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm import ArtefactError
from mwm.pipeline import cache
from mwm.pipeline.project import shown


@dataclass(frozen=True)
class Damage:
    """A file with other bytes than dvc.lock records.

    Attributes:
        stage: that made it.
        path: where it belongs, seen from the current folder.
        file: the damaged one: that, or what DVC's cache has of it.
        intact: whether the other one, at `path`, has the right bytes.
        cached: whether DVC's cache has one.
    """

    stage: str
    path: str
    file: str
    intact: bool = False
    cached: bool = True

    def told(self) -> Iterator[str]:
        """What is damaged, and the commands that heal it."""
        where = " in DVC's cache" if self.file != self.path else ""
        if self.intact:
            yield f"{self.stage}: {self.path} is right, but DVC's cache has other bytes of it:"
            yield f"  install -m 444 {shlex.join([self.path, self.file])}   # mends the cache"
            return
        yield f"{self.stage}: {self.path} has other bytes{where} than dvc.lock records; delete it:"
        yield f"  rm -rf {shlex.join(dict.fromkeys([self.file, self.path]))}"
        fetch = "checkout" if self.cached and not where else "pull"
        again = f"`dvc {fetch} {shlex.quote(self.path)}` gets it back"
        yield f"  then {again}, or `mwm repro {shlex.quote(self.stage)}` makes it again"


def verify(stages: Iterable[Any]) -> tuple[int, list[Damage]]:
    """How many files of the stages' outputs are here or in DVC's cache, and which are damaged."""
    count, found = 0, []
    for stage in stages:
        for out in stage.outs:
            if out.use_cache and out.hash_info and out.is_in_repo:
                for path, files, md5 in _copies(out):
                    count += len(files)
                    bad = [file for file in files if _md5(file, out.hash_name) != md5]
                    intact = len(bad) == 1 < len(files) and bad == files[:1]
                    cached = files[:1] != [Path(path)]  # the cache comes first
                    found += [
                        Damage(stage.addressing, shown(path), shown(str(file)), intact, cached)
                        for file in bad[:1]
                    ]
    return count, found


def _copies(out: Any) -> Iterator[tuple[str, list[Path], str]]:
    """What there is of an output: path, where its bytes are, and the MD5 that they should have.

    First the list of a folder's files, if it is one; then each file, in the cache and here.
    """
    listed = {"": out.hash_info.value}
    if out.hash_info.isdir:
        own = Path(out.cache.oid_to_path(out.hash_info.value))
        if not own.is_file():
            return
        yield out.fs_path, [own], out.hash_info.value.removesuffix(".dir")
        try:
            listed = cache.listed(own)
        except ArtefactError:  # as just told
            return
    for below, md5 in listed.items():
        here, cached = Path(out.fs_path, below), Path(out.cache.oid_to_path(md5))
        files = [file for file in (cached, here) if file.is_file()]
        linked = len(files) == 2 and here.samefile(cached)
        yield str(here), files[:1] if linked else files, md5


def _md5(file: Path, name: str) -> str:
    from dvc_data.hashfile.hash import file_md5

    return str(file_md5(str(file), name=name))
