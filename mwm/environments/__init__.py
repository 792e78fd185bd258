"""Gymnasium environments: the emulator's games as every world shows them.

    import gymnasium
    import mwm.environments  # registers mwm/Pong-v0 and all other games

    env = gymnasium.make("mwm/Pong-v0", world="mirror")
    envs = gymnasium.make_vec("mwm/Pong-v0", num_envs=16, world="mirror")

docs/environments.md tells of them, and of `mwm.environments.codes`, by which a policy sees what a
trained model makes of frames instead of the frames.
"""

import gymnasium

from mwm.rollouts.emulator import known_games

# 30 minutes of play at the default frame skip, the emulator's own limit: some games never end.
MAX_STEPS = 27_000


def register() -> None:
    """Register mwm/<Game>-v0 for every ALE/<Game>-v5 of the emulator, once."""
    for game in known_games():
        name = f"mwm/{game.removeprefix('ALE/').removesuffix('-v5')}-v0"
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point="mwm.environments.game:GameEnv",
                vector_entry_point="mwm.environments.vector:VectorGameEnv",
                max_episode_steps=MAX_STEPS,
                kwargs={"game": game},
            )


register()
