"""Ctrl-C while a command still imports ends it without a traceback."""

import signal
import subprocess
import sys

INTERRUPTED = """
import os, signal
{before}
os.kill(os.getpid(), signal.SIGINT)
"""


def python(*words: str) -> "subprocess.CompletedProcess[str]":
    """In a process that hears interrupts, wherever these tests are started."""
    hearing = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    finally:
        signal.signal(signal.SIGINT, hearing)


def test_while_modules_are_imported_an_interrupt_ends_the_process() -> None:
    done = python("-c", INTERRUPTED.format(before="import mwm.runtime.importing"))
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_once_all_is_imported_it_is_an_exception_again() -> None:
    done = python("-c", INTERRUPTED.format(before="import mwm.__main__"))
    assert done.returncode == -signal.SIGINT
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_a_command_begins_with_that() -> None:
    """Typer and the commands take 0.3 seconds to import."""
    told = python("-X", "importtime", "-c", "import mwm.__main__").stderr.split("\n")
    names = [line.rpartition("|")[2].strip() for line in told]
    assert names.index("mwm.runtime.importing") < names.index("typer")


IGNORING = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from mwm.runtime import importing
print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)
importing.done()
print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)
"""


def test_in_the_background_ctrl_c_goes_on_being_ignored() -> None:
    """Else a script's `mwm repro &` ends with whatever its user interrupts later."""
    assert python("-c", IGNORING).stdout == "True\nTrue\n"
