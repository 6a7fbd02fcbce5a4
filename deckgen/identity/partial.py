"""What a build with errors keeps in the lock: the texts of known questions, and nothing that errors may feign."""

from __future__ import annotations

from deckgen.identity.lock import Lock, NoteRecord, revise


def keep_texts(before: Lock, after: Lock) -> Lock:
    """The lock before a build that found errors, with what its notes' questions say now.

    So edits between which every build fails, for a missing image elsewhere, are still matched one by one. No note is
    made, moved, retired or stamped: a chapter that is read wrongly may lack or split questions.
    """
    now = {note.key: note for note in after.live}
    notes = tuple(_with_texts(note, now.get(note.key)) for note in before.notes)
    return before if notes == before.notes else revise(before, notes=notes, sources=after.sources)


def _with_texts(note: NoteRecord, now: NoteRecord | None) -> NoteRecord:
    if now is None or note.retired is not None:
        return note
    return revise(note, title=now.title, answer=now.answer, sketch=now.sketch)
