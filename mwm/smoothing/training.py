"""Train a smoother: to restore windows of the original's codes after parts of them were misread."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mwm import MwmError
from mwm.io import checkpoints
from mwm.models.codes import Codes
from mwm.models.environment import environment
from mwm.settings.train import Smooth
from mwm.smoothing.misreadings import Misread
from mwm.smoothing.smoother import MIDDLE, OFFSETS, REACH, Smoother, windows
from mwm.training.guide import robust
from mwm.training.state import State

COOLDOWN = 0.5  # share of the steps, at the end, over which the learning rate falls to 0
RUNS = 2  # of misread frames at most in a window; each is there in ...
OFTEN = 0.45  # ... this share of the windows
SINGLE = 0.25  # most of a window's single frames that are misread besides
STRANGE = 0.15  # share of the windows in which a run of codes is partly another window's
BESIDE = 0.8  # share of the windows in which a run of codes is between two frames, ...
BETWEEN = 0.7  # ... at most so far from its own
TOUCHING = 0.6  # share of the runs that hold the middle
NOISE = 0.2  # largest standard deviation of what is added to codes
SAID = 50  # steps between two words of progress


class Lessons:
    """Draws windows of codes, misread in parts, and what their middles were.

    Args:
        codes: of the original.
        misread: what else its frames may be taken for.
        draws: of frames, by their weights.
        rng: of all else that is drawn.
    """

    def __init__(
        self, codes: Codes, misread: Misread, draws: np.random.Generator, rng: torch.Generator
    ) -> None:
        self._codes, self._misread, self._draws, self._rng = codes, misread, draws, rng
        self._at = codes.indices(REACH, REACH)
        self._upto = codes.weights[self._at].cumsum(0).numpy()

    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Codes (count, w, d), actions (count, w), and the true middle codes (count, d)."""
        around = windows(self._frames(count))
        x = self._codes.z[around]
        truth = x[:, MIDDLE].clone()
        side = self._integers(0, len(self._misread.beside), count, 1)
        far = BETWEEN * self._uniform(count, 1) * self._run(count, BESIDE, 2 * REACH)
        x = torch.lerp(x, self._misread.beside[side, around], far[..., None])
        wrong = self._misread.elsewhere
        for _ in range(RUNS):
            kind = self._integers(0, len(wrong), count, 1)
            x = torch.where(self._run(count, OFTEN)[..., None], wrong[kind, around], x)
        single = self._uniform(count, len(OFFSETS)) < SINGLE * self._uniform(count, 1)
        kind = self._integers(0, len(wrong), *single.shape)
        x = torch.where(single[..., None], wrong[kind, around], x)
        strange = self._uniform(count, 1, x.shape[2]) < 0.25 * self._integers(1, 5, count, 1, 1)
        strange = strange & self._run(count, STRANGE)[..., None]
        x = torch.where(strange, self._codes.z[windows(self._frames(count))], x)
        spread = NOISE * self._uniform(count, 1, 1).square()
        x = x + spread * torch.randn(x.shape, generator=self._rng)
        return x, self._codes.actions[around], truth

    def _frames(self, count: int) -> Tensor:
        places = np.searchsorted(self._upto, self._upto[-1] * self._draws.random(count), "right")
        return self._at[torch.from_numpy(places.clip(max=len(self._at) - 1))]

    def _run(self, count: int, share: float, longest: int = REACH) -> Tensor:
        """(count, w) bool: in a share of the windows, frames in a row."""
        length = self._integers(1, longest + 1, count, 1)
        around = -(self._uniform(count, 1) * length).long()
        anywhere = self._integers(-REACH, REACH, count, 1)
        start = torch.where(self._uniform(count, 1) < TOUCHING, around, anywhere)
        inside = (start <= OFFSETS) & (start + length > OFFSETS)
        return inside & (self._uniform(count, 1) < share)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._rng)

    def _integers(self, low: int, high: int, *shape: int) -> Tensor:
        return torch.randint(low, high, shape, generator=self._rng)


def train(
    codes: Codes,
    misread: Misread,
    actions: int,
    settings: Smooth,
    seed: int,
    advance: Callable[[int, str], object] = lambda steps, note: None,
    shelf: checkpoints.Shelf | None = None,
) -> Smoother:
    """A smoother of the original's codes.

    Args:
        codes: of the original.
        misread: what else its frames may be taken for.
        actions: number of different actions.
        settings: params `train.smooth`.
        seed: of the weights and of all that is drawn.
        advance: called now and then, with the steps that were done and a note on the loss.
        shelf: where checkpoints are kept; None for none.

    Raises:
        MwmError: the loss is not finite.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        smoother = Smoother(codes.z.shape[1], actions, settings.hidden)
    draws, rng = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    lessons = Lessons(codes, misread, draws, rng)
    adam = torch.optim.Adam(smoother.parameters(), lr=settings.learning_rate, fused=True)
    state = State(smoother, adam, draws, rng)
    parts = [vars(codes), misread._asdict(), settings.model_dump(), seed]
    done = 0
    for step in _steps(state, settings.steps, parts, shelf):
        left = (settings.steps - step) / settings.steps
        for group in adam.param_groups:
            group["lr"] = settings.learning_rate * min(1.0, left / COOLDOWN)
        z, taken, truth = lessons.draw(settings.windows)
        loss = robust((smoother(z, taken) - truth).square() @ codes.precision).mean()
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        if (step + 1) % SAID == 0 or step + 1 == settings.steps:
            if not loss.isfinite():
                raise MwmError(
                    f"smooth: step {step + 1}: expected a finite loss, found {loss.item()}; "
                    f"lower train.smooth.learning_rate ({settings.learning_rate})"
                )
            advance(step + 1 - done, f"loss {loss.item():.3f}")
            done = step + 1
    return smoother


def _steps(
    state: State, count: int, parts: list[Any], shelf: checkpoints.Shelf | None
) -> Iterator[int]:
    """The steps that are left of `count`, from a checkpoint if there is one; keeps others."""
    first, path, key = 0, None, ""
    if shelf:
        key = checkpoints.fingerprint(*map(_plain, parts), environment(torch.device("cpu")))
        path = checkpoints.place(shelf, "smooth", key) / "latest.safetensors"
        if kept := checkpoints.load(path, key):
            arrays, notes = kept
            state.restore(arrays, notes["draws"], state.history)
            first = notes["steps"]
    saved = time.monotonic()
    for step in range(first, count):
        yield step
        if path and (step + 1 == count or time.monotonic() - saved >= checkpoints.every()):
            notes = {"steps": step + 1, "draws": state.draws.bit_generator.state}
            checkpoints.save(path, key, state.arrays(), notes)
            saved = time.monotonic()


def _plain(part: Any) -> Any:
    """Arrays for tensors, as a fingerprint takes them."""
    if isinstance(part, dict):
        return {name: _plain(value) for name, value in part.items()}
    return part.numpy() if isinstance(part, Tensor) else part
