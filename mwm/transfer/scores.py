"""A player's scores with one V or another, in one world or another, and their tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mwm.control import player
from mwm.control.games import environments
from mwm.control.look import Look, Show, mask_of, shown
from mwm.environments.vector import VectorGameEnv
from mwm.io import records
from mwm.io.film import Game, write_game
from mwm.io.frames import Frames, read_frames
from mwm.io.progress import Monitor, silent
from mwm.io.tables import write_csv
from mwm.library.model import TrainedModel
from mwm.metrics.objects import OriginalView, f1
from mwm.models import encoding
from mwm.models.model import MetaWorldModel
from mwm.models.visions.base import unpack_bits
from mwm.settings.base import ORIGINAL
from mwm.settings.control import Transfer
from mwm.transfer.scoring import Choose, Score, score

COMPARED = 25  # games of what the recruited V is compared with
SCORES, GAMES, FILM = "scores.csv", "games.csv", "game.h5"
COLUMNS = {
    SCORES: ["world", "vision", "games", "score", "margin", "steps"],
    GAMES: ["world", "vision", "game", "points", "steps"],
}


class Match:
    """Games of one player that are scored, with all that is measured beside.

    Attributes:
        player: plays them.
        home: frames of the world in which it learned.
        original: frames of the original, which tell where objects are.
        settings: params `transfer`.
    """

    def __init__(
        self,
        folder: Path,
        data: Path,
        settings: Transfer,
        workers: int | None = None,
        monitor: Monitor = silent,
    ) -> None:
        """Read the player in `folder`; games begin in the world in which it learned.

        Args:
            folder: of the player.
            data: folder of the worlds' frames, <world>.h5.
            settings: params `transfer`.
            workers: processes that play; None: one for each core.
            monitor: opens the progress.

        Raises:
            MwmError: there is no player or no frames, or they are damaged.
        """
        self.player, self.settings = player.load_player(folder), settings
        world = self.player.about.world
        self.original = self.home = read_frames(data / f"{ORIGINAL}.h5", "world")
        self._show: Show = shown
        if world != ORIGINAL:
            self.home = read_frames(data / f"{world}.h5", "world")
            self._show = self.home.show
        self._monitor, self._workers = monitor, workers
        self._envs: dict[int, VectorGameEnv] = {}
        control = self.player.about.control
        self._mask = mask_of(control.opponent, self.original, control.seed)
        self._rows: list[dict[str, Any]] = []
        self._games: list[dict[str, Any]] = []
        self._film: Score | None = None

    def close(self) -> None:
        """End the processes that play."""
        for envs in self._envs.values():
            envs.close()

    def enter(self, content: Frames) -> None:
        """Go on in the world of these frames."""
        self._show = content.show

    def play(
        self,
        world: str,
        vision: str,
        model: MetaWorldModel,
        encoder: str,
        choose: Choose | None = None,
        games: int | None = None,
    ) -> Score:
        """Play games, and note what came of them.

        Args:
            world: the name of the world that was entered.
            vision: what the table calls the V that encodes.
            model: holds it, and the player's M.
            encoder: its name in the model.
            choose: instead of the policy's best action.
            games: how many; None: as many as `settings` say.
        """
        count = min(games or self.settings.games, self.settings.games)
        if count not in self._envs:
            setup = self.player.about.setup
            self._envs[count] = environments(setup, count, self._workers)
        played = score(
            self._envs[count],
            TrainedModel(model),
            Look(encoder, self._show, self._mask),
            choose or self.player.policy.best,
            self.settings.seed,
            f"transfer {world} {vision}",
            self._monitor,
        )
        row = {"world": world, "vision": vision, "games": count}
        result = {"score": played.mean, "margin": played.margin, "steps": int(played.steps.sum())}
        self._rows.append(row | result | self._seen(played))
        self._games += [
            {"world": world, "vision": vision, "game": game, "points": points, "steps": steps}
            for game, (points, steps) in enumerate(
                zip(played.points.tolist(), played.steps.tolist(), strict=True)
            )
        ]
        self._film = self._film or played
        return played

    def write(self, folder: Path) -> None:
        """Write scores.csv, games.csv, the first game that was played, and their manifest."""
        tables: Mapping[str, list[dict[str, Any]]] = {SCORES: self._rows, GAMES: self._games}
        for name, rows in tables.items():
            write_csv(folder / name, rows, COLUMNS[name])
        if self._film:
            frames = self._show(self._film.film)
            write_game(folder / FILM, Game(self._rows[0]["world"], frames, self._film.earned))
        told = {"player": self.player.about.model_dump(), "transfer": self.settings.model_dump()}
        records.write_manifest(folder, tables, told)

    def _seen(self, played: Score) -> dict[str, float | None]:
        """F1 per object of what the player's own V draws of the codes, on frames that were played.

        Alignment is only as good as the frames on which it was learned: where a player goes, few
        are like them.
        """
        view, own = (OriginalView(f, torch.device("cpu")) for f in (self.original, self.home))
        z = played.codes[:, : self.player.about.model.latent]
        drawn = own.binary(encoding.decode(self.player.model, self.player.about.world, z))
        truth = view.binary(unpack_bits(torch.from_numpy(played.frames)))
        pairs = {name: (view.crop(drawn, name), view.crop(truth, name)) for name in view.objects}
        return {f"{name}_f1": f1(*pair) for name, pair in pairs.items()}
