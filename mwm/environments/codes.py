"""Wrappers by which a policy sees codes of a trained model instead of frames."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mwm import UsageError
from mwm.environments.options import reset_mask_of
from mwm.environments.reader import Array, Memory, Reader, check_spaces
from mwm.library.model import TrainedModel, check_model
from mwm.settings.lines import brief


class Codes(gymnasium.Wrapper[Array, Any, Any, Any]):
    """An environment whose observations are what `reader` makes of frames and actions.

        env = Codes(gymnasium.make("mwm/Pong-v0", world="mirror"), mwm.load("runs"))

    An observation is z of the frame, V's mean, and M's state before it reads that z: M has read
    every earlier z of the episode with the action taken after it, and starts an episode anew.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        model: TrainedModel,
        *,
        world: str | None = None,
        memory: Memory = "hidden",
    ) -> None:
        """Wrap `env`, one of mwm's or another whose observations are frames.

        Args:
            env: observations are (64, 64) of 0 and 1, or (512,) uint8 packed.
            model: what encodes and remembers.
            world: whose V encodes; None: that of the environment.
            memory: what follows z: "hidden": M's hidden state, "state": also its cell, "none".

        Raises:
            UsageError: no model, or one without such a world or with other actions; observations
                that are no frames; or no such `memory`.
        """
        super().__init__(env)
        single = env.observation_space, env.action_space
        self._reader = _reader_of(env, model, world, memory, single, 1)
        self.observation_space = self._reader.space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start an episode, and M anew."""
        frame, info = self.env.reset(seed=seed, options=options)
        self._reader.forget(np.ones(1, np.bool_))
        return self._reader.see(frame[None])[0], info

    def step(self, action: Any) -> tuple[Array, Any, bool, bool, dict[str, Any]]:
        """Take an action, which M reads with the z before it."""
        frame, reward, terminated, truncated, info = self.env.step(action)
        self._reader.act([action])
        return self._reader.see(frame[None])[0], reward, terminated, truncated, info


class VectorCodes(VectorWrapper):
    """The same of a vector environment: one batch for V, and one for M, per step of all games."""

    def __init__(
        self,
        env: VectorEnv[Any, Any, NDArray[Any]],
        model: TrainedModel,
        *,
        world: str | None = None,
        memory: Memory = "hidden",
    ) -> None:
        """Wrap `env`, mwm's own vector environment or Gymnasium's of environments with frames.

        Args:
            env: tells its autoreset mode in its metadata, as all of Gymnasium's do.
            model, world, memory: as `Codes` takes them.

        Raises:
            UsageError: as `Codes`.
        """
        super().__init__(env)
        single = env.single_observation_space, env.single_action_space
        self._reader = _reader_of(env, model, world, memory, single, env.num_envs)
        self._mode = env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        self._ended = np.zeros(env.num_envs, np.bool_)
        self.single_observation_space = self._reader.space
        self.observation_space = batch_space(self._reader.space, env.num_envs)

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start episodes, all or those of `options["reset_mask"]`, and M anew for them."""
        begun = reset_mask_of(options, self.num_envs)  # before: some take it out of options
        frames, infos = self.env.reset(seed=seed, options=options)
        self._reader.forget(begun)
        self._ended &= ~begun
        return self._reader.see(frames), infos

    def step(
        self, actions: Any
    ) -> tuple[Array, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Take actions, which M reads with the z before them; a new episode starts M anew."""
        frames, reward, terminated, truncated, infos = self.env.step(actions)
        self._reader.act(actions)
        ended = terminated | truncated
        if self._mode is AutoresetMode.SAME_STEP:
            begun = ended
            if ended.any():
                infos = {**infos, "final_obs": self._last(infos["final_obs"], ended)}
        else:
            begun = self._ended  # one step ago, so that this step reset them
        self._ended = ended
        if self._mode is not AutoresetMode.DISABLED:
            self._reader.forget(begun)
        return self._reader.see(frames), reward, terminated, truncated, infos

    def _last(self, final: NDArray[Any], ended: NDArray[np.bool_]) -> NDArray[Any]:
        """The last frames of episodes as codes, with M's state as it was then."""
        codes = np.full(self.num_envs, None, object)
        places = np.flatnonzero(ended)
        seen = self._reader.look(np.stack([final[place] for place in places]), places)
        for place, code in zip(places, seen, strict=True):
            codes[place] = code
        return codes


def _reader_of(
    env: Any,
    model: TrainedModel,
    world: str | None,
    memory: Memory,
    single: tuple[spaces.Space[Any], spaces.Space[Any]],
    count: int,
) -> Reader:
    """A reader for `env`, whose spaces of one game are `single`, of observations and actions."""
    check_model("codes", model)
    own = getattr(getattr(env.unwrapped, "world", None), "name", None)
    if world is None and own not in model.worlds:
        raise UsageError(
            f"codes: expected an environment of {', '.join(model.worlds)}, which the model knows, "
            f"found {brief(own)}; name the world whose V is to encode: world="
        )
    reader = Reader(model, own if world is None else world, memory, count)
    check_spaces(model, *single)
    return reader
