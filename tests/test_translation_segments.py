"""What a translator gets of a text, and that it goes back to where it was."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deckgen.markdown import parse_document, safe_html
from deckgen.markdown.blocks import BlockKind, LeafBlock
from deckgen.model import Chapter, Context, Dialect, Key, Language, Location, Markdown
from deckgen.translation.inline import TokenKind, is_translatable, tokens
from deckgen.translation.segments import Side, SourceText, segments_of, splice, title_segments

ZH = Language("zh")
CONSTRUCTS = (
    "### 标题 `x` ##",
    "标题\n===",
    "段落一\n续行",
    "> 引用一\n> 续\n>\n> > 嵌套\n惰性续",
    "- [ ] 任务项\n  续行\n\n  第二段",
    "1. 列表\n   > 引用\n   > 二\n2. 第二\n   ```py\n   # 注释\n   ```\n   代码之后",
    "| 甲 | 乙\\|丙 |\n|---|:-:|\n| 一 | `a\\|b` 二 |\n|   | 三",
    "用脚注[^1]\n\n[^1]: 脚注\n    续行",
    "<center>图一</center>",
    '<p align="center">\n图注 <b>二</b>\n</p>',
    "<details>\n<summary>摘要</summary>\n\n内容\n\n</details>",
    "$$\nx 中文\n$$",
    "```py\n# 中文\n```",
    "行内 $$中文$$ 后 `码` 和 $文$。",
    "> [!NOTE]\n> 警告\n> <center>引用里的图</center>",
    "![图](imgs/图.png)",
    "- > <center>图</center>\n  > <p>二</p>",
    "[词]: http://a.b '题'",
    "- 一\n- 二\n\n  - 三\n    四\n\t- 五",
    "无<br>换行\\\n下一行  \n再下一行",
)


def texts(markdown: str, dialect: Dialect = Dialect.GFM) -> list[str]:
    return [
        segment.text
        for segment in segments_of(parse_document(Markdown(markdown), Context(dialect=dialect)), language=ZH)
    ]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        (CONSTRUCTS[0], ["标题 `x`"]),
        (CONSTRUCTS[1], ["标题"]),
        (CONSTRUCTS[2], ["段落一\n续行"]),
        (CONSTRUCTS[3], ["引用一\n续", "嵌套\n惰性续"]),
        (CONSTRUCTS[4], ["任务项\n续行", "第二段"]),
        (CONSTRUCTS[5], ["列表", "引用\n二", "第二", "代码之后"]),
        (CONSTRUCTS[6], ["甲", "乙\\|丙", "一", "`a\\|b` 二", "三"]),
        (CONSTRUCTS[7], ["用脚注[^1]", "脚注\n续行"]),
        (CONSTRUCTS[8], ["图一"]),
        (CONSTRUCTS[9], ["图注 <b>二</b>"]),
        (CONSTRUCTS[10], ["摘要", "内容"]),
        (CONSTRUCTS[11], []),
        (CONSTRUCTS[12], []),
        (CONSTRUCTS[13], [CONSTRUCTS[13]]),
        (CONSTRUCTS[14], ["警告", "引用里的图"]),
        (CONSTRUCTS[15], ["![图](imgs/图.png)"]),
        (CONSTRUCTS[16], ["图", "二"]),
        (CONSTRUCTS[17], []),
        (CONSTRUCTS[18], ["一", "二", "三\n四", "五"]),
        (CONSTRUCTS[19], ["无<br>换行\\\n下一行  \n再下一行"]),
        ("RoPE and `中文`\n\nPyTorch Lightning：", ["PyTorch Lightning："]),
        ("", []),
    ],
)
def test_a_segment_is_a_leaf_block_without_its_markers(markdown: str, expected: list[str]) -> None:
    assert texts(markdown) == expected


def test_python_markdown_admonitions_and_tabs_are_translated_inside_and_out() -> None:
    markdown = '!!! note "标题"\n    内容\n\n    - 项\n\n=== "标签"\n\n    正文\n    续\n\n后文'
    assert texts(markdown, Dialect.PYTHON_MARKDOWN) == ["标题", "内容", "项", "标签", "正文\n续", "后文"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(CONSTRUCTS), max_size=6), st.sampled_from(list(Dialect)))
def test_copying_every_segment_changes_nothing(parts: list[str], dialect: Dialect) -> None:
    markdown = Markdown("\n\n".join(parts))
    found = segments_of(parse_document(markdown, Context(dialect=dialect)), language=ZH)
    assert splice(markdown, found, [segment.text for segment in found]) == markdown
    assert splice(markdown, found, [None] * len(found)) == markdown


@settings(deadline=None)
@given(st.text(alphabet="中文。a1 \n\t#>-*`$|[]()<!/p:=\\~_^.", max_size=60), st.sampled_from(list(Dialect)))
def test_any_text_is_cut_into_blocks_that_do_not_overlap(text: str, dialect: Dialect) -> None:
    markdown = Markdown(text)
    found = segments_of(parse_document(markdown, Context(dialect=dialect)), language=ZH)
    for before, after in itertools.pairwise(found):
        assert before.block.end <= after.block.start
    assert splice(markdown, found, [segment.text for segment in found]) == markdown


def shape(markdown: str) -> list[str]:
    return re.findall(r"</?([a-z][a-z0-9]*)", safe_html(Markdown(markdown), Context(dialect=Dialect.GFM)))


@settings(deadline=None)
@given(st.lists(st.sampled_from(CONSTRUCTS), min_size=1, max_size=6))
def test_a_translation_of_every_segment_keeps_the_structure_and_leaves_no_chinese(parts: list[str]) -> None:
    markdown = Markdown("\n\n".join(parts))
    found = segments_of(parse_document(markdown, Context(dialect=Dialect.GFM)), language=ZH)
    translated = splice(markdown, found, [latin(segment) for segment in found])
    assert shape(translated) == shape(markdown)
    left = segments_of(parse_document(translated, Context(dialect=Dialect.GFM)), language=ZH)
    assert [segment.text for segment in left] == []


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "source").rglob("*.md")), ids=lambda path: path.name
)
def test_the_shipped_chapters_obey_the_laws(path: Path) -> None:
    markdown = Markdown(path.read_text(encoding="utf-8"))
    found = segments_of(parse_document(markdown, Context(dialect=Dialect.GFM)), language=ZH)
    assert len(found) > 50
    assert splice(markdown, found, [segment.text for segment in found]) == markdown
    translated = splice(markdown, found, [latin(segment) for segment in found])
    assert shape(translated) == shape(markdown)
    assert segments_of(parse_document(translated, Context(dialect=Dialect.GFM)), language=ZH) == ()


def latin(segment: LeafBlock) -> Markdown:
    """The segment with a letter for every Chinese character outside code, formulas and addresses."""
    text, parts, last = segment.text, [], 0
    for token in tokens(text):
        keep = token.kind is not TokenKind.TAG
        parts += [_latin(text[last : token.start]), text[token.start : token.end] if keep else _latin(token.value)]
        last = token.end
    return Markdown("".join([*parts, _latin(text[last:])]))


def _latin(text: str) -> str:
    return re.sub(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uff60]", "q", text)


def test_a_translation_gets_the_quote_marks_and_indentation_of_its_source() -> None:
    markdown = Markdown("> 一\n> 二\n\n- 三\n\n> - 四")
    found = segments_of(parse_document(markdown, Context(dialect=Dialect.GFM)), language=ZH)
    shown = splice(markdown, found, [Markdown("a\nb\nc"), Markdown("d\ne"), Markdown("f\ng")])
    assert shown == "> a\n> b\n> c\n\n- d\n  e\n\n> - f\n>   g"


def test_no_translation_ends_its_cell_or_its_heading() -> None:
    markdown = Markdown("# 题\n\n| 甲 | 乙 |\n|---|---|\n| 丙 | 丁 |")
    found = segments_of(parse_document(markdown, Context(dialect=Dialect.GFM)), language=ZH)
    shown = splice(markdown, found, [Markdown(text) for text in ("a\nb", "c|d", "e\\|f", "g\nh", "i")])
    assert shown == "# a b\n\n| c\\|d | e\\|f |\n|---|---|\n| g h | i |"


def test_the_title_is_one_segment_even_where_it_begins_like_a_list() -> None:
    (segment,) = title_segments(Markdown("1) 什么是 `x`？"), language=ZH)
    assert segment.text == "1) 什么是 `x`？"
    assert segment.kind is BlockKind.HEADING
    assert title_segments(Markdown("RoPE"), language=ZH) == ()


def test_a_text_knows_the_place_of_its_segments() -> None:
    markdown, context = Markdown("\n\n> - 文"), Context(dialect=Dialect.GFM)
    chapter = Chapter(path="a.md", title=Markdown("a"), context=context, categories=())
    begins = Location(path="a.md", line=7, column=2)
    text = SourceText(key=Key("k1"), side=Side.ANSWER, markdown=markdown, chapter=chapter, location=begins)
    (segment,) = segments_of(parse_document(markdown, context), language=ZH)
    assert text.place(segment) == Location(path="a.md", line=9, column=5, end_line=9, end_column=5)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("`中文` $x$ https://例.cn/中", "zh", True),
        ("`中文` $中$", "zh", False),
        ("[x](中文.png)", "zh", False),
        ('<img src="中.png" alt="图">', "zh", True),
        ('<img src="中.png">', "zh", False),
        ("Lightning：", "zh", True),
        ("Lightning:", "zh", False),
        ("Lightning", "en", True),
        ("`code`", "en", False),
        ("123", "en", False),
        ("\\(中文\\)", "zh", False),
    ],
)
def test_only_what_a_reader_reads_makes_a_text_translatable(text: str, language: str, expected: bool) -> None:
    assert is_translatable(text, Language(language)) is expected


def test_blocks_of_a_setext_chapter_with_html_headings_stay_paragraphs() -> None:
    markdown = Markdown("文字\n---\n后文")
    contexts = (Context(dialect=Dialect.GFM, html_headings=flag) for flag in (False, True))
    plain, html = (parse_document(markdown, context).blocks for context in contexts)
    assert [block.kind for block in plain] == [BlockKind.HEADING, BlockKind.PARAGRAPH]
    assert [block.kind for block in html] == [BlockKind.PARAGRAPH, BlockKind.PARAGRAPH]


_ENDLESS = (
    "\\[",
    "\\(",
    "<!-- ",
    "`",
    "``a`",
    "$$ a",
    "$a ",
    "[^",
    "![",
    "](a ",
    "](a(",
    "<a b=",
    '<a b="',
    "  ",
    "**a",
)


@pytest.mark.parametrize("unit", _ENDLESS)
@pytest.mark.parametrize("before", ["字", "](", '[a](b "'])
def test_marks_without_an_end_are_read_in_time_in_proportion(before: str, unit: str) -> None:
    started = time.process_time()
    tokens(before + unit * (40_000 // len(unit)))
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\\[a <!-- b", []),
        ("\\(a\\] \\(b\\)", ["\\(a\\] \\(b\\)"]),
        ("\\[\\] c\\]", ["\\[\\] c\\]"]),
        ("<!-- a --> <!-- b", ["<!-- a -->"]),
        ("[^a[b] 文[^c]", ["[^c]"]),
    ],
)
def test_what_has_no_end_is_text(text: str, expected: list[str]) -> None:
    assert [token.text for token in tokens(text)] == expected
