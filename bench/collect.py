"""Processor time of collecting against that of bare emulation, and bytes per frame.

    python -m bench.collect [episodes] [frame skip] [game]

The reference is the emulator's `act` alone, with the same actions to the same end of the game, on
all cores, and in turn with our own code, so that a busy machine slows both. Limit: 1.25 times the
reference, for the whole command including the start of its processes.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from mwm.io.spawn import usable_cores
from mwm.rollouts import games
from mwm.rollouts.emulator import Emulator
from mwm.rollouts.play import Episode, Recipe, play
from mwm.rollouts.recording import collect, recipe_for
from mwm.settings import params
from mwm.settings.collect import Collect

LIMIT = 1.25


def main(episodes: int = 120, frame_skip: int = 4, game: str = "ALE/Pong-v5") -> None:
    asked = {"episodes": episodes, "frame_skip": frame_skip, "game": game}
    settings = params.load().collect.model_copy(update=asked)
    recipe = recipe_for(settings, games.find(game), Emulator(game).shape)
    cores = usable_cores()
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        shares = [range(first, episodes, cores) for first in range(cores)]
        times = pool.map(partial(play_and_act, recipe), shares, chunksize=1)
    steps, ours, bare = map(sum, zip(*times, strict=True))
    command, size = collect_all(settings)

    print(f"{game}, frame skip {frame_skip}: {episodes} episodes, {steps:,} steps, {cores} cores")
    print(f"act alone                {bare / steps * 1e6:6.1f} us/step  1.00")
    print(f"playing and compressing  {ours / steps * 1e6:6.1f} us/step  {ours / bare:.2f}")
    print(
        f"the whole command        {command / steps * 1e6:6.1f} us/step  {command / bare:.2f}  "
        f"{'within' if command <= LIMIT * bare else 'OVER'} {LIMIT}"
    )
    print(f"{size / steps:.0f} bytes per frame")


def play_and_act(recipe: Recipe, episodes: range) -> tuple[int, float, float]:
    """Steps, and the processor seconds of ours and of bare emulation."""
    emulator = Emulator(recipe.game)
    steps, ours, bare = 0, 0.0, 0.0
    for index in episodes:
        begin = time.process_time()
        episode = play(emulator, recipe, index)
        middle = time.process_time()
        act_alone(emulator, episode, recipe.frame_skip)
        bare += time.process_time() - middle
        ours += middle - begin
        steps += len(episode.actions)
    return steps, ours, bare


def act_alone(emulator: Emulator, episode: Episode, frame_skip: int) -> None:
    ale, held = emulator._ale, emulator._actions
    emulator.reset()
    for action in episode.actions.tolist():
        assert not ale.game_over()  # after it, `act` emulates nothing
        for _ in range(frame_skip):
            ale.act(held[action])


def collect_all(settings: Collect) -> tuple[float, int]:
    """Processor seconds of all processes, and the size of the file."""
    before = processor_seconds()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rollouts.h5"
        collect(settings, path, usable_cores())
        return processor_seconds() - before, path.stat().st_size


def processor_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:4])
