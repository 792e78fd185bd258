"""What a world is not to see reaches no weight."""

from dataclasses import replace

from brief_acts import WORLDS, act, record, same, small

from mwm.io.frames import divide
from mwm.training import acts


def test_what_a_world_does_not_see_changes_nothing(defaults, contents):
    setup, made = small(defaults, inputs="independent"), []
    see = act(defaults, "see", iterations=1, prediction_steps=0)
    for spoiled in (False, True):
        frames = {}
        for place, world in enumerate(WORLDS):
            content = contents[world]
            own = content.indices(divide(content.episodes("train"), "independent", place, 2))
            packed = ~content.frames if spoiled else content.frames.copy()
            packed[own] = content.frames[own]
            frames[world] = replace(content, frames=packed)
        seen = {w: acts.see(setup, w, frames[w], see)[0] for w in WORLDS}
        dream = act(defaults, "anchor", iterations=1)
        anchor = acts.anchor(setup, seen["original"], frames["original"], dream, record(defaults))[
            0
        ]
        made.append((seen["mirror"], anchor))
    for clean, spoilt in zip(*made, strict=True):
        assert same(clean, spoilt)
