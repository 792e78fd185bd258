"""Which stages `mwm vouch` can vouch for, in which groups, and which of them run as a sample."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwm.pipeline import project, times
from mwm.pipeline.output import shortened
from mwm.pipeline.reasons import Reason, changes
from mwm.pipeline.source import Source
from mwm.pipeline.vouching import comparison, entries, sample
from mwm.pipeline.vouching.code import Change, read_programs

NO_DATA = "what it reads is neither here nor in DVC's cache; `dvc pull` may bring it"
NO_ENTRY = "no entry of dvc.lock, or more than one, has all its outputs"


@dataclass
class Group:
    """Stages of one kind of command whose code changed in the same way.

    Attributes:
        changes: all of them.
        drawn: those that run.
    """

    changes: list[Change]
    drawn: list[Change] = field(default_factory=list)


@dataclass
class Plan:
    """What can be vouched for, and what not.

    Attributes:
        same: stages whose program is the same.
        groups: the others, to be sampled.
        left: by stage, why nobody can vouch for it.
    """

    same: list[Change] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)

    def how(self, source: Source) -> list[tuple[Change, str]]:
        """All that can be vouched for, and what the record will say of each."""
        found = [(change, "same program") for change in self.same]
        of = "the shallow" if source.history.shallow else "the"
        for group in self.groups:
            told = f"sample {len(group.drawn)} of {len(group.changes)}: "
            told += " ".join(names(group.drawn))
            lost = f"{told}; old code not in {of} history"
            found += [(change, told if change.found else lost) for change in group.changes]
        return found


def names(found: Iterable[Change]) -> list[str]:
    """The stages' names."""
    return [str(change.stage.addressing) for change in found]


def plan(repo: Any, targets: Sequence[str], made: dict[str, Any], source: Source) -> Plan:
    """What is stale among the targets' stages and all that they come from, and what of it."""
    stages = [stage for stage in project.ordered(repo, []) if hasattr(stage, "name")]
    stale = {stage for stage in stages if changes(stage, made)}
    recorded = entries.read(repo, (Path(path) for path in source.files), stages)
    matched = entries.match(stages, recorded)
    for stage, entry in matched.items():
        comparison.load(stage, entry)
    found = Plan()
    by_code = []
    loaded = {stage.addressing: stage for stage in stages if stage in stale}
    wanted = [stage.addressing for stage in project.ordered(repo, targets)]
    for stage in (loaded[name] for name in wanted if name in loaded):  # DVC makes targets anew
        if stage not in matched:
            found.left[stage.addressing] = NO_ENTRY
            continue
        change = comparison.compare(stage, matched[stage], made, source)
        if change.more:
            found.left[stage.addressing] = _why(change.more)
        else:
            by_code.append(change)
    read_programs(by_code, source)
    groups: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in by_code:
        (found.same if change.same_program else groups[change.group]).append(change)
    found.groups = [Group(changes) for changes in groups.values()]
    return found


def draw(found: Plan, size: int, seed: int, made: dict[str, Any], source: Source) -> None:
    """Choose what runs: one of every group by the seed, then the cheapest until there are `size`.

    A group none of whose stages has its data here is left.
    """
    chance = random.Random(seed)
    others = []
    for group in list(found.groups):
        able = [c for c in group.changes if sample.supplies(c.stage, made, source) is not None]
        if not able:
            found.groups.remove(group)
            found.left |= dict.fromkeys(names(group.changes), NO_DATA)
            continue
        group.drawn.append(chance.choice(able))
        others += [(change, group) for change in able if change not in group.drawn]
    earlier = times.earlier()
    others.sort(key=lambda each: times.last(earlier, each[0].stage.addressing)[0] or float("inf"))
    for change, group in others[: max(0, size - len(found.groups))]:
        group.drawn.append(change)


def _why(reasons: list[Reason]) -> str:
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"not by its code alone: {shortened(str(reasons[0]), 70)}{more}"
