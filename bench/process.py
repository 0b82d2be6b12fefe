"""What a process and its children cost, read from /proc (so: Linux only)."""

import os
from contextlib import suppress
from pathlib import Path


def tree(pid: int) -> list[int]:
    """The process and all its living descendants."""
    found = [pid]
    for parent in found:  # grows while it is read
        for thread in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, thread.read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree so far, children that have ended included."""
    ticks = 0
    for member in tree(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, line: str) -> float:
    """Resident memory of the tree: now (`VmRSS`) or the sum of each one's highest (`VmHWM`)."""
    kilobytes = 0
    for member in tree(pid):
        with suppress(OSError):
            kilobytes += int(Path(f"/proc/{member}/status").read_text().partition(f"{line}:")[2].split()[0])
    return kilobytes / 1024
