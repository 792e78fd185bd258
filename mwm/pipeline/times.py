"""How long stages take: what each took here when it last ran, else what it usually takes."""

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

TIMES = Path(".mwm/times.json")  # seconds that each stage took here when it last ran
USUAL = {  # seconds on two cores at the default settings
    "collect": 15,
    "preprocess": 4,
    "variants": 2,
    "see": 50,
    "anchor": 300,
    "recruit": 170,
    "join": 560,
    "evaluate": 40,
    "report": 15,
}
SETTLED = 60  # seconds after which the pace of this run counts


class Outlook:
    """Which stages are still to end, and how long they took before."""

    def __init__(self, stages: Collection[str], times: Mapping[str, float]) -> None:
        self.left = set(stages)
        self.total = len(self.left)
        self.times = dict(times)
        self._expected = self._took = 0.0

    def usual(self, stage: str) -> float:
        """Seconds that a stage took when it last ran here, or takes elsewhere."""
        return self.times.get(stage, USUAL.get(stage.rpartition(":")[2].split("@")[0], 1))

    def finish(self, stage: str, seconds: float) -> None:
        """Learn from a stage that ran how fast this machine is today."""
        self._expected += self.usual(stage)
        self._took += seconds
        self.times[stage] = round(seconds, 1)

    def pace(self) -> float:
        """How much longer stages take today than they took before."""
        return self._took / self._expected if self._expected > SETTLED else 1.0

    def seconds(self) -> float:
        """What all stages in `left` take at today's pace, if every one has to run."""
        return self.pace() * sum(map(self.usual, self.left))

    def seconds_at_once(self, upstream: Mapping[str, Collection[str]], jobs: int) -> float:
        """The same for `jobs` at once: their share of the sum, or the longest chain if longer.

        `upstream` gives the stages that each stage waits for.
        """
        chains = self._chains(upstream, lambda stage: self.usual(stage) * (stage in self.left))
        return max(self.seconds() / jobs, self.pace() * max(chains.values(), default=0.0))

    def by_urgency(self, upstream: Mapping[str, Collection[str]]) -> list[str]:
        """The stages, first that with the longest chain of stages that wait for it."""
        chains = self._chains(upstream, self.usual)
        return sorted(upstream, key=lambda stage: -chains[stage])

    def _chains(
        self, upstream: Mapping[str, Collection[str]], seconds: Callable[[str], float]
    ) -> dict[str, float]:
        """By stage, the seconds of the longest chain that begins with it."""
        below: dict[str, list[str]] = {stage: [] for stage in upstream}
        for stage, above in upstream.items():
            for each in above:
                below[each].append(stage)
        chains: dict[str, float] = {}
        for stage in reversed(list(upstream)):  # each comes before those that wait for it
            chains[stage] = seconds(stage) + max((chains[each] for each in below[stage]), default=0)
        return chains


def learn(outlook: Outlook, stage: str, seconds: float) -> None:
    """A stage has ended: the next run knows how long it took."""
    from mwm.io.files import write_json

    outlook.finish(stage, seconds)
    write_json(TIMES, outlook.times)


def last() -> dict[str, float]:
    """The times of earlier runs; none if there were none, or the file is damaged."""
    try:
        times = json.loads(TIMES.read_text(encoding="utf-8"))
        return {str(stage): float(seconds) for stage, seconds in times.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
