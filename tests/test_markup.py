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

from deckgen.markdown import (
    find_formulas,
    find_unknown_html,
    find_unsafe_html,
    image_targets,
    is_too_deep,
    plain_text,
    render_markdown,
)
from deckgen.markdown.blocks import leaf_blocks
from deckgen.markdown.brackets import ALLOWED
from deckgen.model import Dialect, ImageReference, Markdown, MediaFile
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
    html = render_markdown(
        Markdown(text), dialect=dialect, definitions=Markdown(definitions), html_headings=html_headings
    )
    return card_html(html, chapter="chapter.md", images=_IMAGES)


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
    assert structure(render_markdown(Markdown(text), dialect=Dialect.PYTHON_MARKDOWN)) == structure(plain)


# --- positions --------------------------------------------------------------------------------------------------------


def positions(text: str, **options: str) -> list[tuple[str, str]]:
    html = render_markdown(Markdown(text), dialect=Dialect.GFM, definitions=Markdown(options.get("definitions", "")))
    return re.findall(r'<(\w+)[^>]* data-sourcepos="([^"]+)"', html)


def test_positions_count_characters_from_one() -> None:
    assert positions("中文 **粗体** x") == [("p", "1:1-1:11"), ("strong", "1:4-1:9")]


def test_definitions_from_elsewhere_move_no_position() -> None:
    text = "见 [a] 与 `b`"
    assert positions(text, definitions="[a]: https://example.org\n[c]: d") == [
        *positions("见 xxx 与 `b`")[:1],
        ("a", "1:3-1:5"),
        ("code", "1:9-1:11"),
    ]


def test_formulas_and_literal_brackets_move_no_position() -> None:
    assert positions("$a$ <X> **b**\n\n$$\n\n- c\n$$\n\n*d*")[1:] == [
        ("strong", "1:9-1:13"),
        ("p", "3:1-6:2"),
        ("p", "8:1-8:3"),
        ("em", "8:1-8:3"),
    ]


def test_an_image_is_found_with_its_position() -> None:
    html = render_markdown(Markdown("字\n\n![甲](a.png) $x$ ![乙](b.png)"), dialect=Dialect.GFM)
    assert list(image_targets(html)) == [("a.png", "3:1-3:11"), ("b.png", "3:17-3:27")]


def test_plain_text_has_no_markup_and_keeps_formulas_and_alternative_texts() -> None:
    text = Markdown("**粗** $x<1$ `c` ![图](a.png) vector<int>")
    assert plain_text(text, dialect=Dialect.GFM) == "粗 x<1 c 图 vector<int>"


# --- what lint reports ------------------------------------------------------------------------------------------------


def test_unsafe_html_is_found_where_it_stands_and_not_in_code() -> None:
    text = (
        'a <script>x</script>\n`<script>` <img src=x onerror="y">\n```\n<iframe>\n```\n[z](javascript:1)\n<p style="a">'
    )
    assert find_unsafe_html(text) == (
        (1, 3, "<script>"),
        (2, 23, "an event handler"),
        (6, 5, "a script address"),
        (7, 4, "a style"),
    )


def test_unknown_html_is_found_where_it_stands_and_not_in_code() -> None:
    text = "中 vector<int> `List<X>`\n\n    \n<Tencent AI lab>"
    assert find_unknown_html(text) == ((1, 9, "<int>"), (4, 1, "<Tencent AI lab>"))


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
    assert is_too_deep(Markdown(_DEEP["quotes"]), dialect=Dialect.GFM)
    assert card("> " * 300 + "x<y").startswith('<pre class="dg-deep"><code>&gt; &gt;')
    assert not is_too_deep(Markdown("> > > - 1. a"), dialect=Dialect.GFM)


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
        find_unsafe_html(before + text)
        find_unknown_html(before + text)
    for before in _BEFORE_BLOCK:
        leaf_blocks(Markdown(f"{before}{text}."), dialect=Dialect.PYTHON_MARKDOWN)
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
    render_markdown.cache_clear()
    first = card(text)
    render_markdown.cache_clear()
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
    html = render_markdown(Markdown(r"![甲](D:\book\a.png) [乙](D:\book\a.html)"), dialect=Dialect.GFM)
    assert [target for target, _ in image_targets(html)] == ["D:%5Cbook%5Ca.png"]
    assert "href" not in html
