"""The acts of training: each makes a model from earlier ones, plans what learns, and trains it.

`see` pretrains one world's V, `anchor` trains M on the latents of the original's V, and `recruit`
aligns another world's V to the original's. With the joint schedule the first two only initialise,
and `recruit` trains all worlds and M at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from mwm import seeding
from mwm.io.checkpoints import Shelf
from mwm.io.frames import Frames
from mwm.io.latents import Latents
from mwm.io.progress import Monitor, silent
from mwm.models.model import MetaWorldModel, initialise
from mwm.settings.base import ORIGINAL
from mwm.settings.train import Act, AnchorAct, Batch, ConstrainedAct, Model, Record, RunSettings
from mwm.training.batches import Sampler
from mwm.training.capacity import telling_memory
from mwm.training.constraints import weighted
from mwm.training.dreams import Dreams
from mwm.training.guide import Guide
from mwm.training.history import History
from mwm.training.loop import perform
from mwm.training.plan import Plan
from mwm.training.resume import Checkpoints
from mwm.training.validation import Validator

CALIBRATION = 20_000  # frames at which V looks before it learns

Trained = tuple[MetaWorldModel, History]


@dataclass(frozen=True)
class Setup:
    """What holds for every act of a run.

    Attributes:
        run: params `train.run`.
        model: params `train.model`.
        batch: params `train.batch`.
        device: of the model and its batches, see `prepare_device`.
        shelf: where checkpoints are kept, so that an interrupted act goes on and ends with the same
            bytes; None for no checkpoints.
        monitor: opens the progress of an act.
    """

    run: RunSettings
    model: Model
    batch: Batch
    device: torch.device
    shelf: Shelf | None = None
    monitor: Monitor = silent


@telling_memory
def see(setup: Setup, world: str, frames: Frames, act: Act) -> Trained:
    """Pretrain V of one world, on its own `frames`; with the joint schedule, only initialise it."""
    plan = Plan(f"see {world}", "see", act, [world], memory_learns=False)
    model = _initialise(setup, {world: frames})
    sampler = _sampler(setup, plan, {world: frames})
    episodes, rng = sampler.episodes[world], seeding.generator(setup.run.seed, "calibrate", world)
    indices = episodes.frames.indices
    sample = rng.choice(indices, min(CALIBRATION, len(indices)))
    model.vision(world).calibrate(episodes.images(sample).packed)
    if setup.run.schedule == "joint":
        return model, History()
    return model, _perform(setup, plan, model, sampler, {world: frames})


@telling_memory
def anchor(
    setup: Setup, seen: MetaWorldModel, frames: Frames, act: AnchorAct, record: Record
) -> Trained:
    """Train M on the original, whose V stays as it was seen; joint: only initialise M."""
    worlds = {ORIGINAL: frames}
    model = _initialise(setup, worlds)
    model.adopt(seen)
    if setup.run.schedule == "joint":
        return model, History()
    plan = Plan("anchor", "anchor", act, learners=[], memory_learns=True)
    sampler = _sampler(setup, plan, worlds)
    if act.dream_steps:
        vision, episodes = model.vision(ORIGINAL), sampler.episodes[ORIGINAL]
        dreams = Dreams(vision, episodes, setup.batch, sampler.rng)
        model.memory.calibrate(dreams.known)
        plan = replace(plan, dreams=dreams, dream_steps=act.dream_steps, pixels=act.pixels)
    return model, _perform(setup, plan, model, sampler, worlds, record)


@telling_memory
def recruit(
    setup: Setup,
    name: str,
    models: Sequence[MetaWorldModel],
    worlds: Mapping[str, Frames],
    act: ConstrainedAct,
    record: Record,
    deciphered: Mapping[str, Latents] | None = None,
    guidance: float = 0.0,
    drawn: float = 0.0,
) -> Trained:
    """Align other worlds to the original, whose V stays; with the joint schedule, train all, and M.

    Args:
        setup: what holds for every act.
        name: of the run.
        models: V of each world, the original's first, as `see` or an earlier recruit trained it.
        worlds: the frames of all worlds, the original's first.
        act: params `train.recruit`, or `train.joint` with the joint schedule.
        record: how often to validate, params `train.record`.
        deciphered: by world, the original's latents as deciphered for its frames, if they were.
        guidance: the weight of the guide that they give.
        drawn: share of the frames that R draws from them instead of V's own codes.

    Raises:
        UsageError: `act` names an unknown constraint.
        MwmError: no episode is long enough for a sequence, or a loss is not finite.
    """
    joint = setup.run.schedule == "joint"
    section = "joint" if joint else "recruit"
    model = _initialise(setup, worlds)
    for part in models:
        model.adopt(part)
    guides = {
        world: Guide(latents, len(worlds[world].frames), setup.model.latent, setup.device)
        for world, latents in (deciphered or {}).items()
        if guidance > 0
    }
    plan = Plan(
        f"{'join' if joint else 'recruit'} {name}",
        section,
        act,
        learners=model.worlds if joint else model.worlds[1:],
        memory_learns=joint,
        constraints=weighted(act.constraints, f"train.{section}.constraints"),
        guides=guides,
        guidance=guidance,
        drawn=drawn,
    )
    return model, _perform(setup, plan, model, _sampler(setup, plan, worlds), worlds, record)


def _initialise(setup: Setup, worlds: Mapping[str, Frames]) -> MetaWorldModel:
    actions = next(iter(worlds.values())).action_count
    return initialise(setup.model, worlds, actions, setup.run.seed).to(setup.device)


def _sampler(setup: Setup, plan: Plan, worlds: Mapping[str, Frames]) -> Sampler:
    rng = seeding.generator(setup.run.seed, plan.name, "batches")
    return Sampler(worlds, setup.batch, setup.run.inputs, rng, setup.device)


def _perform(
    setup: Setup,
    plan: Plan,
    model: MetaWorldModel,
    sampler: Sampler,
    worlds: Mapping[str, Frames],
    record: Record | None = None,
) -> History:
    """Train by `plan`; validate if there is a `record`, keep checkpoints if there is a shelf."""
    rng = torch.Generator(setup.device)
    rng.manual_seed(seeding.derive(setup.run.seed, plan.name, "samples"))
    validator, checkpoints = None, None
    if record:
        memory = plan.memory_learns
        validator = Validator(worlds, setup.batch.length, record, setup.device, memory)
    if setup.shelf and plan.settings.iterations:
        sections = [setup.run, setup.model, setup.batch, *([record] if record else [])]
        depends = [*(section.model_dump() for section in sections), str(setup.device)]
        checkpoints = Checkpoints(setup.shelf, plan, model, worlds, depends)
    precision, monitor = setup.run.precision, setup.monitor
    return perform(plan, model, sampler, rng, precision, validator, checkpoints, monitor)
