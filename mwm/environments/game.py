"""A game of the emulator as one world shows it, as a Gymnasium environment."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mwm import UsageError
from mwm.environments.console import Console, pictures
from mwm.environments.options import (
    RENDER_MODES,
    check_options,
    check_render_mode,
    observation_space,
    seed_of,
    setup_of,
)
from mwm.environments.worlds import resolve
from mwm.frames.pooling import any_pool
from mwm.library.arguments import actions as checked_actions
from mwm.library.layout import layout_of
from mwm.worlds import World
from mwm.worlds.world import Step

Observation = NDArray[np.uint8]
ZOOM = 4  # rendered pixels per pixel
RATE = 60  # emulated frames a second


class GameEnv(gymnasium.Env[Observation, np.int64]):
    """The real emulator seen through a world's bijection; `gymnasium.make("mwm/Pong-v0")`.

    Observations are the frames that the pipeline makes of the same screens, bit by bit. Actions are
    indices into the game's minimal action set, the same in every world. Rewards are the emulator's,
    added up over the frames of a step. `reset(seed=)` determines all that is left to chance.

    Attributes:
        world: the world that shows the game.
    """

    metadata = {"render_modes": RENDER_MODES, "render_fps": RATE // 4}  # noqa: RUF012 (Gymnasium's)

    def __init__(
        self,
        game: str = "ALE/Pong-v5",
        world: World | str | Sequence[Step] = "original",
        *,
        frame_skip: int = 4,
        repeat_action_probability: float = 0.0,
        noop_max: int = 0,
        background: Any = None,
        packed: bool = False,
        render_mode: str | None = None,
    ) -> None:
        """Load the game.

        Args:
            game: Gymnasium id of the emulator's game, "ALE/Pong-v5".
            world: as `mwm.environments.worlds.resolve` takes it: "mirror", ["transpose", "invert"].
            frame_skip: emulated frames per step, 60 a second.
            repeat_action_probability: sticky actions: chance per emulated frame that the action
                before it goes on; the emulator's own environments have 0.25.
            noop_max: an episode begins with 0 to this many steps without an action, by chance.
            background: palette value of what shows nothing, or a picture of them, (210, 160), or of
                the playing field alone. None: as games.yaml lists it.
            packed: observations are (512,) uint8, eight pixels a byte, instead of (64, 64) uint8.
            render_mode: "rgb_array" or None.

        Raises:
            UsageError: an unknown game or world, an option out of range, or no background.
        """
        setup = setup_of(game, frame_skip, repeat_action_probability, noop_max, background)
        self.world, self.render_mode = resolve(world), check_render_mode(render_mode)
        self._packed = packed
        self.metadata = {**self.metadata, "render_fps": RATE / setup.frame_skip}
        self._console = Console(setup)
        self._mask = np.zeros((1, *setup.shape), np.bool_)
        self._names = layout_of(game).action_names
        self.observation_space: spaces.Box = observation_space(packed)  # type: ignore[assignment]
        self.action_space = spaces.Discrete(len(self._names))
        self._frame: NDArray[np.uint8] | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; `info["noops"]` tells how many steps without an action it began with.

        Args:
            seed: of all chance from here on, over later resets too; None: it goes on.
            options: none are known.

        Raises:
            UsageError: a seed that is no whole number or below 0, or options that are no mapping.
        """
        check_options(options)
        super().reset(seed=seed_of(seed), options=options)
        noops = self._console.reset(self.np_random)
        return self._observe(), {"noops": noops}

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take an action, an index into the game's minimal action set.

        Raises:
            UsageError: no such action; or the game is over or has not begun.
        """
        if self._frame is None or self._console.over:
            raise UsageError("step: expected a game that goes on, found it over; call reset()")
        taken = checked_actions([action], (), 1, len(self._names))
        reward = self._console.step(int(taken[0]), self.np_random)
        return self._observe(), reward, self._console.over, False, {}

    def render(self) -> Any:
        """What the world shows now, (256, 256, 3) uint8, white on black.

        None without a mode, or before the game has begun.
        """
        if self.render_mode is None or self._frame is None:
            return None
        return rendered(self._frame)[0]

    def get_action_meanings(self) -> list[str]:
        """The actions' names, as the emulator's own environments tell them."""
        return list(self._names)

    def _observe(self) -> Observation:
        self._console.mask(self._mask[0])
        self._frame = self.world.show(any_pool(self._mask))
        seen: Observation = (self._frame if self._packed else pictures(self._frame))[0].copy()
        return seen


def rendered(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Packed frames (n, 512) as RGB, (n, 256, 256, 3)."""
    large = (pictures(frames) * np.uint8(255)).repeat(ZOOM, 1).repeat(ZOOM, 2)
    rgb: NDArray[np.uint8] = large[..., None].repeat(3, 3)
    return rgb
