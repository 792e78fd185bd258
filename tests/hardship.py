"""Hard times for commands: permissions that bind root as well, and a process that meets them."""

import ctypes
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mwm.pipeline.subprocess_environment import unbound

ROOT = Path(__file__).resolve().parents[1]
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2

# One process for many commands, since imports take most of their time.
ONE_BY_ONE = """
import importlib, os, resource, sys
lines = [line.split() for line in sys.argv[1:]]
for module, *words in lines:
    importlib.import_module(module)
    if "LIMIT" in os.environ:  # let Typer import what it needs
        try:
            sys.modules[module].app([*words, "--help"])
        except SystemExit:
            pass
if "LIMIT" in os.environ:
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, free))
for module, *words in lines:
    line = " ".join([module, *words])
    sys.argv = [sys.modules[module].__file__, *words]
    app = sys.modules[module].app
    try:
        app(words, prog_name=module)
    except SystemExit as ended:
        print(f"== {line}: {ended.code}", file=sys.stderr, flush=True)
"""


def unprivileged() -> None:
    """Between fork and exec: what a file's mode forbids is forbidden to root as well."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@contextmanager
def mode(path: Path, forbidden: int) -> Iterator[None]:
    """Take rights from a file, or a folder and all that is in it, for the time of the block."""
    paths = [path, *(path.rglob("*") if path.is_dir() else ())]
    before = {each: each.stat().st_mode for each in paths if not each.is_symlink()}
    for each, rights in reversed(before.items()):
        each.chmod(rights & ~forbidden)
    try:
        yield
    finally:
        for each, rights in before.items():
            each.chmod(rights)


def told_by(
    folder: Path,
    *lines: str,
    prepare: Callable[[], None] | None = unprivileged,
    **environment: str,
) -> dict[str, tuple[int, list[str]]]:
    """By command, as `mwm.__main__ check`, run in `folder`: its exit code, its lines of errors."""
    done = subprocess.run(
        [sys.executable, "-c", ONE_BY_ONE, *lines],
        cwd=folder,
        env=unbound() | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"} | environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=prepare,
    )
    assert "Traceback" not in done.stderr, done.stderr
    found, said = {}, []
    for line in done.stderr.splitlines():
        if line.startswith("== "):
            command, _, code = line.removeprefix("== ").rpartition(": ")
            found[command], said = (int(code), said), []
        else:
            said.append(line)
    assert list(found) == list(lines), done.stderr
    return found


def binds(folder: Path) -> bool:
    """Whether `unprivileged` does what it says on this machine."""
    (folder / "secret").touch(0o000)
    words = ["cat", folder / "secret"]
    done = subprocess.run(words, stderr=subprocess.DEVNULL, check=False, preexec_fn=unprivileged)
    return done.returncode != 0
