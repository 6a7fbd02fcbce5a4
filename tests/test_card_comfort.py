"""What a card does for its reader beyond showing text: corrections first, the other language in reach, a map, night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from card_pages import PAGE, back_of, formula_lines
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from test_cards_in_browser import SET_THEME, SETTLED, STYLE_OF, watched_page

from deckgen.model import parse_edition

PHONE = {"width": 360, "height": 640}
LONG = "<p>" + "注意力让每个词看到其他词，权重由相似度决定。" * 12 + "</p>"
ENGLISH = "<p>" + "Attention lets every word look at the others, weighted by their similarity. " * 6 + "</p>"
NO_STORAGE = """for (const name of ["sessionStorage", "localStorage"])
  Object.defineProperty(window, name, { get() { throw new Error("forbidden"); } });"""
ABOVE = "(element) => element.getBoundingClientRect().top"
DIAGRAM, PHOTOGRAPH = "0a1b2c3d4e5f60718293", "ffeeddccbbaa99887766"

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the back of a card with these fields and returns its address."""

    def write_card(edition: str = "zh-en", side: str = "back", **fields: str) -> str:
        known = {name.replace("_", " "): value for name, value in fields.items()}
        file = tmp_path / "card.html"
        parts = back_of(known, edition=edition, side=side, diagrams=(DIAGRAM, "0" * 20))
        page = PAGE.format(language=parse_edition(edition).primary, title="card", device="mobile android", **parts)
        file.write_text(page, encoding="utf-8")
        return file.as_uri()

    return write_card


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser, viewport=PHONE, has_touch=True) as opened:
        yield opened


def scroll_by(page: Page, by: int) -> None:
    """As a finger does: in several steps, each seen."""
    for _ in range(4):
        before = page.evaluate("document.scrollingElement.scrollTop")
        page.mouse.wheel(0, by / 4)
        page.wait_for_function("before => document.scrollingElement.scrollTop !== before", arg=before)


# --- the correction before the mistake --------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_correction_is_announced_above_the_answer_and_one_tap_away(
    scripts: bool, write: Write, browser: Browser
) -> None:
    address = write(Answer_zh=LONG * 6, Note_zh="<p>其实相反。</p>", Answer_en=ENGLISH, Note_en="<p>The reverse.</p>")
    with watched_page(browser, viewport=PHONE, has_touch=True, java_script_enabled=scripts) as page:
        page.goto(address)
        chip = page.locator(".dg-answer > .dg-ways .dg-chip")
        expect(chip).to_have_text("编者有更正 ↓")
        expect(chip).to_be_in_viewport()
        note = page.locator("#dg-note-zh")
        expect(note).not_to_be_in_viewport()
        chip.tap()
        expect(note).to_be_in_viewport()


def test_a_notes_label_is_in_the_language_of_the_note(write: Write, page: Page) -> None:
    page.goto(write(Note_zh="<p>更正</p>", Answer_en=ENGLISH, Note_en="<p>Corrected.</p>"))
    expect(page.locator("#dg-note-zh .dg-note-label")).to_have_text("编者注")
    expect(page.locator("#dg-note-en .dg-note-label")).to_have_text("Editor’s note")
    expect(page.locator(".dg-lang .dg-chip")).to_have_text("Corrected ↓")


def test_a_note_of_a_card_without_translation_is_announced_in_its_own_language(write: Write, page: Page) -> None:
    page.goto(write(Answer_zh=LONG * 4, Note_en="<p>The reverse.</p>"))
    expect(page.locator(".dg-chip")).to_have_count(1)
    expect(page.locator(".dg-answer > .dg-ways .dg-chip")).to_have_text("Corrected ↓")
    page.locator(".dg-chip").tap()
    expect(page.locator("#dg-note-en")).to_be_in_viewport()


def test_a_card_without_a_note_announces_none(write: Write, page: Page) -> None:
    page.goto(write(Answer_en=ENGLISH))
    expect(page.locator(".dg-chip")).to_have_count(0)


