"""What a project has to translate: every text of every note and category, in the leaf blocks that a translator gets."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import partial

from msgspec import Struct

from deckgen.markdown import Document, Documents
from deckgen.markdown.blocks import BlockKind, LeafBlock
from deckgen.markdown.definitions import used_definitions
from deckgen.model import Chapter, Key, KeyedCorpus, Language, Location, Markdown, locate_span, replace
from deckgen.translation.inline import is_translatable, replaced
from deckgen.translation.notes import Notes


class Side(StrEnum):
    QUESTION = "question"
    FRONT = "front"
    """What stands below the question's title and is asked, too."""
    ANSWER = "answer"
    NOTE = "note"
    CATEGORY = "category"


class SourceText(Struct, frozen=True, kw_only=True):
    """One side of a note, or a category's title, with its segments. ``location`` is where its Markdown begins.

    ``chapter`` is the one whose catalogs hold its translations; ``written`` the languages that its author has
    written it in beside the source, which nobody has to translate. ``definitions`` are those that it uses and that
    stand elsewhere in its chapter, footnotes among them: these are translated with it.
    """

    key: Key
    side: Side
    markdown: Markdown
    chapter: Chapter
    location: Location
    definitions: Markdown = Markdown("")
    segments: tuple[LeafBlock, ...] = ()
    """Of ``whole``."""
    hint: str = ""
    written: tuple[tuple[Language, Markdown], ...] = ()

    @property
    def context(self) -> str:
        """The PO context of its entries; one for front and answer, so that text may move between them."""
        return f"{self.key}|{Side.ANSWER if self.side is Side.FRONT else self.side}"

    @property
    def whole(self) -> Markdown:
        """The text with what it needs of ``definitions``; an empty comment keeps a footnote from running on into it."""
        return Markdown(f"{self.definitions}\n\n<!-- -->\n\n{self.markdown}") if self.definitions else self.markdown

    def place(self, segment: LeafBlock) -> Location:
        """Where a segment stands in its file; where the text begins for one of a footnote from elsewhere."""
        before = len(self.whole) - len(self.markdown)
        if segment.start < before:
            return self.location
        return locate_span(self.markdown, segment.start - before, segment.end - before, self.location)

    def writing(self, language: Language) -> Markdown | None:
        """The text that its author wrote in ``language``."""
        return next((text for tag, text in self.written if tag == language), None)


def source_texts(corpus: KeyedCorpus, notes: Notes, documents: Documents | None) -> Iterator[SourceText]:
    """Each category's title before its first question, then each question's sides.

    Without documents, for those who translate nothing, no text has segments.
    """
    for text in _texts(corpus, notes):
        yield _with_segments(text, corpus.language, documents) if documents else text


def segments_of(document: Document, *, language: Language) -> tuple[LeafBlock, ...]:
    """The blocks of a text, written in ``language``, that have to be translated, in their order."""
    return tuple(block for block in document.blocks if is_translatable(block.text, language))


def title_segments(markdown: Markdown, *, language: Language) -> tuple[LeafBlock, ...]:
    """A title as one segment, whatever its first characters would begin elsewhere; none where it says nothing."""
    text = markdown.strip()
    if not text or not is_translatable(text, language):
        return ()
    start = markdown.index(text)
    spans = ((start, start + len(text)),)
    return (LeafBlock(kind=BlockKind.HEADING, spans=spans, prefix="", text=Markdown(text)),)


def splice(markdown: Markdown, found: Sequence[LeafBlock], translations: Sequence[Markdown | None]) -> Markdown:
    """``markdown`` with each segment replaced by its translation; None, or the segment's own text, leaves it as it is.

    All else stays as it is, character by character. A translation's further lines get what the source's have before
    them: quote marks and indentation. In a heading and a table cell line ends become spaces, and a cell's bars are
    escaped, so that no translation can end its block.
    """
    placed = (
        (segment.start, segment.end, _placed(markdown, segment, translation))
        for segment, translation in zip(found, translations, strict=True)
        if translation is not None and translation != segment.text
    )
    return Markdown(replaced(markdown, placed))


def _texts(corpus: KeyedCorpus, notes: Notes) -> Iterator[SourceText]:
    seen: set[Key] = set()
    for item in corpus.questions:
        question, chapter, path = item.question, item.chapter, item.chapter.path
        if (category := item.category).key not in seen:
            seen.add(category.key)
            places = (found.location for found in chapter.categories if question in found.questions)
            where = next(places, Location(path=path))
            yield SourceText(
                key=category.key, side=Side.CATEGORY, markdown=category.title, chapter=chapter, location=where
            )
        text = partial(SourceText, key=item.key, chapter=chapter, hint=question.title)
        yield text(side=Side.QUESTION, markdown=question.title, location=question.location, hint="")
        if question.front:
            where = Location(path=path, line=question.front_line, column=question.front_column)
            yield text(side=Side.FRONT, markdown=question.front, location=where)
        where = Location(path=path, line=question.answer_line, column=question.answer_column)
        yield text(side=Side.ANSWER, markdown=question.answer, location=where)
        if note := notes.get(item.key):
            source = note.text(corpus.language)
            written = tuple((one.language, one.markdown) for one in note.texts if one.language != corpus.language)
            yield text(side=Side.NOTE, markdown=source.markdown, location=source.location, written=written)


def _with_segments(text: SourceText, language: Language, documents: Documents) -> SourceText:
    if text.side in (Side.CATEGORY, Side.QUESTION):
        return replace(text, segments=title_segments(text.markdown, language=language))
    context = text.chapter.context
    definitions = used_definitions(text.markdown, context.definitions)
    text = replace(text, definitions=definitions) if "[^" in definitions else text
    return replace(text, segments=segments_of(documents.of(text.whole, context), language=language))


def _placed(markdown: str, block: LeafBlock, translation: str) -> str:
    if block.kind in (BlockKind.HEADING, BlockKind.CELL):
        flat = " ".join(translation.split("\n"))
        return re.sub(r"(?<!\\)((?:\\\\)*)\|", r"\1\\|", flat) if block.kind is BlockKind.CELL else flat
    pairs = zip(block.spans, block.spans[1:], strict=False)
    between = [markdown[before:after] for (_, before), (after, _) in pairs]
    first, *rest = [line for line in translation.split("\n") if line.strip()] or [""]
    placed = [first]
    for number, line in enumerate(rest):
        placed += [between[number] if number < len(between) else f"\n{block.prefix}", line]
    return "".join(placed)
