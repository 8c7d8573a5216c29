import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from graphrec.serving.explorer.files import KINDS, PAGE, POLICY, page_routes
from tests.serving.world import Running

FILES = sorted(PAGE.iterdir())
MOST_BYTES = 100_000
CONTROLS = {"input", "select", "textarea"}


class Elements(HTMLParser):
    """Every element of the page: its tag and its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def elements() -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed((PAGE / "index.html").read_text())
    return parser.found


def get(server: Running, path: str, **headers: str) -> httpx2.Response:
    return httpx2.get(server.url + path, headers=headers)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_served_to_everybody_under_the_policy(server: Running, path: Path) -> None:
    found = get(server, f"/explorer/{path.name}")
    assert found.content == path.read_bytes()
    assert found.headers["content-type"] == f"{KINDS[path.suffix]}; charset=utf-8"
    assert found.headers["content-security-policy"] == POLICY
    assert found.headers["x-content-type-options"] == "nosniff"
    again = get(server, f"/explorer/{path.name}", **{"if-none-match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline() -> None:
    rules = dict(one.strip().split(" ", 1) for one in POLICY.split(";"))
    assert rules["default-src"] == "'none'"
    assert {source for allowed in rules.values() for source in allowed.split()} == {"'none'", "'self'", "blob:"}


@pytest.mark.parametrize("path", ["/", "/explorer"])
def test_the_root_leads_to_the_page(server: Running, path: str) -> None:
    found = httpx2.get(server.url + path, follow_redirects=True)
    assert (found.status_code, found.url.path) == (200, "/explorer/")
    assert "<title>graphrec explorer</title>" in found.text


def test_it_can_be_mounted_below_a_prefix() -> None:
    app = Starlette(routes=[Mount("/rec", routes=page_routes())])

    async def reached(path: str) -> str:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://here") as client:
            return (await client.get(path, follow_redirects=True)).url.path

    assert asyncio.run(reached("/rec/")) == "/rec/explorer/"
    assert asyncio.run(reached("/rec/explorer")) == "/rec/explorer/"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r"https?:|[\"'(]//|@import|data:", text)


def test_the_page_is_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < MOST_BYTES


def test_no_script_or_style_stands_in_the_page(elements: list[tuple[str, dict[str, str | None]]]) -> None:
    assert "style" not in [tag for tag, _ in elements]
    assert all("src" in attributes for tag, attributes in elements if tag == "script")
    assert not [name for _, attributes in elements for name in attributes if name == "style" or name.startswith("on")]


def test_every_control_has_a_label_and_every_name_an_element(
    elements: list[tuple[str, dict[str, str | None]]],
) -> None:
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labels = [attributes.get("for") for tag, attributes in elements if tag == "label"]
    assert {attributes.get("id") for tag, attributes in elements if tag in CONTROLS} == set(labels)
    references = ("aria-labelledby", "aria-describedby", "list")
    assert {one[name] for _, one in elements for name in references if name in one} <= set(ids)
    assert [one.get("lang") for tag, one in elements if tag == "html"] == ["en"]


def test_scripts_find_their_elements_and_their_modules(elements: list[tuple[str, dict[str, str | None]]]) -> None:
    ids = {attributes.get("id") for _, attributes in elements}
    for path in PAGE.glob("*.js"):
        text = path.read_text()
        assert set(re.findall(r"\$\(\"([^\"]+)\"\)", text)) <= ids, path.name
        assert all((PAGE / name).is_file() for name in re.findall(r"from \"\./([^\"]+)\"", text)), path.name
        assert "innerHTML" not in text, "texts of flits are put in as text, never as markup"
