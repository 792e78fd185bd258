"""Functions of the dynamics, and a small world deciphered from independent plays."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from mwm import MwmError
from mwm.decipherment import decipher as room
from mwm.decipherment import delays, search
from mwm.decipherment.codes import Codes
from mwm.decipherment.decipher import decipher
from mwm.decipherment.functions import controlled, slow
from mwm.decipherment.level import Level, Scale
from mwm.io.latents import Latents

STEPS, EPISODES = 600, 16  # of 8, half the orders leave the ball in another place


def states_of_play(seed: int) -> tuple[Tensor, Tensor]:
    """A lift that actions move between 0 and 1, and a ball that flies to and fro by itself."""
    rng = np.random.default_rng(seed)
    n = STEPS * EPISODES
    actions = rng.integers(0, 3, n)
    lift, ball, speed = np.empty(n), np.empty(n), 0.05
    y, x = 0.5, 0.3
    for t in range(n):
        lift[t], ball[t] = y, x
        y = min(1.0, max(0.0, y + (0.0, 0.15, -0.1)[actions[t]]))
        x += speed
        if not 0 <= x <= 1:  # slower on the way back, or upside down would be right, too
            x = min(1.0, max(0.0, x))
            speed = -0.02 if speed > 0 else 0.05
        if rng.random() < 0.01:
            x = 0.3
    return torch.from_numpy(np.stack([lift, ball], 1)).float(), torch.from_numpy(actions)


def look_at(states: Tensor, actions: Tensor, look: Callable[[Tensor], Tensor]) -> Codes:
    z = look(states)
    noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(len(z)))
    z = z + 0.02 * noise
    centre, scale = z.mean(0), z.std(0)
    starts = np.arange(0, len(z), STEPS)
    spans = np.stack([starts, starts + STEPS], 1)
    frames, dimensions = np.arange(len(z)), torch.arange(z.shape[1])
    return Codes(frames, (z - centre) / scale, dimensions, centre, scale, actions, spans)


def as_is(states: Tensor) -> Tensor:
    return states


def turned(states: Tensor) -> Tensor:
    """Upside down, mixed and bent: what another V may make of another world."""
    lift, ball = 1 - states[:, 0], 1 - states[:, 1]
    return torch.stack([torch.tanh(2 * lift - 1) + 0.2 * ball, ball**2 - 0.2 * lift], 1)


def explained(function: Tensor, by: Tensor) -> float:
    """Share of a function's variance that is between 20 bins of a state."""
    bins = (by * 19.99).long()
    count = torch.bincount(bins, minlength=20).clamp(min=1)
    means = torch.zeros(20).index_add_(0, bins, function) / count
    return float(means[bins].var() / function.var())


def test_controlled_functions_are_of_what_the_actions_move_in_any_world() -> None:
    for look in (as_is, turned):
        states, actions = states_of_play(1)
        functions = controlled(look_at(states, actions, look), 3, 4, seed=0)
        lift, ball = (explained(functions[:, 0], state) for state in states.T)
        assert lift > 0.7
        assert ball < 0.1


def test_controlled_coordinates_tell_the_ends_of_a_way_apart() -> None:
    """V of one seed drew the bat's way as a loop: its fastest functions took top for bottom."""
    states, actions = states_of_play(1)

    def looped(states: Tensor) -> Tensor:
        angle = 1.8 * torch.pi * states[:, 0]
        return torch.stack([angle.cos(), angle.sin(), states[:, 1]], 1)

    functions = controlled(look_at(states, actions, looped), 3, 4, seed=0)[:, :2]
    low, high = (functions[states[:, 0] == end] for end in (0.0, 1.0))
    spread = 0.5 * (low.std(0) + high.std(0)).norm()
    assert (low.mean(0) - high.mean(0)).norm() > 3 * spread


def test_slow_functions_have_unit_variance_and_the_slowest_is_first() -> None:
    states, actions = states_of_play(2)
    values = slow(look_at(states, actions, turned), 4, 4, 2, 300, seed=0)
    later = (values[10:-10] * values[14:-6]).mean(0)
    torch.testing.assert_close(values[1:].std(0), torch.ones(4), atol=0.1, rtol=0)
    assert later.argmax() == 0
    assert later[0] > 0.8


