import ale_py
import gymnasium
import numpy as np
import pytest

from mwm.store import Frames

NOOPS, STEPS, EPISODES = 15, 120, 3  # the first serve comes after 15 steps

FIRST = np.arange(64) * 5 // 2  # of the source rows (and columns) that a pixel overlaps, 2.5 : 1
END = -(np.arange(1, 65) * -5 // 2)


def _play(episode: int) -> tuple[np.ndarray, np.ndarray]:
    """Packed 64 x 64 frames of Pong and the random actions between them."""
    gymnasium.register_envs(ale_py)
    env = gymnasium.make("ALE/Pong-v5", frameskip=4, repeat_action_probability=0.0)
    env.reset()
    for _ in range(NOOPS):
        env.step(0)
    actions = np.random.default_rng(episode).integers(0, 6, STEPS, dtype=np.uint8)
    frames = []
    for action in actions:
        field = env.unwrapped.ale.getScreen()[34:194] != 34
        rows = np.stack([field[a:b].any(axis=0) for a, b in zip(FIRST, END, strict=True)])
        pooled = np.stack([rows[:, a:b].any(axis=1) for a, b in zip(FIRST, END, strict=True)], 1)
        frames.append(np.packbits(pooled))
        env.step(action)
    env.close()
    return np.stack(frames), actions


@pytest.fixture(scope="session")
def pong() -> Frames:
    """Three short episodes of real Pong, one per split."""
    played = [_play(episode) for episode in range(EPISODES)]
    return Frames(
        frames=np.concatenate([frames for frames, _ in played]),
        actions=np.concatenate([actions for _, actions in played]),
        episode_offsets=np.arange(EPISODES + 1, dtype=np.int64) * STEPS,
        split=np.arange(EPISODES, dtype=np.uint8),
        pixel_map=np.arange(4096, dtype=np.uint16),
        inverted=np.zeros(512, np.uint8),
        attributes={
            "game": "ALE/Pong-v5",
            "world": "original",
            "action_names": '["NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE"]',
            "objects": '{"opponent": [0, 6, 64, 8], "agent": [0, 56, 64, 58]}',
        },
    )
