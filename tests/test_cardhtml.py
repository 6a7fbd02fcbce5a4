"""A chapter's HTML as a field's HTML."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deckgen.markdown import parse_document
from deckgen.markdown.highlight import highlight_code
from deckgen.markdown.tree import parse_tree
from deckgen.model import Context, Dialect, Html, ImageReference, Markdown, MediaFile
from deckgen.render.cardhtml import card_html, field_media

PICTURE = MediaFile(
    name="dg-00-m.webp",
    identity="dg-00",
    path=Path("x"),
    source="a.png",
    width_px=8,
    height_px=8,
    size_bytes=1,
    source_bytes=1,
)
IMAGES = {ImageReference(chapter="c.md", target="a.png"): PICTURE}


def card(text: str) -> str:
    return card_html(parse_document(Markdown(text), Context(dialect=Dialect.GFM)).html, chapter="c.md", images=IMAGES)


def test_a_picture_has_its_address_first_and_can_be_tapped() -> None:
    assert card('![a > "b"](a.png "t")').startswith('<p class="dg-figure"><img src="dg-00-m.webp" alt=')
    assert 'class="tappable" title="t"' in card('![b](a.png "t")')


def test_the_media_of_a_field_are_its_packaged_pictures() -> None:
    text = "![a](a.png) ![b](gone.png) ![c](https://example.org/c.png) ![d](data:image/png;base64,AA==)"
    assert list(field_media(card(text))) == ["dg-00-m.webp"]


def test_a_missing_picture_leaves_a_visible_place_with_its_name() -> None:
    assert card("![图](imgs/a%20b.png)") == '<p><span class="dg-missing">图 [imgs/a b.png]</span></p>'


def test_a_remote_picture_becomes_a_link_with_its_alternative_text() -> None:
    assert card("![图](https://example.org/p.png)") == (
        '<p><a class="dg-remote" href="https://example.org/p.png">图</a></p>'
    )
    assert "<a" not in card("![图](https://example.org/p.png)").replace('<a class="dg-remote"', "")
    linked = card("[![图](https://example.org/p.png)](https://example.org)")
    assert linked == '<p><a href="https://example.org"><span class="dg-remote">图</span></a></p>'


def test_links_that_lead_nowhere_from_a_card_are_text() -> None:
    assert card("[a](#x) [b](./c.md) [c](https://example.org)") == (
        '<p><span>a</span> <span>b</span> <a href="https://example.org">c</a></p>'
    )


def test_no_field_holds_an_identifier_that_another_could_hold_too() -> None:
    assert not re.search(r'\b(?:id|for|name)="', card('a[^1]<p id="x">\n\n[^1]: b'))


def test_a_summary_can_be_tapped() -> None:
    assert '<summary class="tappable">' in card("<details><summary>a</summary>b</details>")


def test_a_colour_is_readable_by_day_and_by_night_and_an_unknown_one_is_none() -> None:
    assert re.search(r'<font style="--dg-font-day:#\w{6};--dg-font-night:#\w{6}">', card('<font color="red">a</font>'))
    assert "<font>a</font>" in card('<font color="url(x)">a</font>')


_LANGUAGES = ("python", "c", "cpp", "java", "javascript", "bash", "html", "json", "sql", "diff", "console", "yaml")


@settings(deadline=None, max_examples=300)
@given(
    code=st.text(alphabet=st.sampled_from("ab =<>&\"'\n\t{}[]()#/\\*中，\u200b$`;:-"), max_size=60),
    language=st.sampled_from(_LANGUAGES),
)
def test_highlighting_keeps_every_character(code: str, language: str) -> None:
    coloured = highlight_code(code, language)
    if coloured is None:
        assert "\n" not in code[-1:], "only a text without a last line end may be too much for a lexer"
        return
    assert "".join(parse_tree(Html(f"<pre>x{coloured}</pre>")).itertext()) == f"x{code}"


@pytest.mark.parametrize("language", ["nosuchlanguage", "mermaid", "", "../x"])
def test_code_in_an_unknown_language_stays_plain(language: str) -> None:
    assert "<span" not in card(f"```{language}\nx = 1\n```")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("中\n文", "中文"),
        ("中，\n文", "中，文"),
        ("中，\nabc", "中，abc"),
        ("**中：**\n`x`", "中：x"),
        ("abc\n（中）", "abc（中）"),
        ("a, \nb", "a,\nb"),
        ("**中**\n文", "中文"),
        ("中\n*文*", "中文"),
        ("かな\nカナ", "かなカナ"),
        ("中\n“文”", "中“文”"),
        ("中\nabc", "中\nabc"),
        ("abc\n中", "abc\n中"),
        ("한글\n한글", "한글\n한글"),
        ("中\n\n文", "中\n文"),
        ("中  \n文", "中\n文"),
        ("```\n中\n文\n```", "中\n文\n"),
    ],
)
def test_a_soft_break_between_chinese_characters_is_no_space(text: str, shown: str) -> None:
    assert "".join(parse_tree(Html(card(text))).itertext()) == shown


@pytest.mark.parametrize(
    "unit",
    [
        *("**中** ", "[a](#b) ", "\\\\( ", "![a](b) ", "$a$ ", "中\n", "<sup>a</sup>", "|a|\n|-|\n\n", "`x` "),
        "[x](https://example.org) ",
    ],
)
def test_time_grows_with_the_text(unit: str) -> None:
    def seconds(count: int) -> float:
        html = parse_document(Markdown(unit * count), Context(dialect=Dialect.GFM)).html
        times = []
        for _ in range(3):
            started = time.process_time()
            card_html(html, chapter="c.md", images={})
            times.append(time.process_time() - started)
        return min(times)

    assert seconds(8_000) < 12 * seconds(2_000) + 0.2
