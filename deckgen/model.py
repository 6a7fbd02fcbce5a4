"""The values that pass between the stages, one type per state; no I/O and no behaviour beyond derived properties."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NewType

from msgspec import Struct

if TYPE_CHECKING:
    from dataclasses import replace as replace  # of which mypy checks what it is given
else:
    from msgspec.structs import replace as replace

Language = NewType("Language", str)
"""A BCP 47 tag such as ``zh``, ``en``, ``ja`` or ``zh-Hant``."""
Markdown = NewType("Markdown", str)
Html = NewType("Html", str)
Guid = NewType("Guid", str)
"""Anki's identity of a note within a collection."""
Key = NewType("Key", str)
"""The short identity of a note or a category that never changes and that a learner can quote."""
_IN_A_GROUP = 50


def is_key(text: str) -> bool:
    """Whether a key may look like this: 2 to 32 small letters, digits and hyphens, the first no hyphen."""
    return re.fullmatch(r"[a-z0-9][a-z0-9-]{1,31}", text) is not None


class Dialect(StrEnum):
    """The Markdown dialect of a chapter."""

    GFM = "gfm"
    PYTHON_MARKDOWN = "python-markdown"


class Location(Struct, frozen=True, kw_only=True, order=True):
    """A place in a project file; lines and columns count characters from 1.

    ``path`` is POSIX and relative to the project. ``end_line`` and ``end_column`` name the last character; 0 means
    that only the start is known.
    """

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 0
    end_column: int = 0


def locate_span(text: str, start: int, end: int, begins: Location) -> Location:
    """The place of ``text[start:end]`` in the file in which ``text`` begins at ``begins``."""
    line, column = _line_column(text, start, begins)
    end_line, end_column = _line_column(text, max(start, end - 1), begins)
    return Location(path=begins.path, line=line, column=column, end_line=end_line, end_column=end_column)


def _line_column(text: str, offset: int, begins: Location) -> tuple[int, int]:
    line = text.count("\n", 0, offset)
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return begins.line + line, column + (begins.column - 1 if line == 0 else 0)


class Edition(Struct, frozen=True, kw_only=True):
    """An ordered list of languages, written ``zh-en``: the first is primary, the others are behind a tap."""

    languages: tuple[Language, ...]

    @property
    def name(self) -> str:
        return "-".join(self.languages)

    @property
    def primary(self) -> Language:
        return self.languages[0]


# --- parsed -----------------------------------------------------------------------------------------------------------


class Question(Struct, frozen=True, kw_only=True):
    """One question and its answer as the chapter has them.

    ``title`` is the Markdown of the heading without its leading number. Between this heading and the next stand the
    ``front``, which is asked, too, and the ``answer``, both exactly as in the file save for the line ends. ``location``
    spans the heading; the answer ends on ``end_line``.
    """

    title: Markdown
    front: Markdown = Markdown("")
    answer: Markdown
    number: str
    location: Location
    front_line: int = 0
    front_column: int = 0
    answer_line: int
    answer_column: int
    end_line: int
    explicit_key: Key | None = None
    folded_title: str = ""
    """What makes two titles the same; empty where nobody has folded it yet."""
    fingerprint: str = ""
    """What makes two answers the same; likewise. It is the ``body``'s: text that moves to the front changes nothing."""
    sketch: str = ""
    """What makes two answers alike; empty where nobody has made it, since the lock may have it."""

    @property
    def body(self) -> Markdown:
        """All that stands below the heading."""
        return Markdown(self.front + self.answer)


class Category(Struct, frozen=True, kw_only=True):
    """A heading that groups questions; ``title`` has no leading number."""

    title: Markdown
    location: Location
    questions: tuple[Question, ...]


class Context(Struct, frozen=True, kw_only=True):
    """What a Markdown text means beside its own characters: its dialect, and what its chapter says elsewhere."""

    dialect: Dialect
    definitions: Markdown = Markdown("")
    """Link reference and footnote definitions."""
    html_headings: bool = False
    """Questions are marked with HTML headings, so a line of ``===`` or ``---`` below text is never a heading."""


class Chapter(Struct, frozen=True, kw_only=True):
    """One source file; ``context`` is that of every text in it."""

    path: str
    title: Markdown
    context: Context
    categories: tuple[Category, ...]
    fence_ends: tuple[int, ...] = ()
    """Lines, from 1, before which a code fence that is never closed was taken to end."""

    @property
    def home(self) -> str:
        """Where its categories are: in its file, or in the folder whose pages are a question each and named like it."""
        folder = self.path.rpartition("/")[0]
        return f"{folder}/" if folder and self.title == folder.rpartition("/")[2] else self.path


