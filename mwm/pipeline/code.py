"""The code of a stale stage, as dvc.lock records it and as it is, and what else changed."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwm.pipeline.entries import Entry
from mwm.pipeline.git import git
from mwm.pipeline.history import History
from mwm.pipeline.program import digest, fingerprint
from mwm.pipeline.project import absolute, relative, shown
from mwm.pipeline.reasons import UNSET, Reason, of_dep, told, within_outputs

WORD = re.compile(r"[^\s/=:,-]+")


class Source:
    """What Git knows of a project: what is code in it, and what that was.

    Attributes:
        top: the folder of the repository's working tree.
        files: absolute paths that Git tracks, or would; those alone that are there.
    """

    def __init__(self, repo: Any) -> None:
        root = Path(repo.root_dir)
        up = os.fsdecode(git(root, "rev-parse", "--show-cdup")).strip()
        self.top = Path(os.path.normpath(root / up))
        listed = git(self.top, "ls-files", "-z", "-co", "--exclude-standard")
        paths = (f"{self.top}/{name}" for name in os.fsdecode(listed).split("\0") if name)
        self.files = {path for path in paths if os.path.lexists(path) and not Path(path).is_dir()}
        code = (Path(path) for path in self.files if not path.endswith("/.gitignore"))
        self._folders = {str(folder) for path in code for folder in path.parents}
        self.history = History(self.top)
        self._repo = repo

    def knows(self, path: str) -> bool:
        """Whether a path is code: Git tracks it, or would; of a folder, more than a .gitignore."""
        return path in self.files or path in self._folders

    def knew(self, path: str) -> bool:
        """Whether a path is code, or was."""
        return self.knows(path) or self.history.had(self.below(path))

    def below(self, path: str) -> str:
        """A path as seen from the top."""
        return Path(os.path.relpath(path, self.top)).as_posix()

    def kept(self, path: str) -> Callable[[str], bool]:
        """Whether DVC hashes a file of the folder `path`: .dvcignore decides."""
        ignore = self._repo.dvcignore
        return lambda name: not ignore.is_ignored_file(os.path.join(path, name))  # noqa: PTH118

    def now(self, path: str) -> dict[str, bytes]:
        """The present files of a path; a folder's by path below it, a file's by ""."""
        if not Path(path).is_dir():
            return {"": Path(path).read_bytes()}
        kept = self.kept(path)
        inside = {each.relative_to(path).as_posix(): each for each in Path(path).rglob("*")}
        return {n: each.read_bytes() for n, each in inside.items() if each.is_file() and kept(n)}

    def before(self, path: str, recorded: str) -> dict[str, bytes] | None:
        """The same of what had the hash that dvc.lock records; None if Git does not have it."""
        if recorded.endswith(".dir"):
            return self.history.folder(self.below(path), recorded, self.kept(path))
        found = self.history.file(self.below(path), recorded)
        return None if found is None else {"": found}


@dataclass
class Change:
    """A stage that is stale, beside the entry of dvc.lock that records its outputs.

    Attributes:
        stage, entry: both; `stage` holds the hashes of its present code, of `entry` all others.
        old, new: hashes of its code by path from the project's root.
        more: what else changed; if anything did, the stage is not stale by its code alone.
        found: whether Git has all the old code.
        before, after: one for each program: equal if the two differ in comments, docstrings and
            formatting alone.
    """

    stage: Any
    entry: Entry
    old: dict[str, str] = field(default_factory=dict)
    new: dict[str, str] = field(default_factory=dict)
    more: list[Reason] = field(default_factory=list)
    found: bool = True
    before: str = ""
    after: str = ""

    @property
    def same_program(self) -> bool:
        """Whether nothing but comments, docstrings, formatting or the stage's name changed."""
        return self.before == self.after and self.entry.data["cmd"] == self.stage.cmd

    @property
    def group(self) -> tuple[str, ...]:
        """Equal for stages of one kind of command whose program changed in the same way."""
        keys = {name.partition("@")[2] for name in (self.entry.name, self.stage.name)}
        commands = (str(self.entry.data["cmd"]), str(self.stage.cmd))
        return (*(_kind(command, keys) for command in commands), self.before, self.after)


def _kind(command: str, keys: set[str]) -> str:
    """A command without what its item is called, as `train see …` for `see@mirror`."""

    def replaced(word: re.Match[str]) -> str:
        return "…" if any(f"-{word[0]}-" in f"-{key}-" for key in keys) else word[0]

    return WORD.sub(replaced, command)


def load(stage: Any, entry: Entry) -> None:
    """Let a stage hold what an entry records, be it of another name."""
    from dvc.stage.loader import StageLoader

    StageLoader.fill_from_lock(stage, entry.seen_from(stage.wdir))


