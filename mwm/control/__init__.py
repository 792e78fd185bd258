"""Learn to act in codes: a policy on what a frozen V and M say, and its games in every world."""
