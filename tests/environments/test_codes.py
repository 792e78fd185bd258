"""Codes instead of frames: what the library itself makes of the same frames and actions."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TransformAction, TransformObservation

import mwm
import mwm.environments
from mwm.environments.codes import Codes, VectorCodes
from mwm.environments.game import GameEnv
from mwm.environments.vector import VectorGameEnv
from mwm.models.model import initialise
from mwm.settings.params import Params

STICKY = {"world": "mirror", "repeat_action_probability": 0.25, "noop_max": 3}
LATENT, HIDDEN = 32, 256
GREY = Box(0, 255, (64, 64), np.uint8)
BINARY = Box(0, 1, (64, 64), np.bool_)


@pytest.fixture(scope="module")
def model(defaults: Params) -> mwm.TrainedModel:
    """Fresh weights, which know nothing and change codes with every frame and action."""
    return mwm.TrainedModel(initialise(defaults.train.model, ["original", "mirror"], 6, 0))


def test_a_code_is_the_library_s_z_and_the_state_by_which_m_predicts(model) -> None:
    """M's state after a step is all that its prediction needs besides z."""
    actions = np.random.default_rng(0).integers(6, size=40)
    env = Codes(GameEnv(**STICKY), model, memory="state")
    plain = GameEnv(**STICKY)
    codes, frames = [env.reset(seed=0)[0]], [plain.reset(seed=0)[0]]
    for action in actions:
        codes.append(env.step(action)[0])
        frames.append(plain.step(action)[0])
    z, hidden, cell = np.split(np.stack(codes), [LATENT, LATENT + HIDDEN], axis=1)
    expected = model.encode("mirror", np.stack(frames).view(bool))
    np.testing.assert_allclose(z, expected, rtol=1e-4, atol=1e-5)
    predicted = model.predict(expected[:-1], actions)
    memory, one = model.module.memory, torch.from_numpy
    with torch.no_grad():
        found, _ = memory._prediction(one(z[:-1]), one(hidden[1:]))
        _, _, state = memory.read(one(expected[None, :-1]), one(actions[None]))
    np.testing.assert_allclose(found, predicted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(hidden[-1], state[0][0, 0], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(cell[-1], state[1][0, 0], rtol=1e-3, atol=1e-5)
    assert not hidden[0].any(), "before the first action M has read nothing"
    assert not np.array_equal(hidden[1], hidden[2])


def test_z_of_a_batch_has_the_library_s_bits(model) -> None:
    envs, plain = (VectorGameEnv(num_envs=3, **STICKY) for _ in range(2))
    wrapped = VectorCodes(envs, model, memory="none")
    for code, frames in (
        (wrapped.reset(seed=0)[0], plain.reset(seed=0)[0]),
        (wrapped.step([1, 2, 3])[0], plain.step([1, 2, 3])[0]),
    ):
        assert np.array_equal(code, model.encode("mirror", frames.view(bool)))
    wrapped.close()
    plain.close()


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_all_games_together_have_the_codes_of_each_alone_over_ends_of_games(model, mode) -> None:
    def alone() -> gymnasium.Env[Any, Any]:
        return Codes(gymnasium.make("mwm/Pong-v0", max_episode_steps=5, **STICKY), model)

    theirs = SyncVectorEnv([alone] * 3, autoreset_mode=mode)
    envs = VectorGameEnv(num_envs=3, max_episode_steps=5, autoreset_mode=mode, **STICKY)
    ours = VectorCodes(envs, model)
    assert ours.observation_space == theirs.observation_space
    chance = np.random.default_rng(0)
    np.testing.assert_allclose(ours.reset(seed=3)[0], theirs.reset(seed=3)[0], rtol=1e-4, atol=1e-5)
    begun = 0
    for _ in range(17):
        actions = chance.integers(6, size=3)
        found, expected = ours.step(actions), theirs.step(actions)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-4, atol=1e-5)
        assert np.array_equal(found[3], expected[3])
        begun += not found[0][:, LATENT:].any()
        if "final_obs" in expected[4]:
            last = np.stack(found[4]["final_obs"]), np.stack(expected[4]["final_obs"])
            np.testing.assert_allclose(*last, rtol=1e-4, atol=1e-5)
            assert last[0][:, LATENT:].any()
    assert begun == 3 - (mode is AutoresetMode.NEXT_STEP)
    ours.close()


def test_a_game_that_is_reset_alone_is_forgotten_alone(model) -> None:
    envs = VectorGameEnv(num_envs=2, autoreset_mode=AutoresetMode.DISABLED)
    wrapped = VectorCodes(envs, model)
    wrapped.reset(seed=0)
    before = wrapped.step([1, 2])[0]
    after = wrapped.reset(options={"reset_mask": np.array([True, False])})[0]
    assert not after[0, LATENT:].any()
    assert np.array_equal(after[1], before[1])
    for options in (3, {"reset_mask": [True, [False]]}, {"reset_mask": [1, 0]}):
        with pytest.raises(mwm.UsageError, match=r"^(options|reset_mask): exp|an array, found"):
            wrapped.reset(options=options)
    wrapped.close()


def test_gymnasium_s_vector_environments_may_be_wrapped(model) -> None:
    envs = SyncVectorEnv([lambda: GameEnv(world="mirror")] * 2)
    with pytest.raises(
        mwm.UsageError,
        match=r"^codes: expected an environment of original, mirror, .* found None; name",
    ):
        VectorCodes(envs, model)
    wrapped = VectorCodes(envs, model, world="mirror")
    assert wrapped.reset(seed=0)[0].shape == (2, LATENT + HIDDEN)


def test_frames_of_bool_are_frames(model) -> None:
    seen = [
        Codes(env, model, memory="none").reset(seed=0)[0]
        for env in (GameEnv(), TransformObservation(GameEnv(), lambda frame: frame > 0, BINARY))
    ]
    assert np.array_equal(*seen)


@pytest.mark.parametrize(("memory", "width"), [("none", 0), ("hidden", 1), ("state", 2)])
def test_what_follows_z_is_asked_for(model, memory, width) -> None:
    env = Codes(GameEnv(packed=True), model, memory=memory)
    code, _ = env.reset(seed=0)
    assert code.shape == (LATENT + width * HIDDEN,)
    assert code.dtype == np.float32
    assert code in env.observation_space
    kept = code.copy()
    assert env.step(0)[0] in env.observation_space
    assert np.array_equal(code, kept)


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.filterwarnings("ignore:.*Box observation space m..imum value is")
@pytest.mark.filterwarnings("ignore:Not able to test alternative render modes")
def test_gymnasium_s_checker_finds_nothing_in_codes(model) -> None:
    check_env(Codes(GameEnv(**STICKY), model), skip_render_check=True, skip_close_check=True)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda m: Codes(GameEnv(world="hswap"), m), r"^codes: .*found 'hswap'; name the world"),
        (lambda m: Codes(GameEnv(world=["mirror", "invert"]), m), r"found 'mirror\+invert'; name"),
        (lambda m: Codes(GameEnv(), m, world="miror"), r"^world: .*; did you mean 'mirror'\?"),
        (lambda _: Codes(GameEnv(), "runs"), r"found str; write mwm\.load\(folder\)$"),
        (lambda m: Codes(GameEnv(), m, memory="all"), "^memory: expected one of .*found 'all'"),
        (lambda m: Codes(GameEnv(), m.module), "^codes: expected a model of mwm.load, found Meta"),
        (
            lambda m: Codes(GameEnv("ALE/Breakout-v5", background=0), m),
            r"^codes: expected a game of 6 actions from 0, as the model's, found Discrete\(4\)",
        ),
        (
            lambda m: Codes(TransformAction(GameEnv(), None, Discrete(6, start=1)), m),
            r"^codes: expected a game of 6 actions from 0, .* found Discrete\(6, start=1\)",
        ),
        (
            lambda m: Codes(gymnasium.make("ALE/Pong-v5"), m, world="mirror"),
            r"^codes: expected observations of shape \(64, 64\) or \(512,\), found \(210, 160, 3\)",
        ),
        (  # as AtariPreprocessing(screen_size=64) has them; every pixel was once taken to be on
            lambda m: Codes(TransformObservation(GameEnv(), None, GREY), m),
            r"^codes: expected observations \(64, 64\) of 0 and 1, found Box\(0, 255,",
        ),
        (
            lambda m: Codes(TransformObservation(GameEnv(), None, Box(0, 1, (64, 64))), m),
            r"^codes: expected observations \(64, 64\) of 0 and 1, found Box\(0.0, 1.0,",
        ),
        (
            lambda m: Codes(TransformObservation(GameEnv(), None, Box(0, 1, (512,))), m),
            r"^codes: expected observations \(512,\) uint8, eight pixels a byte, found Box\(0.0,",
        ),
        (
            lambda m: Codes(GameEnv(world=["mirror", {"permutation": {"seed": 7}}]), m),
            r"^codes: .*found 'mirror\+permutation\(seed=7\)'; name the world",
        ),
    ],
)
def test_what_does_not_fit_a_model_is_refused(model, make, told) -> None:
    with pytest.raises(mwm.UsageError, match=told):
        make(model)
