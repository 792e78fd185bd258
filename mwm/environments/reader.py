"""What a trained model makes of the frames and actions of games that are being played."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from mwm import UsageError
from mwm.io.bits import as_array, pack
from mwm.io.frames import FRAME_BYTES, SIDE
from mwm.library.arguments import check_world
from mwm.library.model import TrainedModel, check_model
from mwm.models import encoding
from mwm.settings.lines import brief

Array = NDArray[np.float32]
Memory = Literal["hidden", "state", "none"]
MEMORIES = get_args(Memory)


class Reader:
    """V of one world and the state of M in `count` games; a code is z, then M's state.

    At a step: `see` the frames, choose actions, `act`, and so on; `forget` where a new episode
    begins. M's state at a frame is that after all (z, action) before it: it knows nothing of the
    frame itself.

    Attributes:
        space: of one code, (latent,) or (latent + hidden,) or (latent + 2 hidden,) float32.
    """

    def __init__(self, model: TrainedModel, world: Any, memory: Memory, count: int) -> None:
        """Start with nothing remembered.

        Raises:
            UsageError: no model, no world of it, or no such `memory`.
        """
        check_model("codes", model)
        if not isinstance(memory, str) or memory not in MEMORIES:
            raise UsageError(
                f"memory: expected one of {', '.join(MEMORIES)}, found {brief(memory)}"
            )
        self._module, self._world = model.module, check_world(world, model.worlds)
        self._device = next(model.module.parameters()).device
        self._shown = {"none": 0, "hidden": 1, "state": 2}[memory]  # of M's hidden and cell
        hidden = model.module.config.memory
        self._z = torch.zeros(count, model.latent, device=self._device)
        self._state = tuple(torch.zeros(1, count, hidden, device=self._device) for _ in range(2))
        self.space = spaces.Box(-np.inf, np.inf, (model.latent + self._shown * hidden,), np.float32)

    @torch.inference_mode()
    def forget(self, games: NDArray[np.bool_]) -> None:
        """Start M anew in some games, (count,) bool."""
        at = torch.from_numpy(games).to(self._device)
        self._state = tuple(part.masked_fill(at[:, None], 0.0) for part in self._state)

    @torch.inference_mode()
    def see(self, frames: NDArray[Any], noise: torch.Tensor | None = None) -> Array:
        """Codes, (count, ...), of the frames of all games now.

        Args:
            frames: one of each game.
            noise: (count, latent) in V's own standard deviations, which moves each z; or none.
        """
        mean, log_variance = self._encoded(frames)
        spread = (0.5 * log_variance).exp()
        self._z = mean if noise is None else mean + noise.to(mean) * spread
        return self._codes(self._z, slice(None))

    @torch.inference_mode()
    def look(self, frames: NDArray[Any], games: NDArray[np.int64]) -> Array:
        """Codes of frames of some games, (n,) numbers, as they would be if `see` saw them."""
        return self._codes(self._encoded(frames)[0], torch.from_numpy(games).to(self._device))

    @torch.inference_mode()
    def act(self, actions: Any) -> None:
        """Let M read the z that was seen last and the action after it, (count,) integers."""
        if self._shown:
            taken = torch.from_numpy(as_array(actions).astype(np.int64)).to(self._device)
            state = (self._state[0], self._state[1])
            self._state = self._module.memory.remember(self._z, taken, state)

    def state(self) -> dict[str, Array]:
        """M's state, by name: with the frames now, all that codes to come depend on."""
        parts = zip(("hidden", "cell"), self._state, strict=True)
        return {name: part.cpu().numpy() for name, part in parts}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take a state of M that `state` told; `see` what the frames are now after it."""
        parts = (torch.tensor(state[name]) for name in ("hidden", "cell"))
        self._state = tuple(part.to(self._device) for part in parts)

    def _encoded(self, frames: NDArray[Any]) -> tuple[torch.Tensor, torch.Tensor]:
        packed = np.require(packed_of(frames), requirements=["C", "W"])
        vision = self._module.vision(self._world)
        return encoding.encode(vision, torch.from_numpy(packed).to(self._device))

    def _codes(self, z: torch.Tensor, games: Any) -> Array:
        shown = [part[0, games] for part in self._state[: self._shown]]
        codes: Array = torch.cat([z, *shown], 1).float().cpu().numpy()
        return codes


def packed_of(frames: NDArray[Any]) -> NDArray[np.uint8]:
    """Observations (n, 64, 64) of 0 and 1, or (n, 512) packed, as (n, 512) packed frames."""
    if frames.dtype == np.uint8 and frames.shape[1:] == (SIDE, SIDE):
        return np.packbits(frames.reshape(-1, SIDE * SIDE), axis=1)
    return pack(frames)


def check_spaces(model: Any, frames: spaces.Space[Any], actions: spaces.Space[Any]) -> None:
    """Refuse an environment that the model cannot read.

    Args:
        model: what is to encode and remember.
        frames: the space of one observation.
        actions: the space of one action.

    Raises:
        UsageError: observations are no frames, or the game has other actions than the model's.
    """
    if frames.shape not in ((SIDE, SIDE), (FRAME_BYTES,)):
        raise UsageError(
            f"codes: expected observations of shape (64, 64) or (512,), found {frames.shape}; wrap "
            "an environment of mwm, such as mwm/Pong-v0"
        )
    if frames.shape == (SIDE, SIDE) and not _is_binary(frames):
        raise UsageError(
            f"codes: expected observations (64, 64) of 0 and 1, found {frames}, which is no binary "
            "frame; wrap an environment of mwm, such as mwm/Pong-v0"
        )
    if frames.shape == (FRAME_BYTES,) and frames.dtype != np.uint8:
        raise UsageError(
            f"codes: expected observations (512,) uint8, eight pixels a byte, found {frames}; wrap "
            "an environment of mwm, such as mwm/Pong-v0"
        )
    if not isinstance(actions, spaces.Discrete) or (actions.n, actions.start) != (model.actions, 0):
        raise UsageError(
            f"codes: expected a game of {model.actions} actions from 0, as the model's, found "
            f"{actions}"
        )


def _is_binary(space: spaces.Space[Any]) -> bool:
    """Whether all that a space of (64, 64) observations has are 0 and 1, as uint8 or bool."""
    if not isinstance(space, spaces.Box) or space.dtype not in (np.uint8, np.bool_):
        return False
    return bool((space.high <= 1).all())
