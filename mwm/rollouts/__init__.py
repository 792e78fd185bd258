"""Playing a game with a policy, and recording all of it."""
