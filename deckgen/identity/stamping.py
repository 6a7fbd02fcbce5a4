"""When each note and note type last changed, kept in the lock; reads no clock."""

import hashlib
from collections.abc import Callable, Iterator, Mapping

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.identity.lock import EditionRecord, Lock, NoteRecord, NoteTypeRecord, Stamp, with_records
from deckgen.model import Deck, Key, Note, NoteType, StampedDeck, replace

DeckMark = Callable[[Deck, Lock], Deck]
"""A deck, and the lock in which its notes are stamped → the deck with the note type that it is to have."""


def stamp(
    decks: tuple[Deck, ...], lock: Lock, *, now: int, release: str | None, mark: DeckMark | None = None
) -> tuple[tuple[StampedDeck, ...], Lock, tuple[Diagnostic, ...]]:
    """Every note's and note type's modification time, and the lock that keeps them.

    What is as it was keeps its time; what is as the last release shipped it regains that release's. Everything else
    gets one time, ``now`` or later than every earlier stamp. A ``release``, given by its version, gives its time to all
    that no release has shipped as it is, and to the notes that the release before it changed. Seconds since the epoch.
    A ``frozen-schema`` says that a note type's fields or templates are not those that learners have. ``mark`` may
    change a deck's note type by what became of its notes.
    """
    time = next_time(lock, now)
    records = {record.key: record for record in lock.notes}
    editions = {record.name: record for record in lock.editions}
    again = release in lock.releases
    findings = [found for deck in decks for found in _rendered_differently(deck, records)]
    for deck in decks:
        for note in deck.notes:
            known, name = records[note.key], deck.edition.name
            records[note.key] = _stamp_note(known, note, name, time=time, release=release, again=again)
    if release is not None:
        lock = replace(lock, releases=lock.releases if again else (*lock.releases, release))
        records |= {key: replace(record, retired=release) for key, record in records.items() if record.retired == ""}
    after = with_records(lock, notes=records.values())
    stamped = []
    for deck in (mark(deck, after) if mark else deck for deck in decks):
        edition, note_type = editions[deck.edition.name], deck.note_type
        if edition.note_type and edition.released:
            # With another sort field Anki takes every note for edited at that moment: it updates none, and can only
            # sync as a whole.
            note_type = replace(note_type, sort_field=edition.note_type.sort)
        findings += _schema_findings(edition, note_type)
        record = _stamp_note_type(edition.note_type, note_type, time, release)
        editions[edition.name] = replace(edition, note_type=record)
        note_times = tuple(records[note.key].stamps[edition.name].time for note in deck.notes)
        deck = replace(deck, note_type=note_type)
        stamped.append(StampedDeck(deck=deck, note_times=note_times, note_type_time=record.time, created=time))
    after = with_records(after, editions=editions.values())
    created = min([time, *(max(stamp.time, stamp.shipped_time) for stamp in after.stamps)])
    return tuple(replace(deck, created=created) for deck in stamped), after, tuple(findings)


def updated_keys(lock: Lock, edition: str, *, newest: int | None) -> tuple[Key, ...]:
    """The notes whose content the newest release changed for the learners of an edition, by the lock after ``stamp``.

    ``newest`` is that release's time if it is being made; None takes the latest that the lock knows. Notes that are new
    in it are none of them, nor are those of an edition that is.
    """
    before = [
        (note.key, known)
        for note in lock.live
        if (known := note.stamps.get(edition)) and known.shipped_hash and note.since != lock.releases[-1]
    ]
    time = max((known.shipped_time for known in lock.stamps), default=0) if newest is None else newest
    changed = tuple(key for key, known in before if known.renew and known.shipped_time == time)
    return changed if len(changed) < len(before) else ()


def next_time(lock: Lock, now: int) -> int:
    """The time to stamp on what changed: ``now``, or later than every earlier stamp, larger images' second included."""
    return max([now, *(max(known.time, known.shipped_time) + 2 for known in lock.stamps)])


