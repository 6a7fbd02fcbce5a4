"""What a person decides about a match: that a question is an earlier one, or that it is not; changes the lock alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deckgen.diagnostics import DeckgenError
from deckgen.identity.lock_records import Lock, NoteRecord, PendingRecord
from deckgen.keys import base_guid, mint_key
from deckgen.model import Key


def link_question(lock: Lock, *, old: Key, new: Key, force: bool = False) -> Lock:
    """The lock in which the question ``new`` is the note ``old`` and keeps its learners' schedules.

    ``new`` is pending, or was taken for a new question and has never been released; ``old`` is retired or one that
    the pending question may be. DeckgenError where it cannot be. ``force`` takes ``old`` away from another question.
    """
    notes = {note.key: note for note in lock.notes}
    pending = {record.key: record for record in lock.pending}
    if old not in notes or old == new:
        raise _unknown(lock, old)
    asked = pending.get(new) or notes.get(new)
    if asked is None:
        raise _unknown(lock, new)
    if isinstance(asked, NoteRecord) and (asked.since or asked.retired is not None):
        raise DeckgenError(
            f"“{new}” has been a note of its own since {asked.since or 'before it was retired'}",
            hint="learners may have both cards; a released note keeps its key",
        )
    candidates = asked.candidates if isinstance(asked, PendingRecord) else ()
    if notes[old].retired is None and old not in candidates and not force:
        raise DeckgenError(
            f"“{old}” is the note of another question, “{notes[old].title}”",
            hint="is the key right? If that question is gone or is wrongly this note, say so with --force",
        )
    notes.pop(new, None)
    notes[old] = _with_texts(notes[old], asked)
    return _with(lock, notes.values(), (record for record in lock.pending if record.key != new))


def split_question(lock: Lock, *, key: Key) -> tuple[Lock, Key]:
    """The lock in which a question is a new note, and that note's key.

    A pending question gets the key that it is reported under. A question that was taken for the note ``key`` gets a
    new one, and that note is retired. DeckgenError for a key that the lock does not have.
    """
    notes = {note.key: note for note in lock.notes}
    asked = next((record for record in lock.pending if record.key == key), None) or notes.get(key)
    if asked is None:
        raise _unknown(lock, key)
    new = key
    if isinstance(asked, NoteRecord):
        if asked.retired is not None:
            raise DeckgenError(
                f"“{key}” is retired: no question has it", hint="deckgen lock show lists the keys in use"
            )
        new = mint_key(
            project_id=lock.project_id,
            chapter=asked.chapter,
            title=asked.title,
            ordinal=1,
            taken={*notes, *(record.key for record in lock.pending)},
        )
        notes[key] = replace(asked, retired="")
    fresh = NoteRecord(
        key=new,
        guid=base_guid(lock.project_id, new),
        chapter=asked.chapter,
        category=asked.category,
        title=asked.title,
        answer=asked.answer,
        sketch=asked.sketch,
    )
    notes[new] = fresh
    return _with(lock, notes.values(), (record for record in lock.pending if record.key != key)), new


def _with_texts(note: NoteRecord, asked: NoteRecord | PendingRecord) -> NoteRecord:
    return replace(
        note,
        chapter=asked.chapter,
        category=asked.category,
        title=asked.title,
        answer=asked.answer,
        sketch=asked.sketch,
        retired=None,
    )


def _with(lock: Lock, notes: Iterable[NoteRecord], pending: Iterable[PendingRecord]) -> Lock:
    """The lock with these; a pending question whose candidates all found another loses its claim at the next build."""
    return replace(
        lock,
        notes=tuple(sorted(notes, key=lambda note: note.key)),
        pending=tuple(sorted(pending, key=lambda record: record.key)),
    )


def _unknown(lock: Lock, key: Key) -> DeckgenError:
    pending = ", ".join(record.key for record in lock.pending) or "none"
    return DeckgenError(f"the lock has no note “{key}” to settle this with", hint=f"pending questions: {pending}")
