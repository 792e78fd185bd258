"""How long stages take: what each took here with its params, else with others, or usually."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from mwm import MwmError
from mwm.pipeline import ours, project

TIMES = ".mwm/times.json"  # below the project's root: {stage: {settings: seconds}}, latest last
KEPT = 4  # settings of one stage
USUAL = {  # seconds on two cores at the default settings
    "collect": 66,
    "preprocess": 17,
    "variants": 2,
    "see": 110,
    "anchor": 885,
    "smooth": 3,
    "decipher": 3,
    "recruit": 150,
    "unite": 4,
    "evaluate": 80,
    "report": 13,
    "control": 2220,
    "transfer-home": 170,
    "transfer": 215,
    "tabulate-transfer": 15,
    "pretrained": 90,
    "playground": 15,
}
GUESS = 1  # second that a stage of which nothing is known takes, to sort stages by
SETTLED = 60  # seconds after which the pace of this run counts

Earlier = dict[str, dict[str, float]]  # seconds by stage and settings


def usual(stage: str) -> float | None:
    """Seconds that a stage takes at the default settings; None: it is of another project."""
    seconds = USUAL.get(stage.rpartition(":")[2].split("@")[0])
    return seconds if seconds and ours.is_ours(project.root()) else None


class Outlook:
    """Which stages are still to end, and how long they took before."""

    def __init__(self, stages: Iterable[str], times: Mapping[str, float]) -> None:
        """Begin with all `stages`; `times`: seconds of those that ran here."""
        self.left = set(stages)
        self.total = len(self.left)
        self.times = dict(times)
        self._expected = self._took = 0.0

    def known(self, stage: str) -> float | None:
        """Seconds that a stage took when it last ran here, or takes elsewhere; None: unknown."""
        return self.times.get(stage, usual(stage))

    def untimed(self) -> int:
        """How many stages are left of which nobody knows how long they take."""
        return sum(self.known(stage) is None for stage in self.left)

    def finish(self, stage: str, seconds: float) -> None:
        """Learn from a stage that ran how fast this machine is today."""
        if (expected := self.known(stage)) is not None:
            self._expected += expected
            self._took += seconds
        self.times[stage] = round(seconds, 1)

    def pace(self) -> float:
        """How much longer stages take today than they took before."""
        return self._took / self._expected if self._expected > SETTLED else 1.0

    def seconds(self) -> float:
        """What the stages in `left` take at today's pace, if every one has to run; no untimed."""
        return self.pace() * sum(self.known(stage) or 0 for stage in self.left)

    def seconds_at_once(self, upstream: Mapping[str, Collection[str]], jobs: int) -> float:
        """What they take `jobs` at once: their share of the sum, or the longest chain if longer.

        `upstream` gives the stages that each stage waits for.
        """
        chains = self._chains(
            upstream, lambda stage: self.known(stage) or 0 if stage in self.left else 0
        )
        return max(self.seconds() / jobs, self.pace() * max(chains.values(), default=0.0))

    def by_urgency(self, upstream: Mapping[str, Collection[str]]) -> list[str]:
        """The stages, first that with the longest chain of stages that wait for it."""
        chains = self._chains(upstream, lambda stage: self.known(stage) or GUESS)
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


def settings(repo: Any, stages: Iterable[Any]) -> dict[str, str]:
    """By stage a hash of the params that it and those before it read, but for seeds.

    `stages` come in the order of the pipeline, with all that they come from.
    """
    from dvc.dependency.param import ParamsDependency

    found: dict[str, str] = {}
    for stage in stages:
        params = [dep for dep in stage.deps if isinstance(dep, ParamsDependency) and dep.exists]
        own = [_unseeded(dep.read_params()) for dep in params]
        above = sorted(found[up.addressing] for up in project.upstream(repo, stage))
        told = json.dumps([own, above], sort_keys=True, default=str)
        found[stage.addressing] = hashlib.sha256(told.encode()).hexdigest()[:12]
    return found


def _unseeded(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _unseeded(each) for key, each in value.items() if not str(key).endswith("seed")}


def learn(stage: str, settings: str, seconds: float) -> None:
    """A stage has ended: the next run knows how long it took."""
    from mwm.io.files import write_json

    every = earlier()
    took = every.setdefault(project.rooted(stage), {})
    took.pop(settings, None)
    took[settings] = round(seconds, 1)
    for old in list(took)[:-KEPT]:
        del took[old]
    with suppress(MwmError):  # without room for it the work goes on
        write_json(project.root() / TIMES, every)


def last(earlier: Earlier, stage: str, settings: str = "") -> tuple[float | None, bool]:
    """Seconds that a stage took here with these settings, else last; and whether it was with these.

    None if it never ran here.
    """
    took = earlier.get(project.rooted(stage), {})
    known = settings in took
    return took[settings] if known else next(reversed(took.values()), None), known


def earlier() -> Earlier:
    """The times of earlier runs; none if there were none, or the file is damaged."""
    try:
        text = (project.root() / TIMES).read_text(encoding="utf-8")
        return {
            str(stage): {str(each): float(seconds) for each, seconds in took.items()}
            for stage, took in json.loads(text).items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
