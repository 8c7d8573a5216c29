"""The page in a headless Chromium; it must be on this machine (Debian: apt-get install chromium)."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from graphrec.ids import IdMap
from graphrec.store import Store
from tests.retrieval.world import planted
from tests.serving.explorer.world import publish_whole
from tests.serving.world import TOKENS, Running, publish, serving, until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; Debian: apt-get install chromium"),
]


CONTRAST = r"""() => {
  const part = (one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).map(Number);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (colour.startsWith("rgb(")) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const bad = new Set();
  for (const one of document.querySelectorAll("main *, header *")) {
    const text = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!text || !one.offsetParent || one.closest(".unseen")) continue;
    const [a, b] = [light(getComputedStyle(one).color), light(ground(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)} ${one.textContent.slice(0, 20)}`);
  }
  return [...bad];
}"""
"""Texts that stand out from their ground by less than WCAG 2.2 asks for (AA, 4.5)."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, shown: Running) -> Iterator[Page]:
    """The page of a reader and writer who has given his token; a fault in any script fails the test."""
    faults: list[str] = []
    with browser.new_context(viewport={"width": 1400, "height": 1000}, reduced_motion="reduce") as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("console", lambda told: faults.append(told.text) if "Content Security" in told.text else None)
        opened.goto(f"{shown.url}/#u1")
        enter_token(opened, TOKENS["admin"])
        expect(opened.locator(".card")).not_to_have_count(0)
        yield opened
    assert faults == []


def enter_token(page: Page, token: str) -> None:
    page.get_by_label("Token", exact=True).fill(token)
    page.get_by_role("button", name="Use it").click()


def listed(page: Page) -> list[str]:
    return [one.get_attribute("data-flit") or "" for one in page.locator(".candidate").all()]


def test_without_a_token_the_page_asks_for_one(browser: Browser, shown: Running) -> None:
    page = browser.new_page()
    page.goto(shown.url)
    expect(page.get_by_role("heading", name="Bearer token")).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)
    enter_token(page, "wrong-token-0123456789")
    expect(page.get_by_text("does not know this token")).to_be_visible()
    enter_token(page, TOKENS["read"])
    expect(page.locator(".candidate")).not_to_have_count(0)
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    page.close()


def test_a_user_is_shown_as_the_service_answers(page: Page, shown: Running) -> None:
    assert listed(page) == shown.candidates("u1", 24)
    interests = shown.ask("GET", "/v1/users/u1/interests").json()["interests"]
    cards = page.locator(".card")
    assert [one.get_attribute("data-medoid") for one in cards.all()] == [one["medoid"] for one in interests]
    expect(page.locator("#version")).to_have_text("v0001")
    expect(page.locator("#took")).to_contain_text("ms")
    page.get_by_label("User", exact=True).fill("u0")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("User u0")
    assert listed(page) == shown.candidates("u0", 24)


def test_somebody_unknown_gets_what_is_popular(page: Page) -> None:
    page.get_by_label("User", exact=True).fill("nobody <b>at all</b>")
    page.get_by_role("button", name="Look").click()
    expect(page.locator("#feed-hint")).to_contain_text("recent popularity")
    expect(page.locator(".card")).to_have_count(0)


def test_why_and_trace_open_by_keyboard(page: Page) -> None:
    page.locator(".candidate summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".candidate").first).to_contain_text("similarity to the interest")
    page.locator("#trace summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#steps")).to_contain_text("source interests")


def test_muting_changes_the_list_and_says_so(page: Page, shown: Running) -> None:
    before = listed(page)
    medoid = page.locator(".card").first.get_attribute("data-medoid")
    page.locator(".card").first.get_by_role("button", name="Mute").click()
    expect(page.locator("#told")).to_contain_text("are new")
    assert listed(page) != before
    wishes = shown.ask("GET", "/v1/users/u1/interests").json()["wishes"]
    assert wishes == [{"flit": medoid, "factor": 0.0}]
    expect(page.locator(".card.muted").get_by_role("button", name="Mute")).to_be_focused()
    page.locator(".card.muted").get_by_role("button", name="As it is").click()
    expect(page.locator(".card.muted")).to_have_count(0)
    assert listed(page) == before


def test_what_is_hidden_leaves_the_list(page: Page) -> None:
    first = listed(page)[0]
    page.get_by_role("button", name="Hide candidate 1", exact=True).click()
    expect(page.locator("#told")).to_contain_text("new")
    assert first not in listed(page)


def test_a_flit_opens_with_its_image_neighbours_and_edges(page: Page, shown: Running) -> None:
    page.get_by_label("User", exact=True).fill("u2")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("User u2")
    page.locator(".card .words").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator(".list li")).to_have_count(8)
    medoid = page.locator("#flit-title").inner_text()
    near = shown.post("/v1/similar", id=medoid, k=8).json()["found"]
    expect(drawer.locator(".list li").first).to_contain_text(f"{near[0]['similarity']:.2f}")
    expect(drawer).to_contain_text("likes · user")
    drawer.locator(".list .words").first.click()
    expect(page.locator("#flit-title")).to_have_text(near[0]["id"])
    page.get_by_role("button", name="← Back").click()
    expect(page.locator("#flit-title")).to_have_text(medoid)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_images_are_shown_from_the_version(page: Page) -> None:
    page.evaluate("import('./flit.js').then((flit) => flit.openFlit('f4'))")
    shown = page.locator("dialog img.large")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 24)


def test_the_map_zooms_by_keys_and_opens_what_is_in_the_middle(page: Page) -> None:
    canvas = page.get_by_label("Map of the space", exact=True).and_(page.locator("canvas"))
    before = page.evaluate("document.querySelector('canvas').toDataURL()")
    canvas.focus()
    for key in ("+", "+", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator("#told")).to_contain_text("Near the middle")
    page.wait_for_function("(old) => document.querySelector('canvas').toDataURL() !== old", arg=before)
    page.keyboard.press("n")
    expect(page.locator("#told")).to_contain_text("Candidate 1")
    page.keyboard.press("Enter")
    expect(page.locator("#flit-title")).to_have_text(listed(page)[0])


def test_the_map_is_coloured_by_what_is_chosen(page: Page) -> None:
    page.get_by_label("Colour by").select_option("language")
    expect(page.locator("#legend li")).to_have_text(["de", "en"])


def test_a_new_version_brings_its_own_map(browser: Browser, whole_store: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole_store, store)
    with serving(store, tmp_path) as running:
        page = browser.new_page()
        page.goto(f"{running.url}/#u1")
        enter_token(page, TOKENS["read"])
        expect(page.locator("#version")).to_have_text("v0001")
        expect(page.locator(".candidate")).not_to_have_count(0)
        name = publish_whole(Store(store), 1)
        until(lambda: running.ask("GET", "/version").json()["version"] == name)
        with page.expect_response(lambda answer: answer.url.endswith("/v1/projection")) as asked:
            page.get_by_role("button", name="Look").click()
        assert asked.value.json()["version"] == name
        expect(page.locator("#version")).to_have_text(name)
        page.close()


def test_ids_that_are_numbers_are_asked_for_as_numbers(browser: Browser, tmp_path: Path) -> None:
    """The version holds no map either: the page leaves it out."""
    planted_ = planted()
    flits = list(range(len(planted_.allowed)))
    bundle = replace(
        planted_,
        ids={"user": IdMap(list(range(100, 108))), "flit": IdMap(flits)},
        catalogue=planted_.catalogue.with_columns(id=pl.Series(flits)),
    )
    publish(Store(tmp_path / "store"), 0, bundle)
    with serving(tmp_path / "store", tmp_path) as running:
        page = browser.new_page()
        page.goto(f"{running.url}/#101")
        enter_token(page, TOKENS["read"])
        expect(page.locator("#told")).to_contain_text("User 101")
        expect(page.locator(".card")).not_to_have_count(0)
        expect(page.locator("#space")).to_be_hidden()
        assert [int(one) for one in listed(page)] == running.candidates(101, 24)
        page.get_by_label("User", exact=True).fill("102")
        page.keyboard.press("Enter")
        expect(page.locator("#told")).to_contain_text("User 102")
        assert [int(one) for one in listed(page)] == running.candidates(102, 24)
        page.close()


def test_reading_alone_does_not_mute(browser: Browser, shown: Running) -> None:
    page = browser.new_page()
    page.goto(f"{shown.url}/#u2")
    enter_token(page, TOKENS["read"])
    page.locator(".card").first.get_by_role("button", name="Mute").click()
    expect(page.get_by_role("alert")).to_contain_text("must be of scope write")
    page.close()


def test_somebody_is_forgotten_after_a_question(page: Page, shown: Running) -> None:
    page.get_by_label("User", exact=True).fill("u4")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("User u4")
    page.get_by_role("button", name="Forget this user…").click()
    expect(page.locator("#forget-name")).to_have_text("u4")
    page.get_by_role("button", name="Forget", exact=True).click()
    expect(page.locator("#told")).to_contain_text("is forgotten")
    assert shown.ask("GET", "/v1/users/u4/interests").status_code == 404


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1400, "dark"), (1400, "light")])
def test_it_fits_and_can_be_read(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
