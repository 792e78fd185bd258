"""What an act is to do: a plan, and how its pace depends on how long the act is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mwm.settings.train import Act
from mwm.training.constraints import Weighted
from mwm.training.guide import Guide

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

    def rate(self, iteration: int) -> float:
        """Share of the learning rate: 1, then falling to 0 over the cooldown."""
        left = (self.settings.iterations - iteration + 1) / self.settings.iterations
        return min(1.0, left / max(self.settings.cooldown, 1e-9))

    def grown(self, iteration: int) -> float:
        """Share of the constraints' weight."""
        if not self.guides:
            return 1.0
        return min(1.0, (iteration - 1) / self.settings.iterations / GROWN)