# --- the other language -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open from the card before"])
def test_the_other_language_is_one_tap_away_and_so_is_the_way_back(opened: bool, write: Write, page: Page) -> None:
    if opened:
        page.add_init_script("sessionStorage.setItem('deckgen-open-en', '1')")
    page.goto(write(Answer_zh=LONG * 6, Answer_en=ENGLISH * 6))
    across = page.locator(".dg-across")
    expect(across).to_have_text("English ↓")
    across.tap()
    block = page.locator(".dg-answer > .dg-lang")
    expect(block).to_have_js_property("open", True)
    expect(block.locator("summary")).to_be_in_viewport()
    scroll_by(page, 200)
    expect(page.locator(".dg-reach")).to_be_hidden()
    scroll_by(page, -60)
    expect(across).to_have_text("中文 ↑")
    across.tap()
    expect(page.locator(".dg-answer > .dg-text")).to_be_in_viewport()
    expect(block.locator("summary")).not_to_be_in_viewport()


def test_one_goes_across_to_the_block_that_one_reads_and_back_to_the_very_line(write: Write, page: Page) -> None:
    page.goto(write(Answer_zh=LONG * 6, Answer_en=ENGLISH * 6))
    page.locator(".dg-answer > .dg-text > p").nth(3).evaluate("block => block.scrollIntoView()")
    scroll_by(page, -40)
    scroll_by(page, 20)
    scroll_by(page, -20)
    before = page.evaluate("document.scrollingElement.scrollTop")
    shown = page.locator(".dg-answer > .dg-text > p").nth(3).evaluate(ABOVE)
    page.locator(".dg-across").tap()
    page.wait_for_function("document.querySelector('.dg-across').textContent === '中文 ↑'")
    assert -640 < page.locator(".dg-lang .dg-text > p").nth(3).evaluate(ABOVE) - shown < 640
    page.locator(".dg-across").tap()
    page.wait_for_function("before => document.scrollingElement.scrollTop === before", arg=before)


def test_nothing_floats_over_a_text_while_one_reads_on(write: Write, page: Page) -> None:
    page.goto(write(Answer_zh=LONG * 6, Answer_en=ENGLISH * 6))
    expect(page.locator(".dg-reach")).to_be_visible()
    scroll_by(page, 400)
    expect(page.locator(".dg-reach")).to_be_hidden()
    scroll_by(page, -40)
    expect(page.locator(".dg-reach")).to_be_visible()
    page.evaluate("scrollTo(0, 1e6)")
    expect(page.locator(".dg-reach")).to_be_visible()
    feet = """document.querySelector('.dg-reach').getBoundingClientRect().top
      - document.querySelector('.dg-foot').getBoundingClientRect().bottom"""
    assert page.evaluate(feet) >= 0


def test_a_short_card_shows_its_toggle_and_nothing_floats(write: Write, page: Page) -> None:
    page.goto(write(Answer_en="<p>Answer</p>"))
    expect(page.locator(".dg-answer > .dg-lang > summary")).to_be_in_viewport()
    expect(page.locator(".dg-reach")).to_be_hidden()


def test_an_app_that_forbids_storage_keeps_all_ways(write: Write, page: Page) -> None:
    page.add_init_script(NO_STORAGE)
    page.goto(write(Answer_zh=LONG * 6, Answer_en=ENGLISH * 6))
    page.locator(".dg-across").tap()
    expect(page.locator(".dg-answer > .dg-lang")).to_have_js_property("open", True)


