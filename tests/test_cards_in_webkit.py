"""The shipped cards in WebKit, the engine of iPhones and Macs: they fit, by day and by night, and their ways lead."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from card_pages import PAGE, CardPage, back_of, formula_lines, write_card_pages
from evolving import start
from projects import NOON, copy_shipped
from test_card_comfort import BREAKS, NO_STORAGE
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


def write_card(folder: Path, **fields: str) -> Path:
    """A card of these fields, as an iPhone shows it."""
    file = folder / "card.html"
    parts = back_of({name.replace("_", " "): value for name, value in fields.items()})
    file.write_text(PAGE.format(language="zh", title="card", device="mobile iphone", **parts), "utf-8")
    return file


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


def test_each_language_shows_its_own_diagrams(cards: tuple[CardPage, ...], webkit: WebKit) -> None:
    webkit.open(back(cards, "<img"), width=360, height=640)
    webkit.run(OPEN_ALL, True)
    shown = "[...document.querySelectorAll('.dg-answer img')]"
    webkit.wait(f"{shown}.every((image) => image.naturalWidth > 300)")
    sources = webkit.run(f"() => {shown}.map((image) => image.src)")
    assert len(sources) == len(set(sources)) == 12


def test_a_long_answer_has_a_map_though_the_app_keeps_nothing(webkit: WebKit, tmp_path: Path) -> None:
    text = "<p>" + "注意力让每个词看到其他词。" * 30 + "</p>"
    answer = "".join(f"<h3>要点 {number}：\\(x^{number}\\)</h3>{text}" for number in range(5))
    file = write_card(tmp_path, Answer_zh=answer, Answer_en=text)
    forbid = f"<script>{NO_STORAGE}</script></head>"
    file.write_text(file.read_text("utf-8").replace("</head>", forbid, 1), "utf-8")
    webkit.open(file, width=360, height=640)
    webkit.wait("document.querySelectorAll('.dg-outline button').length === 5")
    webkit.tap(".dg-outline li:nth-child(4) button")
    webkit.wait("Math.abs(document.querySelectorAll('h3')[3].getBoundingClientRect().top - 20) < 20")
    webkit.tap(".dg-up")
    webkit.wait("document.scrollingElement.scrollTop === 0")
    webkit.tap(".dg-across")
    webkit.wait("document.querySelector('.dg-answer > .dg-lang').open")


def test_the_download_page_fits_a_phone_and_says_first_what_to_take(webkit: WebKit, tmp_path: Path) -> None:
    project = start(tmp_path)
    page = project.release("0.1.0", now=NOON + 1) / "index.html"
    webkit.open(page, width=360, height=640)
    assert webkit.run("() => document.scrollingElement.scrollWidth") <= 360
    places = ["#download p", ".main-package", "#verify"]
    first, table, sums = (
        webkit.run("(place) => document.querySelector(place).getBoundingClientRect().top", place) for place in places
    )
    assert first < table < sums


def test_no_full_width_mark_starts_a_line_after_a_formula(webkit: WebKit, tmp_path: Path) -> None:
    file = tmp_path / "card.html"
    file.write_text(PAGE.format(language="zh", title="card", device="mobile iphone", **formula_lines()), "utf-8")
    webkit.open(file, width=360, height=640)
    assert webkit.run("() => document.querySelectorAll('.dg-bind').length") > 50
    assert webkit.run(BREAKS) == 0
    digits = "document.querySelector('.dg-card')"
    assert webkit.run(f"() => getComputedStyle({digits}).textAutospace") == "ideograph-alpha"  # else drawn over others
    brackets = """[...document.querySelectorAll("mo")].filter((sign) => sign.textContent === "(").map((sign) => {
      const range = document.createRange();
      range.selectNodeContents(sign);
      return range.getBoundingClientRect().left - sign.getBoundingClientRect().left; })"""
    assert min(webkit.run(f"() => {brackets}")) > -0.5, "a bracket is drawn over what stands before it"
