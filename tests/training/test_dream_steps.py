"""M's own steps: it goes on from what it predicted, and learns nothing else from V than latents."""

import numpy as np
import pytest
import torch

from mwm.models.encoding import encode
from mwm.models.memory import Memory
from mwm.models.model import initialise
from mwm.settings.base import ORIGINAL
from mwm.training.batches import Episodes
from mwm.training.dreams import Dreams
from mwm.training.phases import dream_step

CPU = torch.device("cpu")


def memory(defaults, predicts: str) -> Memory:
    torch.manual_seed(0)
    made = Memory(defaults.train.model.model_copy(update={"predicts": predicts}), actions=6)
    made.calibrate(torch.randn(500, 32) * 3 + 1)
    return made


@pytest.mark.parametrize("predicts", ["change", "latent"])
def test_a_dream_is_step_after_step_of_what_was_predicted(defaults, predicts):
    m, z, actions = memory(defaults, predicts), torch.randn(4, 5, 32), torch.arange(48).view(4, 12)
    actions %= 6
    mean, _, state = m.read(z, actions[:, :5])
    now, after = mean[:, -1], state
    expected = [now]
    for action in actions[:, 5:].unbind(1):
        now, _, after = m.step(now, action, after)
        expected.append(now)
    found = m.dream(mean[:, -1], actions[:, 5:], state)
    torch.testing.assert_close(found, torch.stack(expected, 1), rtol=1e-5, atol=1e-5)


def test_who_predicts_changes_stands_still_at_first_but_for_its_head(defaults):
    m = memory(defaults, "change")
    torch.nn.init.zeros_(m.head[-1].weight)
    torch.nn.init.zeros_(m.head[-1].bias)
    z = torch.randn(3, 7, 32)
    assert torch.equal(m(z, torch.zeros(3, 7, dtype=torch.int64))[0], z)


@pytest.fixture
def sampled(defaults, contents):
    model = initialise(defaults.train.model, [ORIGINAL], 6, seed=0)
    frames = contents[ORIGINAL]
    model.vision(ORIGINAL).calibrate(torch.from_numpy(frames.frames[:500]))
    batch = defaults.train.batch.model_copy(update={"dreams": 5, "length": 6, "dreamed": 4})
    episodes = Episodes(frames, frames.episodes("train"), batch.length, CPU)
    vision = model.vision(ORIGINAL)
    return model, frames, Dreams(vision, episodes, batch, np.random.default_rng(0))


def test_latents_are_those_of_the_frames_that_are_drawn(sampled):
    model, frames, dreams = sampled
    batch = dreams.draw(4)
    assert batch.packed.shape == (5, 11, 512)
    expected, _ = encode(model.vision(ORIGINAL), batch.packed.flatten(0, 1))
    torch.testing.assert_close(batch.codes.flatten(0, 1), expected, rtol=1e-4, atol=1e-5)
    episodes = Episodes(frames, frames.episodes("train"), 6, CPU)
    train = {frames.frames[index].tobytes() for index in episodes.frames.indices}
    assert {row.tobytes() for row in batch.packed.flatten(0, 1).numpy()} <= train


def test_the_loss_is_that_of_single_steps_and_teaches_m_alone(sampled):
    model, _, dreams = sampled
    batch, m = dreams.draw(4), model.memory
    model.vision(ORIGINAL).requires_grad_(False)
    total, losses = dream_step(model, ORIGINAL, batch, dreams.given, 0.1, torch.Generator())
    now, state, read, dreamt = batch.codes[:, 0], None, [], []
    for t in range(10):
        now, _, state = m.step(batch.codes[:, t] if t < 6 else now, batch.actions[:, t], state)
        (read if t < 6 else dreamt).append((now - batch.codes[:, t + 1]).abs().mean())
    unit = m.spread.mean()
    torch.testing.assert_close(losses["read"], torch.stack(read).mean() / unit)
    torch.testing.assert_close(losses["dream"], torch.stack(dreamt).mean() / unit)
    torch.testing.assert_close(total, losses["read"] + losses["dream"] + 0.1 * losses["pixels"])
    total.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in m.parameters())
    assert all(p.grad is None for p in model.visions.parameters())


def test_decoded_dreams_are_compared_with_the_frames_of_their_own_steps(sampled):
    model, _, dreams = sampled
    batch, m, v = dreams.draw(4), model.memory, model.vision("original")
    _, losses = dream_step(model, "original", batch, 6, 0.1, torch.Generator())
    now, state, dreamt = None, None, []
    for t in range(10):
        now, _, state = m.step(batch.codes[:, t] if t < 6 else now, batch.actions[:, t], state)
        dreamt.append(now)
    z = torch.stack(dreamt[6:], 1).flatten(0, 1)  # of the frames 7 to 10
    truth = v.unpack(batch.packed[:, 7:].flatten(0, 1))
    torch.testing.assert_close(losses["pixels"], v.loss(z, truth))
