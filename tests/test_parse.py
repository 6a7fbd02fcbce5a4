"""Chapters of every kind are taken apart as their authors meant, and what is wrong with them is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import goldens
import pytest

from deckgen.config import ChapterSettings, parse_config
from deckgen.diagnostics import Diagnostic
from deckgen.model import Chapter
from deckgen.parse import explain_structure, parse_chapter

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
    config, findings = parse_config(path.read_text(encoding="utf-8"), path.name)
    assert findings == ()
    return config.settings_for(PATH)


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"title: {chapter.title}{' (HTML headings)' if chapter.html_headings else ''}"
    for category in chapter.categories:
        yield f"category {category.location.line}: {category.title}"
        for question in category.questions:
            key = f" [{question.explicit_key}]" if question.explicit_key else ""
            place = f"{question.location.line}:{question.location.column}-{question.end_line}"
            yield f"  question {place}: ({question.number}) {question.title}{key}"
            yield from (f"    |{line}" for line in question.answer.split("\n"))
    if chapter.definitions:
        yield "definitions:"
        yield from (f"  |{line}" for line in chapter.definitions.split("\n"))


def _findings(findings: tuple[Diagnostic, ...]) -> Iterator[str]:
    for found in findings:
        place = found.location
        assert place is not None
        where = f"{place.line}:{place.column}-{place.end_line}:{place.end_column}"
        yield f"{found.severity} {where} {found.rule}: {found.message}"
