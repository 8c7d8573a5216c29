"""Write docs/quality.md: ``python -m benchmarks.quality``."""

from benchmarks.quality.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page())
