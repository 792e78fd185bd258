"""Ask Git about a project: without an answer an error is raised, never "nothing" assumed."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from mwm import MwmError
from mwm.pipeline.subprocess_environment import unbound


def used(root: Path) -> bool:
    """Whether a folder lies in a Git repository, be it one that Git refuses to read."""
    return any(os.path.lexists(folder / ".git") for folder in (root, *root.parents))


def git(root: Path, *words: str, given: bytes = b"") -> bytes:
    """What `git WORDS` prints in the folder `root`, with `given` as its input.

    The repository is the one around `root`, whatever the environment says.

    Raises:
        MwmError: Git is not installed, or refuses.
    """
    shown = ("-c", "log.showRoot=true")  # else a user's setting may hide what a first commit added
    try:
        answer = subprocess.run(
            ["git", *shown, "-C", str(root), *words],
            input=given,
            capture_output=True,
            env=unbound(),
            check=False,
        )
    except OSError as error:
        raise _refused(root, words, str(error)) from None
    if answer.returncode:
        said = " ".join(os.fsdecode(answer.stderr).split())
        raise _refused(root, words, said or f"exit code {answer.returncode}")
    return answer.stdout


def top(folder: Path) -> Path:
    """The working tree that a folder of a repository lies in; links of `folder` stay as they are.

    Raises:
        MwmError: Git is not installed, or refuses.
    """
    up = os.fsdecode(git(folder, "rev-parse", "--show-cdup")).strip()
    return Path(os.path.normpath(folder / up))


def tracked(root: Path) -> set[Path]:
    """The files under `root` that Git tracks; none in a project without Git.

    Raises:
        MwmError: Git is not installed, or refuses.
    """
    if not used(root):
        return set()
    return {root / name for name in os.fsdecode(git(root, "ls-files", "-z")).split("\0") if name}


def blobs(root: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The contents of these objects, by name; those that Git lacks, as in a partial clone, not.

    Raises:
        MwmError: Git is not installed, or refuses.
    """
    asked = "".join(f"{name}\n" for name in sorted(set(names)))
    told = git(root, "cat-file", "--batch", given=asked.encode()) if asked else b""
    found, at = {}, 0
    while at < len(told):
        end = told.index(b"\n", at)
        name, *more = told[at:end].split()
        at = end + 1
        if more[-1] != b"missing":
            size = int(more[1])
            found[name.decode()] = told[at : at + size]
            at += size + 1
    return found


def _refused(root: Path, words: tuple[str, ...], found: str) -> MwmError:
    return MwmError(
        f"{root}: expected an answer of `git {words[0]}`, found: {found}; nothing was changed: "
        "run `git status` there, and mend what it reports"
    )
