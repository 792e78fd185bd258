"""Which paths DVC's records name as outputs of stages: dvc.lock, its history, and the run-cache."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwm.engines.store import md5_of
from mwm.pipeline import git, lock_entries

SECTION = re.compile(r" {4}(\w+):")  # of a stage in dvc.lock: cmd, deps, params, outs
HISTORY = (
    *("log", "--all", "--full-history", "-m", "--no-renames", "--relative"),
    *("-z", "--raw", "--no-abbrev", "--format=%x02%H", "--"),
)


@dataclass(frozen=True)
class Version:
    """One version of a dvc.lock or dvc.yaml.

    Attributes:
        path: where it is, or was.
        text: its content; None if it is missing, as in a partial clone.
        commit: the commit, abbreviated; empty for the file as it is now.
    """

    path: Path
    text: bytes | None
    commit: str = ""


def outputs(repo: Any, stages: list[Any], keeps: Callable[[Path], bool]) -> dict[Path, str]:
    """Every path that a record names as an output, and which record does.

    Of the run-cache only what exists and is not kept: `keeps` tells of a path.
    Paths in dvc.lock and in the run-cache are relative to the `wdir` of a stage, which neither
    tells: a folder whose dvc.yaml has ever used `wdir` is left out, as is one whose pipeline DVC
    does not read now, though it is there.
    """
    root = Path(repo.root_dir)
    today = lock_entries.lock_files(stages)
    now = [Version(path, path.read_bytes()) for path in today if path.exists()]
    pipelines = [Version(Path(file.path), Path(file.path).read_bytes()) for file in today.values()]
    versions = [*now, *pipelines, *(_history(root) if git.used(root) else ())]
    folders = _plain({path.parent for path in today}, versions)
    # Of a dvc.yaml that was removed, the lock file that it left beside it.
    alone = [folder / "dvc.lock" for folder in folders if not (folder / "dvc.yaml").exists()]
    versions = [*(Version(path, path.read_bytes()) for path in alone if path.is_file()), *versions]
    found: dict[Path, str] = {}
    for version in versions:
        folder = version.path.parent
        if folder in folders and version.path.suffix == ".lock" and version.text:
            lock = version.path.relative_to(root)
            of = f"{lock} of commit {version.commit}" if version.commit else str(lock)
            for stage, name, files in outs_of(version.text):
                if (path := _at(folder, name)) not in found:
                    found[path] = f"output of {stage}, which {of} names{_more(path, files)}"
    for path, command in _cached(Path(repo.stage_cache.cache_dir), folders, keeps):
        why = f"output of `{command}`, which DVC's run-cache names with this content"
        found.setdefault(path, why)
    return found


def _plain(today: set[Path], versions: Iterable[Version]) -> set[Path]:
    """The folders in which paths of dvc.lock are relative to the folder itself."""
    pipelines = [version for version in versions if version.path.suffix == ".yaml"]
    known = {version.path.parent for version in pipelines}
    odd = {each.path.parent for each in pipelines if each.text is None or b"wdir" in each.text}
    unread = {folder for folder in known - today if (folder / "dvc.yaml").exists()}
    return known - odd - unread


def _history(root: Path) -> list[Version]:
    """Every version of every dvc.lock and dvc.yaml that Git has, of all branches, newest first."""
    files = (":(glob)**/dvc.lock", ":(glob)**/dvc.yaml")
    told = iter(os.fsdecode(git.git(root, *HISTORY, *files)).split("\0"))
    changes: dict[tuple[str, str], str] = {}  # by path and blob: the newest commit that has it
    commit = ""
    for word in told:
        if word.startswith("\x02"):
            commit = word[1:8]
        elif word.strip().startswith(":"):
            _, _, _, blob, _ = word.split()
            path = next(told)
            if blob.strip("0"):  # else deleted
                changes.setdefault((path, blob), commit)
    texts = git.blobs(root, {blob for _, blob in changes})
    return [Version(root / path, texts.get(blob), at) for (path, blob), at in changes.items()]


def _more(path: Path, files: Any) -> str:
    """How many files a folder holds, if those are more than a record has of it."""
    if not isinstance(files, int) or not path.is_dir() or path.is_symlink():
        return ""
    held = sum(not each.is_dir() for each in path.rglob("*"))
    return f" with {files} of its {held} files" if held > files else ""


def outs_of(text: bytes) -> Iterator[tuple[str, str, Any]]:
    """Of each output in a dvc.lock: the stage, the path, and how many files it held, of a folder.

    None is found if the text cannot be parsed.

    DVC writes it in place, so that it may be half there. Only the lines on outputs are parsed:
    most of a long file is about deps.
    """
    lines, wanted = [], True
    for line in text.decode(errors="replace").split("\n"):
        if section := SECTION.match(line):
            wanted = section[1] == "outs"
        elif not line.startswith("    "):
            wanted = True
        if wanted:
            lines.append(line)
    try:
        for stage, entry in (_parsed("\n".join(lines)) or {})["stages"].items():
            for out in (entry or {}).get("outs", []):
                yield stage, out["path"], out.get("nfiles")
    except (KeyError, TypeError, AttributeError, ValueError):  # of another form, or in conflict
        return


def _cached(
    cache: Path, folders: Iterable[Path], keeps: Callable[[Path], bool]
) -> Iterator[tuple[Path, str]]:
    """Files with the path and the content of an output in the run-cache, and what made them.

    The content counts since an entry does not tell its project and folder; and what goes is in
    DVC's cache then. Outputs that are folders are left out.
    """
    hashes: dict[Path, str] = {}
    for entry in sorted(cache.glob("??/*/*")):
        try:
            head, _, outs = entry.read_text(encoding="utf-8").partition("\nouts:\n")
            named = [(out["path"], out["md5"]) for out in _parsed(outs) or [] if out.get("hash")]
        except (KeyError, TypeError, AttributeError, ValueError):
            continue
        for name, md5 in named:
            for path in (_at(folder, name) for folder in folders):
                if path.is_file() and path not in hashes and not keeps(path):
                    hashes[path] = md5_of(path)
                if hashes.get(path) == md5:
                    yield path, head.partition("\n")[0].removeprefix("cmd: ")


def _at(folder: Path, name: str) -> Path:
    return Path(os.path.normpath(folder / name))


def _parsed(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe").load(text)
    except YAMLError as error:
        raise ValueError(str(error)) from None
