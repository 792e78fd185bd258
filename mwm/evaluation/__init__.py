"""Evaluation by cross-decoding, on test episodes, which no earlier stage reads."""
