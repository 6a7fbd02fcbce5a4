"""Markdown as the card shows it: every construct that real chapters contain, one golden case each."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path

import markdown
import nh3
import pytest
from github import structure
from goldens import assert_golden, inputs, orphans
from hypothesis import given, settings
from hypothesis import strategies as st

from deckgen.markdown import Document, parse_document, safe_html
from deckgen.markdown.brackets import ALLOWED, find_unknown_html, find_unsafe_html, literal_brackets
from deckgen.markdown.depth import MAX_CHARACTERS
from deckgen.markdown.formulas import find_formulas
from deckgen.model import Context, Dialect, ImageReference, Markdown, MediaFile
from deckgen.render.cardhtml import card_html

_PICTURE = MediaFile(
    name="dg-0123456789abcdef0123-m.webp",
    identity="dg-0123456789abcdef0123",
    path=Path("picture.webp"),
    source="a.png",
    width_px=8,
    height_px=8,
    size_bytes=1,
    source_bytes=1,
)
_IMAGES = {ImageReference(chapter="chapter.md", target="a.png"): _PICTURE}


def card(text: str, *, dialect: Dialect = Dialect.GFM, definitions: str = "", html_headings: bool = False) -> str:
    context = Context(dialect=dialect, definitions=Markdown(definitions), html_headings=html_headings)
    return card_html(parse_document(Markdown(text), context).html, chapter="chapter.md", images=_IMAGES)


@pytest.mark.parametrize("source", inputs("render"), ids=lambda path: path.stem)
def test_a_case_renders_as_it_was_reviewed(source: Path, pytestconfig: pytest.Config) -> None:
    options = source.with_suffix(".toml")
    chosen = tomllib.loads(options.read_text(encoding="utf-8")) if options.exists() else {}
    shown = card(
        source.read_text(encoding="utf-8"),
        dialect=Dialect(chosen.get("dialect", "gfm")),
        definitions=chosen.get("definitions", ""),
        html_headings=chosen.get("html_headings", False),
    )
    assert_golden(f"{shown}\n", source.with_suffix(".expected"), pytestconfig)


def test_no_case_is_left_behind() -> None:
    assert orphans("render") == []


_MKDOCS = {
    "extensions": [
        *("toc", "tables", "fenced_code"),
        *("abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html"),
        *("pymdownx.caret", "pymdownx.details", "pymdownx.keys", "pymdownx.mark", "pymdownx.superfences"),
        *("pymdownx.tabbed", "pymdownx.tasklist", "pymdownx.tilde", "pymdownx.arithmatex", "pymdownx.highlight"),
    ],
    "extension_configs": {"pymdownx.arithmatex": {"generic": True}, "pymdownx.highlight": {"use_pygments": False}},
}
"""What an MkDocs site configures, on top of the three extensions that MkDocs itself always adds."""


@pytest.mark.parametrize(
    "text",
    [
        '!!! note "标题"\n    内容 **粗**\n\n    - 项',
        "??? warning\n    折叠",
        "术语\n:   定义\n\n    第二段",
        "段落 $x<y$ 与 \\( z \\)\n{: .cls }",
        "文[^1]\n\n[^1]: 脚注",
        "- [x] 完成\n- [ ] 未完成",
        '<div markdown="1">\n*里面*\n</div>',
        "==标== ^^插^^ ~~删~~ H~2~O ++ctrl+alt++",
        "| a | b |\n|--|--|\n| 1 | `c` |",
        "```python\nx = 1 < 2\n```",
        '=== "甲"\n    一\n\n=== "乙"\n    二',
        "1. a\n\n    续\n2. b\n\n正文\n- 不是列表",
        "$$\na\n$$",
    ],
)
def test_the_python_markdown_dialect_has_the_structure_that_mkdocs_gives(text: str) -> None:
    expected = nh3.clean(markdown.markdown(text, **_MKDOCS), tags=set(ALLOWED), attributes={})  # type: ignore[arg-type]
    plain = expected.replace("<div>\\[", "<p><span>").replace("\\]</div>", "</span></p>")
    plain = re.sub(r"\\[()]|↩", "", plain)
    assert structure(safe_html(Markdown(text), Context(dialect=Dialect.PYTHON_MARKDOWN))) == structure(plain)


# --- positions --------------------------------------------------------------------------------------------------------


def document(text: str, *, dialect: Dialect = Dialect.GFM, definitions: str = "") -> Document:
    return parse_document(Markdown(text), Context(dialect=dialect, definitions=Markdown(definitions)))


def test_positions_count_characters() -> None:
    text = "中文 **粗体** `码`\n\n中 `x`"
    found = document(text)
    assert [text[leaf.start : leaf.end] for leaf in found.leaves] == ["中文 **粗体** `码`", "中 `x`"]
    assert [text[start:end] for start, end in found.code] == ["`码`", "`x`"]


def test_definitions_from_elsewhere_move_no_position() -> None:
    text = "见 [a] 与 `b`"
    found = document(text, definitions="[a]: https://example.org\n[c]: d\n\n`d`")
    assert [text[start:end] for start, end in found.code] == ["`b`"]


def test_formulas_and_literal_brackets_move_no_position() -> None:
    text = "$a$ <X> `b`\n\n$$\n\n- c\n$$\n\n*d* `e`"
    found = document(text)
    assert [text[leaf.start : leaf.end] for leaf in found.leaves] == ["$a$ <X> `b`", "$$\n\n- c\n$$", "*d* `e`"]
    assert [text[start:end] for start, end in found.code] == ["`b`", "`e`"]


def test_a_quoted_fence_inside_code_does_not_end_it() -> None:
    """Formulas behind a fence are formulas, whatever stands inside it."""
    shown = card("```python\nprice\n> ```\n$x_1$ still code\n```\n\nafter $y_1$")
    assert "$x_1$ still code" in re.sub("<[^>]*>", "", shown)
    assert "\\(y_1\\)" in shown


def test_an_image_is_found_with_its_position() -> None:
    text = "字\n\n![甲](a.png) $x$ ![a.png](b.png) <img alt='c' src='a.png'>"
    found = document(text).images
    assert [(image.target, text[: image.start][-2:]) for image in found] == [
        ("a.png", "]("),
        ("b.png", "]("),
        ("a.png", "='"),
    ]
    assert [text[image.start : image.end] for image in found] == ["a.png", "b.png", "a.png"]


def test_an_image_by_reference_is_the_reference() -> None:
    text = "见 ![甲][a]"
    (found,) = document(text, definitions="[a]: a.png").images
    assert (found.target, text[found.start : found.end]) == ("a.png", "![甲][a]")


def test_plain_text_has_no_markup_and_keeps_formulas_and_alternative_texts() -> None:
    text = Markdown("**粗** $x<1$ `c` ![图](a.png) vector<int>")
    assert document(text).plain_text == "粗 x<1 c 图 vector<int>"


# --- what lint reports ------------------------------------------------------------------------------------------------


def test_unsafe_html_is_found_where_it_stands_and_not_in_code() -> None:
    text = (
        'a <script>x</script>\n`<script>` <img src=x onerror="y">\n```\n<iframe>\n```\n[z](javascript:1)\n<p style="a">'
    )
    found = document(text)
    unsafe = sorted(find_unsafe_html(text, found.code, found.brackets))
    assert [(text[:start].count("\n") + 1, text[start:][:5], what) for start, what in unsafe] == [
        (1, "<scri", "<script>"),
        (2, "onerr", "an event handler"),
        (6, "javas", "a script address"),
        (7, "style", "a style"),
    ]


def test_unknown_html_is_found_where_it_stands_and_not_in_code() -> None:
    text = "中 vector<int> `List<X>`\n\n    \n<Tencent AI lab>"
    found = document(text)
    assert list(find_unknown_html(text, found.code, found.brackets)) == [(8, "<int>"), (30, "<Tencent AI lab>")]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("$5 和 $10", []),
        ("$x$ `$y$` $z$", ["x", "z"]),
        ("```\n$a$\n```\n$b$", ["b"]),
        ("$\\( c \\)$", ["c"]),
        ("- `a\n- $b$`", ["b"]),
        ("$a$$b$", ["a", "b"]),
    ],
)
def test_formulas_are_found(text: str, latex: list[str]) -> None:
    assert [formula.latex(text).strip() for formula in find_formulas(text)] == latex


# --- bad input --------------------------------------------------------------------------------------------------------

_DEEP = {
    "quotes": "> " * 10_000 + "深",
    "lists": "".join(f"{'  ' * depth}- a\n" for depth in range(2_000)) + "\n深",
    "html": "<div>" * 10_000 + "深",
    "inline": "<sup>" * 10_000 + "深" + "</sup>" * 10_000,
}


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("name", _DEEP)
def test_deep_nesting_loses_no_text(name: str, dialect: Dialect) -> None:
    assert "深" in card(_DEEP[name], dialect=dialect)


def test_what_is_nested_too_deep_is_shown_as_it_was_written() -> None:
    assert document(_DEEP["quotes"]).too_deep
    assert card("> " * 300 + "x<y").startswith('<pre class="dg-deep"><code>&gt; &gt;')
    assert not document("> > > - 1. a").too_deep


def test_a_text_beyond_what_a_card_can_hold_is_shown_as_it_is_written() -> None:
    text = Markdown("*a* " * (MAX_CHARACTERS // 4 + 1))
    assert document(text).too_deep
    assert document(text).html == f'<pre class="dg-deep"><code>{text}\n</code></pre>'


_LINES = {
    "bold": "**粗** ", "links": "[a](b) ", "code": "`a` ", "formulas": "$a$ ", "open formulas": "$ a ",
    "slashes": "\\(", "brackets": "[", "pictures": "![", "tags": "<a ", "types": "<T>", "ticks": "`a",
    "stars": "*a **b ",
    "quotes": '<a b="', "entities": "&amp", "comments": "<!-- ", "display": "$$ a ", "cells": "|a", "letters": "字",
    "underscores": "_a", "closers": "\\[ a\\) ", "braces": "{{", "sounds": "[sound:", "blanks": " ",
    "open formulas with slashes": "\\( ", "verbatim": "<pre ", "block tags": "<div ", "texts": "<p>a</p>\n",
}  # fmt: skip
_BEFORE_INLINE, _BEFORE_BLOCK = ("", "]("), ("", "<div>\n", "!!! ")
"""What a line may begin with for the rest of it to be read otherwise."""


@pytest.mark.parametrize("name", _LINES)
def test_a_long_line_takes_time_in_proportion(name: str) -> None:
    unit = _LINES[name]
    text = unit * (50_000 // len(unit))
    started = time.process_time()
    card(text)
    find_formulas(text + "\\) \\]")
    for before in _BEFORE_INLINE:
        list(find_unsafe_html(before + text, (), ()))
        list(find_unknown_html(before + text, (), literal_brackets(before + text)))
    for before in _BEFORE_BLOCK:
        assert document(f"{before}{text}.", dialect=Dialect.PYTHON_MARKDOWN).blocks is not None
    assert time.process_time() - started < 30


# --- laws -------------------------------------------------------------------------------------------------------------

_FRAGMENTS = st.sampled_from(
    [
        *"""<script> </script> <img src=x onerror=alert(1)> <a href="javascript:alert(1)"> </a> [x](javascript:alert(1))
        <svg onload=x> </svg> <style> </style> <math> <mi> </math> <iframe src=x> <b <p style=x> "> '> --> <!--
        <![CDATA[ ]]> ` ``` $ $$ \\( \\) \\[ \\] | |-|-| > - * ** _ ~~ [ ]( ) ![ [^1] [^1]: # < > & &lt; &#106; \\ 中
        文， <T> <input> <form> <template> </template>
        <noscript> <textarea> <title> <plaintext> <table> <td> <div> </div>
        <details> java script: data:text/html, !!! === ??? {: onclick=x} [sound:a] {{c1::""".split(),
        *("\n", "\n\n", " ", "    ", "\x00", "\r", "\u200b", "\U0010f041", "\U0010f0a4", "\u1bfc"),
    ]
)
_TEXT = st.lists(st.one_of(_FRAGMENTS, st.text(max_size=6)), max_size=24).map("".join)
_TAG = re.compile(r"<[^>]*>")


@settings(deadline=None, max_examples=400)
@given(text=_TEXT, dialect=st.sampled_from(list(Dialect)))
def test_no_text_crashes_and_nothing_that_runs_is_left(text: str, dialect: Dialect) -> None:
    shown = card(text, dialect=dialect, definitions="[^1]: <script>x</script>\n[y]: javascript:z")
    for tag in _TAG.findall(shown):
        assert not re.match(r"</?(?:script|style|iframe|svg|math|object|form|link|meta|base)\b", tag, re.IGNORECASE)
        attributes = re.sub(r'"[^"]*"' + r"|'[^']*'", "=", tag)
        assert not re.search(r"\son\w+\s*=", attributes)
        assert " style=" not in tag or re.search(r' style="--dg-font-day:#\w{6};--dg-font-night:#\w{6}"', tag)
        for address in re.findall(r' href="([^"]*)"', tag):
            assert re.match(r"https?://|mailto:", address, re.IGNORECASE)
    assert not re.search(r"\[sound:|\{\{", shown)


@settings(deadline=None, max_examples=300)
@given(text=_TEXT)
def test_rendering_twice_gives_the_same(text: str) -> None:
    first = card(text)
    assert card(text) == first


@settings(deadline=None, max_examples=300)
@given(text=_TEXT)
def test_no_hidden_character_is_left_behind(text: str) -> None:
    shown = card(text)
    foreign = {
        character for character in shown if ord(character) > 0xFFFF or character in "\u1bfc\u1bfd\ua8ce\ua8cf\ua92e"
    }
    assert foreign <= set(text)


def test_a_drive_letter_names_a_picture_and_never_a_link() -> None:
    found = document(r"![甲](D:\book\a.png) [乙](D:\book\a.html)")
    assert [image.target for image in found.images] == ["D:%5Cbook%5Ca.png"]
    assert "href" not in found.html
