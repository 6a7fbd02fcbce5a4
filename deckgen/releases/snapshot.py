"""Makes a release record of what decks or packages hold, so that any two of them can be compared; trusts no file."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from deckgen.apkg.contents import PackageContents, PackagedNote
from deckgen.apkg.reader import read_package
from deckgen.build import Build
from deckgen.card import unmarked
from deckgen.diagnostics import DeckgenError
from deckgen.identity.stamping import note_type_hash
from deckgen.markdown.tree import block_text
from deckgen.model import Edition, Guid, Key, Language, NoteType, StampedDeck, TextState, parse_edition, replace
from deckgen.project.files import read_optional
from deckgen.project.layout import RECORD_NAME
from deckgen.releases.records import (
    Record,
    RecordedCategory,
    RecordedCopy,
    RecordedEdition,
    RecordedNote,
    RecordedText,
    parse_record,
)
from deckgen.render import content_hash
from deckgen.render.cardhtml import split_question

UNKNOWN_LANGUAGE = Language("und")
"""Of the notes of packages that deckgen did not build."""
_ENOUGH_FOR_A_RECORD = 1 << 28
_MEDIA_NAME = re.compile(r"dg-([0-9a-f]{20})-[a-z]\.[a-z0-9]+")


_Row = tuple[RecordedNote, RecordedCategory]
"""A note as one edition has it, and its category there."""


def read_comparable(path: Path) -> Record:
    """The record that a path stands for. DeckgenError for anything that cannot be compared.

    Of a folder its ``record.jsonl``, else all packages in it together, a note once per edition.
    """
    if path.is_dir():
        if (path / RECORD_NAME).is_file():
            return read_comparable(path / RECORD_NAME)
        packages = sorted(path.glob("*.apkg"))
        if not packages:
            raise DeckgenError(f"{path} has neither {RECORD_NAME} nor a package", hint="name a release or build folder")
        return record_packages([read_package(package) for package in packages])
    if path.suffix.lower() in (".apkg", ".colpkg"):
        return record_packages([read_package(path)])
    if not path.is_file():
        raise DeckgenError(f"there is no {path}")
    if path.stat().st_size > _ENOUGH_FOR_A_RECORD:
        raise DeckgenError(f"{path.name} is too large for a release record")
    return parse_record(read_optional(path.resolve()) or "", path.name)


def media_identity(name: str) -> str:
    """The part of a media name that does not vary with the profile; a stranger's name is its own identity."""
    found = _MEDIA_NAME.fullmatch(name)
    return found[1] if found else name


def packaged_hash(note: PackagedNote) -> str:
    """Of all that a packaged note gives its learner, as a build counts it."""
    return content_hash(note.fields, note.tags, {name: media_identity(name) for name in note.media})


def note_type_edition(note_type: NoteType) -> Edition | None:
    """The edition whose note type this is, by its fields; None for one that is not deckgen's."""
    names = [field.name for field in note_type.fields]
    languages = [name.removeprefix("Question ") for name in names if name.startswith("Question ")]
    if names[:1] != ["Key"] or not languages or any(f"Answer {language}" not in names for language in languages):
        return None
    return named_edition("-".join(languages))


def named_edition(name: str) -> Edition | None:
    """The edition of this name; None for the name of a stranger's note type, whose notes bear no key."""
    try:
        return parse_edition(name)
    except ValueError:
        return None


# --- of decks ---------------------------------------------------------------------------------------------------------


def record_build(made: Build) -> Record:
    """What a build gives to learners, as it stands."""
    categories, notes = _gathered(row for stamped in made.decks for row in _deck_rows(stamped))
    return Record(
        version=made.version,
        time=0,
        project_id=made.matched.corpus.project_id,
        language=made.project.config.language,
        editions=_deck_editions(made),
        categories=categories,
        notes=notes,
    )


def record_release(record: Record, stamped: Build, *, version: str, time: int) -> Record:
    """What ``record`` says of a build, as its release: with the design and the times that this was ``stamped`` with.

    The times are the lock's, which are the same for every profile.
    """
    stamps = {note.key: note.stamps for note in stamped.lock.notes}
    notes = tuple(
        replace(
            note,
            copies={name: replace(copy, time=stamps[note.key][name].time) for name, copy in note.copies.items()},
        )
        for note in record.notes
    )
    return replace(record, version=version, time=time, editions=_deck_editions(stamped), notes=notes)


def _deck_editions(made: Build) -> tuple[RecordedEdition, ...]:
    return tuple(
        _edition(
            deck.edition.name,
            deck.name,
            deck.note_type,
            look=note_type_hash(unmarked(deck.note_type)),
            description=hashlib.sha256(deck.description.replace(made.version, "").encode()).hexdigest()[:16],
        )
        for deck in (stamped.deck for stamped in made.decks)
    )


