"""PPO against slow, obvious forms of the same, and on a task that takes a moment to learn."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mwm import MwmError
from mwm.control import ppo
from mwm.control.policy import initialise
from mwm.control.ppo import Play, advantages, learn

Pays = Callable[[torch.Tensor], torch.Tensor]


def play_of(t: int, n: int, seed: int = 0) -> Play:
    """Random play."""
    rng = torch.Generator().manual_seed(seed)

    def rand(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=rng)

    return Play(
        codes=rand(t, n, 4),
        actions=torch.randint(3, (t, n), generator=rng),
        log_probabilities=torch.full((t, n), 1 / 3).log(),
        values=rand(t + 1, n),
        rewards=rand(t, n),
        ended=torch.rand((t, n), generator=rng) < 0.2,
    )


@pytest.mark.parametrize("trace", [0.0, 0.7, 1.0])
def test_advantages_are_sums_of_surprises_until_the_end(trace) -> None:
    """Equation 16 of generalised advantage estimation, term by term."""
    play, discount = play_of(12, 3), 0.9
    found = advantages(play, discount, trace)
    for start in range(12):
        for game in range(3):
            total, weight = 0.0, 1.0
            for step in range(start, 12):
                over = bool(play.ended[step, game])
                later = 0.0 if over else discount * play.values[step + 1, game].item()
                surprise = play.rewards[step, game].item() + later - play.values[step, game].item()
                total += weight * surprise
                weight *= discount * trace
                if over:
                    break
            assert found[start, game].item() == pytest.approx(total, abs=1e-5)


def test_with_a_trace_of_one_returns_are_discounted_rewards() -> None:
    play = play_of(6, 1)
    play.ended[:] = False
    play.ended[-1] = True
    returns = advantages(play, 0.5, 1.0)[0, 0] + play.values[0, 0]
    expected = sum(0.5**k * play.rewards[k, 0] for k in range(6))
    assert returns.item() == pytest.approx(expected.item(), abs=1e-5)


def played(policy, codes: torch.Tensor, pays: Pays, rng: torch.Generator) -> Play:
    """A step of each game (t, n), chosen by a policy, after which the game ends.

    `pays` gives the rewards of actions (t, n).
    """
    t, n = codes.shape[:2]
    with torch.no_grad():
        likely, values = policy(codes.flatten(0, 1))
    action = likely.exp().multinomial(1, generator=rng)
    return Play(
        codes,
        action.view(t, n),
        likely.gather(1, action).view(t, n),
        torch.cat([values.view(t, n), torch.zeros(1, n)]),
        pays(action.view(t, n)).float(),
        torch.ones(t, n, dtype=torch.bool),
    )


def test_it_learns_which_action_pays(settings) -> None:
    """The right action is that of the largest number of the code."""
    policy = initialise(4, 3, 16, seed=0)
    adam = torch.optim.Adam(policy.parameters(), 0.01)
    rng = torch.Generator().manual_seed(0)
    shares = []
    for _ in range(25):
        codes = torch.randn(32, 8, 4, generator=rng)
        right = codes[..., :3].argmax(2)
        play = played(policy, codes, right.eq, rng)
        shares.append(play.rewards.mean().item())
        learn(policy, adam, play, settings.model_copy(update={"batch": 64}), rng)
    assert shares[0] < 0.45
    assert np.mean(shares[-3:]) > 0.8


def test_an_update_moves_no_further_than_the_clip_pays(settings) -> None:
    """Once a ratio is beyond the clip on the side that it gains by, its gradient is zero."""
    policy = initialise(4, 3, 8, seed=0)
    play = play_of(16, 2)
    told = settings.model_copy(update={"epochs": 50, "learning_rate": 0.01, "entropy": 0.0})
    with torch.no_grad():
        now = policy(play.codes.flatten(0, 1))[0].gather(1, play.actions.flatten()[:, None])[:, 0]
    play = Play(**{**vars(play), "log_probabilities": now.view(16, 2)})
    moved = {}
    for clip in (0.05, 1.0):
        fresh = initialise(4, 3, 8, seed=0)
        adam = torch.optim.Adam(fresh.parameters(), 0.01)
        one = told.model_copy(update={"clip": clip, "batch": 64})
        learn(fresh, adam, play, one, torch.Generator().manual_seed(0))
        with torch.no_grad():
            then = fresh(play.codes.flatten(0, 1))[0].gather(1, play.actions.flatten()[:, None])
        moved[clip] = ((then[:, 0] - now).exp() - 1).abs().mean().item()
    assert moved[0.05] < 0.5 * moved[1.0]


@pytest.mark.parametrize(
    ("ratio", "gained", "moves"),
    [(1.3, 1.0, False), (1.3, -1.0, True), (0.7, 1.0, True), (0.7, -1.0, False), (1.05, 1.0, True)],
)
def test_beyond_the_clip_the_gradient_is_zero_on_the_side_that_gains(ratio, gained, moves) -> None:
    at = torch.tensor([ratio], requires_grad=True)
    ppo._clipped(at, torch.tensor([gained]), 0.1).backward()
    assert bool(at.grad.abs().sum()) == moves


def test_the_critic_learns_what_is_to_come(settings) -> None:
    """Rewards are the first number of the code, whatever is done."""
    policy = initialise(4, 3, 16, seed=0)
    adam = torch.optim.Adam(policy.parameters(), 0.01)
    rng = torch.Generator().manual_seed(0)
    for _ in range(8):
        codes = torch.randn(16, 8, 4, generator=rng)
        play = played(policy, codes, lambda actions, codes=codes: codes[..., 0], rng)
        learn(policy, adam, play, settings.model_copy(update={"batch": 64}), rng)
    codes = torch.randn(500, 4, generator=rng)
    with torch.no_grad():
        off = (policy(codes)[1] - codes[:, 0]).square().mean()
    assert off < 0.2  # their variance is 1


def test_entropy_is_kept_up_by_its_weight(settings) -> None:
    """Without rewards nothing else moves the choices."""
    ends = {}
    for weight in (0.0, 1.0):
        policy = initialise(4, 3, 8, seed=0)
        with torch.no_grad():
            policy.actor[-1].weight.mul_(200)  # no longer timid
        adam = torch.optim.Adam(policy.parameters(), 0.01)
        rng = torch.Generator().manual_seed(0)
        codes = torch.randn(16, 4, 4, generator=rng)
        play = played(policy, codes, torch.zeros_like, rng)
        play.values[:] = 0.0
        one = settings.model_copy(update={"entropy": weight, "batch": 64, "epochs": 10})
        ends[weight] = learn(policy, adam, play, one, rng)["entropy"]
    assert ends[1.0] > 1.05 * ends[0.0]


def test_what_is_not_finite_is_told(settings) -> None:
    policy, play = initialise(4, 3, 8, seed=0), play_of(4, 2)
    play.rewards[0] = torch.inf
    adam = torch.optim.Adam(policy.parameters(), 0.01)
    told = (
        r"^control: expected finite losses .* found entropy \S+, actor's loss nan, .*learning_rate"
    )
    with pytest.raises(MwmError, match=told):
        learn(policy, adam, play, settings, torch.Generator())


def test_a_gradient_that_is_not_finite_is_told_though_losses_are(settings) -> None:
    """Where an action became far likelier, its ratio overflows, and the loss alone is cut."""
    policy, play = initialise(4, 3, 8, seed=0), play_of(1, 1)
    play.log_probabilities[:] = -200.0
    play.rewards[:] = 10.0  # so that it gains, and the clip cuts its ratio
    adam = torch.optim.Adam(policy.parameters(), 0.01)
    one = settings.model_copy(update={"epochs": 1, "batch": 64})
    told = r"^control: .* found entropy \S+, actor's loss -?\d.*, gradient's norm (nan|inf);"
    with pytest.raises(MwmError, match=told):
        learn(policy, adam, play, one, torch.Generator())
