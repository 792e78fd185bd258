"""The two phases: prediction bends V towards M's dynamics, reconstruction restores V."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import kl_divergence, sample_gaussian
from mwm.training.batches import Sequences
from mwm.training.constraints import Posterior, Weighted

Losses = dict[str, Tensor]  # scalars by name: what is logged
Pull = Callable[[Posterior, Posterior], Tensor]


def prediction_step(
    model: MetaWorldModel, learners: list[str], batch: Mapping[str, Sequences], rng: torch.Generator
) -> tuple[Tensor, Losses]:
    """P: L_p of every learner, d(decode(z~_{t+1}), s_{t+1}) with z~ sampled from M.

    All worlds pass through M as one batch: an LSTM's time hardly depends on its width.
    """
    codes, targets = [], []
    for world in learners:
        vision, frames = model.vision(world), batch[world].frames
        mean, log_variance = vision.encode(vision.unpack(frames[:, :-1].flatten(0, 1)))
        z = sample_gaussian(mean, log_variance, rng)
        codes.append(z.view(*batch[world].actions.shape, -1))
        targets.append(vision.unpack(frames[:, 1:].flatten(0, 1)))
    actions = torch.cat([batch[world].actions for world in learners])
    mean, log_variance = model.memory(torch.cat(codes), actions)
    predicted = sample_gaussian(mean, log_variance, rng)
    losses = {
        f"prediction_{world}": model.vision(world).loss(z.flatten(0, 1), x)
        for world, z, x in zip(learners, predicted.chunk(len(learners)), targets, strict=True)
    }
    return torch.stack(list(losses.values())).sum(), losses


def reconstruction_step(
    model: MetaWorldModel,
    learners: list[str],
    batch: Mapping[str, Tensor],
    kl_weight: float,
    constraints: Weighted,
    rng: torch.Generator,
    guides: Mapping[str, tuple[Pull, float]] | None = None,
) -> tuple[Tensor, Losses]:
    """R: L_r of every learner, the KL divergence, and the constraints towards the first world.

    `guides` pull single codes, of the worlds that have one, by a weight of their own.

    `batch` holds the packed frames (n, 512) of each world. With corresponding inputs they are the
    same moments of play, but the constraints see statistics of the whole batch alone.
    """
    reference = next(iter(batch))
    posteriors: dict[str, Posterior] = {}
    losses: Losses = {}
    total = torch.zeros((), device=batch[reference].device)
    for world, frames in batch.items():
        if world not in learners and (world != reference or not (constraints or guides)):
            continue
        vision = model.vision(world)
        x = vision.unpack(frames)
        posteriors[world] = Posterior(*vision.encode(x))
        if world in learners:
            mean, log_variance = posteriors[world]
            reconstruction = vision.loss(sample_gaussian(mean, log_variance, rng), x)
            kl = kl_divergence(mean, log_variance)
            losses |= {f"reconstruction_{world}": reconstruction, f"kl_{world}": kl}
            total = total + reconstruction + kl_weight * kl
    for kind, (distance, weight) in constraints.items():
        for world in learners:
            if world != reference:
                pull = distance(posteriors[world], posteriors[reference], rng)
                losses[f"{kind}_{world}"] = pull
                total = total + weight * pull
    for world, (guide, weight) in (guides or {}).items():
        pull = guide(posteriors[world], posteriors[reference])
        losses[f"deciphered_{world}"] = pull
        total = total + weight * pull
    return total, losses
