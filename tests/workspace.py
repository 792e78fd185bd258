"""A copy of the project in a folder of its own, at the smoke profile, for real runs of DVC."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import plain_yaml
import psutil

from mwm import MwmError
from mwm.pipeline.subprocess_environment import unbound

ROOT = Path(__file__).resolve().parents[1]
MADE = re.compile(
    r"((results|experiments)/)?dvc\.lock|(metrics|transfer)\.json|report/.*|mwm/pretrained/.*|"
    r"(results|experiments)/(independent/)?[^/]*\.(csv|html|png)|"
    r"(results|experiments)/studies/.*|experiments/ablations/.*"
)


def silent(line: str) -> None:
    """Hear nothing."""


def environment() -> dict[str, str]:
    """This process's, but for a copy: `python` is this one, and its modules are the copy's."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {k: v for k, v in unbound().items() if k != "PYTHONPATH"} | {"PATH": path}


class Workspace:
    """What `git status` would show of the project, copied to `folder`, which is a repository.

    What pipelines made and git keeps (`MADE`) is left out: a copy starts without.

    Attributes:
        folder: of the copy.
        variables: of the environment, beside this process's, for all that runs in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables: dict[str, str] = {}
        for name in git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
            file = (ROOT / name).is_file() or (ROOT / name).is_symlink()
            if file and not MADE.fullmatch(name):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
        self.run("-m", "mwm", "profile", "profiles/smoke.yaml")
        git(folder, "init", "--quiet")
        self.commit()

    def clone(self, folder: Path) -> Self:
        """A fresh Git clone of the last commit, in `folder`: no data and no cache."""
        git(self.folder, "clone", "--quiet", str(self.folder), str(folder))
        cloned = copy.copy(self)
        cloned.folder = folder
        return cloned

    def run(self, *arguments: str, hear: Callable[[str], None] = silent) -> str:
        """Run `python ARGUMENTS` in the copy, with its code; its output, also told line by line.

        Raises:
            MwmError: the command failed; with the end of its output.
        """
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment() | self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = []
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                hear(line.rstrip())
        if process.returncode:
            end = "".join(lines[-30:])
            raise MwmError(f"{' '.join(arguments)} in {self.folder} failed:\n{end}")
        return "".join(lines)

    def repro(self, *targets: str, hear: Callable[[str], None] = silent) -> list[str]:
        """`dvc repro`; the stages that ran, in order."""
        return re.findall(
            r"^Running stage '(.+)':", self.run("-m", "dvc", "repro", *targets, hear=hear), re.M
        )

    def processes(self) -> dict[int, str]:
        """Commands at work in the copy, or in a copy that DVC made of it, by process."""
        return {
            each.pid: " ".join(each.info["cmdline"])
            for each in psutil.process_iter(["cwd", "cmdline"])
            if each.info["cmdline"] and Path(each.info["cwd"] or "/").is_relative_to(self.folder)
        }

    def outdated(self) -> set[str]:
        """Stages whose own code, data or params changed since they ran; not those downstream."""
        status = json.loads(self.run("-m", "dvc", "status", "--json", "dvc.yaml"))
        return {stage for stage, changes in status.items() if "changed deps" in str(changes)}

    def outputs(self, experiment: str = "") -> dict[str, str]:
        """Every file that the pipeline, or an experiment if there is one, made: MD5 by path."""
        text = (self.folder / "dvc.lock").read_text()
        if experiment:
            refs = git(self.folder, "for-each-ref", "--format=%(refname)", "refs/exps").split()
            found = [ref for ref in refs if ref.endswith(f"/{experiment}")]
            if not found:
                return {}
            text = git(self.folder, "show", f"{found[0]}:dvc.lock")
        lock: dict[str, Any] = plain_yaml.parse(text)
        outs = (out for stage in lock["stages"].values() for out in stage.get("outs", []))
        return {out["path"]: out["md5"] for out in outs}

    def lay(self, profile: str) -> None:
        """Lay a profile, given as its text, over params.yaml."""
        path = self.folder / ".mwm" / "profile.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(profile, encoding="utf-8")
        self.run("-m", "mwm", "profile", str(path))

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the one place in `file` where `old` stands."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file}: {old!r} is there {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def commit(self) -> None:
        """Remember the present state."""
        commit(self.folder)

    def restore(self) -> None:
        """Go back to the remembered state, outputs included."""
        git(self.folder, "reset", "--hard", "--quiet")
        git(self.folder, "clean", "-d", "--force", "--quiet")
        self.run("-m", "dvc", "checkout", "--force", "--quiet", "--allow-missing")


def git(folder: Path, *arguments: str) -> str:
    """Run Git there; its output.

    Raises:
        MwmError: it failed; with what it said.
    """
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=unbound(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MwmError(f"git {' '.join(arguments)} in {folder}: {done.stderr.strip()}")
    return done.stdout


def commit(folder: Path, message: str = "state") -> None:
    """Commit all that is in a folder and not ignored."""
    git(folder, "add", "--all", ".")
    git(folder, "commit", "--quiet", "--no-verify", "--message", message)
