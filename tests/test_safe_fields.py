"""What reaches Anki stays what it is: composed, read for its own marks, set by MathJax, saved again by an editor."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import lxml.html
import pytest
from anki_collection import field_renderer
from hypothesis import given
from hypothesis import strategies as st
from projects import deckgen, make_project
from synthetic_deck import CREATED, synthetic_deck, with_fields, write_all_packages

from deckgen.apkg.reader import read_package
from deckgen.markdown import parse_document
from deckgen.model import Context, Dialect, Markdown
from deckgen.releases.verify import verify_package
from deckgen.render.cardhtml import card_html
from deckgen.text.anki import safe_field, safe_name, safe_text

SLASH = "\u0338"
ALPHABET = [
    *" \n*_`~<>=&\"'\\()[]{}$|!/#:;xyK\u0338\u0301\u0327\u0323\u037e\u1fef\u212a\u00c5\u034f\u200d甲",
    *(
        "<b>",
        "</b>",
        "<kbd>",
        "<code>",
        "<pre>",
        "<br>",
        "<input>",
        "![a](b.png)",
        "[sound:",
        "[[type:",
        "{{",
        "}}",
        "\\(",
    ),
    *(
        "[anki:",
        "[latex]",
        "&gt;",
        "&#92;",
        "&lt;",
        "&#x338;",
        " onload=alert(1) y=",
        '<img src="data:image/png;base64,AA">',
    ),
]
texts = st.lists(st.sampled_from(ALPHABET), max_size=25).map("".join)


def card(markdown: str, dialect: Dialect = Dialect.GFM) -> str:
    return card_html(
        parse_document(Markdown(markdown), Context(dialect=dialect)).html, chapter="source/a.md", images={}
    )


def tags(html: str) -> list[tuple[str, list[str]]]:
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    return [(str(element.tag), sorted(map(str, element.attrib))) for element in root.iter()]


def test_only_one_mark_composes_with_the_syntax_of_html() -> None:
    """``composed`` knows this mark alone; a Unicode of later times that has another fails here."""
    syntax = {chr(code) for code in range(0x80) if not chr(code).isalnum()}
    composing, single = set(), set()
    for code in range(0x80, sys.maxunicode + 1):
        decomposition = unicodedata.decomposition(chr(code))
        parts = [] if decomposition.startswith("<") else [chr(int(part, 16)) for part in decomposition.split()]
        if len(parts) == 2 and parts[0] in syntax:
            composing.add((parts[0], parts[1]))
        elif len(parts) == 1 and ord(parts[0]) < 0x80:
            single.add(parts[0])
    assert composing == {("<", SLASH), (">", SLASH), ("=", SLASH)}
    assert single == {";", "`", "K"}


@given(texts, st.sampled_from(Dialect))
def test_a_field_is_what_anki_will_hold_and_safe_a_second_time(markdown: str, dialect: Dialect) -> None:
    field = card(markdown, dialect)
    assert unicodedata.normalize("NFC", field) == field
    assert safe_field(field) == field
    assert not any(name.startswith("on") for _, names in tags(field) for name in names)


@given(texts)
def test_an_editor_that_saves_a_field_changes_none_of_its_tags(markdown: str) -> None:
    field = card(markdown)
    root = lxml.html.fragment_fromstring(field, create_parent="div")
    saved = lxml.html.tostring(root, encoding="unicode")
    assert tags(unicodedata.normalize("NFC", saved))[1:] == [("div", []), *tags(field)[1:]]


@given(texts)
def test_plain_text_and_names_bring_no_markup(text: str) -> None:
    assert tags(safe_text(text))[1:] == [("span", [])] * safe_text(text).count("<span>")
    name = safe_name(text)
    assert safe_name(name) == name
    assert tags(name) == [("div", [])]
    assert not any(mark in name for mark in ("[sound:", "[[type:", "{{", "\\(", "[anki:"))


@pytest.mark.parametrize("name", ["大模型 · LLM <= 7B", "C++: a<b", "a [1] {x} \\n", "R&D", "Cafe\u0301"])
def test_a_plain_name_stays(name: str) -> None:
    assert safe_name(name) == unicodedata.normalize("NFC", name).replace("<b", "＜b")


def test_the_text_behind_a_tag_cannot_join_it_in_the_real_anki() -> None:
    attacks = [
        f"![x](data:image/png;base64,AA==){SLASH} onload=alert(1) y=",
        f"**a**\u0327{SLASH} onmouseover=alert(1) **",
        f"<kbd>a</kbd>{SLASH} onclick=alert(1) <kbd>=</kbd>",
        f"- {SLASH} onclick=alert(1)",
        "`a`&#x338; onclick=alert(1)",
        f"a<br>{SLASH} onclick=alert(1) b",
    ]
    with field_renderer() as render:
        for attack in attacks:
            field = card(attack)
            shown = render(field)
            assert shown == field
            assert tags(shown) == tags(field)
            assert SLASH in shown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        (r"<kbd>\\(a\\)</kbd>", r"<kbd>\<span>(</span>a\<span>)</span></kbd>"),
        (r'\\<input type="text">(a', r"\<span>(</span>a"),
        (r"\\![b](https://img.shields.io/x)(a", r"\<span>(</span>a"),
        ("![](a%5C%28b.png)", r'<span class="dg-missing">[a\<span>(</span>b.png]</span>'),
        ("[[type:Key]]", "&#91;[type:Key]]"),
        ("`[[type:Key]]`", "<code>&#91;[type:Key]]</code>"),
        ('<b title="[anki:play:q:0]">x</b>', '<b title="&#91;anki:play:q:0]">x</b>'),
        ("[an\u212ai:x] [anki:y]", "&#91;anKi:x] &#91;anki:y]"),
        (r'<code class="tex2jax_process">\(x\)</code>', r"<code>\(x\)</code>"),
    ],
)
def test_what_anki_and_mathjax_would_read_is_text_after_everything_is_removed(markdown: str, shown: str) -> None:
    assert card(markdown) == f"<p>{shown}</p>"


def test_every_place_of_a_project_is_made_safe(tmp_path: Path) -> None:
    attack = f"{SLASH} onload=alert(1) y= [sound:a.mp3] [[type:Key]] {{{{Key}}}} \\\\(x\\\\)"
    picture = "![x](imgs/图.png)"
    chapter = f"## {attack}\n\n### 1. {attack}\n\n**a**{attack}\n\n### 2. 什么是B？\n\n{picture}{attack}\n"
    plain = attack.replace("\\", "\\\\")
    settings = f'[deck]\ntitle = "{plain}<img src=x>"\ndescription = "{plain}"\norigin = "https://a.b/{SLASH}"\n'
    folder = make_project(tmp_path, chapter=chapter, settings=settings)
    (folder / "source/chapter.md").rename(folder / f"source/{SLASH}[sound:x]<img src=x onerror=alert(1)>\\(x\\).md")
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 0, result.output
    contents = read_package(next((folder / "build").glob("*-zh-en.apkg")))
    descriptions = [deck.description for deck in contents.decks]
    names = [deck.name for deck in contents.decks]
    for text in (*(field for note in contents.notes for field in note.fields), *descriptions):
        assert not any("onerror" in name or "onload" in name for _, names in tags(f"<p>{text}</p>") for name in names)
        assert unicodedata.normalize("NFC", text) == text
    everything = "\n".join((*(field for note in contents.notes for field in note.fields), *descriptions, *names))
    everything += "".join(tag for note in contents.notes for tag in note.tags)
    assert not any(mark in everything for mark in ("[sound:", "[[type:", "{{", "\\(", f">{SLASH}"))
    assert "<img" not in "".join(names)


@pytest.mark.parametrize("field", [f'<img src="a.png">{SLASH} onload=alert(1) y=', f"<i>{SLASH} onclick=x>"])
def test_verification_judges_the_form_that_anki_will_hold(field: str, tmp_path: Path) -> None:
    deck = with_fields(synthetic_deck(tmp_path / "media"), 3, time=CREATED + 9, Answer_en=field)
    path = write_all_packages(deck, tmp_path)[0]
    found = verify_package(path, lock=None, with_anki=False, now=CREATED + 1_000_000)
    assert any(item.rule == "active-content" for item in found)
