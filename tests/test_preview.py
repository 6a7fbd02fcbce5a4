"""The preview: what it writes, how its page behaves in a real Chromium, from disk, and while it is served."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from browser import AXE, TESTS
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, Route, expect
from projects import CHAPTER, NOON, copy_shipped, deckgen, make_project, save
from test_cards_in_browser import WINDOWS, serious_problems, watched_page

from deckgen.build import Options, make_decks
from deckgen.memory.watching import Watch, look
from deckgen.model import parse_edition
from deckgen.preview.formulas import mathml, with_mathml, with_plain_formulas
from deckgen.preview.serve import PreviewServer
from deckgen.preview.site import FILE_LIST, preview_files, write_preview
from deckgen.project.reading import read_project
from deckgen.text.packaged import packaged_table

CHECKS = (TESTS / "card_checks.js").read_text(encoding="utf-8")
expect.set_options(timeout=30_000)  # a busy machine is no failure
SETTLED = """() => !document.querySelector("[aria-busy], .coming")
  && [...document.querySelectorAll("iframe")].every(({contentDocument: card}) =>
    card.readyState === "complete" && [...card.images].every((image) => image.complete))
  && document.getAnimations().every((running) => running.playState !== "running")"""
FOUND_SOME = """all => {
  const found = document.querySelectorAll("#list li").length;
  return found > 0 && found < all;
}"""
REMEMBER_SAID = """() => new MutationObserver((changes) => {
  window.said = window.said || changes.map(({ target }) => target.dataset.done).find(Boolean);
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-done"] })"""
"""What a button says for a moment, which on a busy machine nobody may see; the button may be made anew meanwhile."""
STILL = """element => new Promise((done) => {
  let last = null;
  const look = () => {
    const { top } = element.getBoundingClientRect();
    if (top === last) { done(); } else { last = top; requestAnimationFrame(() => requestAnimationFrame(look)); }
  };
  requestAnimationFrame(look);
})"""
"""What was scrolled to may move once more when what comes into view gets its true height."""
SMALL_PRINT = ".unseen, .position, .side, .facts, .findings, .about, summary, #count, #list h2, code, figcaption"


def preview_of(project: Path, folder: Path, *editions: str, public: bool = False, editor: str = "") -> Path:
    read, findings = read_project(project)
    options = Options(now=NOON, editions=tuple(parse_edition(name) for name in editions))
    write_preview(make_decks(read, findings, options), folder, public=public, editor=editor)
    return folder


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("preview")
    return preview_of(copy_shipped(root / "project", remembering=True), root / "out", "zh-en", "zh-ja", "en")


def title(text: str) -> re.Pattern[str]:
    """A text whose words the card keeps together by joiners that nobody sees."""
    return re.compile("\u2060?".join(text))


@contextmanager
def opened(browser: Browser, folder: Path, width: int = 1280, height: int = 900, **options: object) -> Iterator[Page]:
    options = {"locale": "zh-CN", "color_scheme": "light", **options}
    with watched_page(browser, viewport={"width": width, "height": height}, **options) as page:
        page.goto((folder / "index.html").as_uri())
        yield page


def many(number: int, categories: int = 1) -> str:
    """A chapter of so many questions in each of so many categories."""
    return "\n\n".join(
        f"## {category}. 类{category}\n\n"
        + "\n\n".join(f"### {n}. 问题{category}之{n}？\n\n答案{n}。" for n in range(1, number + 1))
        for category in range(1, categories + 1)
    )


def card_in(page: Page, side: str, holder: str = ".study") -> Page:
    """Waits until the side is shown; everything below it is looked for within the card's own document."""
    expect(page.locator(f"{holder} .screen").first).to_have_attribute("data-side", side)
    return card_of(page, holder)


def card_of(page: Page, holder: str = ".study") -> Page:
    """Whatever side is shown; the one that comes stands second until it is ready."""
    return page.frame_locator(f"{holder} .screen iframe").first  # type: ignore[return-value]


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_preview_holds_the_packages_own_style_and_fields(shipped: Path) -> None:
    text = (shipped / "data/zh-en.js").read_text(encoding="utf-8")
    book = json.loads(re.fullmatch(r'deckgenPreview\.deck\("zh-en", (.*)\);\n', text, re.DOTALL)[1])  # type: ignore[index]
    assert book["css"].startswith("/* The card")
    assert len(book["cards"]) == 13
    assert all(card["s"].startswith("source/") for card in book["cards"])


def test_the_same_build_writes_the_same_bytes(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    one, two = (preview_of(project, tmp_path / name) for name in ("one", "two"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files)


def test_the_page_comes_after_all_that_it_asks_for(tmp_path: Path) -> None:
    """A browser may ask for it at any moment while it is served."""
    files = [name for name, _ in preview_files(make_decks(*read_project(make_project(tmp_path)), Options(now=NOON)))]
    parts = [place for place, name in enumerate(files) if name.startswith(("data/", "media/")) and name != FILE_LIST]
    assert len(parts) > 5
    assert files.index("index.html") > max(parts)


def test_files_of_an_earlier_preview_go_and_files_of_others_stay(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    out = preview_of(project, tmp_path / "out", "zh-en", "zh")
    (out / "CNAME").write_text("cards.example", encoding="utf-8")
    (out / "data/own.js").write_text("// mine", encoding="utf-8")
    assert (out / "data/zh.js").is_file()
    assert list((out / "media").glob("*.webp"))
    (project / "source/chapter.md").write_text(CHAPTER.replace("![结构图](imgs/图.png)", ""), encoding="utf-8")
    preview_of(project, out, "zh-en")
    assert not (out / "data/zh.js").exists()
    assert not list((out / "media").glob("*.webp"))
    assert (out / "CNAME").is_file()
    assert (out / "data/own.js").is_file()


def test_a_public_preview_says_nothing_of_findings_and_source_lines(tmp_path: Path) -> None:
    broken = CHAPTER.replace("imgs/图.png", "imgs/nowhere.png")
    project = make_project(tmp_path / "project", chapter=broken)
    shown, public = preview_of(project, tmp_path / "a"), preview_of(project, tmp_path / "b", public=True)
    data = {
        folder: "".join(p.read_text(encoding="utf-8") for p in folder.glob("data/*.js")) for folder in (shown, public)
    }
    assert "missing-image" in data[shown]
    assert "source/chapter.md:3" in data[shown]
    assert "missing-image" not in data[public]
    assert "source/chapter.md:3" not in data[public]


def test_a_finding_stands_with_the_card_whose_lines_it_names(tmp_path: Path) -> None:
    broken = CHAPTER.replace("imgs/图.png", "imgs/nowhere.png")
    made = make_decks(*read_project(make_project(tmp_path, chapter=broken)), Options(now=NOON))
    text = dict(preview_files(made))["data/zh-en.js"]
    assert isinstance(text, bytes)
    cards = json.loads(text.decode().split('"zh-en", ', 1)[1].removesuffix(");\n"))["cards"]
    rules = [[found["rule"] for found in card.get("f", ())] for card in cards]
    assert "missing-image" in rules[0]
    assert all("missing-image" not in found for found in rules[1:])


def test_the_command_names_the_page_and_fails_after_an_error(tmp_path: Path) -> None:
    good = make_project(tmp_path / "good")
    done = deckgen("preview", "--project", good)
    assert done.exit_code == 0, done.output
    assert (good / "build/preview/index.html").is_file()
    assert "index.html" in done.stdout
    assert not (good / "deckgen.lock").exists()
    bad = make_project(tmp_path / "bad", chapter=CHAPTER.replace("imgs/图.png", "imgs/nowhere.png"))
    done = deckgen("preview", "--project", bad, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert (tmp_path / "out/index.html").is_file()


def test_the_page_is_a_list_of_questions_where_no_script_runs(shipped: Path, browser: Browser) -> None:
    with opened(browser, shipped, java_script_enabled=False) as page:
        assert page.locator("#list li").count() == 13
        assert page.locator("#list li span[lang=en]").count() == 13
        assert page.title()
        assert page.locator("meta[name=description]").get_attribute("content")


# --- formulas ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "latex",
    [
        r"\sqrt{d_k}",
        r"\begin{cases} x & x > 0 \\ 0 & \text{否则} \end{cases}",
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\begin{eqnarray} a &=& b \\ c &=& d \end{eqnarray}",
        r"\sum_{\substack{i \in S \\ i > 0}} x_i",
        r"\( x^2 \)",
        r"\pi*2",
        r"x \tag{1}",
    ],
)
def test_what_mathjax_sets_is_set_as_mathml(latex: str) -> None:
    shown = mathml(latex, display=True)
    assert shown is not None
    assert shown.startswith("<math")
    assert "mathcolor" not in shown
    assert r"\begin" not in shown


def test_a_formula_shows_its_tag_and_no_number_of_its_own() -> None:
    for latex in (r"x \tag{3.1}", r"\begin{equation} x \tag{3.1} \end{equation}"):
        shown = mathml(latex, display=True)
        assert shown is not None
        assert "<mtext>(3.1)</mtext>" in shown
    numbered = mathml(r"\begin{align} a &= b \\ c &= d \end{align}", display=True)
    assert numbered is not None
    assert "(1)" not in numbered
    assert mathml(r"\begin{aligned} a &= b \tag{1} \end{aligned}", display=True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"除以 \(\sqrt{d_k}\)？", "除以 √(d_k)？"),
        (r"\(O(n^2)\) 与 \(\frac{a+b}{2}\)", "O(n^2) 与 (a+b)/2"),
        (r"\(QK^\top\)、\(\hat{y}\)、\(W_{ij}\)", "QK⊤、yˆ、W_ij"),
        (r"\(\frac{1}{\)", r"\frac{1}{"),
    ],
)
def test_a_title_in_the_list_shows_formulas_as_text(text: str, shown: str) -> None:
    assert with_plain_formulas(text) == shown


def test_an_invalid_formula_shows_its_source_and_leaves_the_rest_alone() -> None:
    card = r'<p>前 <span class="dg-math dg-math-inline">\(\frac{1}{\)</span> 后 \(x\)</p>'
    assert with_mathml(card) == (
        '<p>前 <span class="dg-math dg-math-inline"><code class="dg-math-error">\\frac{1}{</code></span> 后 \\(x\\)</p>'
    )


@given(st.text(alphabet="\\{}^_&$%#~ab1<>'\"中 ", max_size=40))
def test_no_formula_stops_a_preview_or_brings_in_markup_of_its_own(latex: str) -> None:
    shown = mathml(latex, display=False)
    assert shown is None or (shown.startswith("<math") and not re.search(r"<(?!/?m[a-z]+[ >])", shown))


# --- the page ---------------------------------------------------------------------------------------------------------


def test_space_and_arrows_go_through_the_deck_like_anki(shipped: Path, browser: Browser) -> None:
    with opened(browser, shipped) as page:
        card = card_in(page, "front")
        first = card.locator(".dg-question").first.inner_text()
        expect(card.locator(".dg-answer")).to_have_count(0)
        page.keyboard.press("Space")
        card = card_in(page, "back")
        expect(card.locator(".dg-answer")).to_be_visible()
        expect(card.locator(".dg-question").first).to_have_text(first)
        page.keyboard.press("Space")
        card = card_in(page, "front")
        expect(card.locator(".dg-question").first).not_to_have_text(first)
        page.keyboard.press("ArrowLeft")
        expect(card_in(page, "front").locator(".dg-question").first).to_have_text(first)
        card_in(page, "front").locator("body").press("ArrowRight")
        expect(page.locator(".position")).to_contain_text("2")


def test_a_tap_on_the_question_shows_the_answer_and_one_on_a_toggle_does_not(shipped: Path, browser: Browser) -> None:
    with opened(browser, shipped, 390, 844, has_touch=True, is_mobile=True) as page:
        page.locator("#list a").nth(1).tap()
        card = card_in(page, "front")
        card.locator("summary").tap()
        expect(card.locator(".dg-lang")).to_have_js_property("open", True)
        expect(page.locator(".study .flip.strong")).to_have_count(1)  # the page has seen the tap by now
        card_in(page, "front").locator(".dg-question").first.tap()
        card_in(page, "back")
        page.locator(".study .back").tap()
        expect(page.locator("#list")).to_be_visible()


def test_on_a_phone_a_card_begins_at_its_top_and_the_list_is_left_where_it_was(
    tmp_path: Path, browser: Browser
) -> None:
    folder = preview_of(make_project(tmp_path / "project", chapter=many(40, 5), picture=False), tmp_path / "out")
    with opened(browser, folder, 390, 844, has_touch=True, is_mobile=True) as page:
        link = page.locator("#list a").nth(120)
        for back in (page.locator(".back").tap, page.go_back):
            link.scroll_into_view_if_needed()
            place = "link => link.getBoundingClientRect().top"
            link.evaluate(STILL)
            before = link.evaluate(place)
            link.tap()
            card_in(page, "front")
            page.wait_for_function("window.scrollY === 0")
            expect(page.locator(".top")).to_be_in_viewport()
            back()
            expect(link).to_be_in_viewport()
            page.wait_for_function(
                f"([link, before]) => Math.abs(({place})(link) - before) < 2", arg=[link.element_handle(), before]
            )


def test_a_click_leaves_the_space_bar_to_the_cards(shipped: Path, browser: Browser) -> None:
    with opened(browser, shipped) as page:
        page.locator("#list a").nth(2).click()
        expect(page.locator(".position")).to_contain_text("第 3 张")  # of 13
        card_in(page, "front")
        page.keyboard.press("Space")
        card_in(page, "back")
        page.locator(".controls .step").last.click()
        expect(page.locator(".position")).to_contain_text("4")
        card_in(page, "front")
        page.keyboard.press("Space")
        card_in(page, "back")
        page.locator("#list a").nth(5).focus()
        page.keyboard.press("Enter")
        expect(page.locator(".position")).to_contain_text("6")
        card_in(page, "front")
        page.keyboard.press("Space")
        card_in(page, "back")


def test_a_card_that_the_filters_leave_out_has_no_number_and_leads_to_the_first(
    tmp_path: Path, browser: Browser
) -> None:
    with opened(browser, preview_of(make_project(tmp_path / "project"), tmp_path / "out")) as page:
        card_in(page, "front")
        page.locator("#category").select_option(index=2)
        expect(page.locator(".position")).to_have_text("第 – 张，共 1 张")
        page.locator(".controls .step").last.click()
        expect(page.locator(".position")).to_have_text("第 1 张，共 1 张")
        expect(card_in(page, "front").locator(".dg-question").first).to_contain_text(title("学习率"))
        page.locator("#category").select_option(index=0)
        page.locator("#search").fill("其他词")
        page.keyboard.press("Enter")
        expect(page.locator(".position")).to_have_text("第 1 张，共 1 张")
        expect(card_in(page, "front").locator(".dg-question").first).to_contain_text(title("注意力"))
        page.keyboard.press("Space")
        card_in(page, "back")


def test_night_reaches_the_cards_with_both_of_ankis_classes(shipped: Path, browser: Browser) -> None:
    with opened(browser, shipped) as page:
        card_in(page, "front")
        page.locator("#theme").click()
        expect(card_in(page, "front").locator("body.card.card1.nightMode.night_mode")).to_have_count(1)
        page.keyboard.press("n")
        expect(card_in(page, "front").locator("body.nightMode")).to_have_count(0)


def test_all_cards_show_front_and_back_and_only_those_near_have_frames(tmp_path: Path, browser: Browser) -> None:
    folder = preview_of(make_project(tmp_path / "project", chapter=many(400)), tmp_path / "out")
    with opened(browser, folder) as page:
        page.locator("#gallery").click()
        card_in(page, "front", "#row-0 .phone:nth-child(1)")
        card_in(page, "back", "#row-0 .phone:nth-child(2)")
        expect(page.locator(".row")).to_have_count(400)
        page.wait_for_function("document.querySelectorAll('iframe').length < 16")
        page.locator("#row-350").scroll_into_view_if_needed()
        back = card_in(page, "back", "#row-350 .phone:nth-child(2)")
        expect(back.locator(".dg-answer")).to_contain_text("答案351")
        page.wait_for_function("document.querySelectorAll('#row-0 iframe').length === 0")
        page.wait_for_function("document.querySelectorAll('iframe').length < 16")


@pytest.mark.parametrize("width", [800, 1280])
def test_an_entry_of_the_list_leads_to_its_row_however_far(tmp_path: Path, browser: Browser, width: int) -> None:
    folder = preview_of(make_project(tmp_path / "project", chapter=many(400)), tmp_path / "out")
    with opened(browser, folder, width) as page:
        page.locator("#gallery").click()
        card_in(page, "back", "#row-0 .phone:nth-child(2)")
        for number in (350, 20, 399, 170):
            page.locator("#list a").nth(number).click()
            card_in(page, "back", f"#row-{number} .phone:nth-child(2)")
            page.wait_for_function(
                """row => row.querySelector(".facts") && (Math.abs(row.getBoundingClientRect().top - 64) < 2
                  || Math.ceil(scrollY + innerHeight) >= document.documentElement.scrollHeight)""",
                arg=page.locator(f"#row-{number}").element_handle(),
            )
            expect(page.locator(f"#row-{number} h2")).to_be_in_viewport()


def test_editions_categories_and_search_choose_the_cards(shipped: Path, browser: Browser) -> None:
    with opened(browser, shipped) as page:
        page.locator("#search").fill("q-former")
        page.wait_for_function(FOUND_SOME, arg=13)  # the titles are looked through at once, the rest when it is there
        page.locator("#search").fill("xyzzy")
        expect(page.locator("#list li")).to_have_count(0)
        page.locator(".nothing button").click()
        expect(page.locator("#list li")).to_have_count(13)
        page.locator("#category").select_option(index=1)
        expect(page.locator("#list section")).to_have_count(1)
        page.locator("#category").select_option(index=0)
        page.locator("#edition").select_option("zh-ja")
        expect(card_in(page, "front").locator(".dg-lang [lang=ja]").first).to_be_attached()
        page.locator("#words").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        page.locator("#edition").select_option("en")
        expect(card_in(page, "front").locator(".dg-question[lang=en]")).to_be_visible()


def test_findings_stand_beside_their_card_with_file_and_line(tmp_path: Path, browser: Browser) -> None:
    project = make_project(tmp_path / "project", chapter=CHAPTER.replace("imgs/图.png", "imgs/nowhere.png"))
    with opened(browser, preview_of(project, tmp_path / "out")) as page:
        card_in(page, "front")
        facts = page.locator(".study .facts")
        expect(facts).to_contain_text("source/chapter.md:3")
        expect(facts.locator(".findings .error")).to_contain_text("nowhere.png")
        page.locator("#only").select_option("findings")
        expect(page.locator("#list .mark.error")).to_have_count(1)
        page.keyboard.press("Escape")
        page.locator("#only").select_option("")
        page.locator("#list a").nth(2).click()
        expect(facts.locator(".findings .error")).to_have_count(0)


def test_an_error_of_the_project_is_marked_and_open(tmp_path: Path, browser: Browser) -> None:
    project = make_project(tmp_path / "project", settings='[deck]\nid = "x"\nnonsense = 1\n')
    with opened(browser, preview_of(project, tmp_path / "out")) as page:
        expect(page.locator(".general > summary .mark.error")).to_be_visible()
        expect(page.locator(".general .findings .error").first).to_contain_text("nonsense")


def test_nothing_but_the_cards_own_script_runs_in_a_card(tmp_path: Path, browser: Browser) -> None:
    folder = preview_of(make_project(tmp_path / "project"), tmp_path / "out")
    data = folder / "data/zh-en-0.js"
    planted = data.read_text(encoding="utf-8").replace(
        "注意力让每个词", "<script>parent.planted = 1<\\/script><img src=x onerror='parent.planted = 2'>注意力让每个词"
    )
    data.write_text(planted, encoding="utf-8")
    with opened(browser, folder) as page:
        card_in(page, "front")
        page.keyboard.press("Space")
        expect(card_in(page, "back").locator(".dg-answer img[src=x]")).to_have_count(1)
        expect(card_in(page, "back").locator("img.tappable[role=button]")).to_have_count(1)
        assert page.evaluate("window.planted") is None


def test_an_empty_project_has_a_page_that_says_so(tmp_path: Path, browser: Browser) -> None:
    project = make_project(tmp_path / "project", chapter="# 空\n", picture=False)
    with opened(browser, preview_of(project, tmp_path / "out")) as page:
        expect(page.locator(".nothing")).to_be_visible()
        expect(page.locator(".general summary")).to_be_visible()


def test_the_page_itself_keeps_what_is_asked_of_cards(shipped: Path, browser: Browser) -> None:
    axe = AXE.read_text(encoding="utf-8") if AXE.is_file() else ""
    problems: list[str] = []
    for (width, height), theme in WINDOWS.items():
        with opened(browser, shipped, width, height, color_scheme="dark" if theme == "night" else "light") as page:
            steps = [
                (page.locator(".general summary"), page.locator(".general[open]")),
                (page.locator("#list a").nth(2), page.locator(".position", has_text=re.compile(r"\b3\b"))),
                (page.locator(".flip"), page.locator("[data-side=back]")),
            ]
            if width > 760:
                steps.append((page.locator("#gallery"), page.locator(".row [data-side=back]").first))
            for button, goal in steps:
                button.click()
                expect(goal).to_be_attached()
                page.wait_for_function(SETTLED)
                problems += [f"{width} {theme}: {problem}" for problem in page.evaluate(CHECKS, SMALL_PRINT)]
            if axe:
                page.evaluate(axe)
                problems += [f"{width} {theme}: {problem}" for problem in serious_problems(page)]
    assert not problems, "\n".join(dict.fromkeys(problems))


def test_a_deep_link_opens_the_side_it_names_with_its_row_in_view(tmp_path: Path, browser: Browser) -> None:
    project = make_project(tmp_path / "project", chapter=many(60, 5), picture=False)
    folder = preview_of(project, tmp_path / "site")
    keys = re.findall(r'"k":\s*"([^"]+)"', (folder / "data/zh-en.js").read_text(encoding="utf-8"))
    with watched_page(browser, viewport={"width": 1280, "height": 800}) as page:
        page.goto(f"{(folder / 'index.html').as_uri()}#zh-en/{keys[233]}/back")
        expect(card_in(page, "back").locator(".dg-answer")).to_contain_text("答案54")
        page.wait_for_function("!document.querySelector('#list.whole')")
        expect(page.locator("#list a[aria-current]")).to_be_in_viewport()
        expect(page.locator("#list a[aria-current]")).to_contain_text("问题4之54")


def test_a_place_is_copied_or_opened_in_the_editor(tmp_path: Path, browser: Browser) -> None:
    project = make_project(tmp_path / "project", picture=False)
    with watched_page(browser) as page:
        page.goto((preview_of(project, tmp_path / "copied") / "index.html").as_uri())
        place = page.locator(".facts dd .place")
        expect(place).to_have_text("source/chapter.md:3")
        page.evaluate(REMEMBER_SAID)
        place.click()
        page.wait_for_function("window.said")
        page.locator("#search").focus()
        page.keyboard.press("Control+V")
        expect(page.locator("#search")).to_have_value("source/chapter.md:3")
        folder = preview_of(project, tmp_path / "opened", editor="vscode://file/{path}:{line}")
        page.goto((folder / "index.html").as_uri())
        root = (tmp_path / "project").as_posix()
        expect(place).to_have_attribute("href", f"vscode://file/{root}/source/chapter.md:3")
    public = preview_of(project, tmp_path / "public", public=True, editor="vscode://file/{path}:{line}")
    assert str(tmp_path) not in (public / "data/deck.js").read_text(encoding="utf-8")


def test_a_long_excerpt_is_cut_nowhere_and_a_mark_keeps_clear_of_its_chevron(tmp_path: Path, browser: Browser) -> None:
    title = "很长的标题" * 40
    project = make_project(tmp_path / "project", chapter=CHAPTER.replace("其他词", f"![{title}](imgs/gone.png)"))
    with watched_page(browser, viewport={"width": 1000, "height": 800}) as page:
        page.goto((preview_of(project, tmp_path / "site") / "index.html").as_uri())
        excerpt = page.locator(".facts .findings pre").first
        expect(excerpt).to_contain_text(title[:25])
        assert excerpt.evaluate("box => box.scrollWidth <= box.clientWidth")
        gap = page.locator(".contents summary").first.evaluate("line => getComputedStyle(line).columnGap")
        assert gap == "10px"


# --- served -----------------------------------------------------------------------------------------------------------


@contextmanager
def served(project: Path, folder: Path, port: int = 0) -> Iterator[PreviewServer]:
    news = partial(Watch, project, folder)
    server = PreviewServer(folder, lambda: preview_of(project, folder), news, port=port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(120)
        assert not thread.is_alive()


def open_first(page: Page, server: PreviewServer) -> None:
    """Opens the page once the server has told that it is there: one that is opened before is loaded anew then."""
    wait_for(lambda: b'data-version="0"' not in answer(server, "/")[2])
    page.goto(server.origin)


def test_a_saved_file_shows_at_once_and_a_broken_one_is_said_on_the_page(tmp_path: Path, browser: Browser) -> None:
    project = make_project(tmp_path / "project")
    with served(project, project / "build/preview") as server, watched_page(browser) as page:
        open_first(page, server)
        card_in(page, "front")
        page.keyboard.press("Space")
        expect(card_in(page, "back").locator(".dg-answer")).to_contain_text("其他词")
        save(project / "source/chapter.md", CHAPTER.replace("其他词", "每一个词"))
        expect(card_of(page).locator(".dg-answer")).to_contain_text("每一个词")
        (project / "deckgen.lock").write_text("not a lock", encoding="utf-8")
        expect(page.locator(".problem")).to_contain_text("deckgen.lock")
        (project / "deckgen.lock").unlink()
        expect(page.locator(".problem")).to_have_count(0)


def test_a_saved_file_leaves_the_filters_and_the_list_as_they_were(tmp_path: Path, browser: Browser) -> None:
    chapter = many(60, 3).replace("## 3. 类3", "### 61. 问题2之61？\n\n没有。\n\n## 3. 类3")
    project = make_project(tmp_path / "project", chapter=chapter, picture=False)
    with served(project, project / "build/preview") as server, watched_page(browser) as page:
        open_first(page, server)
        page.locator("#category").select_option(index=2)
        expect(page.locator("#list li")).to_have_count(61)
        page.locator("#search").fill("答案")
        expect(page.locator("#list li")).to_have_count(60)
        page.locator("#only").select_option("unfinished")
        page.locator("#list a").nth(20).click()
        card_in(page, "front")
        page.keyboard.press("Space")
        expect(card_in(page, "back").locator(".dg-answer")).to_contain_text("答案21")
        page.locator(".contents").evaluate("list => { list.scrollTop = 700; }")
        save(project / "source/chapter.md", chapter.replace("答案21", "新答案"))
        expect(card_of(page).locator(".dg-answer")).to_contain_text("新答案")
        assert page.locator("#search").input_value() == "答案"
        assert page.locator("#category option:checked").inner_text() == "类2"
        assert page.locator("#only").input_value() == "unfinished"
        expect(page.locator("#list li")).to_have_count(60)
        page.wait_for_function("document.querySelector('.contents').scrollTop === 700")


def test_what_is_pressed_while_the_new_page_is_on_its_way_is_kept(tmp_path: Path, browser: Browser) -> None:
    project = make_project(tmp_path / "project", picture=False)
    with served(project, project / "build/preview") as server, watched_page(browser) as page:
        open_first(page, server)
        card_in(page, "front")
        held: list[Route] = []
        page.route(f"{server.origin}/", lambda route: held.append(route))
        save(project / "source/chapter.md", CHAPTER.replace("其他词", "每一个词"))
        while not held:
            page.wait_for_timeout(20)
        page.keyboard.press("Space")
        held.pop().continue_()
        expect(card_of(page).locator(".dg-answer")).to_contain_text("每一个词")


def test_a_stopped_server_is_said_on_the_page_and_a_new_one_takes_it_up(tmp_path: Path, browser: Browser) -> None:
    project = make_project(tmp_path / "project", picture=False)
    with watched_page(browser, locale="zh-CN") as page:
        with served(project, project / "build/preview") as server:
            open_first(page, server)
            card_in(page, "front")
            port = int(server.origin.split(":")[2])
        expect(page.locator(".problem")).to_contain_text("deckgen preview --serve")
        (project / "source/chapter.md").write_text(CHAPTER.replace("什么是注意力", "何为注意力"), encoding="utf-8")
        with served(project, project / "build/preview", port):
            expect(page.locator(".problem")).to_have_count(0)
            expect(card_in(page, "front").locator(".dg-question").first).to_contain_text(title("何为注意力"))


def answer(server: PreviewServer, path: str, method: str = "GET", **headers: str) -> tuple[int, str, bytes]:
    """Status, content length and content, whatever the status."""
    connection = http.client.HTTPConnection(server.origin.split("/")[2], timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    found = connection.getresponse()
    return found.status, found.headers.get("Content-Length", ""), found.read()


def test_the_server_answers_no_page_from_elsewhere(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", picture=False)
    with served(project, tmp_path / "out") as server:
        wait_for(lambda: b"data/deck.js" in answer(server, "/")[2])
        page = answer(server, "/")[2].decode()
        (data,) = re.findall(r'src="(data/deck\.js\?[^"]*)"', page)
        own = server.origin
        assert answer(server, f"/{data}", Origin=own, Sec_Fetch_Site="same-origin")[0] == 200
        assert answer(server, "/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200
        for headers in (
            {"Host": "evil.example:80"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "navigate"},
        ):
            for method in ("GET", "HEAD"):
                assert answer(server, f"/{data}", method, **headers)[0] == 403, headers
        for path in ("/data/deck.js", "/%64ata/deck.js", "/x/../data/deck.js", "/DATA/deck.js", "/data/files.txt?00"):
            assert answer(server, path)[0] == 403, path


def test_the_server_answers_head_as_get_and_odd_paths_with_404(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", picture=False)
    with served(project, tmp_path / "out") as server:
        wait_for(lambda: b"data/deck.js" in answer(server, "/")[2])
        for path in ("/", "/deckgen-live.js", "/deckgen-preview.css"):
            status, length, content = answer(server, path)
            assert answer(server, path, "HEAD") == (status, length, b"")
            assert (status, int(length)) == (200, len(content))
        assert answer(server, "/deckgen-events", "HEAD")[::2] == (200, b"")
        for path in ("/%00", "/%00/data/deck.js", "/nothing", "/%ff", "/%ed%a0%80", "/media/..%2f..%2fx"):
            assert {answer(server, path, method)[0] for method in ("GET", "HEAD")} == {404}, path


def wait_for(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_snapshot_changes_with_sources_and_not_with_the_preview(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    out = project / "site"
    before = look(project, without=out)
    (out / "data").mkdir(parents=True)
    (out / "data/x.md").write_text("x", encoding="utf-8")
    assert look(project, without=out) == before
    (project / "source/chapter.md").write_text("# 新\n", encoding="utf-8")
    assert look(project, without=out) != before


def test_the_page_has_the_same_words_in_each_language() -> None:
    words = packaged_table("preview/page/words.toml")
    assert len({tuple(sorted(table)) for table in words.values()}) == 1
