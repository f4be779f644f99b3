"""When a process started: with its pid, what tells it from a later one with the same pid."""

from __future__ import annotations

from pathlib import Path

import psutil

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def start_time(pid: int) -> str:
    """Returns when a process started, in a form that no change of the clock changes.

    On Linux these are the boot and the clock ticks since then, elsewhere a time.

    Returns:
        A text that together with the pid names one process; empty if it has ended.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return f"{BOOT_ID.read_text().strip()}/{fields[19]}"
    except FileNotFoundError:
        pass
    except (OSError, IndexError):
        return ""
    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""
