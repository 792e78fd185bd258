"""Seeds for all random numbers, derived from a root seed and a path of names."""

import hashlib

import numpy as np


def derive(root: int, *path: str | int) -> int:
    """A 63-bit seed for `path` under `root`; different paths give independent streams.

    It is a hash, not `root + index`, so that neighbouring roots share no stream.
    """
    text = "/".join([str(root), *map(str, path)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(root: int, *path: str | int) -> np.random.Generator:
    """A NumPy generator seeded by `derive(root, *path)`."""
    return np.random.default_rng(derive(root, *path))
