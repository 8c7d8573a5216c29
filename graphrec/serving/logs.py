"""One JSON object a line, without ids, texts or addresses of people."""

import logging
import sys
from datetime import UTC, datetime

from pydantic_core import to_json

FIELDS = ("request_id", "route", "status", "ms", "version", "error", "where")
"""What a line may carry besides time, level and message; nothing a caller sent is among it."""


class JsonLines(logging.Formatter):
    """Writes records as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {"time": datetime.now(UTC).isoformat(), "level": record.levelname, "message": record.getMessage()}
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return to_json(line, fallback=str).decode()


def write_json_lines() -> None:
    """Send what graphrec and uvicorn log to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("graphrec", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)
