"""Find the original's state in each frame of another world, from its dynamics, without pairs."""
