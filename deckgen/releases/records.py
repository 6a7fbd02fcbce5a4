"""What a release shipped, as values, and their text: ``releases/X.Y.Z.jsonl``, described in docs/release-record.md."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import structs

from deckgen.diagnostics import DeckgenError
from deckgen.model import Guid, Key, Language, Location, TextState

_V = TypeVar("_V")
revise = structs.replace
RECORD_VERSION = 1
"""The format's version. Raise it when an older deckgen would misread what this one writes."""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a line holds; members that this version does not know are passed over."""


class RecordedText(_Line, frozen=True, kw_only=True, omit_defaults=True):
    """What a note says in one language: plain text, the answer with a line per paragraph, item or table row."""

    question: str
    answer: str
    note: str = ""
    """The editor's note."""
    state: TextState

    @property
    def sides(self) -> Mapping[str, str]:
        return {"question": self.question, "answer": self.answer, "note": self.note}


class RecordedCopy(_Line, frozen=True, kw_only=True):
    """A note as one edition has it; ``time`` in seconds since the epoch, ``hash`` of all that the learner gets."""

    guid: Guid
    hash: str
    time: int


class RecordedNote(_Line, frozen=True, kw_only=True, rename={"key": "note"}):
    """``copies`` by edition; ``texts`` by language, the source's first, those of a missing translation left out.

    ``media`` holds the identities of the images, which do not vary with what they are made for.
    """

    key: Key
    category: Key
    copies: dict[str, RecordedCopy]
    texts: dict[Language, RecordedText]
    media: tuple[str, ...]


class RecordedCategory(_Line, frozen=True, kw_only=True, rename={"key": "category"}):
    """``titles`` are plain text by language, ``decks`` the full names of its decks by edition."""

    key: Key
    titles: dict[Language, str]
    decks: dict[str, str]


class RecordedEdition(_Line, frozen=True, kw_only=True, rename={"name": "edition"}):
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

    @property
    def by_edition(self) -> Mapping[str, RecordedEdition]:
        return {edition.name: edition for edition in self.editions}


def rename_editions(record: Record, names: Mapping[str, str]) -> Record:
    """The record with other names for some of its editions."""

    def renamed(values: Mapping[str, _V]) -> dict[str, _V]:
        return {names.get(name, name): value for name, value in values.items()}

    return replace(
        record,
        editions=tuple(revise(item, name=names.get(item.name, item.name)) for item in record.editions),
        categories=tuple(revise(item, decks=renamed(item.decks)) for item in record.categories),
        notes=tuple(revise(item, copies=renamed(item.copies)) for item in record.notes),
    )


# --- as text ----------------------------------------------------------------------------------------------------------


class _Format(_Line, frozen=True, kw_only=True, rename={"format": "deckgen-release"}):
    format: Annotated[int, msgspec.Meta(ge=1)]


class _Header(_Format, frozen=True, kw_only=True, rename={"format": "deckgen-release", "project_id": "project"}):
    version: str
    time: int
    project_id: str
    language: Language


LINES = (_Header, RecordedEdition, RecordedCategory, RecordedNote)
"""The kinds of lines."""
_DECODERS = {msgspec.structs.fields(line)[0].encode_name: msgspec.json.Decoder(line) for line in LINES}
"""By the first member of a line's object."""
_FORMAT = msgspec.json.Decoder(_Format)
_KIND = re.compile(r'\s*\{\s*"([a-z-]+)"\s*:')


def format_record(record: Record) -> str:
    """The record's text: a header, then a line per edition, category and note."""
    header = _Header(
        format=RECORD_VERSION,
        version=record.version,
        time=record.time,
        project_id=record.project_id,
        language=record.language,
    )
    lines = (header, *record.editions, *record.categories, *record.notes)
    return "".join(msgspec.json.format(msgspec.json.encode(line), indent=0).decode() + "\n" for line in lines)


def parse_record(text: str, path: str) -> Record:
    """The record that a text holds. DeckgenError, at its line, for anything that is none."""
    lines: dict[type, list[Any]] = defaultdict(list)
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = _KIND.match(line)
            kind = found[1] if found else ""
            if (kind == "deckgen-release") is bool(lines):
                raise ValueError("it is a second header" if lines else "the first line is no header")
            if not lines and (known := _FORMAT.decode(line).format) > RECORD_VERSION:
                raise ValueError(f"it has format {known}; this deckgen reads up to {RECORD_VERSION}")
            value = _DECODERS[kind].decode(line)
        except (ValueError, KeyError, RecursionError) as error:
            reason = "it is of no known kind" if isinstance(error, KeyError) else str(error)
            raise _bad_record(f"not a line of a release record: {reason}", path, number) from error
        lines[type(value)].append(value)
    if not lines:
        raise _bad_record("it is empty", path, 1)
    header = lines[_Header][0]
    return Record(
        version=header.version,
        time=header.time,
        project_id=header.project_id,
        language=header.language,
        editions=tuple(lines[RecordedEdition]),
        categories=tuple(lines[RecordedCategory]),
        notes=tuple(lines[RecordedNote]),
    )


def _bad_record(message: str, path: str, line: int) -> DeckgenError:
    hint = "a release record never changes: restore it from the release's tag or folder"
    return DeckgenError(message, hint=hint, location=Location(path=path, line=line))
