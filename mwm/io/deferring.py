"""A file for HDF5 to write to, whose errors are deferred to its next flush."""

import io
from typing import Any


class Output(io.FileIO):
    """A file whose writes never fail; the next `flush` raises the error instead, once.

    HDF5 crashes on closing a file after a failed write. So writes report success, and a full disk
    is reported by `h5py.File.flush`, which ends in `flush` here.
    """

    _fault: BaseException | None = None
    _failed = False

    def write(self, data: Any) -> int:
        """Write all of `data`, or pretend to."""
        rest = memoryview(data)
        size = len(rest)
        try:
            while rest and not self._failed:
                rest = rest[super().write(rest) :]
        except (OSError, KeyboardInterrupt) as fault:
            self._fail(fault)
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the size, or pretend to."""
        try:
            if not self._failed:
                super().truncate(size)
        except (OSError, KeyboardInterrupt) as fault:
            self._fail(fault)
        return size or 0

    def flush(self) -> None:
        """Raise what failed since the last call."""
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _fail(self, fault: BaseException) -> None:
        self._fault, self._failed = fault, True
