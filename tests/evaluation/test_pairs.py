"""Metrics, baselines and the criterion, on a model whose answers are known."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from oracle import Oracle, deaf

from mwm import MwmError
from mwm.evaluation.pairs import evaluate_pairs, mean_frame
from mwm.evaluation.selection import windows
from mwm.metrics.objects import position
from mwm.models.encoding import sequences
from mwm.models.visions.base import unpack_bits

WORLDS = ["original", "mirror", "invert"]


@pytest.fixture
def settings(defaults):
    return defaults.evaluate.model_copy(update={"frames": 100, "length": 10})


def judged(model, contents, settings):
    """By source and target, the row of a pair."""
    shown = {world: contents[world] for world in WORLDS}
    rows = evaluate_pairs("test", model, shown, settings)
    return {(row["source"], row["target"]): row for row in rows}


def judge(contents, settings, **kwargs):
    return judged(Oracle(contents, WORLDS, **kwargs), contents, settings)


def test_every_ordered_pair_is_there(contents, settings):
    assert set(judge(contents, settings)) == {(i, j) for i in WORLDS for j in WORLDS}


def test_a_perfect_model_is_perfect_in_all_metrics(contents, settings):
    for (source, target), row in judge(contents, settings).items():
        assert row["reconstruction"] == row["transfer"] == row["upper_bound"] == 0
        assert row["alignment"] == 1
        for o in ("opponent", "agent", "ball"):
            assert row[f"f1_{o}"] == row[f"own_f1_{o}"] == row[f"found_{o}"] == 1
            assert row[f"distance_{o}"] == 0
            assert row[f"reading_{o}"] == "right"
        assert row["success"] is (None if source == target else True)


def test_it_is_the_source_s_latents_that_are_decoded(contents, settings):
    """With the target's own instead, every test passed: an oracle has the same in all worlds."""
    found = judged(deaf(contents, WORLDS, "mirror"), contents, settings)
    assert found["mirror", "original"]["f1_agent"] == 0
    assert found["mirror", "original"]["transfer"] == found["mirror", "original"]["blank"]
    assert found["original", "mirror"]["f1_agent"] == found["original", "invert"]["f1_agent"] == 1
    assert found["original", "mirror"]["transfer"] == 0


def test_predicted_alignment_is_of_predictions(contents, settings):
    """It could be the alignment of the same frame."""
    row = judged(deaf(contents, WORLDS, "mirror"), contents, settings)["mirror", "original"]
    own, chance = row["prediction"], row["predicted_chance"]
    expected = 1 - (row["predicted_transfer"] - own) / (chance - own)
    assert row["predicted_alignment"] == pytest.approx(expected, abs=1e-5)
    assert row["predicted_alignment"] != pytest.approx(row["alignment"], abs=1e-3)


def test_baselines_are_what_their_names_say(contents, settings):
    content = contents["original"]
    starts = windows(content, 10, 10)
    truth = unpack_bits(sequences(content, starts, 10).now).numpy()
    mirrored = truth.reshape(-1, 64, 64)[:, :, ::-1].reshape(truth.shape)
    row = judge(contents, settings)["original", "mirror"]
    assert row["frames"] == len(truth)
    assert row["blank"] == pytest.approx(truth.sum(1).mean())
    assert row["untranslated"] == pytest.approx(((truth - mirrored) ** 2).sum(1).mean(), abs=1e-5)
    train = np.unpackbits(
        np.concatenate(
            [
                content.frames[slice(*content.episode_offsets[e : e + 2])]
                for e in content.episodes("train")
            ]
        ),
        axis=1,
    )
    expected = ((truth - train.mean(0)) ** 2).sum(1).mean()
    assert row["mean_frame"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("count", [255, 600])
def test_the_mean_of_many_frames_counts_each(contents, count):
    packed = np.random.default_rng(count).integers(0, 256, (count, 512), dtype=np.uint8)
    packed[:, 0] = 255  # pixels that are on in all of them
    content = replace(
        contents["original"],
        frames=packed,
        episode_offsets=np.array([0, count]),
        split=np.zeros(1, np.uint8),
    )
    expected = np.unpackbits(packed, axis=1).astype(float).mean(0)
    np.testing.assert_array_equal(mean_frame(content), expected.astype(np.float32))
    unsplit = replace(content, split=np.full(1, 2, np.uint8))
    assert mean_frame(unsplit).isnan().all(), "no training frames"


def test_prediction_is_compared_with_the_next_frame(contents, settings):
    content = contents["original"]
    test = sequences(content, windows(content, 10, 10), 10)
    now, after = unpack_bits(test.now), unpack_bits(test.after)
    row = judge(contents, settings)["mirror", "original"]
    expected = (now - after).square().sum(1).mean().item()
    assert row["prediction"] == row["predicted_transfer"] == pytest.approx(expected, abs=1e-5)


def test_a_world_that_draws_blanks_fails_in_both_directions(contents, settings):
    rows = judge(contents, settings, blind=["mirror"])
    assert rows["original", "mirror"]["f1_agent"] == 0
    assert rows["original", "mirror"]["found_agent"] == 0
    assert rows["original", "mirror"]["distance_agent"] is None
    for pair in (("original", "mirror"), ("mirror", "original"), ("mirror", "invert")):
        assert rows[pair]["success"] is False
    assert rows["original", "invert"]["success"] is True
    assert json.dumps(list(rows.values()), allow_nan=False)


def test_position_is_the_distance_of_centroids_where_the_object_is_drawn():
    truth = torch.zeros(4, 8, 8, dtype=torch.bool)
    truth[:3, 2:4, 2:4] = True  # the object is in three frames of four
    found = torch.zeros_like(truth)
    found[0, 2:4, 2:4] = True
    found[1, 5:7, 6:8] = True  # three rows and four columns away
    found[3] = True
    assert position(found[:2], truth[:2]) == (0.0, 1.0)
    assert position(found[1:3], truth[1:3]) == (5.0, 0.5)
    assert position(found[2:], truth[2:]) == (None, 0.0)
    assert position(found[3:], truth[3:]) == (None, None), "in no frame"


def test_worlds_of_other_plays_are_refused(contents, settings):
    other = replace(contents["mirror"], actions=contents["mirror"].actions[::-1].copy())
    shown = {"original": contents["original"], "mirror": other}
    with pytest.raises(MwmError, match="worlds original and mirror: expected the same actions"):
        evaluate_pairs("test", Oracle(contents, WORLDS), shown, settings)


def test_windows_are_disjoint_and_within_test_episodes(contents):
    content = contents["original"]
    starts = windows(content, 10, 1000)
    assert (np.diff(starts) >= 10).all()
    for start in starts:
        episode = np.searchsorted(content.episode_offsets, start, "right") - 1
        assert episode in content.episodes("test")
        assert start + 10 < content.episode_offsets[episode + 1]
