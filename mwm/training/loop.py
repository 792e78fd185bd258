"""The training loop: an act alternates P and R steps, logs them, and validates now and then."""

import time

import torch

from mwm.io.progress import Monitor, silent
from mwm.models.model import MetaWorldModel
from mwm.training.batches import Sampler
from mwm.training.history import History, Row
from mwm.training.plan import Plan
from mwm.training.resume import Checkpoints
from mwm.training.state import State
from mwm.training.steps import Steps
from mwm.training.validation import Validator


def perform(
    plan: Plan,
    model: MetaWorldModel,
    sampler: Sampler,
    rng: torch.Generator,
    precision: str,
    validator: Validator | None = None,
    checkpoints: Checkpoints | None = None,
    monitor: Monitor = silent,
) -> History:
    """Train `model` in place by `plan`, from the checkpoint that fits if there is one.

    Args:
        plan: what to do.
        model: what is trained; the worlds' Vs and M.
        sampler: draws batches.
        rng: of latents that are sampled, on the model's device.
        precision: "float32", "tf32" or "bfloat16".
        validator: measures the model for the curves; None for no curves.
        checkpoints: keep and restore the state; None for none.
        monitor: opens the progress of the act.

    Raises:
        MwmError: a loss or a gradient is not finite.
        KeyboardInterrupt: with a message that says how far the act had come.
    """
    settings = plan.settings
    if settings.iterations == 0:
        return History()
    optimizer = _optimizer(plan, model)
    steps = Steps(plan, model, sampler, optimizer, precision, rng)
    state = State(model, optimizer, sampler.rng, rng)
    if checkpoints:
        checkpoints.restore(state, validator)
    history, before = state.history, len(state.history.training)
    with monitor(plan.name, settings.iterations, "iterations", done=before) as progress:
        try:
            for iteration in range(before + 1, settings.iterations + 1):
                started = time.monotonic()
                row, frames = steps.iteration(iteration)
                rate = frames / (time.monotonic() - started)
                history.training.append(row)
                history.speed.append({"iteration": iteration, "frames_per_second": round(rate)})
                if validator and validator.due(iteration, settings.iterations):
                    history.validation += validator.measure(model, iteration)
                if checkpoints:
                    checkpoints.keep(state)
                progress.advance(note=_note(row, rate))
            steps.try_out(settings.iterations)
        except KeyboardInterrupt as interrupt:
            kept = checkpoints.latest if checkpoints else 0
            raise type(interrupt)(
                f"{plan.name}: stopped after {progress.done} of {settings.iterations} iterations, "
                f"of which {kept} are kept in a checkpoint"
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


def _note(row: Row, rate: float) -> str:
    shown = ("reconstruction", "prediction", "dream")
    losses = [f"{name} {value:.3g}" for name, value in row.items() if name.startswith(shown)]
    return f"{', '.join(losses)}, {rate:,.0f} frames/s"
