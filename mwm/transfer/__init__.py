"""What a player scores in every world, with the V that was recruited there and with others."""
