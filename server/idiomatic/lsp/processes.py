"""Whether a process is there."""

from __future__ import annotations

import os
import sys


def is_alive(process: int) -> bool:
    """Whether there is a process of that number."""
    if process <= 0:
        return False
    if sys.platform == "win32":
        import ctypes

        synchronize, timed_out = 0x00100000, 0x00000102
        handle = ctypes.windll.kernel32.OpenProcess(synchronize, False, process)
        if not handle:
            return False
        try:
            return bool(ctypes.windll.kernel32.WaitForSingleObject(handle, 0) == timed_out)
        finally:
            ctypes.windll.kernel32.CloseHandle(handle)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
