"""The environment of what a command starts: no repository of a Git hook, this Python, a user."""

import getpass
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

# What `git rev-parse --local-env-vars` prints, but for settings (GIT_CONFIG*): CI passes its own.
BINDING = frozenset(
    (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    )
)

# Of Python's settings: DVC's libraries warn, which `error` turns into their end; and at its end a
# Python that inspects waits for a user, then says that it failed.
DISRUPTIVE = frozenset(("PYTHONINSPECT", "PYTHONWARNINGS"))


def unbound() -> dict[str, str]:
    """This process's environment without them: Git then takes the repository around its folder."""
    return {name: value for name, value in os.environ.items() if name not in BINDING}


def with_this_python(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for DVC: the `python` of a stage's command is this process's.

    DVC runs commands in $SHELL: one that is not installed here is left out, as it is in a container
    that has the variables of its host; /bin/sh then takes its place.
    """
    here = str(Path(sys.executable).parent)
    path = os.pathsep.join([here, environment.get("PATH", os.defpath)])
    gone = "SHELL" in environment and shutil.which(environment["SHELL"], path=path) is None
    dropped = DISRUPTIVE | ({"SHELL"} if gone else set())
    return {name: value for name, value in environment.items() if name not in dropped} | {
        "PATH": path
    }


def unbind() -> None:
    """Drop them from this process, for DVC in it and for all that it starts."""
    for name in BINDING:
        os.environ.pop(name, None)


def name_user() -> None:
    """Give a user whom the system does not know a name and a home, as in a container.

    DVC names a folder of its cache by the one, looks for settings in the other, and ends without.
    """
    try:
        getpass.getuser()
    except (KeyError, OSError):  # the second since Python 3.13
        os.environ["USER"] = str(os.getuid())
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/nonexistent"
