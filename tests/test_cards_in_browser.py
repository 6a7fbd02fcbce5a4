"""Cards in a real Chromium: every card of the shipped deck and of a project made to break pages, in every edition."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import AXE, TESTS, Gate
from card_pages import CardPage, write_card_pages
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from projects import copy_shipped, make_project
from stress import ARABIC, FORMULA, make_stress_project

from deckgen.card import note_type
from deckgen.card.anki_template import render_card
from deckgen.card.settings import CardSettings
from deckgen.model import parse_edition

EDITIONS = ("zh-en", "zh-ja", "zh", "en", "en-zh")
WINDOWS = {(360, 640): "day", (390, 844): "night", (820, 1180): "night", (1280, 900): "day"}
"""Each with its theme: colours are the same in every narrow window, and in every wide one."""
CLOSED = ((360, 640), (1280, 900))
"""Where cards are looked at with the other language closed too: the text is the same, the place for it another."""
THEMES = ("day", "night")
LABELS = ".dg-category, .dg-ways, .dg-reach, .dg-foot, .dg-note-label, .dg-badge, .dg-absent, summary, figcaption"
"""What names or annotates and is not read for itself: it may be smaller than 16 px."""
CHECKS = (TESTS / "card_checks.js").read_text(encoding="utf-8")
SET_THEME = """(theme) => { for (const name of ["nightMode", "night_mode"])
  document.body.classList.toggle(name, theme === "night"); }"""
LOOK = f"""({{opened, theme, labels}}) => {{
  const others = [...document.querySelectorAll(".dg-lang")];
  if (!opened && !others.length) {{ return []; }}
  others.forEach((block) => {{ block.open = opened; }});
  ({SET_THEME})(theme);
  return ({CHECKS.strip().rstrip(";")})(labels);
}}"""
SETTLED = """() => Promise.all([...document.images].map((image) => image.decode().catch(() => {})))
  .then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))"""


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[CardPage, ...]:
    root = tmp_path_factory.mktemp("shipped")
    return write_card_pages(copy_shipped(root / "project", remembering=True), root / "pages", EDITIONS)


@pytest.fixture(scope="module")
def stress(tmp_path_factory: pytest.TempPathFactory) -> tuple[CardPage, ...]:
    root = tmp_path_factory.mktemp("stress")
    return write_card_pages(make_stress_project(root / "project"), root / "pages", ("zh-en",))


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser) as opened:
        yield opened


@contextmanager
def watched_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page that may reach this machine alone; anything else it asked for fails the test that used it."""
    context: BrowserContext = browser.new_context(**options)
    gate = Gate()
    context.route("**/*", gate)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield page
        assert not gate.refused, f"the page asked for {gate.refused}"
        assert not errors, errors
    finally:
        context.close()


def problems_of(page: Page, card: CardPage) -> list[str]:
    """Everything that is wrong with a card in any window, by day and by night, closed and with all languages open."""
    page.goto(card.path.as_uri())
    page.evaluate(SETTLED)
    found: dict[str, str] = {}
    for (width, height), theme in WINDOWS.items():
        page.set_viewport_size({"width": width, "height": height})
        for opened in (True, False) if (width, height) in CLOSED else (True,):
            for problem in page.evaluate(LOOK, {"opened": opened, "theme": theme, "labels": LABELS}):
                found.setdefault(problem, f"{card.name} {width}×{height} {theme}{' open' if opened else ''}")
    return [f"{where}: {problem}" for problem, where in found.items()]


def is_its_own(card: CardPage) -> bool:
    """Whether it shows what no other does: a back holds its front, a card of two languages that of each."""
    return card.number <= 3 or (card.side == "back" and "-" in card.edition)


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_shipped_card_fits_every_window_by_day_and_by_night(
    edition: str, shipped: tuple[CardPage, ...], page: Page
) -> None:
    cards = [card for card in shipped if card.edition == edition and is_its_own(card)]
    assert len(cards) >= (16 if "-" in edition else 6)
    problems = [problem for card in cards for problem in problems_of(page, card)]
    assert not problems, "\n".join(problems)


def test_cards_made_to_break_pages_do_not(stress: tuple[CardPage, ...], page: Page) -> None:
    problems = [problem for card in stress for problem in problems_of(page, card)]
    assert not problems, "\n".join(problems)


def test_the_checks_find_what_they_are_for(page: Page, tmp_path: Path) -> None:
    faults = {
        "px wide": '<div style="width:3000px">x</div>',
        "broken picture": '<img src="nowhere.png" alt="x">',
        "too small to tap": "<button style='width:20px;height:20px'>x</button>",
        "text of 12 px": '<p style="font-size:12px">small</p>',
        "contrast 1.6": '<p style="color:#ccc;background:#fff">pale</p>',
        "a formula does not show": '<span class="dg-math">\\(x\\)</span>',
        "cut off": '<p style="margin-left:-50px">left</p>',
    }
    for expected, html in faults.items():
        file = tmp_path / "fault.html"
        file.write_text(f"<!doctype html><body style='background:#fff;font-size:16px'>{html}", encoding="utf-8")
        page.goto(file.as_uri())
        found = page.evaluate(CHECKS, LABELS)
        assert any(expected in problem for problem in found), (expected, found)


