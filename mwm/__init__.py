"""Meta-world models: one shared dynamics model for worlds that look different."""

import os

__version__ = "0.1.0"

# PyTorch's threads (libgomp) wait for each other by spinning. Beside another busy process that
# takes their cores away from those who work: a training step took 1,360 ms instead of 59.
# Read when torch is first imported, which commands do after this module.
os.environ.setdefault("GOMP_SPINCOUNT", "0")


class MwmError(Exception):
    """A failure told to the user in one line: what, where, expected, found, what to do."""

    exit_code = 1


class UsageError(MwmError):
    """A fault in what the user asked for: params or arguments."""

    exit_code = 2
