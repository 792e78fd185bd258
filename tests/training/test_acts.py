"""The acts, on real frames: what learns, what stays frozen, and the same bytes twice."""

import math

import pytest
import torch
from brief_acts import WORLDS, act, make_setup, perform, record, same, small

from mwm import MwmError, UsageError
from mwm.models.model import initialise
from mwm.training import acts
from mwm.training.constraints import KINDS


@pytest.fixture
def setup(defaults):
    return make_setup(defaults)


def test_the_originals_v_is_frozen_while_m_learns_and_while_a_world_is_recruited(
    setup, defaults, contents
):
    seen, (anchor, _), (model, _) = perform(setup, defaults, contents)
    assert same(model.vision("original"), seen["original"].vision("original"))
    assert same(model.memory, seen["original"].memory)
    assert not same(anchor.memory, seen["original"].memory)
    assert not same(model.vision("mirror"), seen["mirror"].vision("mirror"))
    assert same(anchor.vision("original"), seen["original"].vision("original"))


def test_m_learns_by_p_steps_too_where_it_is_asked_to(setup, defaults, contents):
    seen, _ = acts.see(setup, "original", contents["original"], act(defaults, "see"))
    settings = act(defaults, "anchor", dream_steps=0, prediction_steps=2)
    anchor, history = acts.anchor(setup, seen, contents["original"], settings, record(defaults))
    assert same(anchor.vision("original"), seen.vision("original"))
    assert not same(anchor.memory, seen.memory)
    assert "prediction_original" in history.training[0]


def test_curves_of_a_recruit_tell_nothing_of_an_m_that_was_not_trained(setup, defaults, contents):
    _, (_, dreamt), (_, aligned) = perform(setup, defaults, contents)
    assert "prediction" in dreamt.validation[0]
    assert not [name for name in aligned.validation[0] if "predict" in name]
    assert "alignment" in aligned.validation[0]


def test_joint_trains_all_parts_from_their_initial_weights(defaults, contents):
    setup = make_setup(defaults, schedule="joint")
    seen, (anchor, history), (model, _) = perform(setup, defaults, contents)
    fresh = initialise(setup.model, WORLDS, 6, defaults.train.run.seed)
    assert same(anchor.memory, fresh.memory)
    assert torch.equal(seen["mirror"].vision("mirror").embedding, fresh.vision("mirror").embedding)
    assert not history.training
    for part in ("memory", "visions.original", "visions.mirror"):
        assert not same(model.get_submodule(part), fresh.get_submodule(part))


@pytest.mark.parametrize("inputs", ["corresponding", "independent"])
@pytest.mark.parametrize("schedule", ["anchored", "joint"])
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    defaults, contents, inputs, schedule
):
    def train(seed):
        setup = small(defaults, inputs=inputs, schedule=schedule, seed=seed)
        return perform(setup, defaults, contents)[2]

    (one, curves), (two, again), (other, _) = train(3), train(3), train(4)
    assert same(one, two)
    assert curves.training == again.training
    assert curves.validation == again.validation
    assert not same(one, other)


@pytest.mark.parametrize("vision", ["sparse", "dense"])
@pytest.mark.parametrize("weights", [{}, {"mmd": 0.0}, *({kind: 1.0} for kind in KINDS)])
def test_every_constraint_trains_and_is_logged(defaults, contents, vision, weights):
    setup = small(defaults, vision)
    _, _, (_, history) = perform(setup, defaults, contents, constraints=weights)
    last = history.training[-1]
    logged = {f"{kind}_mirror" for kind in KINDS} & last.keys()
    assert logged == {f"{kind}_mirror" for kind, weight in weights.items() if weight}
    assert {"reconstruction_mirror", "kl_mirror", "gradient_norm"} <= set(last)
    assert all(math.isfinite(value) for value in last.values())


def test_three_worlds_train_in_one_run(defaults, contents):
    setup = make_setup(defaults, schedule="joint", inputs="independent")
    _, _, (model, history) = perform(
        setup, defaults, contents, worlds=("original", "invert", "transpose")
    )
    assert model.worlds == ["original", "invert", "transpose"]
    pairs = {(row["source"], row["target"]) for row in history.validation}
    assert len(pairs) == 6


@pytest.mark.slow
def test_conv_trains_on_two_worlds(defaults, contents):
    setup = make_setup(defaults, "conv", schedule="joint")
    _, _, (_, history) = perform(setup, defaults, contents)
    assert all(math.isfinite(value) for value in history.training[-1].values())


def test_seeing_learns_to_reconstruct(setup, defaults, contents):
    see = act(defaults, "see", iterations=4, reconstruction_steps=40, prediction_steps=0, kl=0.1)
    _, history = acts.see(setup, "original", contents["original"], see)
    first, last = (history.training[k]["reconstruction_original"] for k in (0, -1))
    assert last < 0.5 * first


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_cause(setup, defaults, contents):
    see = act(defaults, "see", iterations=50, prediction_steps=0, kl=1e9, learning_rate=10.0)
    with pytest.raises(
        MwmError, match=r"see original: iteration \d+: \w+: expected a finite number"
    ):
        acts.see(setup, "original", contents["original"], see)


def test_ctrl_c_tells_how_far_the_act_had_come(setup, defaults, contents, monkeypatch):
    from mwm.training import steps

    done = []

    def interrupted(*arguments):
        done.append(1)
        if len(done) == 4:
            raise KeyboardInterrupt
        return real(*arguments)

    real = steps.reconstruction_step
    monkeypatch.setattr(steps, "reconstruction_step", interrupted)
    with pytest.raises(KeyboardInterrupt, match="see original: stopped after 1 of 9 iterations"):
        acts.see(setup, "original", contents["original"], act(defaults, "see", iterations=9))


def test_reduced_precision_is_refused_on_a_cpu(defaults):
    with pytest.raises(UsageError, match="expected float32 on a CPU, found bfloat16"):
        make_setup(defaults, precision="bfloat16")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_an_absent_cuda_device_is_told(defaults):
    with pytest.raises(UsageError, match="expected a CUDA device, found none"):
        make_setup(defaults, device="cuda")
