"""Train a policy: games are played for a while, PPO learns from what happened, and so on."""

import time

import numpy as np
import torch
from numpy.typing import NDArray

from mwm import seeding
from mwm.control.games import Games
from mwm.control.policy import Policy
from mwm.control.ppo import Play, learn
from mwm.control.resume import Checkpoints, Progressed
from mwm.io.progress import Monitor, silent
from mwm.settings.control import Control
from mwm.training.history import History, Row
from mwm.training.state import State

CURVES = "training.csv"
WATCHED = 300  # steps of random play by which codes are scaled
LEAST = 0.02  # share of the learning rate that is left at the end
SAID = 100  # the games that ended last, whose mean score is told


class Trainer:
    """A policy and the games by which it learns."""

    def __init__(self, policy: Policy, games: Games, settings: Control) -> None:
        """Begin.

        Args:
            policy: fresh; it is trained in place.
            games: that have just begun, as many as `settings` say.
            settings: params `control`.
        """
        self._policy, self._games, self._settings = policy, games, settings
        adam = torch.optim.Adam(
            policy.parameters(), lr=settings.learning_rate, eps=1e-5, fused=True
        )
        draws = seeding.generator(settings.seed, "control", "random play")
        rng = torch.Generator().manual_seed(seeding.derive(settings.seed, "control", "choices"))
        self._state = State(policy, adam, draws, rng)
        self._so_far = Progressed(self._state, games, np.zeros(settings.games))
        self._steps = settings.games * settings.horizon  # between two updates
        self._updates = -(-settings.steps // self._steps)

    def train(self, checkpoints: Checkpoints | None = None, monitor: Monitor = silent) -> History:
        """Train to the end, from a checkpoint if there is one; returns a row per update.

        Args:
            checkpoints: keep and restore how far it has come; None for none.
            monitor: opens the progress.

        Raises:
            MwmError: a loss is not finite, or a worker failed or died.
            KeyboardInterrupt: with a message that says how far the training had come, once updates
                have begun.
        """
        if checkpoints:
            checkpoints.restore(self._so_far)
        before = len(self._state.history.training)
        if not before:
            self._watch()
        with monitor("control", self._updates, "updates", done=before) as progress:
            started = time.monotonic()
            try:
                for update in range(before + 1, self._updates + 1):
                    self._state.history.training.append(self._update(update))
                    if checkpoints:
                        checkpoints.keep(self._so_far, last=update == self._updates)
                    rate = (update - before) * self._steps / (time.monotonic() - started)
                    progress.advance(note=f"{self._told()}, {rate:,.0f} steps/s")
            except KeyboardInterrupt as interrupt:
                kept = checkpoints.latest if checkpoints else 0
                raise type(interrupt)(
                    f"control: stopped after {progress.done} of {self._updates} updates, of which "
                    f"{kept} are kept in a checkpoint"
                ) from None
        return self._state.history

    def _watch(self) -> None:
        """Play at random, to learn how codes are spread.

        The games go on, so that the first scores that are told count points of random play, too.
        """
        seen = []
        for _ in range(WATCHED):
            seen.append(self._games.codes)
            actions = self._state.draws.integers(self._policy.actions, size=len(seen[0]))
            self._count(*self._games.step(torch.from_numpy(actions)))
        self._so_far.scores.clear()
        self._policy.calibrate(torch.cat(seen), self._games.latent)

    def _update(self, number: int) -> Row:
        """Play, and learn from it."""
        share = max(1 - (number - 1) / self._updates, LEAST)
        for group in self._state.optimizer.param_groups:
            group["lr"] = self._settings.learning_rate * share
        before = len(self._so_far.scores)
        play = self._play()
        said = learn(self._policy, self._state.optimizer, play, self._settings, self._state.samples)
        ended = self._so_far.scores[before:]
        del self._so_far.scores[:-SAID]
        score = float(np.mean(ended)) if ended else None
        row = {"iteration": number, "steps": number * self._steps, "games": len(ended)}
        return row | {"score": score} | said

    @torch.no_grad()
    def _play(self) -> Play:
        """Play `horizon` steps."""
        codes, actions, chances, values, rewards, ended = [], [], [], [], [], []
        for _ in range(self._settings.horizon):
            log_probabilities, value = self._policy(self._games.codes)
            action = log_probabilities.exp().multinomial(1, generator=self._state.samples)
            codes.append(self._games.codes)
            actions.append(action[:, 0])
            chances.append(log_probabilities.gather(1, action)[:, 0])
            values.append(value)
            reward, over = self._games.step(action[:, 0])
            self._count(reward, over)
            rewards.append(torch.from_numpy(reward).float())
            ended.append(torch.from_numpy(over | (reward != 0)))  # a point: then comes a new serve
        values.append(self._policy(self._games.codes)[1])
        return Play(*map(torch.stack, (codes, actions, chances, values, rewards, ended)))

    def _count(self, rewards: NDArray[np.float64], ended: NDArray[np.bool_]) -> None:
        earned = self._so_far.earned
        earned += rewards
        self._so_far.scores += earned[ended].tolist()
        earned[ended] = 0

    def _told(self) -> str:
        scores = self._so_far.scores
        return f"score {np.mean(scores):.1f} ({len(scores)} games)" if scores else "no game ended"
