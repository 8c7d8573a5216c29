"""The generated pages are those of the config sections, and links lead somewhere."""

import re
from pathlib import Path

import pytest

from benchmarks import reference

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize(("name", "text"), list(reference.pages().items()))
def test_the_reference_is_current(name: str, text: str) -> None:
    assert (DOCS / name).read_text() == text, "run python -m benchmarks.reference"


def test_every_setting_is_described() -> None:
    for name, text in reference.pages().items():
        empty = [line for line in text.splitlines() if line.startswith("| `") and line.endswith("|  |")]
        assert empty == [], name


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
