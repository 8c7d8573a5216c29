"""What a process holds at its highest."""

from pathlib import Path

from benchmarks.common import Result


class Memory:
    """How much more memory a process comes to hold than it held when this was made.

    Args:
        pid: The process.
        most_mb: What that may be.
    """

    def __init__(self, pid: int, most_mb: float) -> None:
        self._pid, self._most_mb = pid, most_mb
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the high-water mark begins anew
        self._before_mb = _status_mb(pid, "VmRSS")

    def tell(self, result: Result, name: str) -> None:
        """Add what it held and how much more it came to hold."""
        growth = _status_mb(self._pid, "VmHWM") - self._before_mb
        result.add(f"{name}.rss_before_mb", self._before_mb, unit="MB", better="lower")
        result.add(f"{name}.rss_growth_mb", growth, unit="MB", better="lower", goal=self._most_mb)


def _status_mb(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))
