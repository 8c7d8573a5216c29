"""The command line: every command a thin door to a plain function."""

from graphrec.cli.app import main

__all__ = ["main"]
