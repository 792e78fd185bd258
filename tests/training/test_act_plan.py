"""How learning rate and weights depend on the iteration."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from mwm.io.latents import Latents
from mwm.training.guide import Guide
from mwm.training.plan import SHORT, Plan


def plan(defaults, guided: bool = False, **changes) -> Plan:
    settings = defaults.train.recruit.model_copy(update={"iterations": 10} | changes)
    nothing = torch.zeros(0, dtype=torch.int64).numpy()
    latents = Latents(nothing, torch.zeros(0, 0).numpy(), nothing)
    guides = {"mirror": Guide(latents, 3, 4, torch.device("cpu"))} if guided else {}
    return Plan("test", "recruit", settings, ["mirror"], memory_learns=False, guides=guides)


def test_the_learning_rate_falls_over_the_cooldown_to_a_last_step_above_zero(defaults):
    factors = [plan(defaults, cooldown=0.5).learning_rate_factor(k) for k in range(1, 11)]
    assert factors == pytest.approx([1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])
    assert plan(defaults, cooldown=0.0).learning_rate_factor(10) == 1


def test_constraints_grow_over_the_first_half_beside_guides_alone(defaults):
    assert plan(defaults).constraint_factor(1) == 1
    factors = [plan(defaults, guided=True).constraint_factor(k) for k in range(1, 8)]
    assert factors == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1, 1])


def test_the_weight_of_the_kl_grows_over_the_ramp(defaults):
    weights = [plan(defaults, kl=0.5, kl_ramp=4).kl_weight(step) for step in range(1, 7)]
    assert weights == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5, 0.5])
    assert plan(defaults, kl=0.5, kl_ramp=0).kl_weight(1) == 0.5


def test_dreams_are_short_in_the_first_half(defaults):
    settings = defaults.train.anchor.model_copy(update={"iterations": 6})
    for most, first in ((25, SHORT), (3, 3)):
        dreams = SimpleNamespace(dreamed=most)
        plan = Plan("anchor", "anchor", settings, [], memory_learns=True, dreams=dreams)
        assert [plan.dreamed(k) for k in range(1, 7)] == [first] * 3 + [most] * 3
    assert replace(plan, dreams=None).dreamed(1) == 0
