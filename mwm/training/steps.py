"""One iteration of an act: its P steps, then its R steps, each with an update by Adam."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor

from mwm import MwmError
from mwm.models.model import MetaWorldModel
from mwm.training.batches import Sampler
from mwm.training.phases import Losses, Pull, prediction_step, reconstruction_step
from mwm.training.plan import Plan
from mwm.training.record import Row


class Steps:
    """One iteration of an act: its P steps, then its R steps."""

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
        self._cuda = next(model.parameters()).is_cuda
        self._precision = precision
        self._reconstructions = 0
        self.frames = 0

    def iteration(self, number: int) -> Row:
        """Perform the steps; the mean losses of the iteration and the last gradient's norm."""
        sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros(()))
        counts: dict[str, int] = defaultdict(int)
        norm = torch.zeros(())
        self.frames = 0
        settings, grown = self._plan.settings, self._plan.grown(number)
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * self._plan.rate(number)
        self._reconstructions = (number - 1) * settings.reconstruction_steps
        for step in self._schedule(grown):
            with self._autocast():
                total, losses = step()
            self._optimizer.zero_grad()
            total.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            for name, loss in losses.items():
                sums[name] = sums[name] + loss.detach()
                counts[name] += 1
        norm = torch.nn.utils.get_total_norm(
            [p.grad for p in self._model.parameters() if p.grad is not None]
        )
        row = {name: round((sums[name] / counts[name]).item(), 6) for name in sums}
        row = {"iteration": number, **row, "gradient_norm": round(norm.item(), 6)}
        self._check(row)
        return row

    def _schedule(self, grown: float) -> Iterator[Callable[[], tuple[Tensor, Losses]]]:
        settings = self._plan.settings
        for _ in range(settings.prediction_steps):
            yield self._predict
        for _ in range(settings.reconstruction_steps):
            yield partial(self._reconstruct, grown)

    def _predict(self) -> tuple[Tensor, Losses]:
        batch = self._sampler.sequences()
        learners = self._plan.learners
        self.frames += sum(batch[world].actions.numel() for world in learners)
        return prediction_step(self._model, learners, batch, self._rng)

    def _reconstruct(self, grown: float) -> tuple[Tensor, Losses]:
        plan = self._plan
        guides: dict[str, tuple[Pull, float]] = {}
        constraints = plan.constraints
        if plan.settings.frames == "random":
            indices = self._sampler.indices()
            batch = self._sampler.frames(indices)
            if plan.guides:
                constraints = {k: (f, w * grown) for k, (f, w) in constraints.items()}
                guides = {
                    world: (partial(guide.pull, indices[world]), plan.guidance)
                    for world, guide in plan.guides.items()
                }
        else:
            sequences = self._sampler.sequences().items()
            batch = {world: s.frames[:, 1:].flatten(0, 1) for world, s in sequences}
        self.frames += sum(len(batch[world]) for world in plan.learners)
        self._reconstructions += 1
        ramp = max(plan.settings.kl_ramp, 1)
        kl = plan.settings.kl * min(1.0, self._reconstructions / ramp)
        return reconstruction_step(
            self._model, plan.learners, batch, kl, constraints, self._rng, guides
        )

    def _autocast(self) -> AbstractContextManager[object]:
        if self._cuda and self._precision == "bfloat16":
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return nullcontext()

    def _check(self, row: Row) -> None:
        for name, value in row.items():
            if not abs(value) < float("inf"):
                plan = self._plan
                raise MwmError(
                    f"{plan.name}: iteration {row['iteration']}: {name}: expected a finite number, "
                    f"found {value}; lower train.{plan.section}.learning_rate "
                    f"({plan.settings.learning_rate}) or its weights; nothing was written"
                )
