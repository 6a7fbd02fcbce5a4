"""Every payload in every place: built, imported by the real Anki, shown by Chromium with MathJax; nothing runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from anki_collection import import_package, new_collection, rendered_cards
from hostile.corpus import NOW, PAYLOADS, translate_all, write_project
from maths import find_mathjax
from projects import deckgen

from deckgen.apkg import write_package
from deckgen.build import Options, make_decks
from deckgen.model import Dialect
from deckgen.project.reading import read_project
from deckgen.releases.verify import verify_package
from deckgen.text.anki import safe_name, safe_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CARDS_PER_PAGE = 300
OWN_PARTS = re.compile(r"^<style>.*?</style>|<script>\n.*?</script>", re.DOTALL)
TRAPS = """<!doctype html><meta charset="utf-8"><base target="_self"><script>
var ran = [];
for (const name of ["alert", "msgbox", "open", "prompt", "confirm"]) { window[name] = () => ran.push(name); }
var MathJax = { tex: { displayMath: [["\\\\[", "\\\\]"]], processEscapes: false, processEnvironments: false,
  processRefs: false }, startup: { typeset: false } };
</script><body>"""
"""Anki's own configuration of MathJax."""
JUDGE = """async mathjax => {
  if (mathjax) { await MathJax.startup.promise; await MathJax.typesetPromise(); }
  const found = [];
  const tell = (element, what) => found.push(what + ": " + element.outerHTML.slice(0, 300));
  for (const element of document.querySelectorAll(".shown, .shown *")) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on")) { tell(element, name); }
      if (/^[\\s\\x00-\\x20]*(javascript|vbscript|data:text|pycmd)/i.test(value)) { tell(element, value); }
      if (name === "style" && /url\\(|fixed|expression/i.test(value)) { tell(element, value); }
    }
    if (/^(script|iframe|frame|object|embed|base|meta|link|form|svg|math|style)$/i.test(element.localName)
        && !element.closest("mjx-container")) { tell(element, element.localName); }
    if (element.matches("mjx-container [href], mjx-container [class*=dg-], #dg-script")) { tell(element, "MathJax"); }
    for (const event of ["mouseover", "focus", "pointerover", "toggle", "error", "load"]) {
      element.dispatchEvent(new Event(event));
    }
    if (element.click && !element.closest("a")) { element.click(); }
  }
  return { found, ran, formulas: document.querySelectorAll("mjx-container").length };
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    package: Path
    notes: int
    cards: list[str]
    """Fronts and backs as the real Anki renders them, without the card's own style and script."""


@pytest.fixture(scope="module", params=Dialect)
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    folder = tmp_path_factory.mktemp("hostile")
    project = write_project(folder / "project", request.param)
    if request.param is Dialect.GFM:
        assert deckgen("translate", "extract", "--project", project.folder, now=NOW).exit_code == 0
        places = project.places + sum(translate_all(path) for path in (project.folder / "locale").rglob("*.po"))
        assert places > 6 * len(PAYLOADS)
    read, findings = read_project(project.folder)
    (stamped,) = make_decks(read, findings, Options(now=NOW)).decks
    package = folder / "hostile.apkg"
    write_package(stamped, package)
    with new_collection() as collection:
        counts = import_package(collection, package)
        assert counts.new == len(stamped.deck.notes)
        rendered = rendered_cards(collection)
    cards = [OWN_PARTS.sub("", side) for sides in rendered.values() for side in sides]
    return Hostile(package=package, notes=len(stamped.deck.notes), cards=cards)


def test_the_corpus_is_large_and_each_payload_is_another() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 1000


def test_verification_finds_nothing_in_what_deckgen_makes_of_it(hostile: Hostile) -> None:
    assert hostile.notes >= 1000
    rules = {item.rule: item.message for item in verify_package(hostile.package, lock=None, with_anki=False)}
    assert "active-content" not in rules, rules["active-content"]
    assert "remote-content" not in rules, rules["remote-content"]


def test_nothing_runs_loads_or_leads_away_on_any_card(hostile: Hostile, browser: Browser, tmp_path: Path) -> None:
    for start in range(0, len(hostile.cards), CARDS_PER_PAGE):
        result = show(browser, tmp_path, hostile.cards[start : start + CARDS_PER_PAGE])
        assert result == {"found": [], "ran": [], "asked": [], "went": 1}


def test_names_and_texts_bring_no_markup_into_any_page(browser: Browser, tmp_path: Path) -> None:
    texts = [shown for payload in PAYLOADS for shown in (safe_name(payload), safe_text(payload))]
    assert show(browser, tmp_path, texts) == {"found": [], "ran": [], "asked": [], "went": 1}


def show(browser: Browser, folder: Path, texts: list[str]) -> dict[str, Any]:
    """What of the texts runs, is marked as active, asks for something outside the folder, or leaves the page."""
    script = find_mathjax()
    body = "".join(f'<div class="shown">{text}</div>\n' for text in texts)
    source = f'<script src="{script.as_uri()}"></script>' if script else ""
    path = folder / "page.html"
    path.write_text(f"{TRAPS}{source}{body}", encoding="utf-8")
    page = browser.new_page()
    allowed = (folder.as_uri(), *((script.parent.as_uri(),) if script else ()), "data:image/")
    asked: list[str] = []
    went: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith(allowed) else None)
    page.on("framenavigated", lambda frame: went.append(frame.url))
    try:
        page.goto(path.as_uri())
        result: dict[str, Any] = page.evaluate(JUDGE, script is not None)
    finally:
        page.close()
    return {"found": result["found"], "ran": result["ran"], "asked": asked, "went": len(went)}


def test_the_traps_see_what_runs_loads_and_leads_away(browser: Browser, tmp_path: Path) -> None:
    raw = ["<img src=x onerror=alert(1)>", "<script>alert(1)</script>", '<img src="https://example.org/x.png">']
    result = show(browser, tmp_path, raw)
    assert "alert" in result["ran"]
    assert len(result["found"]) >= 2
    assert result["asked"] == ["https://example.org/x.png"]
