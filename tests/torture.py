"""Kill the pipeline at random moments, fill its disk: it always ends with the same bytes."""

import hashlib
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from workspace import Workspace, environment

from mwm import MwmError
from mwm.pipeline.mend import mend
from mwm.pipeline.removal import remove
from mwm.runtime import commands
from mwm.runtime.signals import GRACE

app = commands.application(__doc__)

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PATIENCE = GRACE + 20  # seconds after which what still runs is an orphan
AT_MOST = 2  # kills of a stage, until all have to come from nothing again
RUNNING = re.compile(r"Running stage '(.+)':")
STAGE = re.compile(r" -m stages\.(train \w+|\w+)")  # in a process's command
STARVED = {  # a stage of each kind, and the folder that it writes to
    "collect": "data",
    "preprocess --out full/frames.h5": "full",
    "variants mirror --out full/mirror.h5": "full",
    "train see mirror": "runs/see/mirror",
    "train anchor": "runs/anchor",
    "decipher mirror": "runs/decipher/mirror",
    "smooth": "runs/smooth",
    "recruit mirror": "runs/recruit/mirror",
    "unite mirror": "runs/mirror",
    "evaluate": "eval",
    "report": "report",
}
FULL, READ_ONLY = "size=4k", "ro"  # options of a file system for that folder