STATES, RESTARTS = 200, 24


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Of a product, as in the stage."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def small(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many levels and functions as a small world needs."""
    monkeypatch.setattr(room, "FUNCTIONS", (3, 6, 6, 6))
    monkeypatch.setattr(room, "SYMBOLS_FROM", 6)
    monkeypatch.setattr(room, "CONTROLLED_SHARES", (0.1,))
    monkeypatch.setattr(room, "FEATURES", 200)
    monkeypatch.setattr(search, "SMOOTHINGS", 2)
    monkeypatch.setattr(search, "CARRIED", {3: 6, 2: 4})
    monkeypatch.setattr(delays, "ROUNDS", 1)
    monkeypatch.setattr(delays, "STEPS", (-1.0, 1.0))


def deciphered(order: Sequence[int] = range(EPISODES)) -> tuple[Latents, Tensor]:
    """Latents of a world upside down, whose episodes come in some order, and the true ones."""
    original = look_at(*states_of_play(1), as_is)
    states, actions = states_of_play(2)
    places = torch.cat([torch.arange(e * STEPS, (e + 1) * STEPS) for e in order])
    other = look_at(states[places], actions[places], turned)
    latents = decipher(original, other, STATES, RESTARTS, seed=0).latents
    return latents, states[places][latents.frames][:, latents.dimensions]


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_world_upside_down_is_deciphered_from_plays_of_its_own() -> None:
    latents, truth = deciphered()
    errors = (torch.from_numpy(latents.values) - truth).square().mean(0) / truth.var(0)
    assert (errors < 0.15).all(), errors


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_the_same_latents_twice() -> None:
    (one, _), (two, _) = deciphered(), deciphered()
    assert np.array_equal(one.values, two.values)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_two_threads_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them in a process of its own, where nothing is patched."""
    for name, value in {"FUNCTIONS": (3, 6, 6), "SYMBOLS_FROM": 6, "FEATURES": 200}.items():
        monkeypatch.setattr(room, name, value)
    monkeypatch.setattr(delays, "ROUNDS", 1)
    codes = look_at(*states_of_play(1), as_is), look_at(*states_of_play(2), turned)
    one, two = (decipher(*codes, 100, 6, seed=0, threads=threads) for threads in (1, 2))
    assert np.array_equal(one.latents.values, two.latents.values)
    for name, found in one.found.items():
        assert found.scores == two.found[name].scores
        assert torch.equal(found.emissions, two.found[name].emissions)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_no_episode_has_a_partner() -> None:
    """No leak: where the other world's episodes stand among them matters to the draws alone."""
    latents, truth = deciphered(order=[5, 2, 7, 0, 3, 6, 1, 4])
    errors = (torch.from_numpy(latents.values) - truth).square().mean(0) / truth.var(0)
    assert (errors < 0.15).all(), errors


@pytest.mark.usefixtures("small")
def test_short_episodes_are_refused() -> None:
    brief = look_at(*states_of_play(1), as_is)
    spans = np.stack([np.arange(0, 1000, 100), np.arange(100, 1100, 100)], 1)
    with pytest.raises(
        MwmError, match="an episode of 108 frames or more, found the longest of 100"
    ):
        decipher(replace(brief, spans=spans), brief, STATES, RESTARTS, seed=0)


def test_symbols_are_of_one_frame_since_a_delay_is_a_symmetry() -> None:
    """With two frames in a symbol, mirror settled one step late: 1.1 to 1.5 pixels off."""
    original, other = (look_at(*states_of_play(s), as_is) for s in (1, 2))
    scale = Scale(12, 12, 2, 2)
    level = Level(
        scale, original, original.z, original.z, other, other.z, gap=2, actions=False, seed=0
    )
    reordered = other.z[other.z[:, 0].argsort()]
    again = Level(
        scale, original, original.z, original.z, other, reordered, gap=2, actions=False, seed=0
    )
    spread = torch.stack([reordered[again.symbols == k].std(0) for k in range(12)])
    assert level.functions.shape[1] == 2 * level.symbols_from.shape[1]
    assert spread.nanmean() < 0.5
