"""Text → categories and questions: finds the headings that mark them; never raises on content."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deckgen.config import ChapterSettings
from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.model import Category, Chapter, Location, Markdown, Question
from deckgen.titles import normalised_title, strip_number

_HTML_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1\s*>", re.IGNORECASE)
_ATX_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_TOC_TITLES = frozenset(("目录", "contents", "table of contents", "toc"))
_TOC_ENTRY = re.compile(r"[ \t]*[-*+][ \t]+\[(.+)\]\(#.*\)[ \t]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heading:
    level: int
    text: str
    line: int
    html: bool
    end_column: int


def parse_chapter(text: str, *, path: str, settings: ChapterSettings) -> tuple[Chapter, tuple[Diagnostic, ...]]:
    r"""One chapter and what is wrong with it.

    ``text`` has ``\n`` line ends. A chapter in which no question is found has no categories and a ``no-questions``.
    """
    lines = text.split("\n")
    headings = _headings(lines)
    html = any(heading.html and heading.level > 1 for heading in headings)
    marks = [heading for heading in headings if heading.html == html and heading.text.lower() not in _TOC_TITLES]
    question_level = settings.question_level or max(
        (heading.level for heading in marks if heading.level <= 3), default=0
    )
    category_level = settings.category_level or question_level - 1
    categories = _categories(lines, marks, category_level, question_level, path)
    findings = [] if categories else [diagnostic("no-questions", "no question was found", Location(path=path))]
    findings += _contents_findings(lines, categories, path)
    chapter = Chapter(
        path=path,
        title=Markdown(settings.title or _stem(path)),
        dialect=settings.dialect,
        definitions=Markdown(""),
        categories=categories,
        html_headings=html,
    )
    return chapter, tuple(findings)


def _categories(
    lines: list[str], marks: list[_Heading], category_level: int, question_level: int, path: str
) -> tuple[Category, ...]:
    categories: list[Category] = []
    title, where, questions = Markdown(_stem(path)), Location(path=path), list[Question]()
    used = [mark for mark in marks if mark.level in (category_level, question_level)]
    for mark, following in zip(used, [*used[1:], None], strict=False):
        if mark.level == category_level:
            if questions:
                categories.append(Category(title=title, location=where, questions=tuple(questions)))
            title, where, questions = Markdown(strip_number(mark.text)[1]), _location(mark, path), []
            continue
        end = following.line - 1 if following else len(lines)
        body = [lines[mark.line - 1][mark.end_column :], *lines[mark.line : end]]
        number, text = strip_number(mark.text)
        answer = "\n".join(body)
        if answer.strip():
            questions.append(
                Question(
                    title=Markdown(text),
                    answer=Markdown(answer),
                    number=number,
                    location=_location(mark, path),
                    answer_line=mark.line,
                    answer_column=mark.end_column + 1,
                    end_line=end,
                )
            )
    if questions:
        categories.append(Category(title=title, location=where, questions=tuple(questions)))
    return tuple(categories)


def _headings(lines: list[str]) -> list[_Heading]:
    headings: list[_Heading] = []
    fence = ""
    for number, line in enumerate(lines, 1):
        if found := _FENCE.match(line):
            if not fence:
                fence = found[1]
            elif found[1].startswith(fence) and not found[2].strip():
                fence = ""
        elif not fence and (found := _HTML_HEADING.search(line)):
            headings.append(
                _Heading(level=int(found[1]), text=found[2].strip(), line=number, html=True, end_column=found.end())
            )
        elif not fence and (found := _ATX_HEADING.match(line)):
            headings.append(_Heading(level=len(found[1]), text=found[2], line=number, html=False, end_column=len(line)))
    return headings


def _contents_findings(lines: list[str], categories: tuple[Category, ...], path: str) -> list[Diagnostic]:
    titles = {normalised_title(category.title) for category in categories}
    titles |= {normalised_title(question.title) for category in categories for question in category.questions}
    return [
        diagnostic(
            "toc-without-body",
            f"the contents list names “{found[1]}”, and nothing in the chapter answers it",
            Location(path=path, line=number, column=line.index("[") + 2),
            hint="write the question and its answer, or take the entry out",
            excerpt=line,
        )
        for number, line in enumerate(lines, 1)
        if (found := _TOC_ENTRY.match(line)) and normalised_title(found[1]) not in titles
    ]


def _location(mark: _Heading, path: str) -> Location:
    return Location(path=path, line=mark.line, end_line=mark.line, end_column=mark.end_column)


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".md")
