"""The acts of both schedules: see, anchor and recruit (anchored), or one act for all (joint)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from mwm import UsageError, seeding
from mwm.io.checkpoints import Shelf
from mwm.io.frames import Frames, divide
from mwm.io.latents import Latents
from mwm.io.progress import Monitor, silent
from mwm.models.model import MetaWorldModel, initialise
from mwm.settings.base import ORIGINAL
from mwm.settings.train import Act, Batch, ConstrainedAct, Model, Record, RunSettings
from mwm.training.batches import Plays, Sampler
from mwm.training.constraints import weighted
from mwm.training.guide import Guide
from mwm.training.loop import perform
from mwm.training.plan import Plan
from mwm.training.record import History, Validator
from mwm.training.resume import Checkpoints

CALIBRATION = 4000  # frames at which V looks before it learns


@dataclass(frozen=True)
class Trainer:
    """Performs acts on a device: what holds for every act of a run.

    With a shelf for checkpoints an interrupted act goes on, and ends with the same bytes.
    """

    run: RunSettings
    model: Model
    batch: Batch
    device: torch.device
    shelf: Shelf | None = None
    monitor: Monitor = silent

    @classmethod
    def open(
        cls,
        run: RunSettings,
        model: Model,
        batch: Batch,
        shelf: Shelf | None = None,
        monitor: Monitor = silent,
    ) -> "Trainer":
        """Choose the device, and set what PyTorch holds globally.

        Raises:
            UsageError: CUDA is asked for and absent, or a CPU is asked for reduced precision.
        """
        cuda = torch.cuda.is_available()
        if run.device == "cuda" and not cuda:
            raise UsageError(
                "train.run.device: expected a CUDA device, found none; use cpu or auto"
            )
        device = torch.device("cuda" if cuda and run.device != "cpu" else "cpu")
        if device.type == "cpu" and run.precision != "float32":
            raise UsageError(
                f"train.run.precision: expected float32 on a CPU, found {run.precision} "
                "(bfloat16 is 150 times slower there); use float32, or a CUDA device"
            )
        torch.set_num_threads(run.threads)
        torch.backends.cuda.matmul.allow_tf32 = run.precision != "float32"
        torch.backends.cudnn.allow_tf32 = run.precision != "float32"
        return cls(run, model, batch, device, shelf, monitor)

    def see(self, world: str, content: Frames, act: Act) -> tuple[MetaWorldModel, History]:
        """V of one world alone; with the joint schedule, as initialised."""
        model = self._new([world], content)
        plays = self._plays(world, content, 0 if world == ORIGINAL else 1, 2)
        rng = seeding.generator(self.run.seed, "calibrate", world)
        count = min(CALIBRATION, len(plays.frame_indices))
        model.vision(world).calibrate(plays.frames(rng.choice(plays.frame_indices, count)))
        plan = Plan(f"see {world}", "see", act, [world], memory_learns=False)
        if self._joint:
            return model, History()
        return model, self._perform(plan, model, {world: plays}, {world: content})

    def anchor(
        self, seen: MetaWorldModel, content: Frames, act: Act, record: Record
    ) -> tuple[MetaWorldModel, History]:
        """The original's V and M alternate P and R; with the joint schedule, as initialised."""
        model = self._new([ORIGINAL], content)
        model.adopt(seen)
        plays = {ORIGINAL: self._plays(ORIGINAL, content, 0, 2)}
        plan = Plan("anchor", "anchor", act, [ORIGINAL], memory_learns=True)
        if self._joint:
            return model, History()
        return model, self._perform(plan, model, plays, {ORIGINAL: content}, record)

    def recruit(
        self,
        name: str,
        anchor: MetaWorldModel,
        seen: Sequence[MetaWorldModel],
        contents: Mapping[str, Frames],
        act: ConstrainedAct,
        record: Record,
        deciphered: Mapping[str, Latents] | None = None,
        guidance: float = 0.0,
    ) -> tuple[MetaWorldModel, History]:
        """Other worlds join the anchor, whose V stays; with the joint schedule, all Vs learn.

        Args:
            name: of the run.
            anchor: V of the original, and M.
            seen: V of each other world.
            contents: the frames of all worlds, the original's first.
            act: the settings, `train.recruit` or `train.joint` by the schedule.
            record: how often to validate.
            deciphered: the original's latents in frames of other worlds, where they were sought.
            guidance: their weight.
        """
        model = self._new(list(contents), contents[ORIGINAL])
        for part in [anchor, *seen]:
            model.adopt(part)
        model.memory.load_state_dict(anchor.memory.state_dict())
        section = "joint" if self._joint else "recruit"
        plan = Plan(
            f"{'join' if self._joint else 'recruit'} {name}",
            section,
            act,
            learners=model.worlds if self._joint else model.worlds[1:],
            memory_learns=act.memory == "learns",
            constraints=weighted(act.constraints, f"train.{section}.constraints"),
            guides={
                world: Guide(latents, len(contents[world].frames), self.model.latent, self.device)
                for world, latents in (deciphered or {}).items()
                if guidance > 0
            },
            guidance=guidance,
        )
        plays = {
            world: self._plays(world, content, position, len(contents))
            for position, (world, content) in enumerate(contents.items())
        }
        return model, self._perform(plan, model, plays, contents, record)

    @property
    def _joint(self) -> bool:
        return self.run.schedule == "joint"

    def _new(self, worlds: list[str], content: Frames) -> MetaWorldModel:
        model = initialise(self.model, worlds, content.action_count, self.run.seed)
        return model.to(self.device)

    def _plays(self, world: str, content: Frames, position: int, parts: int) -> Plays:
        episodes = divide(content.episodes("train"), self.run.inputs, position, parts)
        return Plays(content, episodes, self.batch.length, self.device)

    def _perform(
        self,
        plan: Plan,
        model: MetaWorldModel,
        plays: Mapping[str, Plays],
        contents: Mapping[str, Frames],
        record: Record | None = None,
    ) -> History:
        rng = torch.Generator(self.device)
        rng.manual_seed(seeding.derive(self.run.seed, plan.name, "samples"))
        draws = seeding.generator(self.run.seed, plan.name, "batches")
        sampler = Sampler(plays, self.batch, self.run.inputs == "corresponding", draws)
        validator, checkpoints = None, None
        if record:
            validator = Validator(contents, self.batch.length, record, self.device)
        if self.shelf and plan.settings.iterations:
            settings = [self.run, self.model, self.batch, *([record] if record else [])]
            depends = [*(section.model_dump() for section in settings), str(self.device)]
            checkpoints = Checkpoints(self.shelf, plan, model, contents, depends)
        return perform(
            plan, model, sampler, validator, self.run.precision, rng, checkpoints, self.monitor
        )