def compare(stage: Any, entry: Entry, made: dict[str, Any], source: Source) -> Change:
    """What changed; `made` are the outputs of the project, all stages being loaded."""
    from dvc.dependency.param import ParamsDependency

    change = Change(stage, entry)
    recorded = entry.hashes("deps")
    if stage.frozen:
        change.more.append(Reason("frozen", stage.addressing))
    listed = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    for dep in listed:
        path = dep.fs_path
        if within_outputs(path, made) or not source.knows(path):
            if path not in recorded:
                change.more.append(Reason("unrecorded", shown(path)))
            elif dep.exists or within_outputs(path, made) or not source.knew(path):
                change.more += of_dep(dep, made)
            else:
                change.more.append(Reason("missing", shown(path)))
            continue
        dep.save()
        change.new[relative(stage, path)] = str(dep.hash_info.value)
        change.more += _strays(dep, source)
        if path in recorded:
            change.old[relative(stage, path)] = recorded[path]
    for path in recorded.keys() - {dep.fs_path for dep in listed}:
        if within_outputs(path, made) or not source.knew(path):
            change.more.append(Reason("unlisted", shown(path)))
        change.old[relative(stage, path)] = recorded[path]
    change.more += _params(stage, entry)
    for out in stage.outs:
        if out.exists and out.workspace_status():
            change.more.append(Reason("output", shown(out.fs_path)))
        elif not out.exists and not out.use_cache:
            change.more.append(Reason("missing", shown(out.fs_path)))
    return change


def read_programs(changes: list[Change], source: Source) -> None:
    """Find the old code of all in Git, and whether it is the program that the new code is."""
    if not changes:
        return
    any_stage = changes[0].stage
    gone = {each for change in changes for each in change.old.items() - change.new.items()}
    files = {path for path, md5 in gone if not md5.endswith(".dir")}
    source.history.look_up(source.below(absolute(any_stage, path)) for path in files)
    known: dict[tuple[str, str], dict[str, str] | None] = {}

    def parts(path: str, md5: str, present: bool) -> dict[str, str]:
        if (path, md5) not in known:
            place = absolute(any_stage, path)
            texts = source.now(place) if present else source.before(place, md5)
            known[path, md5] = texts if texts is None else _fingerprints(path, texts)
        found = known[path, md5]
        return {path: md5} if found is None else found

    for change in changes:
        after: dict[str, str] = {}
        before: dict[str, str] = {}
        for path, md5 in change.new.items():
            after |= parts(path, md5, present=True)
        for path, md5 in change.old.items():
            before |= parts(path, md5, present=False)
            change.found &= known[path, md5] is not None
        change.before, change.after = digest(before), digest(after)


def _fingerprints(path: str, texts: dict[str, bytes]) -> dict[str, str]:
    places = {f"{path}/{name}".rstrip("/"): text for name, text in texts.items()}
    return {place: fingerprint(text, place.endswith(".py")) for place, text in places.items()}


def _strays(dep: Any, source: Source) -> Iterator[Reason]:
    """Files in a folder of code that Git would not keep, and so nobody else can have."""
    if dep.hash_info.isdir:
        for parts, _, _ in dep.obj:
            path = f"{dep.fs_path}/{'/'.join(parts)}"
            if path not in source.files:
                yield Reason("stray", shown(path))


def _params(stage: Any, entry: Entry) -> Iterator[Reason]:
    """Values that differ from the recorded ones, whichever of their sections are listed."""
    from dvc.dependency.param import ParamsDependency, read_param_file

    listed = {dep.fs_path: dep for dep in stage.deps if isinstance(dep, ParamsDependency)}
    recorded = entry.params()
    for path in sorted(recorded.keys() | listed.keys()):
        old = _leaves(recorded.get(path, {}))
        new = _leaves(listed[path].read_params()) if path in listed else {}
        if (dropped := old.keys() - new.keys()) and Path(path).is_file():
            whole = _leaves(read_param_file(stage.repo.fs, path))
            new |= {key: whole[key] for key in dropped & whole.keys()}
        for key in sorted(old.keys() | new.keys()):
            before, after = old.get(key, UNSET), new.get(key, UNSET)
            if before != after:
                yield Reason("param", f"{shown(path)}: {key}", told(before), told(after))


def _leaves(values: Any, above: str = "") -> dict[str, Any]:
    """The values below nested sections, by dotted keys."""
    if not isinstance(values, dict) or (above and not values):
        return {above: values}
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _leaves(value, f"{above}.{key}" if above else str(key))
    return found
