"""Scores of a player as the stage `transfer` wrote them, and what of them was transferred."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mwm import ArtefactError
from mwm.io.tables import read_csv
from mwm.settings.base import ORIGINAL

OWN, RANDOM, RECRUITED = "own", "random", "recruited"  # Vs, or none
F1 = "_f1"


@dataclass(frozen=True)
class Result:
    """The games of one V in one world.

    Attributes:
        world: that was played in.
        vision: whose codes the policy saw.
        games: how many.
        score: their mean.
        margin: half of its 95% interval.
        f1: per object, of what the player's own V draws of the codes; None where it was never seen.
    """

    world: str
    vision: str
    games: int
    score: float
    margin: float
    f1: dict[str, float | None]


@dataclass(frozen=True)
class Results:
    """All of a player's results: `own` and `random` where it learned, `away` in other worlds."""

    own: Result
    random: Result
    away: Sequence[Result]

    @property
    def home(self) -> str:
        """The world in which it learned, in words."""
        return _in_words(self.own.world)

    @property
    def worlds(self) -> list[str]:
        """The other worlds."""
        return list(dict.fromkeys(result.world for result in self.away))

    def share(self, result: Result) -> float:
        """What is kept of the score at home: 1 all, 0 as much as acting at random."""
        return (result.score - self.random.score) / self._worth

    def share_margin(self, result: Result) -> float:
        """Half of that share's 95% interval, by the margin of `result` alone."""
        return result.margin / abs(self._worth)

    @property
    def learned(self) -> bool:
        """Whether the player is better than chance where it learned; else shares mean nothing."""
        return self._worth > 0

    @property
    def _worth(self) -> float:
        return self.own.score - self.random.score

    def recruited(self) -> dict[str, Result]:
        """The results of recruited Vs, by world."""
        return {each.world: each for each in self.away if each.vision == RECRUITED}


def read_results(folders: Iterable[Path]) -> Results:
    """The scores.csv of folders, first that of the world in which the player learned.

    Raises:
        MwmError: one is missing or damaged, or the first has not what others compare with.
    """
    found = [result for folder in folders for result in _read(folder / "scores.csv")]
    world = found[0].world if found else ORIGINAL
    home = {result.vision: result for result in found if result.world == world}
    if missing := {OWN, RANDOM} - home.keys():
        raise ArtefactError(
            f"scores.csv: expected {_in_words(world)}'s rows {OWN} and {RANDOM}, found none of "
            f"{' and '.join(sorted(missing))}"
        )
    away = [result for result in found if result.world != world]
    return Results(home[OWN], home[RANDOM], away)


def _in_words(world: str) -> str:
    return f"the {ORIGINAL}" if world == ORIGINAL else world


def _read(path: Path) -> list[Result]:
    columns, lines = read_csv(path)
    results = []
    for number, line in lines:
        try:
            f1 = {
                name.removesuffix(F1): float(line[name]) if line[name] else None
                for name in columns
                if name.endswith(F1)
            }
            results.append(
                Result(
                    *(line["world"], line["vision"], int(line["games"])),
                    *(float(line["score"]), float(line["margin"]), f1),
                )
            )
        except (KeyError, ValueError) as error:
            raise ArtefactError(f"{path}:{number}: expected a score, found: {error}") from None
    return results
