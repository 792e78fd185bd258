"""What an act does, and how its learning rate and weights depend on the iteration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mwm.settings.train import Act
from mwm.training.constraints import Weighted
from mwm.training.dreams import Dreams
from mwm.training.guide import Guide

SHORT = 8  # steps of a dream in the first half of the iterations: first things first, in less time
WARMUP = 0.5  # share of the iterations over which constraints beside guides grow to their weight


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
        guides: deciphered latents of learners, by world. With guides, constraints grow from 0 over
            the WARMUP: what distributions say misleads until codes are about right ...
        guidance: ... their weight ...
        drawn: ... and the share of the frames that R draws from them.
        dreams: what D steps read, if there are any ...
        dream_steps: ... their number per iteration ...
        pixels: ... and the weight of the decoded pixels in them.
    """

    name: str
    section: str
    settings: Act
    learners: list[str]
    memory_learns: bool
    constraints: Weighted = field(default_factory=dict)
    guides: Mapping[str, Guide] = field(default_factory=dict)
    guidance: float = 0.0
    drawn: float = 0.0
    dreams: Dreams | None = None
    dream_steps: int = 0
    pixels: float = 0.0

    def learning_rate_factor(self, iteration: int) -> float:
        """Share of the learning rate: 1, then falling to 0 over the cooldown."""
        left = (self.settings.iterations - iteration + 1) / self.settings.iterations
        return min(1.0, left / max(self.settings.cooldown, 1e-9))

    def constraint_factor(self, iteration: int) -> float:
        """Share of the constraints' weight: 1, but beside guides growing from 0."""
        if not self.guides:
            return 1.0
        return min(1.0, (iteration - 1) / self.settings.iterations / WARMUP)

    def dreamed(self, iteration: int) -> int:
        """Steps of the dreams: few at first, then all; 0 without dreams."""
        if self.dreams is None:
            return 0
        most = self.dreams.dreamed
        return min(SHORT, most) if 2 * iteration <= self.settings.iterations else most

    def kl_weight(self, step: int) -> float:
        """Weight of the KL divergence in the R step of this number, counted from 1 over the act."""
        return self.settings.kl * min(1.0, step / max(self.settings.kl_ramp, 1))
