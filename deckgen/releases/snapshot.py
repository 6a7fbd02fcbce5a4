"""Makes a release record of what decks or packages hold, so that any two of them can be compared; reads no file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from deckgen.apkg.contents import PackageContents, PackagedNote, PackagedNoteType
from deckgen.identity.lock import EditionRecord
from deckgen.markdown.tree import block_text
from deckgen.model import Edition, Guid, Key, Language, NoteType, StampedDeck, TextState, parse_edition
from deckgen.releases.records import NoteCopy, NoteText, Record, RecordedCategory, RecordedEdition, RecordedNote
from deckgen.render import content_hash
from deckgen.render.fronts import split_question

UNKNOWN_LANGUAGE = Language("und")
"""Of the notes of packages that deckgen did not build."""
_MEDIA_NAME = re.compile(r"dg-([0-9a-f]{20})-[a-z]\.[a-z0-9]+")


def media_identity(name: str) -> str:
    """The part of a media name that does not vary with the profile; a stranger's name is its own identity."""
    found = _MEDIA_NAME.fullmatch(name)
    return found[1] if found else name


def note_type_edition(note_type: NoteType) -> Edition | None:
    """The edition whose note type this is, by its fields; None for one that is not deckgen's."""
    names = [field.name for field in note_type.fields]
    languages = [name.removeprefix("Question ") for name in names if name.startswith("Question ")]
    if names[:1] != ["Key"] or not languages or any(f"Answer {language}" not in names for language in languages):
        return None
    try:
        return parse_edition("-".join(languages))
    except ValueError:
        return None


def note_type_has_key(edition: str) -> bool:
    """Whether the notes that a record has under this edition's name bear a key; a stranger's bear its note type's."""
    try:
        return bool(parse_edition(edition))
    except ValueError:
        return False


# --- of decks ---------------------------------------------------------------------------------------------------------


def record_decks(
    decks: Sequence[StampedDeck],
    editions: Iterable[EditionRecord],
    *,
    project_id: str,
    language: Language,
    version: str,
    time: int,
) -> Record:
    """What ``decks``, one per edition of one project, give to learners; ``editions`` are the lock's."""
    looks = {edition.name: edition.note_type.stamp.hash for edition in editions if edition.note_type}
    categories: dict[Key, RecordedCategory] = {}
    notes: dict[Key, RecordedNote] = {}
    for stamped in decks:
        deck, edition = stamped.deck, stamped.deck.edition
        names = [field.name for field in deck.note_type.fields]
        subdecks = {subdeck.category: subdeck.name for subdeck in deck.subdecks}
        for note, note_time in zip(deck.notes, stamped.note_times, strict=True):
            fields = dict(zip(names, note.fields, strict=True))
            states = dict(zip(edition.languages, note.states, strict=True))
            copy = NoteCopy(edition=edition.name, guid=note.guid, hash=note.content_hash, time=note_time)
            fresh = RecordedNote(
                key=note.key,
                category=note.category,
                copies=(copy,),
                texts=tuple(_texts(fields, states)),
                media=tuple(sorted({media_identity(name) for name in note.media})),
            )
            notes[note.key] = _merged(notes.get(note.key), fresh)
            category = RecordedCategory(
                key=note.category,
                titles=dict(_titles(fields, edition)),
                decks={edition.name: subdecks[note.category]},
            )
            categories[note.category] = _merged_category(categories.get(note.category), category)
    return Record(
        version=version,
        time=time,
        project_id=project_id,
        language=language,
        editions=tuple(_edition(stamped, looks, version) for stamped in decks),
        categories=tuple(categories.values()),
        notes=tuple(notes.values()),
    )


def _edition(stamped: StampedDeck, looks: Mapping[str, str], version: str) -> RecordedEdition:
    deck, note_type = stamped.deck, stamped.deck.note_type
    description = deck.description.replace(version, "")
    return RecordedEdition(
        name=deck.edition.name,
        deck=deck.name,
        note_type=note_type.id,
        note_type_name=note_type.name,
        fields=tuple(field.id for field in note_type.fields),
        templates=tuple(template.id for template in note_type.templates),
        look=looks.get(deck.edition.name, ""),
        description=hashlib.sha256(description.encode()).hexdigest()[:16],
    )


def _texts(fields: Mapping[str, str], states: Mapping[Language, TextState]) -> Iterator[NoteText]:
    for language, state in states.items():
        if state is TextState.MISSING:
            continue
        title, given = split_question(fields.get(f"Question {language}", ""))
        answer = "\n\n".join(filter(None, (block_text(given), block_text(fields.get(f"Answer {language}", "")))))
        note = block_text(fields.get(f"Note {language}", ""))
        yield NoteText(language=language, question=_line(block_text(title)), answer=answer, note=note, state=state)


