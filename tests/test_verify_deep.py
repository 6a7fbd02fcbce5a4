"""``verify --deep`` opens every card in a real browser and counts what it does there."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import genanki
import pytest
from anki.collection import ExportAnkiPackageOptions
from anki_collection import new_collection
from projects import NOON, deckgen, make_project
from test_verify_content import fill_with_stock_types

from deckgen.releases.verify import verify_package
from deckgen.releases.verify.browser import judge_in_browser

Result = TypeVar("Result")
ACTIVE = (
    "<script>document.title = 1</script>",
    "<img src=x onerror=alert(1)>",
    "<p onmouseover=alert(1)>x</p>",
    "<details open ontoggle=alert(1)>x</details>",
    "<svg onload=alert(1)></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<meta http-equiv=refresh content='0;url=https://example.org/'>",
    "<script src=_own.js></script>",
    "<script>window.open('https://example.org/')</script>",
)
REMOTE = (
    "<img src=https://example.org/a.png>",
    "<p style=\"background:image-set('https://example.org/b.png' 1x)\">x</p>",
    "<link rel=stylesheet href=//example.org/c.css>",
    "<video src=https://example.org/d.mp4 autoplay></video>",
)
HARMLESS = (
    "<b>x</b> &lt;script&gt;",
    "<a href=https://example.org>x</a>",
    "<img src=a.png><img src=missing.png>",
    "\\(\\frac{a}{b}\\)",
    "<!-- <script>alert(1)</script>",
)


def apart(work: Callable[[], Result]) -> Result:
    """In a thread of its own: Playwright opens no second session beside the ``browser`` that other tests share."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(work).result()


def test_each_side_is_told_by_what_it_does(tmp_path: Path, browser_path: Path) -> None:
    (tmp_path / "_own.js").write_text("document.title = 2", encoding="utf-8")
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    sides = [(str(number), html) for number, html in enumerate((*ACTIVE, *REMOTE, *HARMLESS))]
    found = apart(lambda: list(judge_in_browser("a.apkg", sides, tmp_path)))
    told: dict[str, set[int]] = {"active-content": set(), "remote-content": set()}
    for item in found[:-1]:
        told[item.rule].add(int(re.findall(r"^a\.apkg: (\d+)", item.message)[0]))
    assert told["active-content"] == set(range(len(ACTIVE)))
    assert told["remote-content"] >= set(range(len(ACTIVE), len(ACTIVE) + len(REMOTE)))
    assert not told["remote-content"] & set(range(len(ACTIVE) + len(REMOTE), len(sides)))
    assert found[-1].message.startswith(f"a.apkg: {len(sides)} sides of cards in a browser: ")


def test_stock_note_types_genanki_and_our_own_decks_do_nothing(tmp_path: Path, browser_path: Path) -> None:
    with new_collection() as collection:
        fill_with_stock_types(collection)
        collection.export_anki_package(
            out_path=str(tmp_path / "stock.apkg"), options=ExportAnkiPackageOptions(with_media=True), limit=None
        )
    deck = genanki.Deck(2059400110, "Deck")
    for model in (genanki.BASIC_MODEL, genanki.BASIC_TYPE_IN_THE_ANSWER_MODEL, genanki.BASIC_AND_REVERSED_CARD_MODEL):
        deck.add_note(genanki.Note(model=model, fields=["a", "b"], due=1))
    deck.add_note(genanki.Note(model=genanki.CLOZE_MODEL, fields=["{{c1::a::hint}}", "b"], due=2))
    genanki.Package(deck).write_to_file(tmp_path / "genanki.apkg", timestamp=NOON)
    folder = make_project(tmp_path / "book")
    assert deckgen("build", "--project", folder).exit_code == 0
    packages = [tmp_path / "stock.apkg", tmp_path / "genanki.apkg", next((folder / "build").glob("*-zh-en.apkg"))]
    for package, with_anki in zip(packages, (True, False, True), strict=True):
        found = apart(partial(verify_package, package, lock=None, with_anki=with_anki, deep=True))
        counted = next(item for item in found if item.rule == "browser")
        assert counted.message.endswith("sides of cards in a browser: 0 scripts, 0 requests, 0 navigations")
        assert not {item.rule for item in found} & {"active-content", "remote-content"}


def test_a_card_that_keeps_the_browser_busy_is_told_from_its_neighbour(tmp_path: Path, browser_path: Path) -> None:
    sides = [("busy", "<script>while (true) {}</script>"), ("idle", "x")]
    found = apart(lambda: list(judge_in_browser("a.apkg", sides, tmp_path, patience_ms=5000)))
    told = [item.message for item in found]
    assert "a.apkg: busy keeps the browser busy" in told
    assert not any(message.startswith("a.apkg: idle") for message in told)


def test_without_a_browser_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "book")
    assert deckgen("build", "--project", folder).exit_code == 0
    monkeypatch.setenv("DECKGEN_BROWSER", str(tmp_path / "none"))
    result = deckgen("verify", "--deep", next((folder / "build").glob("*-zh-en.apkg")), "--project", folder)
    assert result.exit_code == 1
    assert "--deep needs Chromium, Chrome or Edge" in result.output
    assert "DECKGEN_BROWSER" in result.output
