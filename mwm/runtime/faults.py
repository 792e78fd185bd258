"""What a command says of an exception that nobody has put into words; the rest is in a log file."""

import os
import platform
import re
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

import mwm
from mwm.io import system
from mwm.runtime import processes
from mwm.runtime.state import project_around

MOST = 300  # characters of what a library says
TEXTS = ("dvc.lock", "dvc.yaml", "params.yaml", "vouched.csv")

SITE = (
    "DVC's site cache ($DVC_SITE_CACHE_DIR, core.site_cache_dir, else /var/tmp/dvc): expected "
    "files that this user can read and write, found: {said}; delete the folder, which DVC makes "
    "again, or name another: `dvc config --local core.site_cache_dir FOLDER`"
)
SITES = re.compile(r"/repo(/[0-9a-f]{32}|$)")  # in a path: of a project's folder in that cache
DVC = "DVC: expected it to do as asked, found: {said}; see `dvc status`"
GIT = "Git: expected an answer, found: {said}; run `git status`, and mend what it reports"
# By the root of a class's module, or its whole name; its ancestors are looked at as well. Names,
# since most are slow to import.
KINDS = {
    **dict.fromkeys(("sqlite3", "diskcache"), SITE),
    **dict.fromkeys(("dvc", "dvc_data", "dvc_objects"), DVC),
    **dict.fromkeys(("scmrepo", "_pygit2", "dulwich"), GIT),
    "builtins.UnicodeError": "{text}: expected UTF-8, found: {said}; take it from Git (`git "
    "checkout`), or save it as UTF-8",
    "builtins.RecursionError": "{command}: expected files of some depth, found one nested too "
    "deeply; see `git diff`",
    "builtins.ImportError": "the environment: expected all packages of mwm, found: {said}; run "
    "`make env`, or install mwm again",
}


def told(error: BaseException) -> str:
    """One line, without a final newline: what, where, expected, found, what to do, and the log."""
    log = _keep(error)
    kept = f"traceback in {log}" if log else "there was no place to keep the traceback"
    if words := _known(error):
        return f"{words}; {kept}"
    found = f"{type(error).__name__}: {_brief(error)}"
    report = f"please report it with {log}" if log else f"please report it; {kept}"
    return f"{_command()}: expected no fault in mwm itself, found {found}; {report}"


def _known(error: BaseException) -> str | None:
    """What is said of the kinds that are not faults of mwm."""
    if system.out_of_memory(error):
        found = _brief(error) or "none left"
        return f"{_command()}: expected more memory, found: {found}; {system.MEMORY}"
    if said := system.told(error):
        named = error.filename if isinstance(error, OSError) else None
        where = os.fsdecode(named) if isinstance(named, str | bytes) else _command()
        if SITES.search(where):
            return SITE.format(said=f"{where}: {said.partition(';')[0]}")
        return f"{where}: expected the system to allow it, found: {said}"
    if isinstance(error, OSError):
        return None
    kinds = [kind for kind in type(error).__mro__ if issubclass(kind, Exception)]
    names = (
        name
        for kind in kinds
        for name in (f"{kind.__module__}.{kind.__qualname__}", kind.__module__.split(".")[0])
    )
    words = next((KINDS[name] for name in names if name in KINDS), None)
    return words and words.format(said=_brief(error), command=_command(), text=_no_text())


def _brief(error: BaseException) -> str:
    said = " ".join(str(error).split())
    return said if len(said) <= MOST else f"{said[:MOST]}…"


def _command() -> str:
    return processes.command(sys.argv)


def _no_text() -> str:
    """The first of the project's text files that is no UTF-8."""
    for name in TEXTS:
        try:
            Path(name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return name
        except OSError:
            continue
    return _command()


def _keep(error: BaseException) -> Path | None:
    """The new file with the traceback; None if there is no place for it."""
    for place in (_in_project, _aside):
        with suppress(Exception):  # too little memory, or too many open files, for instance
            text = "".join(traceback.format_exception(error))
            told = f"mwm {mwm.__version__}, Python {platform.python_version()}, {sys.platform}"
            if not (path := place()):
                continue
            path.write_text(f"{told}\n{_command()}\nin {_here()}\n\n{text}", "utf-8", "replace")
            return path
    return None


def _here() -> Path | str:
    """The current folder; where it is gone, the system's words for that."""
    try:
        return Path.cwd()
    except OSError as error:
        return f"a folder that cannot be named: {system.told(error)}"


def _in_project() -> Path | None:
    """.mwm/log/<time>-<command>-<pid>.txt of the project around the current folder, if there is."""
    here = Path.cwd()
    root = os.environ.get("DVC_ROOT") or project_around(here)
    if root is None:
        return None
    command = re.sub(r"\W+", "-", _command())[:40].strip("-")
    path = Path(
        root, ".mwm", "log", f"{time.strftime('%Y%m%dT%H%M%S')}-{command}-{os.getpid()}.txt"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _aside() -> Path:
    """A file in the system's temporary folder."""
    handle, name = tempfile.mkstemp(prefix="mwm-", suffix=".txt")
    os.close(handle)
    return Path(name)
