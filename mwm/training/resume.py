"""Checkpoints of an act, so that one that was killed goes on and ends with the same bytes."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mwm.io import checkpoints
from mwm.io.checkpoints import Shelf
from mwm.io.frames import Frames
from mwm.models.environment import environment
from mwm.models.model import MetaWorldModel
from mwm.training.history import History
from mwm.training.plan import Plan
from mwm.training.state import State
from mwm.training.validation import Validator

LATEST, STEADY = "latest", "steady"  # the second is of the last iteration before the cooldown


class Checkpoints:
    """Those of one act, found again by a fingerprint of all that it depends on but its length.

    A checkpoint serves an act of another length (iterations, cooldown) if both would have gone the
    same way until there: hence the second one, which any longer act may start from.
    """

    def __init__(
        self,
        shelf: Shelf,
        plan: Plan,
        model: MetaWorldModel,
        worlds: Mapping[str, Frames],
        settings: Any,
    ) -> None:
        """Wait until no other process works on the same.

        Args:
            shelf: of all checkpoints.
            plan: of the act.
            model: as the act finds it.
            worlds: the frames that it sees.
            settings: what else it depends on, JSON values.
        """
        self._plan, self._pause = plan, checkpoints.every()
        self._key = checkpoints.fingerprint(
            settings,
            plan.name,
            plan.settings.model_dump(exclude={"iterations", "cooldown"}),
            plan.learners,
            [plan.guidance, plan.drawn],
            {
                name: [guide.known.cpu().numpy(), guide.values.cpu().numpy()]
                for name, guide in plan.guides.items()
            },
            {name: value.cpu().numpy() for name, value in model.state_dict().items()},
            {name: vars(frames) for name, frames in worlds.items()},
            environment(next(model.parameters()).device),
        )
        self._folder = checkpoints.place(shelf, plan.name, self._key)
        self._saved = time.monotonic()
        self.latest = 0  # iteration

    def restore(self, state: State, validator: Validator | None) -> None:
        """Bring `state` to the furthest checkpoint that serves this act, if there is one."""
        last = self._plan.settings.iterations
        for slot in (LATEST, STEADY):
            arrays, notes = checkpoints.load(self._path(slot), self._key) or ({}, {})
            history = History(**notes.get("history", {}))
            if len(history.training) > self.latest and self._serves(notes, history, validator):
                rows = history.validation
                history.validation = [
                    row for row in rows if validator and validator.due(row["iteration"], last)
                ]
                state.restore(arrays, notes["draws"], history)
                self.latest = len(history.training)

    def _serves(self, notes: Any, history: History, validator: Validator | None) -> bool:
        """Whether this act has the same pace until there, and would have validated no more."""
        last, done = self._plan.settings.iterations, len(history.training)
        due = {i for i in range(1, done + 1) if validator and validator.due(i, last)}
        measured = {row["iteration"] for row in history.validation}
        return bool(done <= last and notes["pace"] == self._pace(done) and due <= measured)

    def keep(self, state: State) -> None:
        """Save after an iteration, if it is time, or the last, or the last before the cooldown."""
        plan, done = self._plan, len(state.history.training)
        last = plan.settings.iterations
        if done == last or time.monotonic() - self._saved >= self._pause:
            self._save(LATEST, state)
        if done < last and plan.learning_rate_factor(done) == 1 > plan.learning_rate_factor(
            done + 1
        ):
            self._save(STEADY, state)

    def _save(self, slot: str, state: State) -> None:
        done = len(state.history.training)
        notes = {
            "draws": state.draws.bit_generator.state,
            "history": asdict(state.history),
            "pace": self._pace(done),
        }
        if checkpoints.save(self._path(slot), self._key, state.arrays(), notes):
            self.latest = done
        self._saved = time.monotonic()

    def _pace(self, done: int) -> list[list[float]]:
        plan = self._plan
        return [
            [
                plan.learning_rate_factor(iteration),
                plan.constraint_factor(iteration),
                plan.dreamed(iteration),
            ]
            for iteration in range(1, done + 1)
        ]

    def _path(self, slot: str) -> Path:
        return self._folder / f"{slot}.safetensors"
