"""What a project has to translate: every text of every note and category, in the order of the cards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from deckgen.markdown import Documents
from deckgen.model import Chapter, Key, KeyedCorpus, KeyedQuestion, Language, Location, Markdown
from deckgen.translation.notes import Notes
from deckgen.translation.segments import Segment, segments, title_segments


class Side(StrEnum):
    QUESTION = "question"
    FRONT = "front"
    """What stands below the question's title and is asked, too."""
    ANSWER = "answer"
    NOTE = "note"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """One side of a note, or a category's title, with its segments. ``location`` is where its Markdown begins.

    ``chapter`` is the one whose catalogs hold its translations; ``written`` the languages that its author has
    written it in beside the source, which nobody has to translate.
    """

    key: Key
    side: Side
    markdown: Markdown
    segments: tuple[Segment, ...]
    chapter: Chapter
    location: Location
    hint: str = ""
    written: tuple[tuple[Language, Markdown], ...] = ()

    @property
    def context(self) -> str:
        """The PO context of its entries; one for front and answer, so that text may move between them."""
        return f"{self.key}|{Side.ANSWER if self.side is Side.FRONT else self.side}"

    def place(self, segment: Segment) -> Location:
        """Where a segment stands in its file."""
        first = segment.line == 1
        return Location(
            path=self.location.path,
            line=self.location.line + segment.line - 1,
            column=segment.column + (self.location.column - 1 if first else 0),
        )

    def writing(self, language: Language) -> Markdown | None:
        """The text that its author wrote in ``language``."""
        return next((text for tag, text in self.written if tag == language), None)


def source_texts(corpus: KeyedCorpus, notes: Notes, documents: Documents | None) -> Iterator[SourceText]:
    """Each category's title before its first question, then each question's sides.

    Without documents, for those who translate nothing, no text has segments.
    """
    seen: set[Key] = set()
    for item in corpus.questions:
        if item.category.key not in seen:
            seen.add(item.category.key)
            yield _category(item, corpus.language, documents)
        yield from _question(item, corpus.language, notes, documents)


def _category(item: KeyedQuestion, language: Language, documents: Documents | None) -> SourceText:
    title = item.category.title
    where = next(
        (found.location for found in item.chapter.categories if item.question in found.questions),
        Location(path=item.chapter.path),
    )
    return SourceText(
        key=item.category.key,
        side=Side.CATEGORY,
        markdown=title,
        segments=title_segments(title, language=language) if documents else (),
        chapter=item.chapter,
        location=where,
    )


def _question(
    item: KeyedQuestion, language: Language, notes: Notes, documents: Documents | None
) -> Iterator[SourceText]:
    question, chapter = item.question, item.chapter
    yield SourceText(
        key=item.key,
        side=Side.QUESTION,
        markdown=question.title,
        segments=title_segments(question.title, language=language) if documents else (),
        chapter=chapter,
        location=question.location,
    )
    for side, markdown, line, column in (
        (Side.FRONT, question.front, question.front_line, question.front_column),
        (Side.ANSWER, question.answer, question.answer_line, question.answer_column),
    ):
        if side is Side.ANSWER or markdown:
            yield SourceText(
                key=item.key,
                side=side,
                markdown=markdown,
                segments=_segments(markdown, chapter, language, documents),
                chapter=chapter,
                location=Location(path=chapter.path, line=line, column=column),
                hint=question.title,
            )
    if note := notes.get(item.key):
        source = note.text(language)
        yield SourceText(
            key=item.key,
            side=Side.NOTE,
            markdown=source.markdown,
            segments=_segments(source.markdown, chapter, language, documents),
            chapter=chapter,
            location=source.location,
            hint=question.title,
            written=tuple((text.language, text.markdown) for text in note.texts if text.language != language),
        )


def _segments(
    markdown: Markdown, chapter: Chapter, language: Language, documents: Documents | None
) -> tuple[Segment, ...]:
    return segments(documents.of(markdown, chapter.context), language=language) if documents else ()
