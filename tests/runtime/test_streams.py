"""Standard output and error that are closed, full, gone or of another encoding end no work."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TELLER = """
import sys, time
from mwm.runtime import commands
from mwm.runtime.progress import Progress

app = commands.application("Tell.")

@commands.command(app)
def tell(word: str = "done") -> None:
    "Tell."
    with Progress("work", 3, "steps", every_seconds=0) as progress:
        for _ in range(3):
            progress.advance()
    if word == "fail":
        raise RuntimeError("odd")
    print(word)
    if word == "no":
        sys.exit(1)

app()
"""


def tell(folder: Path, shell: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a line of shell says, where $TELL stands for it."""
    return subprocess.run(
        ["bash", "-c", shell.replace("$TELL", f"{shlex.quote(sys.executable)} teller.py")],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(autouse=True)
def teller(tmp_path: Path) -> Path:
    (tmp_path / "teller.py").write_text(TELLER)
    (tmp_path / ".dvc").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("shell", "code", "out"),
    [
        ("$TELL 2>&-", 0, "done\n"),
        ("$TELL --word no 2>&-", 1, "no\n"),
        ("$TELL --word fail 2>&-", 1, ""),
        ("$TELL >&-", 0, ""),
        ("$TELL <&- >&- 2>&-", 0, ""),
        ("$TELL 2>/dev/full", 0, "done\n"),
        ("($TELL; echo $? >code) 2> >(true); sleep .1; exit $(cat code)", 0, "done\n"),
        ("$TELL | true; exit ${PIPESTATUS[0]}", 141, ""),
        ("$TELL --word no | true; exit ${PIPESTATUS[0]}", 141, ""),
    ],
)
def test_what_nobody_hears_is_lost_and_the_work_is_done(
    teller: Path, shell: str, code: int, out: str
) -> None:
    told = tell(teller, shell)
    assert (told.returncode, told.stdout) == (code, out)
    assert "error" not in told.stderr
    assert "Exception" not in told.stderr


@pytest.mark.parametrize("word", ["done", "no"])
def test_an_output_on_a_full_disk_is_told(teller: Path, word: str) -> None:
    told = tell(teller, f"$TELL --word {word} >/dev/full")
    assert told.returncode == 1
    (line,) = [line for line in told.stderr.splitlines() if not line.startswith("work:")]
    assert line.startswith("error: teller.py")
    assert "found: No space left on device; free some" in line


@pytest.mark.parametrize(("encoding", "out"), [("latin-1", "\\u0393é"), ("ascii", "\\u0393\\xe9")])
def test_what_an_encoding_lacks_is_written_out(teller: Path, encoding: str, out: str) -> None:
    shell = f"PYTHONIOENCODING={encoding} $TELL --word Γé | iconv -f latin1 -t utf-8"
    assert tell(teller, shell).stdout == f"{out}\n"
