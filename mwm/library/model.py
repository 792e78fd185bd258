"""Trained models for use from Python: NumPy in, NumPy out, and nothing to set up."""

from os import PathLike
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm import UsageError
from mwm.io.bits import pack
from mwm.io.frames import SIDE
from mwm.library.arguments import actions as checked_actions
from mwm.library.arguments import check_whole, check_world, latents
from mwm.models import encoding
from mwm.models.model import MetaWorldModel

Array = NDArray[np.float32]


class TrainedModel:
    """A trained meta-world model: encode frames of one world, decode them in another, predict.

    `mwm.load` makes one. It is in evaluation mode and computes no gradients. Frames may have any
    leading axes, written as `...`: (64, 64) is one frame, (n, 64, 64) are n, (b, t, 64, 64) are b
    sequences of t. Latents are posterior means.

    Attributes:
        module: the PyTorch module, for those who want gradients.
    """

    def __init__(self, module: MetaWorldModel) -> None:
        """Wrap a module.

        Raises:
            UsageError: it is none of mwm's models.
        """
        if not isinstance(module, MetaWorldModel):
            raise UsageError(
                f"TrainedModel: expected a MetaWorldModel, found {type(module).__name__}; "
                "mwm.load reads one from a folder"
            )
        self.module = module.eval()

    def __repr__(self) -> str:
        return (
            f"<TrainedModel of {', '.join(self.worlds)}: {self.latent} numbers in a latent, "
            f"{self.actions} actions>"
        )

    @property
    def worlds(self) -> list[str]:
        """The worlds' names, the original first."""
        return self.module.worlds

    @property
    def actions(self) -> int:
        """How many actions the game has; an action is an index into its minimal action set."""
        return self.module.actions

    @property
    def latent(self) -> int:
        """How many numbers a latent has."""
        return self.module.config.latent

    def encode(self, world: str, frames: Any) -> Array:
        """Latents of frames as `world` shows them.

        Args:
            world: one of `worlds`.
            frames: (..., 64, 64) bool, or (..., 512) uint8 packed.

        Returns:
            (..., latent) float32.

        Raises:
            UsageError: an unknown world, or frames of another shape or dtype.
        """
        vision = self.module.vision(check_world(world, self.worlds))
        packed = pack(frames)
        z, _ = encoding.encode(vision, self._tensor(packed.reshape(-1, packed.shape[-1])))
        return _array(z).reshape(*packed.shape[:-1], self.latent)

    def decode(self, world: str, z: Any) -> Array:
        """What latents look like in `world`.

        Args:
            world: one of `worlds`.
            z: (..., latent) floating point.

        Returns:
            (..., 64, 64) float32: for each pixel the probability that it is on.

        Raises:
            UsageError: an unknown world, or latents of another shape or dtype, or not finite.
        """
        check_world(world, self.worlds)
        checked = latents(z, self.latent)
        flat = self._tensor(checked.reshape(-1, self.latent))
        drawn = encoding.decode(self.module, world, flat)
        return _array(drawn).reshape(*checked.shape[:-1], SIDE, SIDE)

    def translate(self, source: str, target: str, frames: Any) -> Array:
        """Frames of the world `source` as the model draws them in `target`: encode, then decode.

        Args:
            source: one of `worlds`, which shows the frames.
            target: one of `worlds`.
            frames: (..., 64, 64) bool, or (..., 512) uint8 packed.

        Returns:
            (..., 64, 64) float32, probabilities.

        Raises:
            UsageError: an unknown world, or frames of another shape or dtype.
        """
        check_world(target, self.worlds)
        return self.decode(target, self.encode(source, frames))

    @torch.no_grad()
    def predict(self, z: Any, actions: Any) -> Array:
        """M's prediction of the next latent at every step of sequences, from all up to that step.

        Args:
            z: (b, t, latent) or (t, latent), successive latents.
            actions: (b, t) or (t,) integers; `actions[..., i]` is taken after `z[..., i, :]`.

        Returns:
            As `z`: at `[..., i, :]` the mean of what follows `z[..., i, :]`.

        Raises:
            UsageError: another shape or dtype, latents that are not finite, or an action out of
                range.
        """
        checked = latents(z, self.latent, "b t")
        *leading, steps = checked.shape[:-1]
        taken = checked_actions(actions, tuple(leading), steps, self.actions)
        b = leading[0] if leading else 1
        sequences = self._tensor(checked.reshape(b, steps, self.latent))
        if sequences.numel() == 0:
            return checked.copy()
        predicted = self.module.memory(sequences, self._tensor(taken.reshape(b, steps)))[0]
        return _array(predicted).reshape(checked.shape)

    def dream(self, world: str, frames: Any, actions: Any, steps: int) -> Array:
        """What follows frames that were seen, if M is fed with its own predictions: open loop.

        M reads the t frames, then goes on alone; it keeps its state, so that this takes O(t).

        Args:
            world: one of `worlds`, which shows the frames.
            frames: (b, t, 64, 64) or (t, 64, 64) bool, or packed, (b, t, 512) or (t, 512) uint8.
            actions: (b, t - 1 + steps) or (t - 1 + steps,) integers: those between the frames
                that were seen, then one for each step.
            steps: how many frames to dream.

        Returns:
            (b, steps, latent) or (steps, latent) float32: decode them in any world.

        Raises:
            UsageError: an unknown world, another shape or dtype, a number of steps that is not
                whole or below 1, or an action out of range.
        """
        steps = check_whole("steps", steps, 1)
        check_world(world, self.worlds)
        packed = pack(frames)
        if packed.ndim not in (2, 3) or 0 in packed.shape:
            advice = "give one frame or more" if 0 in packed.shape else "write frames[None] for one"
            raise UsageError(
                "frames: expected sequences, (b, t, 64, 64) or (t, 64, 64) bool or packed, found "
                f"{packed.shape[:-1]} frames; {advice}"
            )
        *leading, seen = packed.shape[:-1]
        taken = checked_actions(actions, tuple(leading), seen - 1 + steps, self.actions)
        sequences = self._tensor(packed.reshape(-1, *packed.shape[-2:]))
        # The one action more, which `encoding.dream` asks for, has no influence.
        padded = np.pad(taken.reshape(len(sequences), -1), ((0, 0), (0, 1)))
        dreamt = encoding.dream(self.module, world, sequences, self._tensor(padded))
        return _array(dreamt).reshape(*leading, steps, self.latent)

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        """On the model's device."""
        device = next(self.module.parameters()).device
        return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)


def _array(tensor: Tensor) -> Array:
    return tensor.float().cpu().numpy()


def check_model(what: str, model: Any) -> None:
    """Refuse what is no model of `mwm.load`; `what` an error calls the call that takes it.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(model, TrainedModel):
        named = isinstance(model, str | PathLike)
        advice = "mwm.load(folder)" if named else "mwm.TrainedModel(module) around a module"
        raise UsageError(
            f"{what}: expected a model of mwm.load, found {type(model).__name__}; write {advice}"
        )