class Corpus(Struct, frozen=True, kw_only=True):
    """All chapters of a project, in the order of their cards."""

    language: Language
    chapters: tuple[Chapter, ...]


# --- identified -------------------------------------------------------------------------------------------------------


class KeyedCategory(Struct, frozen=True, kw_only=True):
    """A category with its identity; those of a chapter with one normalised title are one. ``chapter`` is its first."""

    key: Key
    chapter: Chapter
    title: Markdown
    order: int
    """Position in the document, from 1."""


class KeyedQuestion(Struct, frozen=True, kw_only=True):
    """A question with its identity, beside the chapter and the category it stands in."""

    key: Key
    guid: Guid
    """The base GUID, from which each edition's GUID is derived."""
    chapter: Chapter
    category: KeyedCategory
    question: Question


class KeyedCorpus(Struct, frozen=True, kw_only=True):
    """Every question of a project with its identity, in the order of the cards."""

    project_id: str
    language: Language
    categories: tuple[KeyedCategory, ...]
    questions: tuple[KeyedQuestion, ...]


# --- translated -------------------------------------------------------------------------------------------------------


class TextState(StrEnum):
    """What a learner can expect of a text; the order is that of growing doubt."""

    SOURCE = "source"
    REVIEWED = "reviewed"
    STALE = "stale"
    """Reviewed once; the source has changed since."""
    DRAFT = "draft"
    """At least one block is unreviewed machine work."""
    PARTIAL = "partial"
    """At least one block falls back to the source."""
    MISSING = "missing"
    """No translation is shown."""


class Text(Struct, frozen=True, kw_only=True):
    """One side of a note in one language; ``markdown`` is empty where the state is missing."""

    language: Language
    markdown: Markdown
    state: TextState

    def as_bytes(self) -> tuple[str, str, bytes]:
        """The same for a digest: a text that is encoded as it is keeps a second copy of itself, as UTF-8, for good."""
        return self.language, self.state, self.markdown.encode("utf-8", "surrogatepass")


class TranslatedCategory(Struct, frozen=True, kw_only=True):
    category: KeyedCategory
    titles: tuple[Text, ...]


class TranslatedQuestion(Struct, frozen=True, kw_only=True):
    """A question in every language that the build needs; each tuple has one text per language, the source first."""

    keyed: KeyedQuestion
    titles: tuple[Text, ...]
    fronts: tuple[Text, ...]
    answers: tuple[Text, ...]
    notes: tuple[Text, ...]
    """The editor's note; like the front, empty Markdown where there is none."""

    @property
    def texts(self) -> tuple[Text, ...]:
        """Every text of the card but its category's."""
        return (*self.titles, *self.fronts, *self.answers, *self.notes)

    @property
    def context(self) -> Context:
        return self.keyed.chapter.context


def in_groups(questions: Sequence[TranslatedQuestion]) -> Iterator[tuple[TranslatedQuestion, ...]]:
    """Neighbours of one chapter, some dozens at most: what is kept of a build is kept for each group."""
    start = 0
    for end in range(1, len(questions) + 1):
        apart = end == len(questions) or questions[end].keyed.chapter.path != questions[start].keyed.chapter.path
        if apart or end - start == _IN_A_GROUP:
            yield tuple(questions[start:end])
            start = end


class BlockCounts(Struct, frozen=True, kw_only=True):
    """The blocks of all texts in one language. ``draft`` are shown, ``hidden`` are drafts that the policy hides."""

    language: Language
    reviewed: int
    stale: int
    draft: int
    hidden: int
    missing: int


class TranslatedCorpus(Struct, frozen=True, kw_only=True):
    project_id: str
    languages: tuple[Language, ...]
    categories: tuple[TranslatedCategory, ...]
    questions: tuple[TranslatedQuestion, ...]
    counts: tuple[BlockCounts, ...] = ()
    """One per language but the source's."""


# --- named ------------------------------------------------------------------------------------------------------------


class SubdeckNames(Struct, frozen=True, kw_only=True):
    """What a category is called in one edition; frozen in the lock by the first release."""

    category: Key
    deck: str
    """The Anki deck's name below that of the book, with ``::`` where it is below its chapter's."""
    tag: str
    slug: str
    """ASCII, for file names, without the order number."""


