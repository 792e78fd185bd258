"""`mwm.judge`: the pipeline's metrics, on its own plays and on those of a user."""

import numpy as np
import pytest

import mwm
from mwm.evaluation.pairs import evaluate_pairs
from mwm.settings.evaluate import Evaluate


@pytest.fixture
def own(frames, actions) -> mwm.Frames:
    """One episode of a user's."""
    return mwm.episodes_of("ALE/Pong-v5", [(mwm.unpack(frames), actions.tolist())])


def test_the_rows_are_those_of_the_pipeline(model, trained, contents):
    shown = {world: contents[world] for world in model.worlds}
    settings = Evaluate(frames=60, length=10, dream=1, plays=None, film=2, seed=3)
    expected = evaluate_pairs("mine", model.module, shown, settings)
    options = {"frames": 60, "length": 10, "seed": 3, "name": "mine"}
    assert mwm.judge(model, trained / "data" / "worlds", **options) == expected
    assert mwm.judge(model, shown, **options) == expected
    paths = {world: str(trained / "data" / "worlds" / f"{world}.h5") for world in shown}
    assert mwm.judge(model, paths, **options) == expected
    assert len(expected) == 9


def test_plays_of_one_s_own_are_judged_in_every_world_that_shows_them(model, own):
    shown = {"original": own, "mirror": mwm.World("mirror", ["mirror"]).make(own)}
    rows = mwm.judge(model, shown, length=10)
    assert [(row["source"], row["target"]) for row in rows] == [
        ("original", "original"),
        ("mirror", "original"),
        ("original", "mirror"),
        ("mirror", "mirror"),
    ]
    assert {row["frames"] for row in rows} == {30}
    for row in rows:
        assert row["alignment"] is not None
        assert 0 <= row["f1_agent"] <= 1
        assert row["mean_frame"] is None, "there are no training frames"


def test_episodes_keep_their_frames_and_actions(own, frames, actions):
    two = mwm.episodes_of("ALE/Pong-v5", [(frames[:15], actions[:15]), (frames, actions)])
    assert np.array_equal(two.frames, np.concatenate([frames[:15], frames]))
    assert np.array_equal(two.actions, np.concatenate([actions[:15], actions]))
    assert two.episode_offsets.tolist() == [0, 15, 55]
    assert two.episodes("test").tolist() == [0, 1]
    assert two.action_count == 6
    assert np.array_equal(own.frames, frames)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda m, own: mwm.judge(m.module, {"original": own}), "expected a model of mwm.load"),
        (lambda m, own: mwm.judge(m, {"vswap": own}), "expected one of original, mirror, transp"),
        (
            lambda m, own: mwm.judge(m, {"original": own, "mirror": own}),
            "judge: mirror: expected frames of that world, found those of 'original'",
        ),
        (lambda m, own: mwm.judge(m, {}), "expected one world or more"),
        (lambda m, own: mwm.judge(m, {"original": own}, length=1), "length: expected .* from 2"),
        (lambda m, own: mwm.judge(m, {"original": own}, length=40), "more than 40 frames.* 40;"),
        (
            lambda m, own: mwm.judge(m, {"original": _of_fewer_actions(own)}, length=5),
            "original: expected a game of 6 actions, as the model's, found 3",
        ),
        (lambda m, own: mwm.episodes_of("ALE/Pong-v5", []), "expected one episode or more"),
        (
            lambda m, own: mwm.episodes_of("ALE/Pong-v5", [(own.frames[0], [0])]),
            "expected frames of successive moments",
        ),
        (
            lambda m, own: mwm.episodes_of("ALE/Pong-v5", [(own.frames, [0] * 39)]),
            r"actions: expected \(40,\) integers",
        ),
    ],
)
def test_mistakes_are_told(model, own, call, told):
    with pytest.raises(mwm.UsageError, match=told):
        call(model, own)


def _of_fewer_actions(own: mwm.Frames) -> mwm.Frames:
    from dataclasses import replace

    told = {**own.attributes, "action_names": '["A", "B", "C"]'}
    return replace(own, actions=own.actions % 3, attributes=told)


def test_worlds_that_show_different_plays_are_refused(model, own, contents):
    with pytest.raises(mwm.ArtefactError, match="expected the same actions"):
        mwm.judge(model, {"original": own, "mirror": contents["mirror"]}, length=10)
