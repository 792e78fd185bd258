"""The losses of the phases: prediction bends V to M, reconstruction restores V, dreams teach M."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mwm.models.encoding import Sequences
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import kl_divergence, sample_gaussian
from mwm.training.constraints import Posterior, Weighted
from mwm.training.dreams import Dreamt
from mwm.training.guide import Guide

DECODED = 4  # steps of a dream, drawn at random, that are decoded: more cost time and change little

Losses = dict[str, Tensor]  # scalars by name: what is logged


class Guidance(NamedTuple):
    """How a guide takes part in an R step.

    Attributes:
        guide: deciphered latents of a world.
        indices: (n,) which of its frames are in the batch.
        weight: of the distance of V's codes from those latents.
        drawn: share of the frames that are drawn from those latents instead of V's codes.
    """

    guide: Guide
    indices: NDArray[np.int64]
    weight: float
    drawn: float


def prediction_step(
    model: MetaWorldModel, worlds: list[str], batch: Mapping[str, Sequences], rng: torch.Generator
) -> tuple[Tensor, Losses]:
    """P: L_p of every world, d(decode(z~_{t+1}), s_{t+1}) with z~ sampled from M.

    All worlds pass through M as one batch: an LSTM's time hardly depends on its width.

    Returns:
        The total to minimise, and the losses by name, per frame.
    """
    codes, targets = [], []
    for world in worlds:
        vision = model.vision(world)
        mean, log_variance = vision.encode(vision.unpack(batch[world].now))
        z = sample_gaussian(mean, log_variance, rng)
        codes.append(z.view(*batch[world].actions.shape, -1))
        targets.append(vision.unpack(batch[world].after))
    actions = torch.cat([batch[world].actions for world in worlds])
    mean, log_variance = model.memory(torch.cat(codes), actions)
    predicted = sample_gaussian(mean, log_variance, rng)
    losses = {
        f"prediction_{world}": model.vision(world).loss(z.flatten(0, 1), x)
        for world, z, x in zip(worlds, predicted.chunk(len(worlds)), targets, strict=True)
    }
    return torch.stack(list(losses.values())).sum(), losses


def reconstruction_step(
    model: MetaWorldModel,
    learners: list[str],
    batch: Mapping[str, Tensor],
    kl_weight: float,
    constraints: Weighted,
    rng: torch.Generator,
    guides: Mapping[str, Guidance],
) -> tuple[Tensor, Losses]:
    """R: L_r of every learner, the KL divergence, and the constraints towards the first world.

    With corresponding inputs the frames of all worlds are the same moments of play, but the
    constraints see statistics of the whole batch alone.

    Args:
        model: holds every world of `batch`.
        learners: worlds whose V learns.
        batch: the packed frames (n, 512) of each world, the reference first.
        kl_weight: of the KL divergence.
        constraints: with their weights, by kind.
        rng: of the samples.
        guides: by world, what was deciphered of its frames.

    Returns:
        The total to minimise, and the losses by name, per frame.
    """
    reference = next(iter(batch))
    posteriors: dict[str, Posterior] = {}
    losses: Losses = {}
    total = torch.zeros((), device=batch[reference].device)
    for world, packed in batch.items():
        if world not in learners and (world != reference or not (constraints or guides)):
            continue
        vision = model.vision(world)
        x = vision.unpack(packed)
        posteriors[world] = Posterior(*vision.encode(x))
        if world in learners:
            mean, log_variance = posteriors[world]
            z = sample_gaussian(mean, log_variance, rng)
            if (one := guides.get(world)) and one.drawn:
                z = one.guide.draw(one.indices, z, posteriors[reference], one.drawn, rng)
            reconstruction = vision.loss(z, x)
            kl = kl_divergence(mean, log_variance)
            losses |= {f"reconstruction_{world}": reconstruction, f"kl_{world}": kl}
            total = total + reconstruction + kl_weight * kl
    for kind, (distance, weight) in constraints.items():
        for world in learners:
            if world != reference:
                loss = distance(posteriors[world], posteriors[reference], rng)
                losses[f"{kind}_{world}"] = loss
                total = total + weight * loss
    for world, one in guides.items():
        loss = one.guide.distance(one.indices, posteriors[world], posteriors[reference])
        losses[f"deciphered_{world}"] = loss
        total = total + one.weight * loss
    return total, losses


def dream_step(
    model: MetaWorldModel,
    world: str,
    batch: Dreamt,
    given: int,
    pixels: float,
    rng: torch.Generator,
) -> tuple[Tensor, Losses]:
    """D: M alone learns to go on from its own predictions.

    It reads `given` frames and dreams the rest. The loss is the distance of its means from V's
    latents, absolute, in units of their mean spread: of the predictions made while reading, and of
    the dream. A few decoded steps of the dream tell besides which distances show.

    Returns:
        The total to minimise, and the losses by name.
    """
    memory, vision = model.memory, model.vision(world)
    codes, unit = batch.codes, memory.spread.mean()
    mean, _, state = memory.read(codes[:, :given], batch.actions[:, :given])
    dreamt = memory.dream(mean[:, -1], batch.actions[:, given:], state)[:, 1:]
    read = (mean - codes[:, 1 : given + 1]).abs().mean() / unit
    dream = (dreamt - codes[:, given + 1 :]).abs().mean() / unit
    losses = {"read": read, "dream": dream}
    total = read + dream
    if pixels:
        steps = torch.randperm(dreamt.shape[1], generator=rng, device=rng.device)[:DECODED]
        truth = vision.unpack(batch.packed[:, given + 1 + steps].flatten(0, 1))
        losses["pixels"] = vision.loss(dreamt[:, steps].flatten(0, 1), truth)
        total = total + pixels * losses["pixels"]
    return total, losses
