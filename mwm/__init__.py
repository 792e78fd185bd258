"""Meta-world models: one shared dynamics model for worlds that look different."""

__version__ = "0.1.0"


class MwmError(Exception):
    """A failure told to the user in one line: what, where, expected, found, what to do."""

    exit_code = 1


class UsageError(MwmError):
    """A fault in what the user asked for: params or arguments."""

    exit_code = 2


class ArtefactError(MwmError):
    """A file that should have been made before is missing, damaged or of another kind.

    Whoever knows how it is made (DVC, or the code around the library) says how to get it again.
    """
