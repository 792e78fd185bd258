"""The report on control: what a player that learned in one world scores in the others."""