def test_two_open_languages_stand_side_by_side_on_a_wide_screen_block_beside_block(write: Write, page: Page) -> None:
    lists = "<ol><li>{0}</li><li>{1}</li></ol>"
    chinese = LONG + lists.format("短", LONG) + LONG
    english = ENGLISH + lists.format(ENGLISH * 2, "short") + ENGLISH
    page.set_viewport_size({"width": 1200, "height": 800})
    page.goto(write(Answer_zh=chinese, Answer_en=english, Question_en="Question?", Note_zh="<p>更正</p>"))
    for block in page.locator(".dg-lang").all():
        block.locator("summary").click()
    left, right = page.locator(".dg-answer > .dg-text"), page.locator(".dg-answer .dg-lang .dg-text")
    for selector, count in (("> *", 3), ("> ol > li", 2)):
        for number in range(count):
            places = [f"{side} {selector}" for side in (".dg-answer > .dg-text", ".dg-answer > .dg-lang > .dg-text")]
            page.wait_for_function(
                """([places, number]) => { const [one, two] = places.map((place) =>
                document.querySelectorAll(place)[number].getBoundingClientRect());
                return Math.abs(one.top - two.top) < 1 && one.right < two.left; }""",
                arg=[places, number],
            )
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 1200
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("!document.querySelector('.dg-pair, .dg-moved')")
    assert left.evaluate(STYLE_OF, "width") == right.evaluate(STYLE_OF, "width")


# --- a map of long answers --------------------------------------------------------------------------------------------


def headed(count: int, tag: str = "h3") -> str:
    return "".join(f"<{tag}>要点 {number}</{tag}>{LONG}" for number in range(count))


def test_a_long_answer_has_a_map_of_its_headings_and_a_way_back_to_the_top(write: Write, page: Page) -> None:
    link = '<h3>见 <a href="https://example.org">论文</a> <span class="dg-math dg-math-inline">\\(x^2\\)</span></h3>'
    page.goto(write(Answer_zh=headed(4) + link + LONG))
    expect(page.locator(".dg-outline > summary")).to_have_text("5 个要点")
    points = page.locator(".dg-outline button")
    expect(points).to_have_count(5)
    expect(points.last.locator("math")).to_be_visible()
    expect(points.locator("a")).to_have_count(0)
    expect(page.locator(".dg-up")).to_be_hidden()
    points.nth(3).tap()
    goal = page.locator(".dg-answer > .dg-text > h3").nth(3)
    expect(goal).to_be_in_viewport()
    assert 0 <= goal.evaluate(ABOVE) < 40
    page.locator(".dg-up").tap()
    page.wait_for_function("document.scrollingElement.scrollTop === 0")


def test_bold_lines_that_stand_for_headings_make_a_map(write: Write, page: Page) -> None:
    bold = "".join(f"<p><strong>第{number}步</strong>：</p>{LONG}" for number in "一二三")
    page.goto(write(Answer_zh=bold + f"<p><strong>其实</strong>是正文。</p>{LONG}"))
    expect(page.locator(".dg-outline button")).to_have_text(["第一步：", "第二步：", "第三步："])


@pytest.mark.parametrize(
    "answer", [headed(2), "<h3>甲</h3><p>一</p><h3>乙</h3><p>二</p><h3>丙</h3><p>三</p>", LONG * 9], ids=str
)
def test_a_short_answer_and_one_without_parts_has_no_map(answer: str, write: Write, page: Page) -> None:
    page.goto(write(Answer_zh=answer))
    page.evaluate(SETTLED)
    expect(page.locator(".dg-outline")).to_have_count(0)


def test_a_map_of_forty_headings_is_folded(write: Write, page: Page) -> None:
    page.goto(write(Answer_zh=headed(40)))
    outline = page.locator(".dg-outline")
    expect(outline).to_have_js_property("open", False)
    outline.locator("summary").tap()
    expect(outline.locator("button").last).to_be_visible()


# --- pictures by night ------------------------------------------------------------------------------------------------


