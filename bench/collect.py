"""How much more does collecting cost than emulating? Prints the ratio, per core, and its limit.

Peer: the emulator's `act` alone, told the same actions, until the same game_over. Both in CPU time,
episode by episode in turn, so that a busy machine slows both.
"""

import resource
import tempfile
import time
from pathlib import Path

import typer

from mwm import params
from mwm.rollouts import games
from mwm.rollouts.emulator import Emulator
from mwm.rollouts.play import Episode, play
from mwm.rollouts.recording import collect, recipe_for
from mwm.rollouts.workers import usable_cores

LIMIT = 1.25


def main(episodes: int = 12, frame_skip: int = 4, game: str = "ALE/Pong-v5") -> None:
    settings = params.load().collect.model_copy(
        update={"episodes": episodes, "frame_skip": frame_skip, "game": game}
    )
    emulator = Emulator(game)
    recipe = recipe_for(settings, games.find(game), emulator.shape)
    steps, bare, played = 0, 0.0, 0.0
    for index in range(episodes):
        begin = time.process_time()
        episode = play(emulator, recipe, index)
        middle = time.process_time()
        act_alone(emulator, episode, frame_skip)
        steps += len(episode.actions)
        played += middle - begin
        bare += time.process_time() - middle
    whole = collect_everything(settings)

    print(f"{game}, frame skip {frame_skip}, {episodes} episodes, {steps} steps")
    print(f"act alone              {bare / steps * 1e6:6.1f} us/step  1.00")
    print(f"play one episode       {played / steps * 1e6:6.1f} us/step  {played / bare:.2f}")
    print(
        f"whole command, {usable_cores()} cores {whole / steps * 1e6:6.1f} us/step  "
        f"{whole / bare:.2f}  limit {LIMIT}: {'met' if whole / bare <= LIMIT else 'MISSED'}"
    )


def act_alone(emulator: Emulator, episode: Episode, frame_skip: int) -> None:
    ale, actions = emulator._ale, emulator._actions
    emulator.reset()
    for action in episode.actions.tolist():
        assert not ale.game_over()
        for _ in range(frame_skip):
            ale.act(actions[action])


def collect_everything(settings: params.Collect) -> float:
    """CPU seconds of all processes, from the start of the workers to the file's final name."""
    before = cpu_seconds()
    with tempfile.TemporaryDirectory() as folder:
        collect(settings, Path(folder) / "rollouts.h5", usable_cores())
    return cpu_seconds() - before


def cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    typer.run(main)
