"""A network that mends codes by those before and after them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mwm.io import records
from mwm.models import weights
from mwm.models.codes import Codes

TAPS = (1, 2, 3, 4, 6, 8, 11, 15, 20)  # frames before and after a frame that it reads
OFFSETS = torch.tensor([*(-tap for tap in reversed(TAPS)), 0, *TAPS])
MIDDLE, REACH = len(TAPS), TAPS[-1]
UNITS, EMBEDDED = 256, 48  # of the layers that read one code: its position, made plain
PART = 4000  # frames mended at once
WEIGHTS = "smoother.safetensors"


class Smoother(nn.Module):
    """Says what the middle code of a window should be; a window reads 2 len(TAPS) + 1 frames.

    Args:
        dimensions: d, of a code.
        actions: number of different actions.
        hidden: units of the two layers that read the whole window.
    """

    def __init__(self, dimensions: int, actions: int, hidden: int) -> None:
        super().__init__()
        self.embed = nn.Sequential(
            nn.Linear(dimensions, UNITS), nn.SiLU(), nn.Linear(UNITS, EMBEDDED)
        )
        self.read = nn.Sequential(
            nn.Linear(len(OFFSETS) * (EMBEDDED + actions), hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, dimensions),
        )
        self.kept = nn.Parameter(torch.ones(dimensions))  # share of the code that was there
        self._actions = actions

    def forward(self, codes: Tensor, actions: Tensor) -> Tensor:
        """Codes (n, w, d) and actions (n, w), int64, of windows to codes (n, d)."""
        return self.mend(codes[:, MIDDLE], self.embed(codes), actions)

    def mend(self, codes: Tensor, around: Tensor, actions: Tensor) -> Tensor:
        """`forward` of middle codes (n, d) in windows that were embedded, (n, w, e)."""
        taken = nn.functional.one_hot(actions, self._actions).float()
        window = torch.cat([around.flatten(1), taken.flatten(1)], 1)
        mended: Tensor = codes * self.kept + self.read(window)
        return mended


def windows(at: Tensor) -> Tensor:
    """Which frames (m, w) the windows around the frames `at` (m,) read."""
    return at[:, None] + OFFSETS


def once(smoother: Smoother, codes: Codes, at: Tensor) -> Tensor:
    """All codes (n, d), of which those of the frames `at` are mended, each once."""
    # Each code is embedded once, not in every window that reads it: that was half of the time.
    embedded = torch.cat([smoother.embed(part) for part in torch.split(codes.z, PART)])
    z = codes.z.clone()
    for part in torch.split(at, PART):
        around = windows(part)
        z[part] = smoother.mend(codes.z[part], embedded[around], codes.actions[around])
    return z


def save(smoother: Smoother | None, folder: Path, settings: Mapping[str, Any]) -> None:
    """Write smoother.safetensors and manifest.json; None, which nobody needs: the manifest alone.

    The same weights and settings give the same bytes.
    """
    if smoother:
        weights.write(folder / WEIGHTS, smoother.state_dict())
    content = {"kind": "smoother", "settings": settings}
    records.write_manifest(folder, [WEIGHTS] if smoother else [], content)


def load(folder: Path, dimensions: int, actions: int, hidden: int) -> Smoother:
    """Read a smoother of codes of so many dimensions, and of so many actions and units.

    Raises:
        MwmError: a file is missing or damaged, or holds another smoother.
    """
    path = folder / WEIGHTS
    found = weights.read(path)
    smoother = Smoother(dimensions, actions, hidden)
    weights.check(path, found, smoother.state_dict())
    smoother.load_state_dict(found)
    return smoother
