"""Worker processes: in order, and gone when they should be."""

import dataclasses
import multiprocessing
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from mwm import MwmError
from mwm.rollouts.games import Game
from mwm.rollouts.play import Recipe
from mwm.rollouts.recording import recipe_for
from mwm.rollouts.workers import play_all
from mwm.settings.params import Params


@pytest.fixture
def recipe(defaults: Params) -> Recipe:
    return recipe_for(defaults.collect.model_copy(update={"max_steps": 20}), Game(), (210, 160))


def test_episodes_come_in_order_and_as_one_process_plays_them(recipe: Recipe) -> None:
    episodes = list(play_all(recipe, episodes=range(15), workers=2))
    assert len(episodes) == 15
    for episode, alone in zip(episodes, play_all(recipe, range(15), workers=1), strict=True):
        assert episode.chunks == alone.chunks
        assert np.array_equal(episode.actions, alone.actions)


def test_workers_end_when_no_one_wants_more(recipe: Recipe) -> None:
    episodes = play_all(recipe, episodes=range(10**6), workers=2)
    next(episodes)
    assert len(multiprocessing.active_children()) == 2
    episodes.close()
    assert multiprocessing.active_children() == []


def test_an_interrupt_is_not_for_workers(recipe: Recipe, capfd: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C goes to all processes of a terminal; this one alone is to answer."""
    episodes = play_all(recipe, episodes=range(50), workers=2)
    next(episodes)
    for process in multiprocessing.active_children():
        os.kill(process.pid, signal.SIGINT)
    assert len(list(episodes)) == 49
    assert capfd.readouterr().err == ""


def test_a_dead_worker_is_told(recipe: Recipe) -> None:
    episodes = play_all(recipe, episodes=range(10**6), workers=2)
    next(episodes)
    for process in multiprocessing.active_children():
        os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(MwmError, match=r"episode \d+: its worker process died \(exit code -9\)"):
        for _ in episodes:
            pass
    assert multiprocessing.active_children() == []


def test_a_failing_worker_is_told_in_one_line(recipe: Recipe) -> None:
    broken = dataclasses.replace(recipe, game="ALE/Pnog-v5")
    with pytest.raises(MwmError, match=r"episode \d: its worker failed: \w+: .*Pnog") as failure:
        list(play_all(broken, episodes=range(2), workers=2))
    assert "\n" not in str(failure.value)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no cores are set aside here")
def test_usable_cores_are_those_of_this_process() -> None:
    """On a shared machine a process may use few of the cores that there are."""
    code = (
        "import os\nfrom mwm.io.spawn import usable_cores\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nprint(usable_cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
