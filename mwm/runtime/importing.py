"""What Ctrl-C does while a command still imports: it ends the process, which has begun nothing.

Import this first, and call `done` once all is imported. Python itself would print where it was.
"""

import signal
import threading

_OURS = (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
)
if _OURS:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def done() -> None:
    """From now on an interrupt is an exception again."""
    if _OURS:
        signal.signal(signal.SIGINT, signal.default_int_handler)
