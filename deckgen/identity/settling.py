"""What a person decides about a match: that a question is an earlier one, or that it is not; changes the lock alone."""

from deckgen.diagnostics import DeckgenError
from deckgen.identity.keys import mint_key
from deckgen.identity.lock import Lock, NoteRecord, PendingRecord, Stamp, texts_of, with_records
from deckgen.identity.succession import new_note
from deckgen.model import Key, replace

_DAY = 24 * 60 * 60


def link_question(lock: Lock, *, old: Key, new: Key, force: bool = False) -> Lock:
    """The lock in which the question ``new`` is the note ``old`` and keeps its learners' schedules.

    ``new`` is pending, or was taken for a new question: a note that is retired then, released or not, and says whom it
    turned out to be, so that a merge with a branch that knows it as a note keeps the link. ``old`` is retired or one
    that the pending question may be, else only ``force`` takes it from its question. DeckgenError where it cannot be.
    """
    notes = {note.key: note for note in lock.notes}
    if old not in notes or old == new:
        raise _unknown(lock, old)
    for record in (notes[old], lock.questions.get(new)):
        if isinstance(record, NoteRecord) and record.linked:
            raise DeckgenError(f"“{record.key}” is linked to “{record.linked}” already", hint=f"use {record.linked}")
    asked = _question(lock, new)
    candidates = asked.candidates if isinstance(asked, PendingRecord) else ()
    if notes[old].retired is None and old not in candidates and not force:
        raise DeckgenError(
            f"“{old}” is the note of another question, “{notes[old].title}”",
            hint="is the key right? If that question is gone or is wrongly this note, say so with --force",
        )
    if isinstance(asked, NoteRecord):
        notes[new] = replace(asked, retired="", linked=old)
    notes[old] = replace(notes[old], retired=None, **texts_of(asked))
    others = (
        replace(record, candidates=tuple(key for key in record.candidates if key != old))
        for record in lock.pending
        if record.key != new
    )
    return with_records(lock, notes=notes.values(), pending=others)


def split_question(lock: Lock, *, key: Key) -> tuple[Lock, Key]:
    """The lock in which a question is a new note, and that note's key.

    A pending question gets the key that it is reported under. A question that was taken for the note ``key`` gets a
    new one, and that note is retired. DeckgenError for a key that the lock does not have.
    """
    notes, asked, new = {note.key: note for note in lock.notes}, _question(lock, key), key
    if isinstance(asked, NoteRecord):
        where = {"project_id": lock.project_id, "chapter": asked.chapter, "title": asked.title}
        new = mint_key(**where, ordinal=1, taken=lock.questions)
        notes[key] = replace(asked, retired="")
    notes[new] = new_note(lock.project_id, new, texts_of(asked))
    others = (record for record in lock.pending if record.key != key)
    return with_records(lock, notes=notes.values(), pending=others), new


def with_question(lock: Lock, seen: Lock, key: Key) -> Lock:
    """The lock with the record of a question that only ``seen`` has, which a match of the sources made of it."""
    asked = seen.questions.get(key)
    if asked is None:
        return lock
    if asked.category not in {record.key for record in lock.categories}:
        category = next(record for record in seen.categories if record.key == asked.category)
        lock = with_records(lock, categories=(*lock.categories, category))
    if isinstance(asked, PendingRecord):
        return with_records(lock, pending=(*lock.pending, asked))
    return with_records(lock, notes=(*lock.notes, asked))


def _question(lock: Lock, key: Key) -> NoteRecord | PendingRecord:
    """The record of a question that is there. DeckgenError for a key without one."""
    asked = lock.questions.get(key)
    if asked is None:
        raise _unknown(lock, key)
    if isinstance(asked, NoteRecord) and asked.retired is not None:
        raise DeckgenError(f"“{key}” is retired: no question has it", hint="deckgen lock show lists the keys in use")
    return asked


def _unknown(lock: Lock, key: Key) -> DeckgenError:
    pending = ", ".join(record.key for record in lock.pending) or "none"
    return DeckgenError(f"the lock has no note “{key}” to settle this with", hint=f"pending questions: {pending}")


def mend_times(lock: Lock, *, now: int) -> tuple[Lock, int]:
    """The lock without the times of a clock that was wrong, and how many there were.

    ``now`` in seconds since the epoch; what is later by more than a day is. A time that no release has shipped becomes
    ``now``; one that a release has shipped stays, since learners have it and every later one must exceed it.
    """
    notes = tuple(
        replace(note, stamps={name: _mended(stamp, now) for name, stamp in note.stamps.items()}) for note in lock.notes
    )
    editions = tuple(
        replace(edition, note_type=replace(kind, time=_mended(kind.stamp, now).time)) if kind else edition
        for edition in lock.editions
        for kind in (edition.note_type,)
    )
    return replace(lock, notes=notes, editions=editions), len(future_times(lock, now=now))


def future_times(lock: Lock, *, now: int) -> tuple[int, ...]:
    """The times of notes and note types that no release has shipped and that are later than tomorrow."""
    return tuple(stamp.time for stamp in lock.stamps if _is_wrong(stamp, now))


def _is_wrong(stamp: Stamp, now: int) -> bool:
    return stamp.time > now + _DAY >= stamp.shipped_time


def _mended(stamp: Stamp, now: int) -> Stamp:
    return replace(stamp, time=max(now, stamp.shipped_time + 1)) if _is_wrong(stamp, now) else stamp
