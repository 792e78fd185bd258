"""Many games at once: what single environments do, and processes that end when they should."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import gymnasium
import numpy as np
import psutil
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import mwm
import mwm.environments
from mwm.environments.vector import VectorGameEnv

PONG = "mwm/Pong-v0"
CHANCE = {"world": "mirror", "repeat_action_probability": 0.25, "noop_max": 3}
ENDING = CHANCE | {"frame_skip": 60, "noop_max": 45, "max_episode_steps": 20}  # of some 50 seconds


def one_by_one(count: int, mode: AutoresetMode, **options: Any) -> SyncVectorEnv:
    """Gymnasium's: single environments one after the other in this process."""
    makers = [lambda: gymnasium.make(PONG, **options)] * count
    return SyncVectorEnv(makers, autoreset_mode=mode)


def same(ours: Any, theirs: Any) -> bool:
    """Whether results agree in values and types, those in infos included."""
    if isinstance(theirs, dict):
        return set(ours) == set(theirs) and all(same(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, tuple) or getattr(theirs, "dtype", None) == np.dtype(object):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, np.ndarray):
        return ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
    return type(ours) is type(theirs) and ours == theirs


@pytest.fixture
def making() -> Iterator[Callable[..., VectorGameEnv]]:
    """Makes vector environments that are closed after the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(closing(VectorGameEnv(**options)))


@pytest.fixture
def envs(making) -> VectorGameEnv:
    return making(num_envs=3, workers=2, **CHANCE)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_each_does_what_a_single_environment_does_over_ends_of_games(mode, making) -> None:
    theirs = one_by_one(2, mode, **ENDING)
    ours = making(num_envs=2, autoreset_mode=mode, **ENDING)
    assert same(ours.reset(seed=3), theirs.reset(seed=3))
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    chance, ends, cuts = np.random.default_rng(0), 0, 0
    for step in range(40):
        actions = chance.integers(6, size=2)
        found = ours.step(actions)
        assert all(map(same, found, theirs.step(actions))), step
        assert found[0] in ours.observation_space
        ends, cuts = ends + found[2].sum(), cuts + found[3].sum()
    assert ends
    assert cuts
    assert same(ours.reset(), theirs.reset()), "chance goes on"
    assert same(ours.reset(seed=[9, 9]), theirs.reset(seed=[9, 9]))


def test_without_autoreset_games_wait_for_a_reset_of_their_own(making) -> None:
    mode = AutoresetMode.DISABLED
    theirs = one_by_one(3, mode, **CHANCE, max_episode_steps=4)
    ours = making(num_envs=3, autoreset_mode=mode, max_episode_steps=4, **CHANCE)
    assert same(ours.reset(seed=1), theirs.reset(seed=1))
    actions = np.array([2, 3, 4])
    for _ in range(4):
        found = ours.step(actions)
        assert all(map(same, found, theirs.step(actions)))
    assert found[3].all()
    with pytest.raises(mwm.UsageError, match=r"^step: .* environment 0 over or not begun; call"):
        ours.step(actions)
    for mask in (np.array([True, False, True]), np.array([False, True, False])):
        options = [{"reset_mask": mask.copy()} for _ in range(2)]
        assert same(ours.reset(options=options[0]), theirs.reset(options=options[1]))
    assert all(map(same, ours.step(actions), theirs.step(actions)))


def test_the_number_of_workers_changes_nothing(making) -> None:
    seen = []
    for workers in (1, 3):
        envs = making(num_envs=3, workers=workers, packed=True, **CHANCE)
        frames = [envs.reset(seed=0)[0]] + [envs.step([2, 3, 0])[0] for _ in range(10)]
        assert frames[0].shape == (3, 512)
        seen.append(np.stack(frames))
    assert np.array_equal(*seen)


def test_results_are_the_caller_s_own(making) -> None:
    envs = making(num_envs=2, frame_skip=60)
    results = [envs.reset(seed=0)[:1]]
    copies = [(results[0][0].copy(),)]
    for _ in range(12):
        results.append(envs.step([0, 0])[:4])
        copies.append(tuple(each.copy() for each in results[-1]))
    assert any(rewards.any() for _, rewards, *_ in results[1:])
    assert all(same(*pair) for pair in zip(results, copies, strict=True))


def test_gymnasium_makes_them_by_name() -> None:
    with closing(gymnasium.make_vec(PONG, 2, world="mirror", max_episode_steps=2)) as envs:
        assert isinstance(envs, VectorGameEnv)
        assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
        envs.reset(seed=0)
        assert [envs.step([0, 0])[3].tolist() for _ in range(3)][1:] == [[True] * 2, [False] * 2]


def test_no_limit_may_be_numpy_s(making) -> None:
    envs = making(num_envs=1, max_episode_steps=np.int64(-1))
    envs.reset(seed=0)
    assert not envs.step([0])[3].any()


def test_pictures_of_all_games(making) -> None:
    envs = making(num_envs=2, render_mode="rgb_array", world="invert")
    assert envs.render() is None, "as a single environment: no game has begun"
    frames, _ = envs.reset(seed=0)
    pictures = envs.render()
    assert [picture.shape for picture in pictures] == [(256, 256, 3)] * 2
    assert np.array_equal(pictures[1][::4, ::4, 0], frames[1] * 255)


def test_closing_leaves_no_process_and_says_so_afterwards(envs: VectorGameEnv) -> None:
    assert len(multiprocessing.active_children()) == 2
    envs.close()
    envs.close()
    assert multiprocessing.active_children() == []
    for call in (envs.reset, lambda: envs.step([0, 0, 0])):
        with pytest.raises(mwm.UsageError, match="expected environments that are open"):
            call()


def test_environments_that_nobody_has_any_more_end_their_processes() -> None:
    envs = VectorGameEnv(num_envs=2, workers=2)
    assert len(multiprocessing.active_children()) == 2
    del envs
    gc.collect()
    assert multiprocessing.active_children() == []


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # since Python 3.12
def test_a_copy_of_this_process_that_closes_them_leaves_the_workers_alone(
    envs: VectorGameEnv,
) -> None:
    """A child of `os.fork` once killed its parent's workers when it gave the environments up."""
    envs.reset(seed=0)
    child = os.fork()
    if not child:
        try:
            envs.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert envs.step(np.zeros(3, np.int64))[0].shape == (3, 64, 64)


