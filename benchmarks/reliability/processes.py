"""What a process takes, as Linux tells it."""

import os
from dataclasses import dataclass

from benchmarks.serving.servers import memory_mb


@dataclass(frozen=True)
class Sample:
    """What a process takes at one instant.

    Attributes:
        rss_mb: Resident memory.
        anon_mb: What of it is the process's own, not pages of files.
        threads: Threads.
        descriptors: Open files and sockets.
    """

    rss_mb: float
    anon_mb: float
    threads: int
    descriptors: int

    @classmethod
    def of(cls, pid: int) -> "Sample":
        """Look at a process."""
        threads, descriptors = (len(os.listdir(f"/proc/{pid}/{kind}")) for kind in ("task", "fd"))
        return cls(memory_mb(pid, "Rss"), memory_mb(pid, "Anonymous"), threads, descriptors)
