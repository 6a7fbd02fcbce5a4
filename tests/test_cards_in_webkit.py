"""The shipped cards in WebKit, the engine of iPhones and Macs: they fit, by day and by night, and their ways lead."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from card_pages import CardPage, write_card_pages
from projects import copy_shipped
from test_card_comfort import BREAKS
from test_cards_in_browser import LABELS, LOOK, SET_THEME
from webkit import WebKit, missing, open_webkit

SCREENS = ((360, 640, "day", True), (360, 640, "night", False), (1200, 900, "night", True), (1200, 900, "day", False))
"""Width, height, theme, and whether the other language is open."""
OPEN_ALL = "(open) => { document.querySelectorAll('.dg-lang').forEach((block) => { block.open = open; }); }"
SCROLLED = "() => document.scrollingElement.scrollTop"


@pytest.fixture(scope="module")
def webkit() -> Iterator[WebKit]:
    if absent := missing():
        message = f"WebKit CANNOT BE HAD here, so cards on iPhones and Macs are NOT TESTED; Debian has it in {absent}"
        warnings.warn(message, stacklevel=2)
        pytest.skip(message)
    with open_webkit() as window:
        yield window


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> tuple[CardPage, ...]:
    root = tmp_path_factory.mktemp("shipped")
    project = copy_shipped(root / "project", remembering=True)
    return write_card_pages(project, root / "pages", ("zh-en",), device="mobile iphone")


def back(cards: tuple[CardPage, ...], mark: str) -> Path:
    """The first back that holds a text."""
    return next(card.path for card in cards if card.side == "back" and mark in card.path.read_text(encoding="utf-8"))


def test_every_shipped_card_fits_a_phone_and_a_wide_screen(cards: tuple[CardPage, ...], webkit: WebKit) -> None:
    found: dict[str, str] = {}
    for card in (card for card in cards if card.side == "back"):
        shown = 0
        for width, height, theme, opened in SCREENS:
            if width != shown:
                webkit.open(card.path, width=width, height=height)
                shown = width
            for problem in webkit.run(LOOK, {"opened": opened, "theme": theme, "labels": LABELS}):
                found.setdefault(problem, f"{card.name} {width} {theme}{' open' if opened else ''}")
    assert not found, "\n".join(f"{where}: {problem}" for problem, where in found.items())


def test_the_correction_and_the_other_language_are_one_tap_away(cards: tuple[CardPage, ...], webkit: WebKit) -> None:
    webkit.open(back(cards, 'id="dg-note-zh"'), width=360, height=640)
    webkit.tap(".dg-answer > .dg-ways .dg-chip")
    webkit.wait("document.querySelector('#dg-note-zh').getBoundingClientRect().top < 100")
    webkit.run("() => { document.scrollingElement.scrollTop = 0; }")
    webkit.wait("!document.querySelector('.dg-away') && !document.querySelector('.dg-across').hidden")
    webkit.tap(".dg-across")
    webkit.wait("document.querySelector('.dg-answer > .dg-lang').open")
    webkit.wait("document.querySelector('.dg-across').textContent === '中文 ↑' || document.querySelector('.dg-away')")
    assert webkit.run(SCROLLED) > 300


def test_diagrams_take_the_colours_of_the_night(cards: tuple[CardPage, ...], webkit: WebKit) -> None:
    webkit.open(back(cards, "<img"), width=360, height=640)
    webkit.run(SET_THEME, "night")
    webkit.run("() => document.querySelector('.dg-figure').scrollIntoView()")
    seen = webkit.picture().convert("L").histogram()
    assert sum(seen[:64]) > 0.6 * sum(seen), "the page of a diagram glares by night"


def test_two_languages_stand_side_by_side_on_a_wide_screen(cards: tuple[CardPage, ...], webkit: WebKit) -> None:
    webkit.open(back(cards, "<ol>"), width=1200, height=900)
    webkit.run(OPEN_ALL, False)  # as it may be remembered from a card before
    webkit.wait("!document.querySelector('.dg-pair, .dg-moved')")
    webkit.tap(".dg-answer > .dg-lang > summary")
    webkit.wait(
        """(() => { const [one, two] = [".dg-answer > .dg-text", ".dg-answer > .dg-lang > .dg-text"]
        .map((place) => document.querySelector(place + " > *").getBoundingClientRect());
        return Math.abs(one.top - two.top) < 1 && one.right < two.left; })()"""
    )


def test_no_full_width_mark_starts_a_line_after_a_formula(webkit: WebKit, tmp_path: Path) -> None:
    from card_pages import PAGE, formula_lines

    file = tmp_path / "card.html"
    file.write_text(PAGE.format(language="zh", title="card", device="mobile iphone", **formula_lines()), "utf-8")
    webkit.open(file, width=360, height=640)
    assert webkit.run("() => document.querySelectorAll('.dg-bind').length") > 50
    assert webkit.run(BREAKS) == 0
    digits = "document.querySelector('.dg-card')"
    assert webkit.run(f"() => getComputedStyle({digits}).textAutospace") == "ideograph-alpha"  # else drawn over others
