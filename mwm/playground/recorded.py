"""What a match wrote of the V that it was about: its score, and how its first game began."""

from dataclasses import dataclass
from pathlib import Path

from mwm.io.film import Game, read_game
from mwm.io.tables import read_csv
from mwm.transfer.scores import FILM, SCORES


@dataclass(frozen=True)
class Recorded:
    """A player's games in one world.

    Attributes:
        game: how the first began.
        score: the mean of all.
        games: how many.
    """

    game: Game
    score: float
    games: int


def read_recorded(folder: Path) -> Recorded:
    """The games of the first row of scores.csv: the player's own V, or a recruited one.

    Raises:
        MwmError: they are missing or damaged.
    """
    _, lines = read_csv(folder / SCORES)
    first = lines[0][1]
    return Recorded(read_game(folder / FILM), float(first["score"]), int(first["games"]))
