"""A decipherment that was interrupted goes on with the next level, and finds the same."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_world import RESTARTS, STATES, as_is, look_at, states_of_play, turned

from mwm.decipherment.decipher import decipher
from mwm.decipherment.resume import Checkpoints
from mwm.decipherment.search import Searched
from mwm.io.checkpoints import Shelf
from mwm.runtime.locks import claim
from mwm.runtime.signals import orderly

LEVELS = ["slow-0-0", "slow-1-0", "controlled-0-0", "controlled-1-0", "slow-2-0", "slow-3-0"]


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_levels_that_were_searched_are_not_searched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    codes = look_at(*states_of_play(1), as_is), look_at(*states_of_play(2), turned)
    settings = (STATES, RESTARTS, 0)
    searched: list[str] = []

    def stopping_at(level: str | None) -> Checkpoints:
        class Watched(Checkpoints):
            def __call__(self, name: str, search: Callable[[], Searched]) -> Searched:
                def counted() -> Searched:
                    if name == level:
                        raise KeyboardInterrupt
                    searched.append(name)
                    return search()

                return super().__call__(name, counted)

        return Watched(Shelf(tmp_path, claim), "decipher test", codes, settings)

    with orderly():
        for level in ("slow-0-0", "slow-2-0"):
            with pytest.raises(KeyboardInterrupt):
                decipher(*codes, *settings, resume=stopping_at(level))
        interrupted = decipher(*codes, *settings, resume=stopping_at(None))
        assert searched == LEVELS
        whole = decipher(*codes, *settings)
    assert np.array_equal(interrupted.latents.values, whole.latents.values)
    assert np.array_equal(interrupted.latents.frames, whole.latents.frames)
    for name, found in whole.found.items():
        assert interrupted.found[name].scores == found.scores
