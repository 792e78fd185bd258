"""Practice: a player's own plays in a world become what its V learns from next."""