def test_diagrams_take_the_colours_of_the_night_and_photographs_are_dimmed(
    write: Write, page: Page, tmp_path: Path
) -> None:
    pictures = {"d": (DIAGRAM, ""), "l": (DIAGRAM, " dg-light"), "p": (PHOTOGRAPH, ""), "f": (PHOTOGRAPH, " dg-dark")}
    for identity in (DIAGRAM, PHOTOGRAPH):
        Image.new("RGB", (1200, 800), "white").save(tmp_path / f"dg-{identity}-m.png")
    answer = "".join(
        f'<p class="dg-figure"><img src="dg-{identity}-m.png" alt="{name}" class="tappable{mark}"></p>'
        for name, (identity, mark) in pictures.items()
    )
    page.goto(write(Answer_zh=answer))
    page.evaluate(SETTLED)

    def filters() -> dict[str, str]:
        return {name: page.locator(f"img[alt={name}]").evaluate(STYLE_OF, "filter") for name in pictures}

    assert set(filters().values()) == {"none"}
    page.evaluate(SET_THEME, "night")
    dimmed, turned = "brightness(0.92)", "invert(0.91) hue-rotate(180deg)"
    assert filters() == {"d": turned, "l": dimmed, "p": dimmed, "f": turned}
    for name, expected in (("d", turned), ("l", dimmed)):
        page.locator(f"img[alt={name}]").tap()
        assert page.locator(".dg-zoom img").evaluate(STYLE_OF, "filter") == expected
        page.keyboard.press("Escape")


def test_a_picture_that_is_shown_much_smaller_than_it_is_says_so(write: Write, page: Page, tmp_path: Path) -> None:
    for name, width in (("large", 1080), ("small", 400)):
        Image.new("RGB", (width, 300), "white").save(tmp_path / f"{name}.png")
    answer = "".join(f'<p class="dg-figure"><img src="{name}.png" alt=""></p>' for name in ("large", "small"))
    page.goto(write(Answer_zh=answer))
    page.wait_for_function("document.querySelectorAll('.dg-figure.dg-small').length === 1")
    expect(page.locator(".dg-small img")).to_have_attribute("src", "large.png")
    page.set_viewport_size({"width": 1200, "height": 800})
    page.wait_for_function("!document.querySelector('.dg-small')")


# --- typography -------------------------------------------------------------------------------------------------------

BREAKS = """() => [...document.querySelectorAll(".dg-text p")].filter((line) => {
  const formula = line.querySelector(".dg-math");
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const follows = formula.compareDocumentPosition(walker.currentNode) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (!follows || formula.contains(walker.currentNode)) { continue; }
    const range = document.createRange();
    range.setStart(walker.currentNode, 0);
    range.setEnd(walker.currentNode, 1);
    const mark = range.getBoundingClientRect();
    return mark.left < line.getBoundingClientRect().left + 4;
  }
}).length"""


