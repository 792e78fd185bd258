"""One stage run in a temporary copy of the project, and its outputs compared with dvc.lock."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm import MwmError
from mwm.engines.command import in_shell
from mwm.pipeline import cache, hashes, ours, project
from mwm.pipeline.reasons import is_here
from mwm.pipeline.removal import remove
from mwm.pipeline.source import Source
from mwm.pipeline.subprocess_environment import BINDING, with_this_python
from mwm.pipeline.vouching.comparison import TIMING

BOUND = {*BINDING, "DVC_STAGE", "DVC_ROOT"}  # would tie the stage to the project itself
TAIL = 400  # characters of a failed stage's output that are told


@dataclass(frozen=True)
class Supply:
    """Data that a stage reads.

    Attributes:
        path: where, as absolute path in the project.
        files: where DVC keeps the content, by path below `path` ("" for a file); empty if the
            content is in the project itself.
    """

    path: str
    files: dict[str, Path]


def supplies(stage: Any, made: dict[str, Any], source: Source) -> list[Supply] | None:
    """What a stage reads beside code, from the project or DVC's cache; None if it cannot be had."""
    from dvc.dependency.param import ParamsDependency

    found = []
    for dep in stage.deps:
        path = dep.fs_path
        if source.knows(path) and path not in made:
            continue  # code
        if is_here(dep, made):
            found.append(Supply(path, {}))
            continue
        recorded = made.get(path) if isinstance(dep, ParamsDependency) else dep
        files = cache.files(stage.repo, recorded) if recorded else {}
        if not files:
            return None
        found.append(Supply(path, files))
    for path in ours.params_beside(stage):
        if not (file := cache.place_of(stage.repo, path, made)):
            return None
        found.append(Supply(path, {"": Path(file)}))
    return found


@contextmanager
def copied(stage: Any, source: Source, needed: list[Supply]) -> Iterator[Path]:
    """A copy of what Git tracks, or would, and of what the stage needs, until the block ends.

    Raises:
        MwmError: what was copied is not what dvc.lock says, or the code that is vouched for.
    """
    with tempfile.TemporaryDirectory(prefix="mwm-vouch-") as name:
        top = Path(name).resolve() / "copy"
        for path in source.files:
            _copy(Path(path), top / source.below(path))
        for supply in needed:
            place = top / source.below(supply.path)
            if ".." in place.parts:
                continue  # outside the repository: the stage reads it where it is
            for below, file in supply.files.items():
                _copy(file, place / below)
            if not supply.files:
                _copy(Path(supply.path), place)
        for dep in stage.deps:
            path, md5 = dep.fs_path, dep.hash_info.value
            place = top / source.below(path)
            inside = isinstance(md5, str) and ".." not in place.parts
            if inside and hashes.of_path(place, source.kept(path)) != md5:
                raise MwmError(
                    f"{path}: expected the data of dvc.lock and the code to vouch for, found it "
                    "changed; leave the project alone while `mwm vouch` is at work, or see `mwm "
                    "check --cache`"
                )
        for out in stage.outs:
            place = top / source.below(out.fs_path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if not out.persist:
                remove(place)
        yield top


def run(stage: Any, source: Source, top: Path) -> None:
    """Run the stage's command in a copy.

    Raises:
        MwmError: the command failed; with the end of its output.
    """
    environment = with_this_python({k: v for k, v in os.environ.items() if k not in BOUND})
    if "PYTHONPATH" in environment:
        paths = map(Path, environment["PYTHONPATH"].split(os.pathsep))
        environment["PYTHONPATH"] = os.pathsep.join(
            str(top / path.relative_to(source.top) if path.is_relative_to(source.top) else path)
            for path in paths
        )
    shell = environment.get("SHELL") or "/bin/sh"
    with (top.parent / "output").open("w+", errors="replace") as output:
        for line in project.commands(stage):
            process = subprocess.Popen(
                in_shell(shell, line),
                cwd=top / source.below(stage.wdir),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that an interrupt can end all of it
            )
            try:
                code = process.wait()
            finally:
                _end(process)  # a daemon, too, that a stage left in the copy
            if code:
                output.seek(0)
                said = " ".join(output.read().split())[-TAIL:]
                raise MwmError(
                    f"{stage.addressing}: expected its outputs, found exit code {code} in a "
                    f"temporary copy, so nothing was accepted; it ended with: {said}"
                )


def difference(stage: Any, source: Source, top: Path) -> str | None:
    """The first output in a copy that has other bytes than dvc.lock says; durations aside."""
    for out in stage.outs:
        place = top / source.below(out.fs_path)
        if out.annot.type == TIMING and place.exists():
            continue
        if hashes.of_path(place, source.kept(out.fs_path)) != out.hash_info.value:
            return str(out.fs_path)
    return None


def keep(stage: Any, source: Source, top: Path) -> None:
    """Put what a stage made in a copy into DVC's cache, where stages after it find their data."""
    from dvc.fs import localfs
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.transfer import transfer

    for out in stage.outs:
        place = top / source.below(out.fs_path)
        if out.use_cache and out.annot.type != TIMING and place.exists():
            staging, _, made = build(out.cache, str(place), localfs, out.hash_name)
            transfer(staging, out.cache, {made.hash_info}, shallow=False)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask all of a command to end, then make it."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)


def _copy(old: Path, new: Path) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    if old.is_dir() and not old.is_symlink():
        shutil.copytree(old, new, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(old, new, follow_symlinks=not _inner(old))


def _inner(path: Path) -> bool:
    """Whether a path is a link to its neighbourhood; links of DVC into its cache are none."""
    return path.is_symlink() and not path.readlink().is_absolute()
