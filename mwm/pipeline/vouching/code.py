"""The code of a stale stage, as dvc.lock records it and as it is: whether it is one program."""

import re
from dataclasses import dataclass, field
from typing import Any

from mwm.pipeline.project import absolute
from mwm.pipeline.reasons import Reason
from mwm.pipeline.source import Source
from mwm.pipeline.vouching.entries import Entry
from mwm.pipeline.vouching.program import digest, fingerprint

WORD = re.compile(r"[^\s/=:,-]+")


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


def read_programs(changes: list[Change], source: Source) -> None:
    """Find the old code of all in Git, and whether it is the program that the new code is."""
    known: dict[tuple[str, str], dict[str, str] | None] = {}

    def parts(path: str, md5: str, present: bool) -> dict[str, str]:
        if (path, md5) not in known:
            place = absolute(changes[0].stage, path)
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
