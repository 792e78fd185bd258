"""Codes: of which frames, in which units, and how often each is drawn."""

import numpy as np
import pytest
import torch
from small_world import Looked

from mwm.models.codes import RARE, half, means_of
from mwm.models.rarity import frame_weights, usual


def test_each_world_has_its_own_half_of_the_training_episodes(contents):
    for place, world in enumerate(("original", "mirror")):
        content = contents[world]
        episodes = content.episodes("train")[place::2]
        codes = half(Looked(), content, place)
        assert np.array_equal(codes.frames, content.indices(episodes))
        assert np.array_equal(codes.actions, content.actions[codes.frames])
        for (first, end), episode in zip(codes.spans, episodes, strict=True):
            assert codes.frames[first] == content.episode_offsets[episode]
            assert codes.frames[end - 1] + 1 == content.episode_offsets[episode + 1]


def test_codes_are_standardised_and_those_like_others_as_they_are(contents):
    content, v = contents["original"], Looked()
    codes = half(v, content, 0)
    mean, log_variance = means_of(v, content.frames[codes.frames])
    kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(0)
    assert codes.dimensions.tolist() == [k for k in kl.argsort(descending=True).tolist() if k != 1]
    mean, sharp = mean[:, codes.dimensions], (-log_variance).exp()[0, codes.dimensions]
    torch.testing.assert_close(codes.z * codes.scale + codes.centre, mean)
    torch.testing.assert_close(codes.z.std(0), torch.ones(3))
    expected = sharp * mean.var(0)
    torch.testing.assert_close(codes.precision, expected / expected.max())
    there = contents["invert"]
    other = half(v, there, 1, like=codes)
    mean, _ = means_of(v, there.frames[other.frames])
    expected = (mean[:, codes.dimensions] - codes.centre) / codes.scale
    torch.testing.assert_close(other.z, expected)
    for name in ("dimensions", "centre", "scale", "precision"):
        assert torch.equal(getattr(other, name), getattr(codes, name)), name


def test_codes_weigh_rare_frames_and_are_drawn_by_that(contents):
    content = contents["original"]
    codes = half(Looked(), content, 0)
    packed = content.frames[codes.frames]
    expected = frame_weights(packed, usual(packed), RARE)
    assert np.array_equal(codes.weights, expected)
    drawn = codes.sample(20_000, 1, 0, np.random.default_rng(0))
    assert (drawn.diff() >= 0).all()
    own = expected[codes.indices(1, 0)]
    mean = expected[drawn].mean()
    assert mean == pytest.approx((own**2).sum() / own.sum(), rel=0.05)
    assert mean > 1.2 * own.mean()
