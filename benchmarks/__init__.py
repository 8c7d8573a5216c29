"""Published figures: each from one command, ``python -m benchmarks.<name>``."""
