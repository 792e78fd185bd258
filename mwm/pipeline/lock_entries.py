"""What a dvc.lock has of stages: read, and changed under DVC's lock."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mwm import UsageError
from mwm.runtime import lockfile


def lock_files(stages: Iterable[Any]) -> dict[Path, Any]:
    """Every dvc.lock of these stages, with the dvc.yaml beside it as DVC has read it."""
    pipelines = {stage.dvcfile.path: stage.dvcfile for stage in stages if hasattr(stage, "name")}
    return {Path(path).with_suffix(".lock"): file for path, file in pipelines.items()}


def entries(file: Any) -> list[str]:
    """The names of the stages in the dvc.lock beside a dvc.yaml, in its order."""
    return list(file.lockfile_contents.get("stages", {}))


def gone(repo: Any, stages: Iterable[Any]) -> list[tuple[Path, str]]:
    """Entries of dvc.lock, by file and name, of which the dvc.yaml beside has no stage.

    A dvc.yaml without any stage, or that is gone, counts, too: none of `stages` leads to it.
    """
    from dvc.dvcfile import Lockfile

    files = lock_files(stages)
    found = [
        (path, name)
        for path, file in files.items()
        for name in entries(file)
        if name not in file.stages
    ]
    for folder, _, names in repo.dvcignore.walk(repo.fs, repo.root_dir):  # not into other projects
        path = Path(folder, "dvc.lock")
        if path.name in names and path not in files:
            content = Lockfile(repo, str(path)).load()
            found += [(path, name) for name in content.get("stages", {})]
    return found


def check_lock(repo: Any) -> None:
    """Refuse where DVC would wait for its lock without end.

    Raises:
        UsageError: the file system has no flock, and DVC is not told so.
    """
    from dvc.lock import Lock

    if type(repo.lock) is Lock and not lockfile.flock_works(Path(repo.tmp_dir)):
        raise UsageError(
            f"{repo.tmp_dir}: expected a file system with flock, found one without; run "
            "`dvc config --local core.hardlink_lock true`, by which DVC does without"
        )


@contextmanager
def editing(repo: Any, path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a dvc.lock by stage, to be changed; nobody else writes it meanwhile.

    The file changes at once, if the block ends well. DVC would write it in place, for seconds.

    Raises:
        MwmError: it cannot be written.
        UsageError: as `check_lock` does.
    """
    from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

    from mwm.io.files import write_text

    check_lock(repo)
    with repo.lock:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        data = parse_yaml_for_update(text, str(path))
        data.setdefault("schema", "2.0")
        yield data.setdefault("stages", {})
        write_text(path.resolve(), dumps_yaml(data))  # of a link what it leads to