def _stamp_note(
    record: NoteRecord, note: Note, edition: str, *, time: int, release: str | None, again: bool
) -> NoteRecord:
    """The record with the note's stamp in an edition; ``again`` says that the release was made before, with its times.

    A note that a release changed gets the time of the next one too. It may have reached nobody who marked it, or whose
    Anki stamped an import of an older release, between the two: Anki takes that for newer.
    """
    known = record.stamps.get(edition)
    stamp = _next_stamp(known, note.content_hash, note.input_hash, time=time, release=release)
    if release is not None and not again and known and known.shipped_hash:
        changed = note.content_hash != known.shipped_hash
        renewed = replace(stamp, time=time, shipped=(stamp.hash, time), renew=False) if known.renew else stamp
        stamp = replace(stamp, renew=True) if changed else renewed
    since = record.since or release or ""
    if stamp == known and since == record.since:
        return record
    return replace(record, stamps=dict(sorted({**record.stamps, edition: stamp}.items())), since=since)


def _next_stamp(known: Stamp | None, digest: str, inputs: str, *, time: int, release: str | None) -> Stamp:
    if known is None:
        known = Stamp(hash="", time=0, inputs="")
    if digest == known.shipped_hash:
        return replace(known, hash=digest, inputs=inputs, time=known.shipped_time)
    if release is not None:
        return Stamp(hash=digest, inputs=inputs, time=time, shipped=(digest, time))
    return replace(known, hash=digest, inputs=inputs, time=known.time if digest == known.hash else time)


def _stamp_note_type(
    known: NoteTypeRecord | None, note_type: NoteType, time: int, release: str | None
) -> NoteTypeRecord:
    mark = _next_stamp(known.stamp if known else None, note_type_hash(note_type), "", time=time, release=release)
    return NoteTypeRecord(
        id=note_type.id,
        fields={field.name: field.id for field in note_type.fields},
        templates={template.name: template.id for template in note_type.templates},
        sort=note_type.sort_field,
        hash=mark.hash,
        time=mark.time,
        inputs=mark.inputs,
        shipped=mark.shipped,
    )


def _rendered_differently(deck: Deck, records: Mapping[Key, NoteRecord]) -> Iterator[Diagnostic]:
    """Names the notes that differ from the last build although all that they are made from is the same."""
    edition = deck.edition.name
    keys = [
        note.key
        for note in deck.notes
        if (known := records[note.key].stamps.get(edition))
        and known.inputs == note.input_hash != ""
        and known.hash != note.content_hash
    ]
    if keys:
        told = f"{len(keys)} notes are rendered differently from the same sources: {', '.join(keys)}"
        hint = "their file was renamed, or a library or deckgen itself upgraded; learners get these notes anew"
        yield diagnostic("rendered-differently", f"edition {edition}: {told}", hint=hint)


def _schema_findings(edition: EditionRecord, note_type: NoteType) -> list[Diagnostic]:
    """Whether Anki takes the note type for the one it has: it compares ids, so that names may change."""
    known = edition.note_type
    if known is None or not known.stamp.shipped_hash:
        return []
    fields, templates = (field.id for field in note_type.fields), (template.id for template in note_type.templates)
    parts = [*known.fields.values()], [*known.templates.values()]
    if known.id == note_type.id and parts == ([*fields], [*templates]):
        return []
    message = (
        f"edition {edition.name}: the note type's id, fields or templates are not those that learners have; Anki would "
        "never again update a card of theirs"
    )
    hint = "keep the fields and templates as they were released, and put new content into a spare field"
    return [diagnostic("frozen-schema", message, hint=hint)]


def note_type_hash(note_type: NoteType) -> str:
    """The hash of all that a newer note type replaces: names, templates, CSS and what the browser shows."""
    parts = [note_type.name, note_type.css, str(note_type.sort_field), *(field.name for field in note_type.fields)]
    for template in note_type.templates:
        parts += [template.name, template.front, template.back, template.browser_front, template.browser_back]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