def test_a_dead_worker_is_told_and_the_others_end(envs: VectorGameEnv) -> None:
    envs.reset(seed=0)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    with pytest.raises(mwm.MwmError, match=r"^worker \d of .* died \(exit code -9\)") as raised:
        envs.step([0, 0, 0])
    assert "\n" not in str(raised.value)
    assert multiprocessing.active_children() == []


def test_a_script_without_a_guard_is_told_what_it_needs(tmp_path) -> None:
    """Its workers were said to have died, perhaps for want of memory."""
    script = tmp_path / "script.py"
    script.write_text(
        "import mwm.environments.vector as vector\nvector.VectorGameEnv(num_envs=2, workers=2)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told = "worker 0 of the environments could not start: its own error is above; a script"
    assert told in done.stderr.splitlines()[-1]


def test_a_failing_worker_is_told_in_one_line(tmp_path, monkeypatch) -> None:
    VectorGameEnv(num_envs=1).close()  # so that this process knows the game
    monkeypatch.setenv("ALE_ROMS_DIR", str(tmp_path))
    with pytest.raises(mwm.MwmError, match=r"worker 0 of .* failed: MwmError: .*ROM") as raised:
        VectorGameEnv(num_envs=2, workers=2)
    assert "\n" not in str(raised.value)
    assert multiprocessing.active_children() == []


def test_an_interrupt_is_not_for_workers(envs: VectorGameEnv, capfd) -> None:
    envs.reset(seed=0)
    for process in multiprocessing.active_children():
        os.kill(process.pid, signal.SIGINT)
    envs.step([0, 0, 0])
    assert capfd.readouterr().err == ""


def test_an_interrupt_of_a_step_ends_them(making) -> None:
    """What workers would still answer must not be taken for the answer to a later step."""
    envs = making(num_envs=2, frame_skip=60)
    envs.reset(seed=0)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            any(envs.step([0, 0]) == () for _ in range(10_000))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert multiprocessing.active_children() == []
    with pytest.raises(mwm.UsageError, match="found them closed"):
        envs.step([0, 0])


def test_workers_end_when_their_parent_is_killed() -> None:
    code = """
import multiprocessing, time
from mwm.environments.vector import VectorGameEnv
envs = VectorGameEnv(num_envs=2, workers=2)
print(*[process.pid for process in multiprocessing.active_children()], flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert len(workers) == 2
    assert psutil.wait_procs(workers, timeout=20)[1] == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"num_envs": 0}, "^num_envs: expected a whole number from 1 to 4096, found 0"),
        ({"num_envs": 10**16}, "^num_envs: expected a whole number from 1 to 4096, found 1000"),
        ({"num_envs": 2, "workers": 3}, "^workers: expected a whole number from 1 to 2, found 3"),
        ({"max_episode_steps": 0}, "^max_episode_steps: expected a whole number from 1, found 0"),
        ({"max_episode_steps": np.timedelta64(-1)}, "^max_episode_steps: expected a whole number"),
        ({"render_mode": "human"}, "^render_mode: expected 'rgb_array' or None, found 'human'"),
        ({"packed": "no"}, "^packed: expected True or False, found 'no'"),
        ({"world": "miror"}, "did you mean 'mirror'"),
        ({"autoreset_mode": "never"}, "^autoreset_mode: expected one of NextStep, .*'never'"),
    ],
)
def test_options_are_checked_before_a_process_starts(options: dict[str, Any], told: str) -> None:
    with pytest.raises(mwm.UsageError, match=told):
        VectorGameEnv(**options)
    assert multiprocessing.active_children() == []


def test_seeds_may_be_numpy_s_whole_numbers(envs: VectorGameEnv) -> None:
    """In a sequence they ended the workers."""
    first = envs.reset(seed=[5, 6, 7])
    for seeds in ([np.int64(5), np.uint8(6), 7], np.array([5, 6, 7]), np.int64(5), np.array(5)):
        assert same(envs.reset(seed=seeds), first)
    envs.reset(seed=[10**30, None, 2**64])


MISTAKES: tuple[tuple[Callable[[VectorGameEnv], Any], str], ...] = (
    (lambda e: e.step([0, 0, 0]), "^step: expected games that go on, .* environment 0 over"),
    (lambda e: e.reset(seed=[1, 2]), r"^seed: .* or 3 of them, found \[1, 2\]"),
    (lambda e: e.reset(seed=[1, 2, -3]), r"^seed\[2\]: .*from 0, found -3"),
    (lambda e: e.reset(seed=(1, None, 2.0)), r"^seed\[2\]: .*found 2\.0"),
    (lambda e: e.reset(seed=[1, [2, 3], 4]), r"^seed\[1\]: .*found \[2, 3\]"),
    (lambda e: e.reset(seed=-1), r"^seed: .*from 0, found -1"),
    (lambda e: e.reset(seed=0.5), r"^seed: .*found 0\.5"),
    (lambda e: e.reset(seed=True), r"^seed: .*found True"),
    (lambda e: e.reset(seed="123"), r"^seed: .*or 3 of them, found '123'"),
    (lambda e: e.reset(seed=np.array(1.0)), r"^seed: .*found 1\.0"),
    (lambda e: e.reset(options=3), r"^options: expected a mapping, found 3"),
    (lambda e: e.reset(options={"reset_mask": np.ones(2)}), r"^reset_mask: .*float64 \(2,\)"),
    (lambda e: e.reset() and e.step([0, 0]), r"^actions: expected \(3,\) integers"),
    (lambda e: e.reset() and e.step([0, 0, 6]), "^actions: expected 0..5, found 6"),
)


def test_a_first_reset_that_is_refused_does_no_harm(envs: VectorGameEnv) -> None:
    with pytest.raises(mwm.UsageError, match=r"^seed\[2\]"):
        envs.reset(seed=[1, 2, -3])
    envs.reset(seed=0)
    envs.step([0, 0, 0])


def test_mistakes_are_told_and_do_no_harm(envs: VectorGameEnv) -> None:
    for call, told in MISTAKES:  # the first before any reset
        with pytest.raises(mwm.UsageError, match=told):
            call(envs)
        envs.reset(seed=0)
        envs.step([0, 0, 0])