def test_axe_finds_nothing_serious_on_any_card(
    shipped: tuple[CardPage, ...], stress: tuple[CardPage, ...], page: Page
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not there: run tests/setup_browser.py to see why")
    axe = AXE.read_text(encoding="utf-8")
    page.set_viewport_size({"width": 390, "height": 844})
    problems = []
    for card in (*(card for card in shipped if card.edition in ("zh-en", "en-zh")), *stress):
        if card.side == "front" and card.number > 1:
            continue  # the back holds all that the front does
        page.goto(card.path.as_uri())
        page.evaluate("document.querySelectorAll('.dg-lang').forEach((block) => { block.open = true; })")
        page.evaluate(axe)
        problems += [f"{card.name}: {problem}" for problem in serious_problems(page)]
    assert not problems, "\n".join(problems)


def serious_problems(page: Page) -> list[str]:
    """What axe finds; contrast is left to our own check, which looks at every window and both themes."""
    found = page.evaluate(
        """() => axe.run(document, {resultTypes: ["violations"], rules: {"color-contrast": {enabled: false}}})"""
    )
    return [
        f"{violation['id']}: {violation['help']}: {violation['nodes'][0]['html'][:120]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


def first_back(cards: tuple[CardPage, ...], edition: str) -> CardPage:
    return next(card for card in cards if card.edition == edition and card.side == "back")


def other_languages(page: Page, cards: tuple[CardPage, ...]) -> Iterator[Locator]:
    """What holds the other language of question and answer, in each bilingual edition, one page after the other."""
    for edition in ("zh-en", "zh-ja", "en-zh"):
        for part in (".dg-ask", ".dg-answer"):
            page.goto(first_back(cards, edition).path.as_uri())
            yield page.locator(f"{part} .dg-lang").first


def test_the_other_language_opens_and_closes_by_tap(shipped: tuple[CardPage, ...], browser: Browser) -> None:
    with watched_page(browser, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True) as page:
        for block in other_languages(page, shipped):
            expect(block).to_have_js_property("open", False)
            block.locator("summary").tap()
            expect(block).to_have_js_property("open", True)
            expect(block.locator(".dg-question, .dg-text").first).to_be_visible()
            page.wait_for_function("document.scrollingElement.scrollWidth <= window.innerWidth")
            block.locator("summary").tap()
            expect(block).to_have_js_property("open", False)


def test_the_other_language_opens_and_closes_by_key(shipped: tuple[CardPage, ...], browser: Browser) -> None:
    # No tap before: for a moment after one, Chromium takes back the pressed state that the space bar needs.
    with watched_page(browser, viewport={"width": 1280, "height": 900}) as page:
        for block in other_languages(page, shipped):
            block.locator("summary").focus()
            for key, opened in (("Enter", True), ("Space", False), ("Space", True), ("Enter", False)):
                page.keyboard.press(key)
                expect(block).to_have_js_property("open", opened)


def test_what_was_opened_on_the_front_is_open_on_the_back(shipped: tuple[CardPage, ...], browser: Browser) -> None:
    with watched_page(browser, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        front = next(card for card in shipped if card.edition == "zh-en" and card.side == "front")
        page.goto(front.path.as_uri())
        page.locator(".dg-ask .dg-lang summary").tap()
        expect(page.locator(".dg-ask .dg-lang")).to_have_js_property("open", True)
        page.goto(first_back(shipped, "zh-en").path.as_uri())
        expect(page.locator(".dg-ask .dg-lang")).to_have_js_property("open", True)


def test_without_scripts_the_card_is_whole_and_the_other_language_opens(
    shipped: tuple[CardPage, ...], browser: Browser
) -> None:
    with watched_page(
        browser, viewport={"width": 390, "height": 844}, has_touch=True, java_script_enabled=False
    ) as page:
        page.goto(first_back(shipped, "zh-en").path.as_uri())
        text = page.locator(".dg-answer .dg-lang > .dg-text")
        expect(text).to_be_hidden()
        page.locator(".dg-answer .dg-lang > summary").tap()
        expect(text).to_be_visible()
        expect(page.locator(".dg-answer > .dg-text")).to_be_visible()


def test_a_picture_enlarges_by_tap_and_by_key_and_closes(shipped: tuple[CardPage, ...], browser: Browser) -> None:
    with watched_page(browser, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        page.goto(first_back(shipped, "zh-en").path.as_uri())
        page.evaluate(SETTLED)
        picture = page.locator(".dg-answer > .dg-text img").first
        picture.tap()
        zoom = page.locator(".dg-zoom")
        expect(zoom).to_be_visible()
        wider = "width => document.querySelector('.dg-zoom img').getBoundingClientRect().width > width"
        page.wait_for_function(wider, arg=picture.bounding_box()["width"])  # type: ignore[index]
        page.locator(".dg-zoom-close").tap()
        expect(zoom).to_have_count(0)
        picture.focus()
        page.keyboard.press("Enter")
        expect(zoom).to_be_visible()
        page.keyboard.press("Escape")
        expect(zoom).to_have_count(0)


def test_what_is_wider_than_the_card_scrolls_inside_itself(stress: tuple[CardPage, ...], browser: Browser) -> None:
    with watched_page(browser, viewport={"width": 390, "height": 844}) as page:
        table, code = (
            next(card for card in stress if card.side == "back" and mark in card.path.read_text(encoding="utf-8"))
            for mark in ("第11列标题", "layer_59")
        )
        for card, box in ((table, ".dg-scroll"), (code, ".dg-text pre")):
            page.goto(card.path.as_uri())
            reach = page.locator(box).first.evaluate("box => { box.scrollLeft = 9999; return box.scrollLeft; }")
            assert reach > 50
            assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


BLOCKS = f"""## 1. 块

### 1. 表格在前？

| 甲 | 乙 |
|---|---|
| 一 | 二 |

![小](imgs/small.png)

![大](imgs/图.png)

$${FORMULA}$$

行内 ${FORMULA}$ 之后。

> [!NOTE]
> 用 `code`：
>
> ```
> x = 1
> ```
"""
STYLE_OF = "(element, name) => getComputedStyle(element)[name]"


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> CardPage:
    root = tmp_path_factory.mktemp("blocks")
    project = make_project(root / "project", chapter=BLOCKS)
    Image.new("RGB", (120, 90), "navy").save(project / "imgs/small.png")
    return write_card_pages(project, root / "pages", ("zh",))[1]


def test_a_small_picture_stands_in_the_middle_and_a_large_one_fills_a_phone(blocks: CardPage, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(blocks.path.as_uri())
    page.evaluate(SETTLED)
    small, large = (page.locator("img").nth(number) for number in (0, 1))
    box = small.bounding_box()
    assert box
    assert abs(box["x"] + box["width"] / 2 - 195) < 1
    assert small.evaluate(STYLE_OF, "borderLeftWidth") == "1px"
    box = large.bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 390)


def test_what_scrolls_sideways_has_a_shade_on_its_own_ground(blocks: CardPage, page: Page) -> None:
    page.goto(blocks.path.as_uri())
    colours = {}
    for box in (".dg-scroll", ".dg-math-display", ".dg-wide", ".markdown-alert pre"):
        image = page.locator(box).first.evaluate(STYLE_OF, "backgroundImage")
        assert image.count("linear-gradient") == 4, box
        colours[box] = image.split(") 40%")[0]
    assert len(set(colours.values())) == 1


def test_code_stands_out_in_an_alert_and_the_first_block_begins_at_the_top(blocks: CardPage, page: Page) -> None:
    page.goto(blocks.path.as_uri())
    for theme in THEMES:
        page.evaluate(SET_THEME, theme)
        ground = page.locator(".markdown-alert").evaluate(STYLE_OF, "backgroundColor")
        for code in (".markdown-alert p code", ".markdown-alert pre"):
            colour = page.locator(code).evaluate(STYLE_OF, "backgroundColor")
            assert colour == page.locator("body").evaluate(STYLE_OF, "backgroundColor") != ground
        assert page.locator(".markdown-alert pre code").evaluate(STYLE_OF, "backgroundColor") == "rgba(0, 0, 0, 0)"
    assert page.locator(".dg-answer .dg-scroll").evaluate(STYLE_OF, "marginTop") == "0px"


def test_an_arabic_text_runs_from_right_to_left_whatever_its_first_word(page: Page, tmp_path: Path) -> None:
    edition = parse_edition("zh-ar")
    kind = note_type(project_id="x", edition=edition, name="x", settings=CardSettings())
    answers = {
        "Question zh": "<b>Transformer</b> 是什么？",
        "Question ar": f"Transformer {ARABIC}",
        "Answer zh": f"<p>BERT 是模型。</p><p>{ARABIC}</p>",
        "Answer ar": f"<p><b>Transformer</b> {ARABIC}</p><ul><li><b>BERT</b> {ARABIC}</li></ul>",
    }
    card = render_card(
        kind, tuple(answers.get(field.name, "x" * (field.name == "Key")) for field in kind.fields), "back"
    )
    file = tmp_path / "card.html"
    file.write_text(f"<!doctype html><style>{kind.css}</style><body class='card'>{card}", encoding="utf-8")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('.dg-lang').forEach((block) => { block.open = true; })")
    for word in page.locator("[lang=ar] b").all():
        box = word.bounding_box()
        assert box
        assert box["x"] > 195
    assert page.locator(".dg-lang .dg-question").evaluate(STYLE_OF, "direction") == "rtl"
    assert page.locator(".dg-lang ul").evaluate(STYLE_OF, "direction") == "rtl"
    assert page.locator(".dg-answer > .dg-text").evaluate(STYLE_OF, "direction") == "ltr"
