"""What acts hand to their steps: rates, weights, seeds, and the order of phases."""

import numpy as np
import pytest
import torch
from brief_acts import WORLDS, act, record, small

from mwm.io.latents import Latents
from mwm.models.encoding import encode
from mwm.models.memory import spreads
from mwm.training import acts, steps


def test_steps_have_the_rate_and_the_weights_of_their_time(defaults, contents, monkeypatch):
    setup, told, rates = small(defaults, inputs="independent"), [], []

    def spy(model, learners, packed, kl, weighted, rng, guides):
        told.append((kl, weighted["moments"][1], guides["mirror"].weight, guides["mirror"].drawn))
        return real(model, learners, packed, kl, weighted, rng, guides)

    real, update = steps.reconstruction_step, torch.optim.Adam.step
    monkeypatch.setattr(steps, "reconstruction_step", spy)
    monkeypatch.setattr(
        torch.optim.Adam,
        "step",
        lambda self: rates.append(self.param_groups[0]["lr"]) or update(self),
    )
    see = act(defaults, "see", iterations=0)
    seen = [acts.see(setup, w, contents[w], see)[0] for w in WORLDS]
    recruit = act(
        defaults,
        "recruit",
        iterations=4,
        frames="random",
        constraints={"moments": 2.0},
        kl=0.5,
        kl_ramp=4,
        cooldown=0.5,
        learning_rate=0.01,
    )
    nothing = Latents(np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros(0, np.int64))
    frames = {w: contents[w] for w in WORLDS}
    acts.recruit(
        setup, "test", seen, frames, recruit, record(defaults), {"mirror": nothing}, 3.0, 0.25
    )
    expected = [(0.125, 0), (0.25, 0), (0.375, 1), (0.5, 1), *[(0.5, 2)] * 4]
    assert np.allclose(told[:8], [(*one, 3.0, 0.25) for one in expected])
    assert rates == pytest.approx([0.01] * 6 + [0.005] * 2)


def test_m_is_calibrated_by_the_latents_of_its_episodes(defaults, contents):
    setup, content = small(defaults, inputs="independent"), contents["original"]
    seen = acts.see(setup, "original", content, act(defaults, "see", iterations=0))[0]
    anchor = acts.anchor(
        setup, seen, content, act(defaults, "anchor", iterations=0), record(defaults)
    )[0]
    own = content.indices(content.episodes("train")[::2])
    z = encode(seen.vision("original"), torch.from_numpy(content.frames[own]))[0]
    torch.testing.assert_close(anchor.memory.centre, z.mean(0))
    torch.testing.assert_close(anchor.memory.spread, spreads(z))


def test_a_d_step_is_clipped(defaults, contents, monkeypatch):
    setup, norms = small(defaults), []
    update = torch.optim.Adam.step

    def spy(self):
        own = [p.grad for group in self.param_groups for p in group["params"]]
        norms.append(float(torch.nn.utils.get_total_norm(own)))
        return update(self)

    monkeypatch.setattr(torch.optim.Adam, "step", spy)
    content = contents["original"]
    seen = acts.see(setup, "original", content, act(defaults, "see", iterations=0))[0]
    dream = act(defaults, "anchor", iterations=1, pixels=1e6)
    acts.anchor(setup, seen, content, dream, record(defaults))
    assert norms == pytest.approx([steps.CLIP] * 2, rel=1e-3)


def test_batches_and_samples_are_of_the_seed_and_the_act(defaults, contents, monkeypatch):
    drawn, taken = [], []

    def spy(plan, model, sampler, rng, *rest):
        drawn.append(sampler.rng.random())
        taken.append(torch.rand(1, generator=rng).item())
        return "history"

    monkeypatch.setattr(acts, "perform", spy)
    see = act(defaults, "see")
    for seed in (0, 1):
        for world in WORLDS:
            acts.see(small(defaults, seed=seed), world, contents[world], see)
    assert len(set(drawn)) == len(set(taken)) == 4


def test_p_steps_come_before_r_steps(defaults, contents, monkeypatch):
    order = []
    for name in ("prediction_step", "reconstruction_step"):
        real = getattr(steps, name)
        monkeypatch.setattr(
            steps, name, lambda *a, name=name, real=real: order.append(name[0]) or real(*a)
        )
    see = act(defaults, "see", iterations=2, prediction_steps=2, reconstruction_steps=3)
    acts.see(small(defaults), "original", contents["original"], see)
    assert "".join(order[:10]) == "pprrr" * 2
