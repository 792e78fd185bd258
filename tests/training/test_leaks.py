"""What a world is not to see reaches no weight."""

from brief_acts import WORLDS, act, record, same, small, spoiled

from mwm.io.frames import divide
from mwm.training import acts


def test_what_a_world_does_not_see_changes_nothing(defaults, contents):
    setup = small(defaults, inputs="independent")
    see = act(defaults, "see", iterations=1, prediction_steps=0)
    dream = act(defaults, "anchor", iterations=1)
    unseen = {}
    for place, world in enumerate(WORLDS):
        own = divide(contents[world].episodes("train"), "independent", place, 2)
        unseen[world] = spoiled(contents[world], own)
    made = []
    for frames in (contents, unseen):
        seen = {w: acts.see(setup, w, frames[w], see)[0] for w in WORLDS}
        original = seen["original"], frames["original"]
        anchor, _ = acts.anchor(setup, *original, dream, record(defaults))
        made.append((seen["mirror"], anchor))
    for clean, spoilt in zip(*made, strict=True):
        assert same(clean, spoilt)
