"""One writer at a time: a lock that goes when its process does, however that ends."""

from __future__ import annotations

import errno
import sys
from pathlib import Path


class Lock:
    """Holds a file for this process; OSError if another one does.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lock = Lock(Path(folder) / ".lock")
    ...     lock.release()
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")
        try:
            _hold(self._file.fileno())
        except OSError:
            self._file.close()
            raise OSError(
                errno.EBUSY, "another process is writing results into this folder", str(path.parent)
            ) from None

    def release(self) -> None:
        """Let others write."""
        self._file.close()


if sys.platform == "win32":

    def _hold(number: int) -> None:
        import msvcrt

        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)

else:

    def _hold(number: int) -> None:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