def test_no_full_width_mark_starts_a_line_after_a_formula(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "card.html"
    file.write_text(PAGE.format(language="zh", title="card", device="mobile android", **formula_lines()), "utf-8")
    page.goto(file.as_uri())
    page.evaluate(SETTLED)
    assert page.evaluate(BREAKS) == 0
    expect(page.locator(".dg-bind").first).to_have_text("O(n2)，", use_inner_text=False)
    page.evaluate("document.querySelectorAll('.dg-bind').forEach((span) => { span.style.whiteSpace = 'normal'; })")
    assert page.evaluate(BREAKS) > 0, "the check finds no break where there are some"


def test_a_wide_formula_with_a_mark_scrolls_in_itself(write: Write, page: Page) -> None:
    formula = f'<span class="dg-math dg-math-inline">\\({"+".join(["x_i"] * 40)}\\)</span>'
    page.goto(write(Answer_zh=f"<p>即 {formula} 。</p>"))
    page.evaluate(SETTLED)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    assert page.locator(".dg-wide").evaluate("box => { box.scrollLeft = 9999; return box.scrollLeft; }") > 50


def test_a_cell_with_a_sentence_keeps_some_width_and_the_table_scrolls(write: Write, page: Page) -> None:
    row = "".join(f"<td>{'优点：对小误差优化效果好；缺点' * (number % 2)}</td>" for number in range(8))
    page.goto(write(Answer_zh=f'<div class="dg-scroll"><table><tr>{row}</tr></table></div>'))
    size = float(page.locator("td").first.evaluate(STYLE_OF, "fontSize").removesuffix("px"))
    for cell in page.locator("td.dg-long").all():
        assert float(cell.evaluate("cell => cell.getBoundingClientRect().width")) >= 7 * size - 0.5
    expect(page.locator("td.dg-long")).to_have_count(4)
    assert page.locator(".dg-scroll").evaluate("box => box.scrollWidth > box.clientWidth")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360


@pytest.mark.parametrize(("theme", "scheme"), [("day", "light"), ("night", "dark")])
def test_the_browser_knows_whether_it_is_night(theme: str, scheme: str, write: Write, page: Page) -> None:
    page.goto(write())
    page.evaluate(SET_THEME, theme)
    assert page.locator("body").evaluate(STYLE_OF, "colorScheme") == scheme


def test_a_space_after_a_full_width_mark_goes_and_code_keeps_its_own(write: Write, page: Page) -> None:
    page.goto(
        write(Answer_zh="<p><strong>膨胀：</strong> 扩大，  填补</p><p>尾： <code>a， b</code></p>", Answer_en=ENGLISH)
    )
    expect(page.locator(".dg-answer > .dg-text > p").first).to_have_text("膨胀：扩大，填补")
    expect(page.locator(".dg-answer code")).to_have_text("a， b")


WORDS = """() => { const text = document.querySelector(".dg-question").firstChild;
  const range = document.createRange();
  const top = (at) => {
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().top;
  };
  const lines = [];
  [...text.data].forEach((letter, at) => {
    if (letter === "\\u2060") { return; }
    if (!lines.length || top(at) - lines[lines.length - 1].top > 4) { lines.push({ top: top(at), text: "" }); }
    lines[lines.length - 1].text += letter;
  });
  return lines.map((line) => line.text); }"""
"""The lines of the question as they are set."""


def test_lines_of_a_chinese_title_are_balanced_and_end_between_words(write: Write, page: Page) -> None:
    page.goto(write(Question_zh="目前主流的开源模型体系有哪些？"))
    lines = page.evaluate(WORDS)
    assert "".join(lines) == "目前主流的开源模型体系有哪些？"
    assert len(lines) == 2
    assert len(lines[1]) > 5
    assert lines[1][:2] in {"开源", "模型", "体系"}
    page.goto(write(Question_zh="为什么BLIP2中大Q-Former结构不流行了？"))
    assert not any(line.endswith("-") for line in page.evaluate(WORDS))


def test_a_formula_in_a_title_stays_as_it_was_written(write: Write, page: Page) -> None:
    formula = r'<span class="dg-math dg-math-inline">\(a-b \text{中文字 AB}\)</span>'
    page.goto(write(Question_zh=f"旋转 {formula} 是什么？", Question_en=f"A well-known {formula}?", Answer_en=ENGLISH))
    for title in page.locator(".dg-question").all():
        shown = title.locator(".dg-math").evaluate("box => box.textContent")
        assert "中文字" in shown
        assert "\u2060" not in shown
    assert "well\u2060-\u2060known" in page.locator(".dg-lang .dg-question").evaluate("box => box.textContent")


def test_an_english_title_is_balanced_and_code_scrolls_as_ankidroid_expects(write: Write, page: Page) -> None:
    code: Any = "<pre><code>" + "x" * 300 + "</code></pre>"
    page.goto(write(Answer_zh=code, Question_en="A question?", Answer_en=ENGLISH))
    assert page.locator(".dg-lang .dg-question").evaluate(STYLE_OF, "textWrapStyle") == "balance"
    assert page.locator("pre").evaluate(STYLE_OF, "overflowX") == "auto"
