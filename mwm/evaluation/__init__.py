"""Proof by cross-decoding: all ordered pairs of worlds, on episodes that no stage before saw."""
