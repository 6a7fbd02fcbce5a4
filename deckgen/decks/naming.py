"""What a book's decks, tags and files are called if they are named now; ``identity`` keeps the names of a release."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from deckgen.diagnostics import Diagnostic
from deckgen.identity.editions import freeze_names, grow_editions, name_findings
from deckgen.identity.lock import Lock
from deckgen.markdown import Documents
from deckgen.model import (
    Chapter,
    Context,
    Dialect,
    Edition,
    EditionNames,
    Language,
    SubdeckNames,
    TranslatedCategory,
    TranslatedCorpus,
)
from deckgen.project.config import Config
from deckgen.project.discovery import is_front_page
from deckgen.project.reading import Project
from deckgen.text.anki import safe_name
from deckgen.text.slugs import ascii_slug
from deckgen.text.titles import normalised_title

_OF_TITLES = Context(dialect=Dialect.GFM)
_LEVEL = "::"


class BookNames(Struct, frozen=True, kw_only=True):
    """``titles`` are never empty; ``slug`` is ASCII, for files, tags and note types."""

    titles: Mapping[Language, str]
    slug: str


def name_book(config: Config, chapters: Iterable[Chapter], lock: Lock, *, folder: str) -> BookNames:
    """As the settings say, else as the title of a book of one chapter, as the lock has it, or as its folder."""
    some = [chapter for chapter in chapters if chapter.categories]
    only = some[0] if len(some) == 1 else None
    edition = next(iter(lock.editions), None)
    title = str(only.title) if only and (_has_title(only) or not is_front_page(only.path)) else ""
    before = edition.deck.removesuffix(f" ({edition.name})") if edition else ""
    slug = edition.note_type_name.removeprefix("deckgen ").removesuffix(f" {edition.name}") if edition else ""
    stem = PurePosixPath(only.path).stem if only and not is_front_page(only.path) else folder
    titles = config.titles or {config.language: title or before or folder or lock.project_id}
    return BookNames(
        titles=titles, slug=config.slug or config.id or slug or ascii_slug(stem) or ascii_slug(title) or lock.project_id
    )


def name_decks(
    project: Project,
    corpus: TranslatedCorpus,
    documents: Documents,
    book: BookNames,
    lock: Lock,
    *,
    asked: tuple[Edition, ...],
    whole: bool,
) -> tuple[tuple[EditionNames, ...], Lock, tuple[Diagnostic, ...]]:
    """The names of the decks of the editions ``asked`` for, by default of the settings', the lock that keeps them, and
    what is to be said of them. Names that no release has frozen follow the proposals of a ``whole`` project.
    """
    editions = project.config.editions
    lock, grown = grow_editions(lock, editions)
    proposals = tuple(_propose_names(corpus, one, documents, book, lock) for one in asked or editions)
    paths = {unicodedata.normalize("NFC", source.path) for source in project.sources}
    names, after = freeze_names(lock, proposals, whole=whole and lock.chapters <= paths)
    return names, after, (*grown, *name_findings(lock, after, proposals, built=() if asked else editions))


def _propose_names(
    corpus: TranslatedCorpus, edition: Edition, documents: Documents, book: BookNames, lock: Lock
) -> EditionNames:
    """What the edition's decks would be called if they were built for the first time now.

    Where several chapters have titles of their own, their categories' decks stand below them, unless the decks of a
    release do not.
    """
    known = [title for language in edition.languages if (title := book.titles.get(language))]
    deck = " · ".join(dict.fromkeys(known)) or next(iter(book.titles.values()))
    return EditionNames(
        edition=edition,
        deck=deck_component(deck),
        note_type=f"deckgen {book.slug} {edition.name}",
        subdecks=tuple(_subdecks(corpus.categories, edition, book.slug, documents, lock)),
    )


def deck_component(name: str) -> str:
    """A name that is one level of Anki's deck tree: ``::`` would open another."""
    return " ".join(safe_name(name).replace(_LEVEL, ": ").replace('"', "”").split())


def _subdecks(
    categories: Sequence[TranslatedCategory], edition: Edition, slug: str, documents: Documents, lock: Lock
) -> Iterator[SubdeckNames]:
    """With their numbers before their names: Anki studies sub-decks in the order of their names."""
    homes: dict[str, list[TranslatedCategory]] = defaultdict(list)
    for item in categories:
        homes[item.category.chapter.home].append(item)
    nested = _nested(homes, edition, lock)
    slugs = Counter(_slug(item, documents) for item in categories)
    for number, inside in enumerate(homes.values() if nested else [categories], 1):
        chapter = inside[0].category.chapter if inside else None
        for place, item in enumerate(inside, 1):
            shown = _shown(item, edition, documents)
            levels = [f"{place:0{len(str(len(inside)))}} {' · '.join(dict.fromkeys(shown))}"]
            words, name = [shown[0]], _slug(item, documents)
            if nested and chapter:
                title = documents.of(chapter.title, _OF_TITLES).plain_text or chapter.title
                whole = normalised_title(item.category.title) == normalised_title(chapter.title)
                levels = [f"{number:0{len(str(len(homes)))}} {title}", *([] if whole else levels)]
                words = [title, *([] if whole else words)]
                name = "-".join(filter(None, (ascii_slug(title), name))) if slugs[name] > 1 and not whole else name
            yield SubdeckNames(
                category=item.category.key,
                deck=_LEVEL.join(map(deck_component, levels)),
                tag=safe_name(_LEVEL.join([slug, *("-".join(word.replace(_LEVEL, ":").split()) for word in words)])),
                slug=name or item.category.key,
            )


def _nested(homes: Mapping[str, Sequence[TranslatedCategory]], edition: Edition, lock: Lock) -> bool:
    released = any(record.name == edition.name and record.released for record in lock.editions)
    frozen = [names.deck for record in lock.categories if (names := record.names.get(edition.name))]
    if released and frozen:
        return any(_LEVEL in deck for deck in frozen)
    return sum(_has_title(items[0].category.chapter) for items in homes.values()) > 1


def _has_title(chapter: Chapter) -> bool:
    """Whether it is called otherwise than its file."""
    return str(chapter.title) != PurePosixPath(chapter.path).stem


def _titles(item: TranslatedCategory, documents: Documents) -> Mapping[Language, str]:
    return {text.language: documents.of(text.markdown, _OF_TITLES).plain_text for text in item.titles}


def _shown(item: TranslatedCategory, edition: Edition, documents: Documents) -> list[str]:
    titles = _titles(item, documents)
    return [title for language in edition.languages if (title := titles.get(language))] or [item.category.title]


def _slug(item: TranslatedCategory, documents: Documents) -> str:
    return ascii_slug(_titles(item, documents).get(Language("en")) or item.category.title)
