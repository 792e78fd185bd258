"""Progress tells the pace of this process, and leaves a terminal as it found it."""

import io
import sys
import time

import pytest

from mwm.runtime.progress import Progress


class Terminal(io.StringIO):
    """What a user sees, and the codes that move the cursor."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("done", "amount", "said"),
    [
        (0, 100, "see: 100/1,000 steps, 2.5 steps/s, ETA 6:00"),
        (900, 50, "see: 950/1,000 steps, 1.2 steps/s, ETA 0:40"),
        (200, 800, "see: 1,000/1,000 steps, 20 steps/s, ETA 0:00"),
        (0, 0, "see: 0/1,000 steps, 0 steps/s, ETA unknown"),
    ],
)
def test_what_was_done_before_is_no_pace_of_this_process(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    done: int,
    amount: int,
    said: str,
) -> None:
    """Else a training that goes on from a checkpoint promises to end at once."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with Progress("see", 1000, "steps", every_seconds=0.0, done=done) as progress:
        clock[0] += 40
        progress.advance(amount)
    assert capsys.readouterr().err.splitlines()[0] == said


def test_lines_come_no_more_often_than_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with Progress("see", 40, "steps") as progress:
        for _ in range(40):
            clock[0] += 1
            progress.advance()
    told = [line.split(" ")[1] for line in capsys.readouterr().err.splitlines()]
    assert told == ["15/40", "30/40", "40/40"]


@pytest.mark.parametrize("failure", [None, RuntimeError("disk")])
def test_on_a_terminal_it_is_a_bar_which_gives_the_cursor_back(
    monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    try:
        with Progress("collect", total=1000, unit="frames") as progress:
            progress.total = 120  # fewer, as games end
            progress.advance(60, note="reward -3")
            progress._bar.refresh()
            if failure:
                raise failure
    except RuntimeError as error:
        assert error is failure  # noqa: PT017
    shown = terminal.getvalue()
    assert "collect" in shown
    assert "60/120" in shown.replace(" ", "")
    assert " frames/s · reward -3" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor is hidden"