def _titles(fields: Mapping[str, str], edition: Edition) -> Iterator[tuple[Language, str]]:
    for language in edition.languages:
        if title := _line(block_text(fields.get(f"Category {language}", ""))):
            yield language, title


def _line(text: str) -> str:
    return " ".join(text.split())


def _merged(known: RecordedNote | None, fresh: RecordedNote) -> RecordedNote:
    """A note of several editions: a text is the same in all that have its language."""
    if known is None:
        return fresh
    texts = {text.language: text for text in (*fresh.texts, *known.texts)}
    order = dict.fromkeys(text.language for text in (*known.texts, *fresh.texts))
    return RecordedNote(
        key=known.key,
        category=known.category,
        copies=(*known.copies, *fresh.copies),
        texts=tuple(texts[language] for language in order),
        media=tuple(sorted({*known.media, *fresh.media})),
    )


def _merged_category(known: RecordedCategory | None, fresh: RecordedCategory) -> RecordedCategory:
    if known is None:
        return fresh
    return RecordedCategory(
        key=known.key,
        titles=known.titles | fresh.titles,
        decks=known.decks | fresh.decks,
    )


# --- of packages ------------------------------------------------------------------------------------------------------


def record_packages(packages: Sequence[PackageContents]) -> Record:
    """What packages hold, ours or a stranger's; categories go by their titles there, a stranger's notes by GUID."""
    editions: dict[str, RecordedEdition] = {}
    categories: dict[Key, RecordedCategory] = {}
    notes: dict[Key, RecordedNote] = {}
    for contents in packages:
        note_types = {packaged.note_type.id: packaged for packaged in contents.note_types}
        for note in sorted(contents.notes, key=lambda note: (note.due, note.id)):
            packaged = note_types.get(note.note_type_id)
            if packaged is None:
                continue
            edition = note_type_edition(packaged.note_type)
            name = edition.name if edition else packaged.note_type.name
            editions.setdefault(name, _packaged_edition(name, packaged, note))
            fresh, category = _packaged_note(note, packaged.note_type, edition, name)
            if fresh.key in notes and name in {copy.edition for copy in notes[fresh.key].copies}:
                continue
            notes[fresh.key] = _merged(notes.get(fresh.key), fresh)
            categories[category.key] = _merged_category(categories.get(category.key), category)
    first = _first_language(editions)
    return Record(
        version="",
        time=0,
        project_id="",
        language=first,
        editions=tuple(editions.values()),
        categories=tuple(categories.values()),
        notes=tuple(notes.values()),
    )


def _first_language(editions: Iterable[str]) -> Language:
    """The first language of the first edition; unknown where the names are not those of editions."""
    for name in editions:
        try:
            return parse_edition(name).primary
        except ValueError:
            continue
    return UNKNOWN_LANGUAGE


def _packaged_edition(name: str, packaged: PackagedNoteType, note: PackagedNote) -> RecordedEdition:
    note_type = packaged.note_type
    return RecordedEdition(
        name=name,
        deck=note.deck.split("::")[0],
        note_type=note_type.id,
        note_type_name=note_type.name,
        fields=tuple(field.id for field in note_type.fields),
        templates=tuple(template.id for template in note_type.templates),
    )


def _packaged_note(
    note: PackagedNote, note_type: NoteType, edition: Edition | None, name: str
) -> tuple[RecordedNote, RecordedCategory]:
    names = [field.name for field in note_type.fields]
    fields = dict(zip(names, note.fields, strict=False))
    identities = {file: media_identity(file) for file in note.media}
    copy = NoteCopy(
        edition=name,
        guid=Guid(note.guid),
        hash=content_hash(note.fields, note.tags, identities),
        time=note.time,
    )
    if edition:
        key, texts = Key(fields["Key"]), tuple(_texts(fields, _states(fields, edition)))
        titles = dict(_titles(fields, edition))
    else:
        key, texts, titles = Key(note.guid), (_foreign_text(note.fields),), {}
    titles = titles or {UNKNOWN_LANGUAGE: note.deck}
    category = Key(next(iter(titles.values())))
    return (
        RecordedNote(
            key=key, category=category, copies=(copy,), texts=texts, media=tuple(sorted({*identities.values()}))
        ),
        RecordedCategory(key=category, titles=titles, decks={name: note.deck}),
    )


def _states(fields: Mapping[str, str], edition: Edition) -> dict[Language, TextState]:
    words = fields.get("State", "").split()
    states = dict.fromkeys(edition.languages, TextState.REVIEWED)
    for language in edition.languages:
        for state in TextState:
            if f"{language}-{state}" in words:
                states[language] = state
    return states


def _foreign_text(fields: Sequence[str]) -> NoteText:
    question, *others = [block_text(field) for field in fields] or [""]
    answer = "\n".join(other for other in others if other)
    return NoteText(language=UNKNOWN_LANGUAGE, question=_line(question), answer=answer)
