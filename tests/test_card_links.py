"""Links from a card to its question in the book and to a report, and the mark of cards that a release changed."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from projects import CHAPTER, NOON, deckgen, make_project
from test_cards_in_browser import watched_page

from deckgen.apkg.reader import read_package
from deckgen.build import Build, Options, make_decks
from deckgen.card.links import anchor_of, link_attributes, source_address, source_template
from deckgen.model import Key
from deckgen.output import write_build
from deckgen.project.reading import read_project

ORIGIN = '[deck]\nid = "book"\norigin = "https://github.com/o/book"\n'


def made(root: Path, *, release: str | None = None, now: int = NOON) -> Build:
    project, findings = read_project(root)
    return make_decks(project, findings, Options(now=now, release=release))


def places(build: Build) -> tuple[str, dict[str, str]]:
    back = build.decks[0].deck.note_type.templates[0].back
    (found,) = re.findall(r'data-base="([^"]*)" data-places="([^"]*)"', back)
    base, lines = map(html.unescape, found)
    return base, {key: base + rest for rest, *keys in (line.split(" ") for line in lines.split("\n")) for key in keys}


@pytest.mark.parametrize(
    ("origin", "template"),
    [
        ("https://github.com/o/r", "https://github.com/o/r/blob/{revision}/{path}#{anchor}"),
        ("https://gitee.com/o/r.git", "https://gitee.com/o/r/blob/{revision}/{path}#{anchor}"),
        (
            "https://github.com/o/r/tree/main/docs/%E9%9D%A2%20x",
            "https://github.com/o/r/blob/{revision}/docs/面%20x/{path}#{anchor}",
        ),
        ("https://example.org/o/r", ""),
        ("https://github.com/o", ""),
        ("https://github.com.example.org/o/r", ""),
        ("", ""),
    ],
)
def test_addresses_are_told_from_an_origin_that_is_known(origin: str, template: str) -> None:
    assert source_template(origin) == template


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("<h3 id='1.什么是LoRA？'>1.什么是LoRA？</h3>", "1.什么是LoRA？"),
        ('<h2 class="x" ID="a&amp;b">标题</h2>', "a&b"),
        ("### 1. What is *LoRA*? ###", "1-what-is-lora"),
        ("## 什么是 `KV Cache`？", "什么是-kv-cache"),
        ("### 为什么要除以 $\\sqrt{d_k}$？", "为什么要除以-sqrtd_k"),
        ("**1. 粗体**", "1-粗体"),
    ],
)
def test_an_anchor_is_the_one_that_hosts_make(heading: str, anchor: str) -> None:
    assert anchor_of(heading) == anchor


def test_an_address_holds_no_mark_that_html_anki_or_mathjax_could_take() -> None:
    hostile = "a b\u3000\"'<>`\\(x\\){{Key}}[sound:x]\x01.md"
    address = source_address(
        "https://x.org/{path}?l={line}#{anchor}", path=hostile, line=7, anchor=hostile, revision=""
    )
    assert not re.search(r"[\s\"'<>`\\{}\[\]\x00-\x1f]", address)
    assert "?l=7#" in address


def test_the_data_lead_to_chapters_where_addresses_would_be_too_many() -> None:
    many = {Key(f"k{number}"): f"https://x.org/a.md#{number}{'长' * 20}" for number in range(3000)}
    attributes = link_attributes(many)
    assert len(attributes) < 100_000
    assert "#" not in attributes
    assert "k2999" in attributes


def test_every_question_leads_to_its_heading_at_the_newest_release(tmp_path: Path) -> None:
    root = make_project(tmp_path, settings=ORIGIN)
    base, found = places(made(root))
    assert base.startswith("https://github.com/o/book/blob/HEAD/source/chapter.md#")
    assert {address.partition("#")[2] for address in found.values()} == {
        "1.什么是注意力？",
        "2.什么是残差连接？",
        "1.什么是学习率？",
    }
    write_build(made(root, release="1.0.0"), out=tmp_path / "out")
    assert "/blob/v1.0.0/source/chapter.md" in places(made(root, release="1.0.0"))[0]
    later = made(root, now=NOON + 1000)
    assert "/blob/v1.0.0/source/chapter.md" in places(later)[0], "a build after it is the release"
    assert not deckgen("build", "--locked", "--project", root, now=NOON + 1000).exit_code


def test_a_setting_chooses_another_address_or_none(tmp_path: Path) -> None:
    url = "https://host.example/{path}?plain=1#L{line}"
    root = make_project(tmp_path, settings=f'{ORIGIN}[card]\nsource_url = "{url}"\n')
    assert places(made(root))[1].popitem()[1].startswith("https://host.example/source/chapter.md?plain=1#L")
    (root / "deckgen.toml").write_text(f'{ORIGIN}[card]\nsource_url = ""\n', encoding="utf-8")
    assert 'data-places="' not in made(root).decks[0].deck.note_type.templates[0].back


def test_only_what_a_release_changed_is_marked_until_the_next(tmp_path: Path) -> None:
    root = make_project(tmp_path, settings=ORIGIN)

    def marked(version: str, chapter: str, now: int) -> tuple[list[str], str]:
        (root / "source/chapter.md").write_text(chapter, encoding="utf-8")
        write_build(made(root, release=version, now=now), out=root / version)
        assert not deckgen("build", "--locked", "--project", root, now=now + 500).exit_code
        css = read_package(root / version / "book-zh-en.apkg").note_types[0].note_type.css
        label = re.search(r'\.dg-updated::before \{ content: "([^"]*)"', css)
        return re.findall(r'data-key="([^"]*)"\] \.dg-updated', css), label[1] if label else ""

    first = CHAPTER
    second = (
        first.replace("把输入加到输出上", "把子层的输入加到其输出上")
        + "\n<h3 id='2'>2.什么是预热？</h3>\n\n先慢后快。\n"
    )
    third = second.replace("每一步走多远。", "每一步走多远，由它决定。")
    titles = {note.key: note.title for note in made(root).lock.notes}
    assert marked("1.0.0", first, NOON) == ([], "")
    keys, label = marked("1.1.0", second, NOON + 1000)
    assert [titles[Key(key)] for key in keys] == ["什么是残差连接"]
    assert label == "1.1.0 有更新"
    keys, label = marked("1.2.0", third, NOON + 2000)
    assert [titles[Key(key)] for key in keys] == ["什么是学习率"]
    assert label == "1.2.0 有更新"


def test_the_footer_links_to_the_book_and_the_report_is_filled_in(tmp_path: Path, browser: Browser) -> None:
    from card_pages import write_card_pages

    report = "https://github.com/o/book/issues/new?title=[{key}]%20{title}&body={version}"
    root = make_project(tmp_path / "book", settings=f'{ORIGIN}[card]\nreport_url = "{report}"\n')
    write_build(made(root, release="1.0.0"), out=tmp_path / "out")
    card = next(card for card in write_card_pages(root, tmp_path / "pages", ("zh-en",)) if card.side == "back")
    for scripts in (True, False):
        with watched_page(browser, java_script_enabled=scripts) as page:
            page.goto(card.path.as_uri())
            link = page.locator(".dg-report")
            title = "%E4%BB%80%E4%B9%88%E6%98%AF%E6%B3%A8%E6%84%8F%E5%8A%9B%EF%BC%9F" if scripts else r"\w+"
            expect(link).to_have_attribute("href", re.compile(rf"title=\[\w+\]%20{title}&body=1\.0\.0$"))
            path = page.locator(".dg-path")
            expect(path).to_have_text("source/chapter.md")
            address = path.get_attribute("href")
            assert address == (
                "https://github.com/o/book/blob/v1.0.0/source/chapter.md#1.什么是注意力？" if scripts else None
            )