class Victim:
    """A copy of the project, and what an uninterrupted run of it gives."""

    def __init__(self, folder: Path, targets: list[str]) -> None:
        self.workspace, self.targets = Workspace(folder), targets
        began: dict[str, float] = {}

        def hear(line: str) -> None:
            if found := RUNNING.match(line):
                began[found[1]] = time.monotonic()

        self.workspace.repro(*targets, hear=hear)
        ends = [*began.values(), time.monotonic()][1:]
        stages = zip(began.items(), ends, strict=True)
        self.seconds = {stage: end - start for (stage, start), end in stages}
        self.expected = self.workspace.outputs()

    def forget(self) -> None:
        """As if nothing had ever run."""
        for name in self.expected:
            remove(self.workspace.folder / name)
        for name in (".mwm", ".dvc/cache", ".dvc/tmp"):
            shutil.rmtree(self.workspace.folder / name, ignore_errors=True)
        (self.workspace.folder / "dvc.lock").unlink()

    def check(self) -> None:
        """What was finished has the right bytes; nothing runs; nothing in the cache is damaged.

        Raises:
            MwmError: it is otherwise.
        """
        patience = time.monotonic() + PATIENCE
        while orphans := self.workspace.processes():
            if time.monotonic() > patience:
                raise MwmError(f"still at work: {orphans}")
            time.sleep(0.1)
        for path in (self.workspace.folder / ".dvc" / "cache" / "files").glob("*/??/*"):
            whole = hashlib.md5(path.read_bytes()).hexdigest() == path.parent.name + path.name
            if not whole and re.fullmatch("[0-9a-f]{30}", path.name):
                raise MwmError(f"{path}: damaged")
        mend(self.workspace.folder)
        if (self.workspace.folder / "dvc.lock").is_file():
            made = self.workspace.outputs()
            if wrong := [name for name in made if made[name] != self.expected[name]]:
                raise MwmError(f"other bytes: {', '.join(wrong)}")

    def repro(self, kill: signal.Signals, whom: str, when: float, left: Counter[str]) -> str:
        """`dvc repro`, killed once, at a share `when` of a stage that is left; what was at work.

        Raises:
            MwmError: it failed by itself.
        """
        mend(self.workspace.folder)
        dvc = subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro", *self.targets],
            cwd=self.workspace.folder,
            env=environment() | {"MWM_CHECKPOINT_SECONDS": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        hit, said = "", []
        with dvc:
            assert dvc.stdout is not None
            for line in dvc.stdout:
                said.append(line)
                found = RUNNING.match(line)
                if found and not hit and left[found[1]]:
                    left[found[1]] -= 1
                    time.sleep(when * self.seconds[found[1]])
                    hit = self._kill(dvc.pid, kill, whom)
        if dvc.returncode and not hit:
            raise MwmError(f"dvc repro failed by itself:\n{''.join(said[-20:])}")
        text = "".join(said)
        if f'File "{self.workspace.folder}' in text and "KeyboardInterrupt" not in text:
            raise MwmError(f"a traceback:\n{text[-3000:]}")
        return hit

    def _kill(self, dvc: int, kill: signal.Signals, whom: str) -> str:
        at_work = self.workspace.processes().items()
        stages = {pid: found[1] for pid, command in at_work if (found := STAGE.search(command))}
        try:
            if whom == "stage" and stages:
                os.kill(min(stages), kill)
            elif kill == signal.SIGINT:
                os.killpg(dvc, kill)  # Ctrl-C is for all of a terminal's processes
            else:
                os.kill(dvc, kill)
        except ProcessLookupError:
            pass  # it was faster
        return next(iter(stages.values()), "no stage")

    def starve(self, stage: str, folder: str, options: str) -> None:
        """Run a stage whose folder is full or read-only: one line says so, and nothing changes.

        Raises:
            MwmError: it says another thing, or succeeds.
        """
        (self.workspace.folder / folder).mkdir(exist_ok=True)
        name, *arguments = stage.split()
        words = shlex.join([sys.executable, "-m", f"stages.{name}", *arguments])
        done = subprocess.run(
            [
                "unshare",
                "--mount",
                "sh",
                "-c",
                f"mount -t tmpfs -o {options} none {folder} && {words}",
            ],
            cwd=self.workspace.folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        errors = [text for text in done.stderr.splitlines() if text.startswith("error: ")]
        if done.returncode != 1 or len(errors) != 1 or "cannot be written" not in errors[0]:
            raise MwmError(f"{stage}, {options}: {done.returncode}, {done.stderr[-600:]}")
        print(f"{options}: {errors[0]}", flush=True)


def torture(victim: Victim, kills: int, seed: int) -> Counter[str]:
    """Kill `dvc repro`, run from nothing; how often by signal, target and stage.

    Raises:
        MwmError: a run went wrong, or ended with other bytes.
    """
    rng = random.Random(seed)
    hits: Counter[str] = Counter()
    while hits.total() < kills:
        victim.forget()
        # At first every stage is met, in its first half, lest it be over.
        first = not hits
        left = Counter({stage: rng.randint(first, AT_MOST) for stage in victim.seconds})
        while hits.total() < kills:
            kill, whom = rng.choice(SIGNALS), rng.choice(["stage", "dvc"])
            hit = victim.repro(kill, whom, rng.random() / (1 + first), left)
            victim.check()
            if not hit:
                break
            hits[f"{kill.name:8} {whom:6} {hit}"] += 1
            print(f"{hits.total():3}  {kill.name} to {whom} in {hit}", flush=True)
        mend(victim.workspace.folder)
        victim.workspace.repro(*victim.targets)
        if victim.workspace.outputs() != victim.expected or victim.workspace.repro(*victim.targets):
            raise MwmError("the run that was killed is not what it would have been")
    return hits


def mounts() -> bool:
    """Whether this user may have file systems of his own: root, but not in every container."""
    words = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /tmp"]
    there = shutil.which("unshare") is not None
    return there and not subprocess.run(words, capture_output=True, check=False).returncode


@commands.command(app)
def main(
    kills: Annotated[int, typer.Option(help="how often to kill")] = 60,
    seed: Annotated[int, typer.Option(help="of moments, signals and targets")] = 0,
    targets: Annotated[list[str] | None, typer.Argument(help="stages [default: all]")] = None,
) -> None:
    """Kill stages and DVC, at random; then tell how often which was hit."""
    with tempfile.TemporaryDirectory(prefix="mwm torture ") as folder:
        victim = Victim(Path(folder), targets or [])
        hits = torture(victim, kills, seed)
        if targets or not mounts():
            print("torture: no full and no read-only folders: those need all stages, and root")
        else:
            for stage, place in STARVED.items():
                if stage != "smooth":  # with corresponding inputs a manifest alone, which fits
                    victim.starve(stage, place, FULL)
                victim.starve(stage, place, READ_ONLY)
            victim.check()
    for name, count in sorted(hits.items()):
        print(f"{count:4}  {name}")
    print(f"torture: {hits.total()} kills, and every run ended with the bytes of one left alone")


if __name__ == "__main__":
    app()
