"""The one training loop: an act alternates P and R steps, logs them, validates at times."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from mwm import MwmError
from mwm.cli import Progress
from mwm.models.model import MetaWorldModel
from mwm.params import Act
from mwm.training.batches import Sampler
from mwm.training.constraints import Weighted
from mwm.training.guide import Guide
from mwm.training.phases import Losses, Pull, prediction_step, reconstruction_step
from mwm.training.record import Row, Validator

GROWN = 0.5  # share of the iterations by which constraints beside guides have their weight


@dataclass(frozen=True)
class Plan:
    """An act that is ready to be performed.

    Attributes:
        name: what messages call it, "recruit mirror".
        section: where its settings stand in params.yaml, for messages.
        settings: how long, how many steps, which weights.
        learners: worlds whose V learns.
        memory_learns: whether M learns (in P; R never touches it).
        constraints: pull the learners' latents towards the first world's, by kind.
        guides: deciphered latents of learners, by world, ...
        guidance: ... and their weight. With guides, constraints grow from 0 until GROWN: what
            distributions say misleads until codes are about right.
    """

    name: str
    section: str
    settings: Act
    learners: list[str]
    memory_learns: bool
    constraints: Weighted = field(default_factory=dict)
    guides: Mapping[str, Guide] = field(default_factory=dict)
    guidance: float = 0.0


@dataclass
class History:
    """What an act left behind: rows of iterations, of validations, and of speed."""

    training: list[Row] = field(default_factory=list)
    validation: list[Row] = field(default_factory=list)
    speed: list[Row] = field(default_factory=list)


def perform(
    plan: Plan,
    model: MetaWorldModel,
    sampler: Sampler,
    validator: Validator | None,
    precision: str,
    rng: torch.Generator,
) -> History:
    """Train `model` in place by `plan`.

    Raises:
        MwmError: a loss or a gradient is not finite.
        KeyboardInterrupt: with a message that says how far the act had come.
    """
    history = History()
    settings = plan.settings
    if settings.iterations == 0:
        return history
    optimizer = _optimizer(plan, model)
    steps = _Steps(plan, model, sampler, optimizer, precision, rng)
    with Progress(plan.name, settings.iterations, "iterations") as progress:
        try:
            for iteration in range(1, settings.iterations + 1):
                started = time.monotonic()
                row = steps.iteration(iteration)
                seconds = time.monotonic() - started
                history.training.append(row)
                history.speed.append(
                    {"iteration": iteration, "frames_per_second": round(steps.frames / seconds)}
                )
                if validator and validator.due(iteration, settings.iterations):
                    history.validation += validator.measure(model, iteration)
                progress.advance(note=_note(row, steps.frames / seconds))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"{plan.name}: stopped after {progress.done} of {settings.iterations} iterations; "
                "nothing was written; `dvc repro` starts this act again and keeps the finished ones"
            ) from None
    return history


def _optimizer(plan: Plan, model: MetaWorldModel) -> torch.optim.Optimizer:
    """Adam over what learns; all else is frozen."""
    model.requires_grad_(False)
    learning = [model.vision(world) for world in plan.learners]
    for part in [*learning, *([model.memory] if plan.memory_learns else [])]:
        part.requires_grad_(True)
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.Adam(parameters, lr=plan.settings.learning_rate, fused=True)


class _Steps:
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
        self._done = 0.0  # share of the iterations
        self.frames = 0

    def iteration(self, number: int) -> Row:
        """Perform the steps; the mean losses of the iteration and the last gradient's norm."""
        sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros(()))
        counts: dict[str, int] = defaultdict(int)
        norm = torch.zeros(())
        self.frames = 0
        self._set_rate(number)
        self._done = (number - 1) / self._plan.settings.iterations
        for step in self._schedule():
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

    def _set_rate(self, number: int) -> None:
        """The learning rate of an iteration: constant, then falling to 0 over the cooldown."""
        settings = self._plan.settings
        left = (settings.iterations - number + 1) / settings.iterations
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * min(1.0, left / max(settings.cooldown, 1e-9))

    def _schedule(self) -> Iterator[Callable[[], tuple[Tensor, Losses]]]:
        settings = self._plan.settings
        for _ in range(settings.prediction_steps):
            yield self._predict
        for _ in range(settings.reconstruction_steps):
            yield self._reconstruct

    def _predict(self) -> tuple[Tensor, Losses]:
        batch = self._sampler.sequences()
        learners = self._plan.learners
        self.frames += sum(batch[world].actions.numel() for world in learners)
        return prediction_step(self._model, learners, batch, self._rng)

    def _reconstruct(self) -> tuple[Tensor, Losses]:
        plan = self._plan
        guides: dict[str, tuple[Pull, float]] = {}
        constraints = plan.constraints
        if plan.settings.frames == "random":
            indices = self._sampler.indices()
            batch = self._sampler.frames(indices)
            if plan.guides:
                grown = min(1.0, self._done / GROWN)
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


def _note(row: Row, rate: float) -> str:
    losses = [
        f"{name} {value:.1f}" for name, value in row.items() if name.startswith(("rec", "pred"))
    ]
    return f"{', '.join(losses)}, {rate:,.0f} frames/s"
