"""Many games at once, in worker processes that share memory with this one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mwm import UsageError
from mwm.environments.console import pictures
from mwm.environments.game import RATE, rendered
from mwm.environments.options import (
    RENDER_MODES,
    check_render_mode,
    observation_space,
    reset_mask_of,
    seed_of,
    setup_of,
)
from mwm.environments.team import Team
from mwm.environments.worlds import resolve
from mwm.io.spawn import usable_cores
from mwm.library.arguments import actions as checked_actions
from mwm.library.arguments import check_whole, is_integer
from mwm.library.layout import layout_of
from mwm.settings.lines import brief
from mwm.worlds import World
from mwm.worlds.world import Step

Bits = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Infos = dict[str, Any]
NO_LIMIT = -1  # as `gymnasium.make` has it
MOST_GAMES = 4096  # as params `control.games` has it; a game takes a megabyte


class VectorGameEnv(VectorEnv[Bits, NDArray[np.int64], NDArray[Any]]):
    """Many copies of `GameEnv`; `gymnasium.make_vec("mwm/Pong-v0", num_envs=16)`.

    Each does to the bit what a single environment with its seed and actions does. A script that
    makes one needs `if __name__ == "__main__":`, as its processes are spawned.

    Attributes:
        world: the world that shows the games.
    """

    def __init__(
        self,
        game: str = "ALE/Pong-v5",
        world: World | str | Sequence[Step] = "original",
        *,
        num_envs: int = 1,
        workers: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        frame_skip: int = 4,
        repeat_action_probability: float = 0.0,
        noop_max: int = 0,
        background: Any = None,
        packed: bool = False,
        render_mode: str | None = None,
    ) -> None:
        """Start the processes and load a game for each environment.

        Args:
            game, world, frame_skip, repeat_action_probability: as `GameEnv` takes them.
            noop_max, background, packed, render_mode: as `GameEnv` takes them.
            num_envs: how many games, at most 4,096.
            workers: processes; None: one for each core, at most one for each game.
            autoreset_mode: Gymnasium's: a game that has ended starts again in the step after it, or
                in the same step (`infos["final_obs"]` has its last observation), or only by
                `reset(options={"reset_mask": ...})`.
            max_episode_steps: steps at which an episode is cut; None or -1: none.

        Raises:
            UsageError: as `GameEnv`, or one of the numbers is out of range.
            MwmError: a worker failed or died.
        """
        setup = setup_of(game, frame_skip, repeat_action_probability, noop_max, background)
        num_envs = check_whole("num_envs", num_envs, 1, MOST_GAMES)
        workers = min(usable_cores(), num_envs) if workers is None else workers
        workers = check_whole("workers", workers, 1, num_envs)
        limit = _limit_of(max_episode_steps)
        self.world, self.render_mode = resolve(world), check_render_mode(render_mode)
        self.num_envs, self._packed = num_envs, packed
        self._mode = mode = _mode_of(autoreset_mode)
        self._set_spaces(layout_of(game).action_names)
        self.metadata = {
            "render_modes": RENDER_MODES,
            "render_fps": RATE / setup.frame_skip,
            "autoreset_mode": mode,
        }
        self._begun = np.zeros(num_envs, np.bool_)
        self._team = Team(setup, num_envs, workers, limit, mode)

    def _set_spaces(self, action_names: list[str]) -> None:
        self._names = action_names
        self.single_observation_space = observation_space(self._packed)
        self.single_action_space = Discrete(len(action_names))
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Bits, Infos]:
        """Start an episode in each environment.

        Args:
            seed: of each; or of the first, the others' being the whole numbers after it. None:
                chance goes on as it was.
            options: {"reset_mask": (n,) bool} resets some of them alone.

        Raises:
            UsageError: a seed that is no whole number or below 0, another number of seeds, options
                that are no mapping, or a mask of another shape; or they are closed.
            MwmError: a worker failed or died.
        """
        self._check_open()
        seeds = _seeds_of(seed, self.num_envs)
        mask = reset_mask_of(options, self.num_envs)
        self._team.reset({n: seeds[n] for n in np.flatnonzero(mask).tolist()})
        self._begun |= mask
        return self._shown("frame"), self._infos()

    def step(self, actions: Any) -> tuple[Bits, NDArray[np.float64], Flags, Flags, Infos]:
        """Take an action in each environment, (n,) whole numbers.

        Raises:
            UsageError: another shape, no such action, or they are closed or wait for `reset`.
            MwmError: a worker failed or died.
        """
        self._check_open()
        taken = checked_actions(actions, (), self.num_envs, len(self._names))
        rows = self._team.rows
        waiting = ~self._begun
        if self._mode is AutoresetMode.DISABLED:
            waiting |= rows["terminated"] | rows["truncated"]
        if waiting.any():
            raise UsageError(
                f"step: expected games that go on, found that of environment {waiting.argmax()} "
                "over or not begun; call reset()"
            )
        rows["action"] = taken
        self._team.step()
        reward, terminated, truncated = (
            rows[name].copy() for name in ("reward", "terminated", "truncated")
        )
        return self._shown("frame"), reward, terminated, truncated, self._infos()

    def render(self) -> tuple[Bits, ...] | None:
        """What each game shows now: a picture for each, (256, 256, 3) uint8, white on black.

        None without a mode, or while a game has not begun.
        """
        if self.render_mode is None or not self._begun.all():
            return None
        return tuple(rendered(self._frames("frame")))

    def get_action_meanings(self) -> list[str]:
        """The actions' names, as the emulator's own environments tell them."""
        return list(self._names)

    def close_extras(self, **kwargs: Any) -> None:
        """End the processes, whatever they are doing."""
        if "_team" in vars(self):  # else an option was refused, before a process started
            self._team.close()

    def _check_open(self) -> None:
        if not self._team.close.alive:
            raise UsageError("expected environments that are open, found them closed; make others")

    def _frames(self, which: str) -> Bits:
        """Packed frames of all games, (n, 512), as the world shows them."""
        return self.world.show(np.ascontiguousarray(self._team.rows[which]))

    def _shown(self, which: str) -> Bits:
        """The same as observations."""
        frames = self._frames(which)
        return frames if self._packed else pictures(frames)

    def _infos(self) -> Infos:
        """In Gymnasium's form: by name an array over all games, and by _name whose it is."""
        rows = self._team.rows
        started = rows["noops"] >= 0
        if not started.any():
            return {}
        infos: Infos = {"noops": np.where(started, rows["noops"], 0), "_noops": started}
        ended = (rows["terminated"] | rows["truncated"]) & started
        if ended.any():  # and started in the same step
            last, final = self._shown("last"), np.full(self.num_envs, None, object)
            for place in np.flatnonzero(ended):
                final[place] = last[place].copy()
            infos |= {"final_obs": final, "_final_obs": ended}
            infos |= {"final_info": {}, "_final_info": ended.copy()}
        return infos


