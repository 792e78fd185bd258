"""Proximal policy optimisation (Schulman et al., 2017): what a batch of play teaches a policy."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mwm import MwmError
from mwm.control.policy import Policy
from mwm.settings.control import Control

LONGEST = 0.5  # norm of a gradient; longer ones are shortened
CRITIC = 0.5  # weight of the critic's loss


@dataclass(frozen=True)
class Play:
    """What happened in t steps of n games.

    Attributes:
        codes: (t, n, size), before each action.
        actions: (t, n) int64.
        log_probabilities: (t, n), of those actions when they were chosen.
        values: (t + 1, n), as the critic saw the codes; the last of what follows.
        rewards: (t, n).
        ended: (t, n) bool: the game was over after the step, or a point was scored.
    """

    codes: Tensor
    actions: Tensor
    log_probabilities: Tensor
    values: Tensor
    rewards: Tensor
    ended: Tensor


def advantages(play: Play, discount: float, trace: float) -> Tensor:
    """How much better each action did than the critic expected, (t, n).

    Generalised advantage estimation (Schulman et al., 2016): with `trace` 0 one step is looked at,
    with 1 all until the end. Nothing is counted across an end.
    """
    goes_on = (~play.ended).float()
    surprise = play.rewards + discount * play.values[1:] * goes_on - play.values[:-1]
    found = torch.empty_like(surprise)
    later = torch.zeros_like(surprise[0])
    for step in reversed(range(len(surprise))):
        later = surprise[step] + discount * trace * goes_on[step] * later
        found[step] = later
    return found


def learn(
    policy: Policy,
    optimizer: torch.optim.Optimizer,
    play: Play,
    settings: Control,
    rng: torch.Generator,
) -> dict[str, float]:
    """Improve the policy in place; returns the mean entropy and losses of the last epoch.

    Raises:
        MwmError: a loss or a gradient is not finite.
    """
    gained = advantages(play, settings.discount, settings.trace)
    returns = (gained + play.values[:-1]).flatten()
    gained = gained.flatten()
    codes, taken = play.codes.flatten(0, 1), play.actions.flatten()
    before = play.log_probabilities.flatten()
    said: list[Tensor] = []
    for _ in range(settings.epochs):
        said = []
        for at in torch.split(torch.randperm(len(codes), generator=rng), settings.batch):
            log_probabilities, values = policy(codes[at])
            now = log_probabilities.gather(1, taken[at, None])[:, 0]
            entropy = -(log_probabilities.exp() * log_probabilities).sum(-1).mean()
            actor = _clipped((now - before[at]).exp(), gained[at], settings.clip)
            critic = (values - returns[at]).square().mean()
            loss = actor + CRITIC * critic - settings.entropy * entropy
            optimizer.zero_grad()
            loss.backward()
            # Not finite where a ratio of probabilities overflows, though `_clipped` cuts the loss.
            norm = nn.utils.clip_grad_norm_(policy.parameters(), LONGEST)
            optimizer.step()
            said.append(torch.stack([entropy, actor, critic, norm]).detach())
    means = torch.stack(said).mean(0)
    if not means.isfinite().all():
        names = "entropy", "actor's loss", "critic's loss", "gradient's norm"
        found = ", ".join(f"{name} {value:g}" for name, value in zip(names, means, strict=True))
        raise MwmError(
            f"control: expected finite losses and gradients, found {found}; lower "
            f"control.learning_rate ({settings.learning_rate})"
        )
    return dict(zip(("entropy", "actor", "critic"), means[:3].tolist(), strict=True))


def _clipped(ratio: Tensor, gained: Tensor, clip: float) -> Tensor:
    """PPO's loss (eq. 7): there is nothing to win by moving a ratio further than `clip` from 1."""
    if len(gained) > 1:  # the spread of one number is none
        gained = (gained - gained.mean()) / (gained.std() + 1e-8)
    return torch.max(-gained * ratio, -gained * ratio.clamp(1 - clip, 1 + clip)).mean()