class EditionNames(Struct, frozen=True, kw_only=True):
    """What an edition's decks and note type are called; proposed by ``decks.naming``, frozen by ``identity``."""

    edition: Edition
    deck: str
    note_type: str
    subdecks: tuple[SubdeckNames, ...]


# --- rendered ---------------------------------------------------------------------------------------------------------


class ImageReference(Struct, frozen=True, kw_only=True):
    """An image as a chapter refers to it: the reference as written, decoded once by the Markdown parser."""

    chapter: str
    target: str


class MediaFile(Struct, frozen=True, kw_only=True):
    """An image ready to be packaged.

    ``name`` is ASCII and derived from the source's bytes, the recipe and the profile; ``identity`` is the part of it
    that does not vary with the profile, for content hashes. ``path`` is where the encoded bytes lie. A ``diagram`` may
    be shown in the colours of the night.
    """

    name: str
    identity: str
    path: Path
    source: str
    width_px: int
    height_px: int
    size_bytes: int
    source_bytes: int
    diagram: bool = False


class NoteField(Struct, frozen=True, kw_only=True):
    name: str
    id: int


class CardTemplate(Struct, frozen=True, kw_only=True):
    """``browser_front`` and ``browser_back`` are what Anki's browser shows in its columns; empty for the sides."""

    name: str
    id: int
    front: str
    back: str
    browser_front: str = ""
    browser_back: str = ""


class NoteType(Struct, frozen=True, kw_only=True):
    """An Anki note type whose ids never change. Field and template order is part of the schema.

    ``sort_field`` is the index of the field by which Anki's browser names and sorts notes; it is no part of the schema.
    """

    id: int
    name: str
    fields: tuple[NoteField, ...]
    templates: tuple[CardTemplate, ...]
    css: str
    sort_field: int = 0


class Note(Struct, frozen=True, kw_only=True):
    """A note of one edition. ``fields`` are HTML in the order of the note type's fields; ``position`` counts from 1."""

    key: Key
    guid: Guid
    category: Key
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    media: tuple[str, ...]
    position: int
    content_hash: str
    """Of all that the learner gets; hex."""
    input_hash: str
    """Of what it was made from, so that a change by another library version alone can be told apart; hex."""
    states: tuple[TextState, ...]
    """One per language of the edition: the most doubtful state of the question's and the answer's text."""


class Subdeck(Struct, frozen=True, kw_only=True):
    """A category's deck. ``name`` is the full Anki name, parent included; ``slug`` is for file names."""

    category: Key
    id: int
    name: str
    description: str
    tag: str
    slug: str
    order: int


class Deck(Struct, frozen=True, kw_only=True):
    """Everything that one edition's packages hold."""

    edition: Edition
    id: int
    name: str
    description: str
    note_type: NoteType
    subdecks: tuple[Subdeck, ...]
    notes: tuple[Note, ...]
    media: tuple[MediaFile, ...]


# --- stamped ----------------------------------------------------------------------------------------------------------


class StampedDeck(Struct, frozen=True, kw_only=True):
    """A deck with its modification times, in seconds since the epoch; ``note_times`` runs parallel to ``deck.notes``.

    ``created`` is the collection's creation time, the same in every package of a build.
    """

    deck: Deck
    note_times: tuple[int, ...]
    note_type_time: int
    created: int


_SUBTAG = re.compile(r"[A-Z][a-z]{3}|[A-Z]{2}|\d{3}")


def parse_edition(name: str) -> Edition:
    """``zh-en`` → (zh, en); ``zh-Hant-en`` → (zh-Hant, en).

    Raises ValueError, with the reason as its text, for anything else.
    """
    languages: list[str] = []
    for part in name.split("-"):
        if languages and _SUBTAG.fullmatch(part):
            languages[-1] += f"-{part}"
        elif re.fullmatch(r"[a-z]{2,3}", part):
            languages.append(part)
        else:
            raise ValueError(f"“{part}” is not a language tag; write an edition like zh-en, zh or en-zh")
    if len(set(languages)) != len(languages):
        raise ValueError(f"“{name}” names a language twice")
    return Edition(languages=tuple(Language(tag) for tag in languages))


def parse_language(tag: str) -> Language:
    """``en``, ``zh-Hant``. Raises ValueError, with the reason as its text, for anything else, several tags too."""
    edition = parse_edition(tag)
    if len(edition.languages) != 1:
        raise ValueError(f"“{tag}” names several languages; one is needed, such as zh")
    return edition.primary


def is_language(tag: str) -> bool:
    """Whether ``parse_language`` takes the tag."""
    try:
        parse_language(tag)
    except ValueError:
        return False
    return True