def _seeds_of(seed: Any, count: int) -> list[int | None]:
    """The seed of each of `count` games: checked here, as a worker that fails ends all of them."""
    if seed is None:
        return [None] * count
    if isinstance(seed, np.ndarray) and seed.ndim == 0:
        seed = seed.item()
    many = seed.ndim == 1 if isinstance(seed, np.ndarray) else isinstance(seed, Sequence)
    if many and not isinstance(seed, str | bytes) and len(seed) == count:
        return [seed_of(each, f"seed[{n}]") for n, each in enumerate(seed)]
    if isinstance(seed, int | float | np.number):
        first = check_whole("seed", seed, 0)
        return [first + n for n in range(count)]
    raise UsageError(f"seed: expected a whole number or {count} of them, found {brief(seed)}")


def _mode_of(said: AutoresetMode | str) -> AutoresetMode:
    known = [mode.value for mode in AutoresetMode]
    if isinstance(said, AutoresetMode) or (isinstance(said, str) and said in known):
        return AutoresetMode(said)
    raise UsageError(f"autoreset_mode: expected one of {', '.join(known)}, found {brief(said)}")


def _limit_of(steps: Any) -> int | None:
    """`max_episode_steps`, of which Gymnasium's -1 is none."""
    if steps is None or (is_integer(steps) and steps == NO_LIMIT):
        return None
    return check_whole("max_episode_steps", steps, 1)
