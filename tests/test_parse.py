"""Chapters of every kind are taken apart as their authors meant, and what is wrong with them is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import goldens
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deckgen.chapters import explain_structure, parse_chapter
from deckgen.chapters.roles import Role
from deckgen.chapters.shown import is_visible
from deckgen.chapters.structure import find_structure
from deckgen.diagnostics import Diagnostic
from deckgen.lint import lint_chapter
from deckgen.markdown import Documents
from deckgen.markdown.definitions import find_definitions
from deckgen.markdown.lines import Kind
from deckgen.model import Chapter
from deckgen.project.config import ChapterSettings, parse_config
from deckgen.text.titles import normalised_title, split_number

PATH = "chapter.md"


@pytest.mark.parametrize("case", goldens.inputs("parse"), ids=lambda path: path.stem)
def test_a_chapter_is_read_as_expected(case: Path, pytestconfig: pytest.Config) -> None:
    text = case.read_text(encoding="utf-8")
    settings = _settings(case.with_suffix(".toml"))
    chapter, findings = parse_chapter(text, path=PATH, settings=settings)
    explanation = explain_structure(text, settings=settings)
    mark = explanation.chosen.mark if explanation.chosen else None
    actual = "\n".join((f"mark: {mark} ({explanation.because})", *_chapter(chapter), *_findings(findings))) + "\n"
    goldens.assert_golden(actual, case.with_suffix(".expected"), pytestconfig)


def test_no_golden_is_orphaned() -> None:
    assert goldens.orphans("parse") == []


def _settings(path: Path) -> ChapterSettings:
    if not path.exists():
        return ChapterSettings()
    config, findings = parse_config(path.read_text(encoding="utf-8"))
    assert findings == ()
    return config.settings_for(PATH)


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"title: {chapter.title}{' (HTML headings)' if chapter.context.html_headings else ''}"
    for category in chapter.categories:
        yield f"category {category.location.line}: {category.title}"
        for question in category.questions:
            key = f" [{question.explicit_key}]" if question.explicit_key else ""
            place = f"{question.location.line}:{question.location.column}-{question.end_line}"
            yield f"  question {place}: ({question.number}) {question.title}{key}"
            yield from (f"   ?|{line}" for line in question.front.removesuffix("\n").split("\n") if question.front)
            yield from (f"    |{line}" for line in question.answer.split("\n"))
    if chapter.context.definitions:
        yield "definitions:"
        yield from (f"  |{line}" for line in chapter.context.definitions.split("\n"))


def _findings(findings: tuple[Diagnostic, ...]) -> Iterator[str]:
    for found in findings:
        place = found.location
        assert place is not None
        where = f"{place.line}:{place.column}-{place.end_line}:{place.end_column}"
        yield f"{found.severity} {where} {found.rule}: {found.message}"


FRAGMENTS = tuple(
    """
