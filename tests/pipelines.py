"""The stages of every dvc.yaml as DVC reads them, with paths from the root of the project."""

import functools
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import closure
from dvc.parsing import DataResolver
from dvc.repo import Repo
from plain_yaml import parse

ROOT = closure.ROOT
FOLDERS = ("", "results", "experiments")  # of pipelines
LINKED = re.compile(r"^(results|experiments)/(?=(mwm|stages)/)")  # links to the code, for studies
COMMAND = re.compile(r"python -m (?:(mwm) |stages\.)(\w+)(.*)", re.S)


@dataclass(frozen=True)
class Stage:
    """One stage: of a `foreach` or a `matrix` one of those that DVC makes of it.

    Attributes:
        name: as DVC shows it, `see@mirror`.
        line: its command as the shell runs it.
        script: the module that its command runs.
        command: the function of that module.
        words: what follows on the command line.
        deps, outs: paths; `outs` with metrics.
        params: keys that it declares, of whichever file.
    """

    name: str
    line: str
    script: Path
    command: str
    words: list[str]
    deps: list[str]
    outs: list[str]
    params: set[str]

    @property
    def code(self) -> list[str]:
        """The deps that are code."""
        return [dep for dep in self.deps if dep.split("/")[0] in closure.PACKAGES]

    @property
    def data(self) -> list[str]:
        """The deps that are none."""
        return [dep for dep in self.deps if dep not in self.code]

    @property
    def item(self) -> str:
        """What stands for * in params' keys: the last part of its name."""
        return re.split("[-@]", self.name)[-1]


@functools.cache
def stages(folder: str) -> dict[str, Stage]:
    """The stages of a folder's dvc.yaml, by name."""
    repo = Repo(str(ROOT / folder.split("/", maxsplit=1)[0]))
    content = parse(ROOT / folder / "dvc.yaml")
    resolved = DataResolver(repo, str(ROOT / folder), content).resolve()["stages"]
    return {name: _stage(folder, name, entry) for name, entry in resolved.items()}


def makers() -> dict[str, str]:
    """Every out of every pipeline, and the stage that makes it."""
    every = (stage for folder in FOLDERS for stage in stages(folder).values())
    return {out: stage.name for stage in every for out in stage.outs}


def needed(folder: str, targets: Iterable[str]) -> set[str]:
    """The targets, and all stages of a folder's dvc.yaml that they read from, however far above."""
    every, found, ahead = stages(folder), set(), list(targets)
    while ahead:
        found.add(name := ahead.pop())
        read = every[name].data
        above = {
            maker.name
            for maker in every.values()
            if any(_overlap(out, dep) for out in maker.outs for dep in read)
        }
        ahead += above - found
    return found


def _overlap(path: str, other: str) -> bool:
    """Whether they are one path, or one is a folder in which the other lies."""
    return f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/")


def _stage(folder: str, name: str, entry: dict[str, Any]) -> Stage:
    found = COMMAND.search(entry["cmd"])
    assert found, entry["cmd"]
    room, module, rest = found.groups()
    script = ROOT / ("mwm/pipeline" if room else "stages") / f"{module}.py"
    words, functions = rest.split(), closure.commands(script)
    command = words.pop(0) if len(functions) > 1 else module
    outs = [*entry.get("outs", []), *entry.get("metrics", [])]
    params = [key for each in entry.get("params", []) for key in _keys(each)]
    return Stage(
        name=name,
        line=entry["cmd"],
        script=script,
        command=command,
        words=words,
        deps=_from_root(folder, entry.get("deps", [])),
        outs=_from_root(folder, outs),
        params=set(params),
    )


def _keys(entry: str | dict[str, list[str]]) -> Iterable[str]:
    return [entry] if isinstance(entry, str) else next(iter(entry.values()))


def _from_root(folder: str, entries: Iterable[Any]) -> list[str]:
    names = (next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries)
    paths = (os.path.normpath(Path(folder) / name) for name in names)
    return [LINKED.sub("", path) for path in paths]