def _deck_rows(stamped: StampedDeck) -> Iterator[_Row]:
    deck, edition = stamped.deck, stamped.deck.edition
    subdecks = {subdeck.category: subdeck.name for subdeck in deck.subdecks}
    for note, time in zip(deck.notes, stamped.note_times, strict=True):
        fields = _fields(deck.note_type, note.fields)
        yield (
            RecordedNote(
                key=note.key,
                category=note.category,
                copies={edition.name: RecordedCopy(guid=note.guid, hash=note.content_hash, time=time)},
                texts=_texts(fields, dict(zip(edition.languages, note.states, strict=True))),
                media=tuple(sorted({media_identity(name) for name in note.media})),
            ),
            RecordedCategory(
                key=note.category, titles=_titles(fields, edition), decks={edition.name: subdecks[note.category]}
            ),
        )


# --- of packages ------------------------------------------------------------------------------------------------------


def record_packages(packages: Sequence[PackageContents]) -> Record:
    """What packages hold, ours or a stranger's; categories go by their titles there, a stranger's notes by GUID."""
    editions: dict[str, RecordedEdition] = {}
    rows: list[_Row] = []
    for contents in packages:
        note_types = {packaged.note_type.id: packaged.note_type for packaged in contents.note_types}
        for note in sorted(contents.notes, key=lambda note: (note.due, note.id)):
            if (note_type := note_types.get(note.note_type_id)) is None:
                continue
            edition = note_type_edition(note_type)
            name = edition.name if edition else note_type.name
            editions.setdefault(name, _edition(name, note.deck.split("::")[0], note_type))
            rows.append(_packaged_row(note, note_type, edition, name))
    categories, notes = _gathered(rows)
    return Record(
        version="",
        time=0,
        project_id="",
        language=next((found.primary for name in editions if (found := named_edition(name))), UNKNOWN_LANGUAGE),
        editions=tuple(editions.values()),
        categories=categories,
        notes=notes,
    )


def _packaged_row(note: PackagedNote, note_type: NoteType, edition: Edition | None, name: str) -> _Row:
    fields = _fields(note_type, note.fields)
    titles = (_titles(fields, edition) if edition else {}) or {UNKNOWN_LANGUAGE: note.deck}
    category = Key(next(iter(titles.values())))
    if edition:
        texts = _texts(fields, _states(fields, edition))
    else:
        question, *others = [block_text(field) for field in note.fields] or [""]
        answer = "\n".join(filter(None, others))
        texts = {UNKNOWN_LANGUAGE: RecordedText(question=_line(question), answer=answer, state=TextState.SOURCE)}
    return (
        RecordedNote(
            key=Key(fields["Key"] if edition else note.guid),
            category=category,
            copies={name: RecordedCopy(guid=Guid(note.guid), hash=packaged_hash(note), time=note.time)},
            texts=texts,
            media=tuple(sorted({media_identity(name) for name in note.media})),
        ),
        RecordedCategory(key=category, titles=titles, decks={name: note.deck}),
    )


def _states(fields: Mapping[str, str], edition: Edition) -> dict[Language, TextState]:
    words = fields.get("State", "").split()
    return {
        language: next((state for state in TextState if f"{language}-{state}" in words), TextState.REVIEWED)
        for language in edition.languages
    }


# --- of both ----------------------------------------------------------------------------------------------------------


def _edition(name: str, deck: str, note_type: NoteType, *, look: str = "", description: str = "") -> RecordedEdition:
    return RecordedEdition(
        name=name,
        deck=deck,
        note_type=note_type.id,
        note_type_name=note_type.name,
        fields=tuple(field.id for field in note_type.fields),
        templates=tuple(template.id for template in note_type.templates),
        look=look,
        description=description,
    )


def _fields(note_type: NoteType, values: Sequence[str]) -> Mapping[str, str]:
    return dict(zip((field.name for field in note_type.fields), values, strict=False))


def _texts(fields: Mapping[str, str], states: Mapping[Language, TextState]) -> dict[Language, RecordedText]:
    texts = {}
    for language, state in states.items():
        if state is not TextState.MISSING:
            title, given = split_question(fields.get(f"Question {language}", ""))
            answer = "\n\n".join(filter(None, (block_text(given), block_text(fields.get(f"Answer {language}", "")))))
            note = block_text(fields.get(f"Note {language}", ""))
            texts[language] = RecordedText(question=_line(block_text(title)), answer=answer, note=note, state=state)
    return texts


def _titles(fields: Mapping[str, str], edition: Edition) -> dict[Language, str]:
    titles = {language: _line(block_text(fields.get(f"Category {language}", ""))) for language in edition.languages}
    return {language: title for language, title in titles.items() if title}


def _line(text: str) -> str:
    return " ".join(text.split())


def _gathered(rows: Iterable[_Row]) -> tuple[tuple[RecordedCategory, ...], tuple[RecordedNote, ...]]:
    """One of each key; a text is the same in all editions that have its language, and a copy counts once."""
    categories: dict[Key, RecordedCategory] = {}
    notes: dict[Key, RecordedNote] = {}
    for note, category in rows:
        if known := notes.get(note.key):
            if not known.copies.keys().isdisjoint(note.copies):
                continue
            note = replace(
                known,
                copies=known.copies | note.copies,
                texts=known.texts | (note.texts | known.texts),
                media=tuple(sorted({*known.media, *note.media})),
            )
        notes[note.key] = note
        if there := categories.get(category.key):
            category = replace(there, titles=there.titles | category.titles, decks=there.decks | category.decks)
        categories[category.key] = category
    return tuple(categories.values()), tuple(notes.values())