## 1. 什么是甲？ | ### 2、为什么？ | # 目录 | - [1.什么是甲？](#1.什么是甲？) | <h2 id='1'>1.甲</h2>
<h3>2.乙？</h3>正文 | <h2 id="坏>3.丙</h2> | <h1> | </h3> | <h2 | **1. 粗？** | Q：问？ | A：答。 | 答：是。
一、部分 | 1、问？ | 标题 | ===== | --- | ``` | ```python | ~~~~ |     ``` | <!-- | --> | <!-- 一行 --> | <pre>
</pre> | <details> | </details> | $$ | $x_1$ | \\[ | > 引用 | - 项 |    - 子项 | 1. 数 | ¦ a ¦ b ¦ | ¦---¦---¦
[a]: https://example.org | [^1]: 注 | <!-- deckgen: id=abc --> | <!-- deckgen: ignore[long-answer] -->
<a id='x'></a> | ![图](x.png) | 正文。 |  |  | \t | \x00 | \u200b | \ufeff | \u2028 | 参考文献 | ## 参考文献
##贴着 | # | ###### | *** | ` | title: x
""".strip("\n")
    .replace("\n", " | ")
    .replace("\\n", "\n")
    .split(" | ")
)
chapters = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(lambda parts: "\n".join(parts).replace("¦", "|"))


@given(chapters)
def test_no_chapter_makes_reading_fail_and_no_line_is_lost_without_a_word(text: str) -> None:
    chapter, findings = parse_chapter(text, path=PATH, settings=ChapterSettings())
    lint_chapter(chapter, text, Documents())
    told = {
        line
        for found in findings
        if found.location
        for line in range(found.location.line, max(found.location.line, found.location.end_line) + 1)
    }
    shown = {
        line
        for category in chapter.categories
        for question in category.questions
        for line in (category.location.line, *range(question.location.line, question.end_line + 1))
    }
    structure = find_structure(text, settings=ChapterSettings())
    scan = structure.scan
    exempt = structure.contents.lines | find_definitions(scan.lines, scan.kinds).lines
    exempt |= {
        line
        for decision in structure.explanation.decisions
        if decision.role is Role.CONTENTS
        for line in (decision.heading.line, decision.heading.end_line)
    }
    for number, (line, kind) in enumerate(zip(scan.lines, scan.kinds, strict=True), 1):
        if kind in (Kind.TEXT, Kind.CODE, Kind.RAW) and is_visible(line):
            hidden = not chapter.categories or number in exempt or "deckgen:" in line
            assert hidden or number in shown | told, (number, line)


@given(chapters)
def test_an_answer_is_the_text_of_its_lines(text: str) -> None:
    chapter, _ = parse_chapter(text, path=PATH, settings=ChapterSettings())
    lines = text.split("\n")
    for category in chapter.categories:
        for question in category.questions:
            first, *rest = question.answer.split("\n")
            assert lines[question.answer_line - 1][question.answer_column - 1 :].startswith(first)
            last = question.end_line
            for offset, line in enumerate(rest):
                number = question.answer_line + offset + 1
                assert number <= last
                assert lines[number - 1].startswith(line) if number == last else lines[number - 1] == line


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    chapter, _ = parse_chapter(text, path=PATH, settings=ChapterSettings())
    lint_chapter(chapter, text, Documents())


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("1. 标题", ("1.", "标题")),
        ("1、标题", ("1、", "标题")),
        ("（1）标题", ("（1）", "标题")),
        ("Q1: 标题", ("Q1:", "标题")),
        ("第3题 标题", ("第3题", "标题")),
        ("一、标题", ("一、", "标题")),
        ("【1】标题", ("【1】", "标题")),
        ("1.2.3、标题", ("1.2.3、", "标题")),
        ("问题2：标题", ("问题2：", "标题")),
        ("**1. 标题**", ("1.", "**标题**")),
        ("3D卷积", ("", "3D卷积")),
        ("2.0版本", ("", "2.0版本")),
        ("13B模型", ("", "13B模型")),
        ("1x1卷积", ("", "1x1卷积")),
        ("2.x和3.x", ("", "2.x和3.x")),
        ("16:9比例", ("", "16:9比例")),
        ("第一节点", ("", "第一节点")),
        ("Q-Former", ("", "Q-Former")),
    ],
)
def test_only_what_is_a_number_is_stripped(title: str, expected: tuple[str, str]) -> None:
    split = split_number(title)
    assert (split.number, split.title) == expected


@given(st.text(max_size=40))
def test_a_normalised_title_stays_as_it_is(title: str) -> None:
    once = normalised_title(title)
    assert once or not title.strip()
    assert normalised_title(f" {title} ") == once


@pytest.mark.parametrize(
    "unit", ["### 第 {} 题是什么？\n\n甲。\n\n", "Q: 第 {} 题是什么？\nA: 甲。\n\n", "第 {} 题是什么？::甲\n\n"]
)
def test_more_questions_than_a_whole_deck_has_are_refused(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(unit.format(number) for number in range(1, 6))
    for most, questions, rules in ((5, 5, set()), (4, 0, {"unreadable-file"})):
        monkeypatch.setattr("deckgen.chapters.chapter.MOST_QUESTIONS", most)
        chapter, problems = parse_chapter(text, path="a.md", settings=ChapterSettings())
        assert sum(len(category.questions) for category in chapter.categories) == questions
        assert {found.rule for found in problems} & {"unreadable-file"} == rules
