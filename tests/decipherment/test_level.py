"""One resolution of a search: what breaks the symmetry of delays."""

import numpy as np
import pytest
import torch
from small_world import as_is, look_at, states_of_play
from torch import Tensor

from mwm.decipherment.inference import infer, likelihood
from mwm.decipherment.learning import learn, normalise
from mwm.decipherment.level import Level
from mwm.decipherment.sources import Hints, Original, Other, Scale
from mwm.decipherment.states import DOUBT, MILD
from mwm.models.codes import Codes

STEPS, EPISODES = 300, 20


@pytest.fixture(scope="module")
def flight() -> Codes:
    """A ball that flies to and fro, now and then turned by chance."""
    rng = np.random.default_rng(0)
    x, speed, seen = 0.3, 0.03, []
    for _ in range(STEPS * EPISODES):
        x += speed
        if not 0 < x < 1 or rng.random() < 0.01:
            x, speed = min(1.0, max(0.0, x)), -speed
        seen.append([x, 0.0])
    noise = torch.randn(len(seen), 2, generator=torch.Generator().manual_seed(0))
    z = torch.tensor(seen) + 0.01 * noise
    starts = np.arange(0, len(z), STEPS)
    return Codes(
        np.arange(len(z)),
        z,
        torch.arange(2),
        torch.zeros(2),
        torch.ones(2),
        torch.zeros(len(z), dtype=torch.int64),
        np.stack([starts, starts + STEPS], 1),
        torch.ones(2),
        torch.ones(len(z)),
    )


def read_as_its_own_cipher(codes: Codes, states: int) -> Level:
    original = Original(codes, codes.z, codes.z, gap=3, actions=0)
    return Level(Scale(states, states, 1, 1), original, Other(codes, codes.z), seed=0)


@pytest.fixture(scope="module")
def ball(flight: Codes) -> Level:
    return read_as_its_own_cipher(flight, 60)


def late_by(level: Level, steps: int) -> Tensor:
    """Emissions counted from the true states some steps before or after."""
    at = level.states.at[10:-10]
    states, symbols = level.states.of[at - steps], level.symbols.of[at]
    k, m = level.states.count, level.symbols.count
    counts = torch.bincount(states * m + symbols, minlength=k * m)
    return normalise(counts.view(1, k, m).float())


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_delay_of_everything_costs_score(ball: Level, steps: int) -> None:
    """vswap had settled half a step early: of free emissions that was as likely as the truth."""
    right, wrong = late_by(ball, 0), late_by(ball, steps)
    observed = ball.training()
    free = [float(infer(ball.states.chain, one, observed)[0]) for one in (right, wrong)]
    tied = [ball.score(one)[0] for one in (right, wrong)]
    assert abs(free[0] - free[1]) < 0.1
    assert tied[0] - tied[1] > 0.3


def test_learned_emissions_are_mixtures_of_what_views_emit(ball: Level) -> None:
    observed = ball.training()
    tied, _ = ball.learn(late_by(ball, 0), observed, [1.0] * 3)
    free, _ = learn(ball.states.chain, late_by(ball, 0), observed, [1.0] * 3)
    torch.testing.assert_close(tied.sum(2), torch.ones(1, ball.states.count), atol=1e-4, rtol=0)
    views = ball.states.count // 2
    assert torch.linalg.svdvals(tied[0])[views] < 1e-4
    assert torch.linalg.svdvals(free[0])[views] > 0.01


def test_a_finer_level_inherits_what_a_coarser_one_infers(flight: Codes, ball: Level) -> None:
    """Frame by frame: a symbol gets the chances of coarse states, shared among their fine ones."""
    coarse = read_as_its_own_cipher(flight, 20)
    emissions = late_by(coarse, 0)
    at = ball.states.at
    share = np.zeros((coarse.states.count, ball.states.count))
    for one, other in zip(coarse.states.of[at].tolist(), ball.states.of[at].tolist(), strict=True):
        share[one, other] += 1
    share /= share.sum(1, keepdims=True).clip(1)
    index = ball.symbols.training
    chances = coarse.read(emissions, torch.eye(coarse.states.count), index).numpy()
    counts = np.zeros((ball.states.count, ball.symbols.count))
    for symbol, chance in zip(
        ball.symbols.of[index].flatten(), chances.reshape(-1, 20), strict=True
    ):
        counts[:, int(symbol)] += chance @ share
    expected = normalise(torch.from_numpy(counts)[None].float())
    torch.testing.assert_close(ball.inherit(coarse, emissions), expected, atol=1e-5, rtol=1e-3)


def test_hints_of_a_state_are_counted_in_the_original() -> None:
    z = torch.rand(600, 1, generator=torch.Generator().manual_seed(1))
    none = torch.zeros(600, dtype=torch.int64)
    spans = np.array([[0, 300], [300, 600]])
    one, even = torch.ones(1), torch.ones(600)
    codes = Codes(np.arange(600), z, none[:1], torch.zeros(1), one, none, spans, one, even)
    hints = Hints((z[:, 0] > 0.5).long(), torch.randint(3, (600,)), 3)
    original = Original(codes, z, z, gap=3, actions=0)
    level = Level(Scale(4, 4, 1, 1), original, Other(codes, z), seed=0, hints=hints)
    assert level.states.chain.hints is not None
    for state in range(4):
        at = level.states.at[level.states.of[level.states.at] == state]
        counted = torch.bincount(hints.original[at], minlength=3) / len(at)
        expected = ((1 - DOUBT) * counted + DOUBT / 3) ** MILD
        torch.testing.assert_close(level.states.chain.hints[:, state], expected)
    assert torch.equal(level.training()[1], hints.other[level.symbols.training])


def test_symbols_are_of_one_frame_since_a_delay_is_a_symmetry() -> None:
    """With two frames in a symbol, mirror settled one step late: 1.1 to 1.5 pixels off."""
    original, other = (look_at(*states_of_play(s), as_is) for s in (1, 2))
    reordered = other.z[other.z[:, 0].argsort()]
    read = Original(original, original.z, original.z, gap=2, actions=0)
    level = Level(Scale(12, 12, 2, 2), read, Other(other, reordered), seed=0)
    spread = torch.stack([reordered[level.symbols.of == k].std(0) for k in range(12)])
    assert level.states.functions.shape[1] == 2 * level.symbols.functions.shape[1]
    assert spread.nanmean() < 0.5


def test_a_score_is_of_held_out_sequences_beyond_frequencies():
    codes = look_at(*states_of_play(1), as_is)
    original = Original(codes, codes.z, codes.z, gap=2, actions=0)
    level = Level(Scale(12, 12, 2, 2), original, Other(codes, codes.z), seed=0)
    symbols = level.symbols
    assert len(symbols.held_out) > 0
    assert not np.isin(symbols.held_out, symbols.training).any()
    emissions = torch.rand(2, 12, 12, generator=torch.Generator().manual_seed(0)) + 0.1
    emissions /= emissions.sum(2, keepdim=True)
    tied = level.states.tying(level.states.chain.start[:, None] * emissions)
    found = likelihood(level.states.chain, tied, symbols.observe(symbols.held_out))
    often = torch.bincount(symbols.of[symbols.at]).float() + 1
    alone = (often / often.sum()).log()[symbols.of[symbols.held_out]].mean()
    assert level.score(emissions) == pytest.approx((found - alone).tolist(), abs=1e-5)
