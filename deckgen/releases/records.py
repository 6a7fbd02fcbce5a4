"""What a release shipped, as values, and their text: ``releases/X.Y.Z.jsonl``, described in docs/release-record.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from deckgen.diagnostics import DeckgenError
from deckgen.model import Guid, Key, Language, Location, TextState

RECORD_VERSION = 1
"""The format's version. Raise it when an older deckgen would misread what this one writes."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteText:
    """What a note says in one language: plain text, the answer with a line per paragraph, item or table row."""

    language: Language
    question: str
    answer: str
    note: str = ""
    """The editor's note."""
    state: TextState = TextState.SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCopy:
    """A note as one edition has it; ``time`` in seconds since the epoch, ``hash`` of all that the learner gets."""

    edition: str
    guid: Guid
    hash: str
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedNote:
    """``media`` holds the identities of the pictures, which do not vary with what they are made for."""

    key: Key
    category: Key
    copies: tuple[NoteCopy, ...]
    texts: tuple[NoteText, ...]
    """One per language; the source's first, those of a missing translation left out."""
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCategory:
    """``titles`` are plain text by language, ``decks`` the full names of its decks by edition."""

    key: Key
    titles: tuple[tuple[Language, str], ...]
    decks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEdition:
    """What Anki knows an edition by. ``fields`` and ``templates`` are ids in the order of the schema.

    ``look`` is a hash of templates and style, ``description`` one of what the deck says of itself, version apart;
    both are empty where nothing is known of them.
    """

    name: str
    deck: str
    note_type: int
    note_type_name: str
    fields: tuple[int, ...]
    templates: tuple[int, ...]
    look: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything that a release, or a package, holds. Categories and notes are in the order of the cards.

    ``version`` and ``project_id`` are empty and ``time`` is 0 where they are not known. ``language`` is the source's.
    """

    version: str
    time: int
    project_id: str
    language: Language
    editions: tuple[RecordedEdition, ...]
    categories: tuple[RecordedCategory, ...]
    notes: tuple[RecordedNote, ...]


# --- writing ----------------------------------------------------------------------------------------------------------


def format_record(record: Record) -> str:
    """The record's text: a header, then a line per edition, category and note."""
    objects: list[dict[str, Any]] = [
        {
            "deckgen-release": RECORD_VERSION,
            "version": record.version,
            "time": record.time,
            "project": record.project_id,
            "language": record.language,
        }
    ]
    objects += [_edition_object(edition) for edition in record.editions]
    objects += [
        {"category": category.key, "titles": dict(category.titles), "decks": dict(category.decks)}
        for category in record.categories
    ]
    objects += [_note_object(note) for note in record.notes]
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in objects)


def _edition_object(edition: RecordedEdition) -> dict[str, Any]:
    return {
        "edition": edition.name,
        "deck": edition.deck,
        "note_type": edition.note_type,
        "note_type_name": edition.note_type_name,
        "fields": list(edition.fields),
        "templates": list(edition.templates),
        "look": edition.look,
        "description": edition.description,
    }


def _note_object(note: RecordedNote) -> dict[str, Any]:
    return {
        "note": note.key,
        "category": note.category,
        "copies": {copy.edition: {"guid": copy.guid, "hash": copy.hash, "time": copy.time} for copy in note.copies},
        "texts": {text.language: _text_object(text) for text in note.texts},
        "media": list(note.media),
    }


def _text_object(text: NoteText) -> dict[str, str]:
    value = {"question": text.question, "answer": text.answer}
    if text.note:
        value["note"] = text.note
    return value | {"state": text.state.value}


# --- reading ----------------------------------------------------------------------------------------------------------


def parse_record(text: str, path: str) -> Record:
    """The record that a text holds. DeckgenError, at its line, for anything that is none."""
    header: Mapping[str, Any] | None = None
    editions: list[RecordedEdition] = []
    categories: list[RecordedCategory] = []
    notes: list[RecordedNote] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if header is None:
                header = _checked_header(value)
            elif "edition" in value:
                editions.append(_parse_edition(value))
            elif "category" in value and "note" not in value:
                categories.append(_parse_category(value))
            else:
                notes.append(_parse_note(value))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise _bad_record(f"not a line of a release record: {reason}", path, number) from error
    if header is None:
        raise _bad_record("it is empty", path, 1)
    return Record(
        version=header["version"],
        time=header["time"],
        project_id=header["project"],
        language=Language(header["language"]),
        editions=tuple(editions),
        categories=tuple(categories),
        notes=tuple(notes),
    )


def _bad_record(message: str, path: str, line: int) -> DeckgenError:
    hint = "a release record never changes: restore it from the release's tag or folder"
    return DeckgenError(message, hint=hint, location=Location(path=path, line=line))


def _checked_header(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict) or "deckgen-release" not in value:
        raise ValueError("the first line is no header")
    version = _of(value, "deckgen-release", int)
    if not 1 <= version <= RECORD_VERSION:
        raise ValueError(f"it has format {version}; this deckgen reads up to {RECORD_VERSION}")
    for name, kind in (("version", str), ("time", int), ("project", str), ("language", str)):
        _of(value, name, kind)
    return value


def _parse_edition(value: Mapping[str, Any]) -> RecordedEdition:
    return RecordedEdition(
        name=_of(value, "edition", str),
        deck=_of(value, "deck", str),
        note_type=_of(value, "note_type", int),
        note_type_name=_of(value, "note_type_name", str),
        fields=_list_of(value, "fields", int),
        templates=_list_of(value, "templates", int),
        look=_of(value, "look", str),
        description=_of(value, "description", str),
    )


def _parse_category(value: Mapping[str, Any]) -> RecordedCategory:
    titles = _table_of(value, "titles", _string)
    return RecordedCategory(
        key=Key(_of(value, "category", str)),
        titles=tuple((Language(language), title) for language, title in titles),
        decks=_table_of(value, "decks", _string),
    )


def _parse_note(value: Mapping[str, Any]) -> RecordedNote:
    return RecordedNote(
        key=Key(_of(value, "note", str)),
        category=Key(_of(value, "category", str)),
        copies=tuple(copy for _, copy in _table_of(value, "copies", _parse_copy)),
        texts=tuple(text for _, text in _table_of(value, "texts", _parse_text)),
        media=_list_of(value, "media", str),
    )


def _parse_copy(edition: str, value: Any) -> NoteCopy:
    return NoteCopy(
        edition=edition,
        guid=Guid(_of(value, "guid", str)),
        hash=_of(value, "hash", str),
        time=_of(value, "time", int),
    )


def _parse_text(language: str, value: Any) -> NoteText:
    return NoteText(
        language=Language(language),
        question=_of(value, "question", str),
        answer=_of(value, "answer", str),
        note=_of(value, "note", str) if "note" in value else "",
        state=TextState(_of(value, "state", str)),
    )


def _string(name: str, value: Any) -> str:
    return _of({name: value}, name, str)


def _of(value: Any, name: str, kind: type[_T]) -> _T:
    if not isinstance(value, dict):
        raise TypeError("an object is needed")
    item = value[name]
    if not isinstance(item, kind) or isinstance(item, bool):
        raise TypeError(f"“{name}” has the wrong type")
    return item


def _list_of(value: Any, name: str, kind: type[_T]) -> tuple[_T, ...]:
    items = _of(value, name, list)
    return tuple(_of({name: item}, name, kind) for item in items)


def _table_of(value: Any, name: str, parse: Callable[[str, Any], _T]) -> tuple[tuple[str, _T], ...]:
    return tuple((key, parse(key, item)) for key, item in _of(value, name, dict).items())
