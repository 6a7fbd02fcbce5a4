"""A lock with the lines of two branches → one line for each note, category and edition; only a person asks for it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from deckgen.diagnostics import DeckgenError
from deckgen.identity.editions import renamed
from deckgen.identity.lock import (
    VERSION,
    AnyRecord,
    CategoryRecord,
    EditionRecord,
    HeaderRecord,
    Lock,
    NoteRecord,
    PendingRecord,
    Stamp,
    bad_lock,
    lock_of,
    missing_notes,
    name_of,
    numbered_lines,
    of_kind,
    parse_lines,
    wording,
)
from deckgen.model import Location, replace
from deckgen.project.layout import LOCK_NAME

_R = TypeVar("_R", EditionRecord, CategoryRecord, PendingRecord, NoteRecord)


def merge_lock(text: str, *, accept_missing: bool = False) -> tuple[Lock, int]:
    """The lock with the lines for one thing made one, markers taken out, and how many lines went.

    Of a note the state with the later time wins, in each edition; a build compares it with the sources and stamps
    what differs anew, so that learners get the merged text whichever line won. DeckgenError for a line that cannot be
    read, for lines of two projects or that give one key to two notes, and, unless ``accept_missing``, where a note is
    missing that one of the sides had.
    """
    numbered, problems = parse_lines(numbered_lines(text))
    if problems:
        raise bad_lock(problems)
    records = [record for _, record in numbered]
    grown = {edition.root: edition.name for edition in of_kind(records, EditionRecord) if edition.root}
    for old, new in grown.items():  # an edition that gained a language on one side has one name
        records = [renamed(record, old, new) for record in records]
    headers = of_kind(records, HeaderRecord)
    if not headers:
        raise DeckgenError("the lock has no header", hint="restore the file from its last commit")
    for header in headers:
        if (missing := missing_notes(header, records)) and not accept_missing:
            raise DeckgenError(
                f"the lock is not whole: {missing}",
                hint="restore it, from git with: git checkout HEAD -- deckgen.lock; to go on without, and give those "
                "questions new cards: deckgen lock merge --accept-missing",
                location=Location(path=LOCK_NAME, line=1),
            )

    def built(edition: EditionRecord) -> int:
        return edition.note_type.time if edition.note_type else 0

    notes = _notes(of_kind(records, NoteRecord))
    merged: list[AnyRecord] = [
        _header(headers),
        *(max(variants, key=built) for variants in _groups(of_kind(records, EditionRecord)).values()),
        *map(_category, _groups(of_kind(records, CategoryRecord)).values()),
        *(asked[-1] for key, asked in _groups(of_kind(records, PendingRecord)).items() if key not in notes),
        *notes.values(),
    ]
    return lock_of(merged), text.count("\n") - len(merged)


def _groups(records: Iterable[_R]) -> dict[str, list[_R]]:
    """The records under one key or name together, in their order."""
    groups: dict[str, list[_R]] = defaultdict(list)
    for record in records:
        groups[name_of(record)].append(record)
    return groups


def _header(headers: Sequence[HeaderRecord]) -> HeaderRecord:
    if (newest := max(header.version for header in headers)) > VERSION:
        raise DeckgenError(
            f"one of the locks has format {newest}; this deckgen reads up to {VERSION}", hint="install a newer deckgen"
        )
    if others := {header.project for header in headers} - {headers[0].project}:
        raise DeckgenError(f"these are locks of two projects, “{headers[0].project}” and “{others.pop()}”")
    releases = dict.fromkeys(version for header in headers for version in header.releases)
    agreed = all(header.sources == headers[0].sources for header in headers)
    return replace(headers[0], releases=tuple(releases), sources=headers[0].sources if agreed else "")


def _category(variants: Sequence[CategoryRecord]) -> CategoryRecord:
    """The later title, and for each edition the names of the earlier line."""
    names = {edition: found for variant in reversed(variants) for edition, found in variant.names.items()}
    return replace(variants[-1], names=dict(sorted(names.items())))


def _notes(records: Iterable[NoteRecord]) -> dict[str, NoteRecord]:
    """One record for each note; that of one which another is linked to, with what a branch made of the other since."""
    groups = _groups(records)
    notes = {key: _note(found) for key, found in groups.items()}
    for key, found in groups.items():
        if old := notes.get(notes[key].linked or ""):
            known = {wording(variant) for variant in found if variant.linked}
            edited = next((other for other in found if not other.linked and wording(other) not in known), old)
            notes[old.key] = replace(edited, key=old.key, guid=old.guid, since=old.since, stamps=old.stamps)
    return notes


def _note(variants: Sequence[NoteRecord]) -> NoteRecord:
    if len({variant.guid for variant in variants}) > 1:
        raise DeckgenError(
            f"two notes have the key “{variants[0].key}”, with the GUIDs {' and '.join(v.guid for v in variants)}",
            hint="take out the line of the one that was not released; its question becomes a new one",
        )
    stamps: dict[str, Stamp] = {}
    for variant in variants:
        for edition, stamp in variant.stamps.items():
            stamps[edition] = max(stamps.get(edition, stamp), stamp, key=_shipped_and_time)
    linked = next((variant for variant in variants if variant.linked), None)
    alive = any(variant.retired is None for variant in variants)
    latest = linked or max(variants, key=_last_change)
    return replace(
        latest,
        since=next((variant.since for variant in variants if variant.since), ""),
        retired=None if alive and not linked else latest.retired,
        stamps=dict(sorted(stamps.items())),
    )


def _shipped_and_time(stamp: Stamp) -> tuple[int, int]:
    return stamp.shipped_time, stamp.time


def _last_change(note: NoteRecord) -> tuple[int, int]:
    return max((_shipped_and_time(stamp) for stamp in note.stamps.values()), default=(0, 0))
