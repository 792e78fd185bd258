"""Which test frames are shown, of made-up plays in which hits are known."""

import json

import numpy as np
import pytest

from mwm.evaluation.scenes import choose
from mwm.io.frames import SPLITS, Frames

BOXES = {"foe": [0, 0, 64, 8], "ball": [0, 8, 64, 54], "agent": [0, 54, 64, 64]}
IN, OUT = [40, 43, 46, 49, 52], [51, 48, 45, 42, 39]  # columns: to the agent, and away from it
HIDDEN, POINT = [None] * 4, [None] * 12
BACK = [20, 14, 9, 11, 15, 21]  # to the opponent, and away from it
QUIET = [*BACK, *POINT, *IN, *POINT, *OUT]  # a new serve is no turn


def plays(*episodes, split=None, boxes=BOXES):
    """Episodes of a ball in these columns, None where it is not seen.

    The agent's bat does what actions tell it, the opponent's goes up and down by itself.
    """
    random = np.random.default_rng(0)
    frames, actions, offsets = [], [], [0]
    for columns in episodes:
        taken = random.integers(0, 3, len(columns))
        row = 28 + np.clip(np.cumsum(np.concatenate([[0], taken[:-1] - 1])), -20, 20)
        for moment, column in enumerate(columns):
            frame = np.zeros((64, 64), np.uint8)
            frame[row[moment] : row[moment] + 6, 58:60] = 1
            frame[10 + moment % 7 : 16 + moment % 7, 4:6] = 1
            if column is not None:
                height = 5 + abs(moment % 20 - 10)  # walls turn it, too
                frame[height : height + 2, column : column + 2] = 1
            frames.append(np.packbits(frame))
        actions.append(taken)
        offsets.append(len(frames))
    return Frames(
        np.stack(frames),
        np.concatenate(actions).astype(np.uint8),
        np.array(offsets),
        np.array([SPLITS.index(s) for s in split or ["test"] * len(episodes)], np.uint8),
        np.arange(4096, dtype=np.uint16),
        np.zeros(512, np.uint8),
        {"objects": json.dumps(boxes), "action_names": json.dumps(["-", "up", "down"])},
    )


@pytest.fixture
def settings(defaults):
    return defaults.evaluate.model_copy(update={"length": 3, "dream": 6, "film": 12})


def film(frames, settings):
    scenes = choose(frames, settings)
    assert np.array_equal(np.diff(scenes.film), np.ones(len(scenes.film) - 1))
    return scenes.film[0], [int(scenes.film[at]) for at in np.flatnonzero(scenes.hits)]


def test_the_film_is_where_the_agent_hits_most_often(settings):
    hit = [*IN, *OUT]
    first, hits = film(plays(QUIET, [*QUIET, *POINT, *hit, *BACK, *POINT]), settings)
    at = len(QUIET) + len(QUIET) + len(POINT) + len(IN) - 1
    assert hits == [at], "the last place before it goes back"
    assert at - 10 <= first <= at - 1
    _, hits = film(plays([*QUIET, *POINT, *IN, *HIDDEN, *OUT]), settings)
    assert hits == [at - len(QUIET)], "the bat hides the ball for a moment"


def test_neither_the_opponent_nor_walls_nor_serves_are_hits(settings):
    first, hits = film(plays(QUIET, [*POINT, *QUIET]), settings)
    assert hits == []
    assert first == 0, "then most objects are seen"


def test_episodes_end_and_only_those_for_tests_count(settings):
    assert film(plays([*POINT, *IN], [*OUT, *POINT]), settings)[1] == []
    hit = [*IN, *OUT, *POINT]
    frames = plays(hit, QUIET, hit, split=["train", "test", "validation"])
    first, hits = film(frames, settings)
    assert hits == []
    assert len(hit) <= first <= len(hit) + len(QUIET) - 12


def test_the_dream_is_where_the_ball_is_seen_in_most_frames_and_never_away(settings):
    columns = [*POINT, *BACK, *HIDDEN, *IN, *OUT, *POINT]
    scenes = choose(plays(columns), settings)
    seen = 3 + settings.dream
    best = 0
    for start in range(len(columns) - seen + 1):
        dreamt = columns[start + 3 : start + seen]
        best = max(best, sum(column is not None for column in dreamt))
    whole = [*scenes.seen, *scenes.dreamt]
    assert np.array_equal(whole, whole[0] + np.arange(seen))
    assert sum(columns[at] is not None for at in scenes.dreamt) == best == 6
    hit = len(POINT) + len(BACK) + len(HIDDEN) + len(IN) - 1
    assert hit in scenes.dreamt, "of such dreams one in which the agent hits"


@pytest.mark.parametrize("boxes", [{}, {"ball": BOXES["ball"]}, {"ghost": [0, 30, 1, 31]}])
def test_games_of_one_object_or_of_none_have_scenes_without_hits(settings, boxes):
    scenes = choose(plays([*QUIET, *IN, *OUT], boxes=boxes), settings)
    assert not scenes.hits.any()
    assert (len(scenes.film), len(scenes.seen), len(scenes.dreamt)) == (12, 3, 6)


def test_scenes_are_cut_to_the_longest_episode(settings):
    long = settings.model_copy(update={"film": 5000, "dream": 5000})
    scenes = choose(plays(QUIET[:30], QUIET[:20]), long)
    assert len(scenes.film) == 29
    assert len(scenes.dreamt) == 26
