"""One iteration of an act: its P, R and D steps, each with an update by Adam."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor

from mwm import MwmError
from mwm.models.model import MetaWorldModel
from mwm.training.batches import Sampler
from mwm.training.history import Row
from mwm.training.phases import (
    Guidance,
    Losses,
    dream_step,
    prediction_step,
    reconstruction_step,
)
from mwm.training.plan import Plan

CLIP = 1.0  # largest norm of a D step's gradient: a dream of M that errs early has no use for it

Step = Callable[[], tuple[Tensor, Losses, int]]  # the total, losses by name, frames seen


class Steps:
    """The steps of an act."""

    def __init__(
        self,
        plan: Plan,
        model: MetaWorldModel,
        sampler: Sampler,
        optimizer: torch.optim.Optimizer,
        precision: str,
        rng: torch.Generator,
    ) -> None:
        self._plan, self._model, self._sampler = plan, model, sampler
        self._optimizer, self._rng = optimizer, rng
        self._bfloat16 = precision == "bfloat16" and next(model.parameters()).is_cuda

    def iteration(self, number: int) -> tuple[Row, int]:
        """Perform the steps of iteration `number`, counted from 1.

        Returns:
            The mean losses of the iteration and the last gradient's norm; and how many frames the
            learners saw.

        Raises:
            MwmError: one of these is not finite.
        """
        settings = self._plan.settings
        for group in self._optimizer.param_groups:
            factor = self._plan.learning_rate_factor(number)
            group["lr"] = settings.learning_rate * factor
        sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros(()))
        counts: dict[str, int] = defaultdict(int)
        frames = 0
        for step in self._steps(number):
            losses, seen = self._gradients(step)
            self._optimizer.step()
            frames += seen
            for name, loss in losses.items():
                sums[name] = sums[name] + loss.detach()
                counts[name] += 1
        row = {name: round((sums[name] / counts[name]).item(), 6) for name in sums}
        row = {"iteration": number, **row, "gradient_norm": self._gradient_norm()}
        self._check(row)
        return row, frames

    def try_out(self, number: int) -> None:
        """Perform one more step of each kind after iteration `number`, without an update.

        Losses are measured before each update: what the last one did would else be found by the
        act that follows, and put down to its settings.

        Raises:
            MwmError: a loss or the gradient is not finite.
        """
        steps = self._steps(number)
        for step in steps[:1] + steps[1:][-1:]:
            losses, _ = self._gradients(step)
            found = {name: loss.item() for name, loss in losses.items()}
            self._check({"iteration": number, **found, "gradient_norm": self._gradient_norm()})

    def _gradients(self, step: Step) -> tuple[Losses, int]:
        """Perform a step but for the update; its losses, and how many frames the learners saw."""
        with self._autocast():
            total, losses, seen = step()
        self._optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        if "dream" in losses:
            torch.nn.utils.clip_grad_norm_(self._model.memory.parameters(), CLIP)
        return losses, seen

    def _gradient_norm(self) -> float:
        norm = torch.nn.utils.get_total_norm(
            [p.grad for p in self._model.parameters() if p.grad is not None]
        )
        return round(norm.item(), 6)

    def _steps(self, iteration: int) -> list[Step]:
        settings = self._plan.settings
        count = settings.reconstruction_steps
        before = (iteration - 1) * count
        reconstruct = [
            partial(self._reconstruct, iteration, before + step) for step in range(1, count + 1)
        ]
        dream = [partial(self._dream, iteration)] * self._plan.dream_steps
        return [self._predict] * settings.prediction_steps + reconstruct + dream

    def _dream(self, iteration: int) -> tuple[Tensor, Losses, int]:
        plan = self._plan
        assert plan.dreams is not None
        batch = plan.dreams.draw(plan.dreamed(iteration))
        total, losses = dream_step(
            self._model, self._model.worlds[0], batch, plan.dreams.given, plan.pixels, self._rng
        )
        return total, losses, batch.actions.numel()

    def _predict(self) -> tuple[Tensor, Losses, int]:
        batch = self._sampler.sequences()
        worlds = self._plan.learners or self._model.worlds[:1]  # M alone learns from the original
        total, losses = prediction_step(self._model, worlds, batch, self._rng)
        return total, losses, sum(batch[world].actions.numel() for world in worlds)

    def _reconstruct(self, iteration: int, step: int) -> tuple[Tensor, Losses, int]:
        """The R step of this number, counted from 1 over the act."""
        plan = self._plan
        guides: dict[str, Guidance] = {}
        if plan.settings.frames == "random":
            images = self._sampler.images()
            packed = {world: image.packed for world, image in images.items()}
            for world, guide in plan.guides.items():
                indices = images[world].indices
                guides[world] = Guidance(guide, indices, plan.guidance, plan.drawn)
        else:
            packed = {world: s.after for world, s in self._sampler.sequences().items()}
        factor = plan.constraint_factor(iteration)
        constraints = {kind: (f, weight * factor) for kind, (f, weight) in plan.constraints.items()}
        kl = plan.kl_weight(step)
        total, losses = reconstruction_step(
            self._model, plan.learners, packed, kl, constraints, self._rng, guides
        )
        return total, losses, sum(len(packed[world]) for world in plan.learners)

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast("cuda", dtype=torch.bfloat16) if self._bfloat16 else nullcontext()

    def _check(self, row: Row) -> None:
        for name, value in row.items():
            if not abs(value) < float("inf"):
                plan = self._plan
                raise MwmError(
                    f"{plan.name}: iteration {row['iteration']}: {name}: expected a finite number, "
                    f"found {value}; lower train.{plan.section}.learning_rate "
                    f"({plan.settings.learning_rate}) or its weights; nothing was written"
                )
