"""The lock that follows when every question has its key: its notes, its categories, and what failed builds keep."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from deckgen.identity.keys import base_guid, mint_key
from deckgen.identity.lock import SAID, CategoryRecord, Lock, NoteRecord
from deckgen.model import Key, replace

Place = tuple[str, str]
"""A chapter's path and the folded title of a category in it."""


def new_note(project_id: str, key: Key, texts: Mapping[str, Any]) -> NoteRecord:
    """The note of a question that was never built; ``texts`` as ``lock.texts_of`` gives them."""
    return NoteRecord(key=key, guid=base_guid(project_id, key), since="", stamps={}, **texts)


def succeed(lock: Lock, settled: Iterable[tuple[Key, dict[str, Any]]]) -> dict[Key, NoteRecord]:
    """All notes of the lock after a corpus whose questions, in their order, have these keys and texts."""
    notes = {note.key: note for note in lock.notes}
    last: dict[str, Key] = {}
    for key, texts in settled:
        known = notes.get(key) or new_note(lock.project_id, key, texts)
        texts = {**texts, "after": last.get(texts["chapter"], "")}
        # The very record where nothing else than its sketch might differ.
        same = all(getattr(known, name) == text for name, text in texts.items() if name != "sketch")
        notes[key] = known if same and known.retired is None else replace(known, **texts, retired=None, linked=None)
        last[texts["chapter"]] = key
    return notes


def keep_texts(before: Lock, after: Lock) -> Lock:
    """The lock before a build that found errors, with what its notes' questions say now.

    So edits between which every build fails, for a missing picture elsewhere, are still matched one by one. No note is
    made, moved, retired or stamped: a chapter that is read wrongly may lack or split questions.
    """
    now = {note.key: note for note in after.live}
    notes = tuple(
        replace(note, **{name: getattr(now[note.key], name) for name in SAID})
        if note.retired is None and note.key in now
        else note
        for note in before.notes
    )
    return before if notes == before.notes else replace(before, notes=notes, sources=after.sources)


def category_keys(places: Collection[Place], moves: Collection[tuple[Key, Place]], lock: Lock) -> dict[Place, Key]:
    """The key of each of a corpus's categories: that of an equal title in its chapter, of a renamed category, or new.

    ``moves`` has, for every question that the lock knows, the category that it stood in and the one that it stands in
    now.
    """
    known = _known(lock)
    found = {place: key for place in places if (key := known.get(place) or known.get(("", place[1])))}
    new = set(places) - found.keys()
    taken = {category.key for category in lock.categories}
    renamed = _renamed(moves, vanished=taken - {*found.values()}, new=new)
    for chapter, title in sorted(new):
        key = renamed.get((chapter, title)) or mint_key(
            project_id=lock.project_id, chapter=chapter, title=title, ordinal=0, taken=taken
        )
        found[chapter, title] = key
        taken.add(key)
    return found


def category_records(lock: Lock, keys: Mapping[Place, Key]) -> Iterable[CategoryRecord]:
    """Those of the lock after a corpus whose categories have these keys."""
    records = {record.key: record for record in lock.categories}
    for (chapter, title), key in keys.items():
        known = records.get(key)
        shared = known is not None and not known.chapter and bool(lock.releases)
        names = known.names if known else {}
        records[key] = CategoryRecord(key=key, chapter="" if shared else chapter, title=title, names=names)
    return records.values()


def _known(lock: Lock) -> Mapping[Place, Key]:
    """The categories by their places. One without a chapter, of an earlier deckgen, is that of every chapter once it
    was released, as its learners have it; before, it is that of its first chapter.
    """
    notes = () if lock.releases else sorted(lock.live, key=lambda note: note.chapter, reverse=True)
    homes = {note.category: note.chapter for note in notes}
    return {
        (category.chapter or homes.get(category.key, ""), category.title): category.key for category in lock.categories
    }


def _renamed(moves: Collection[tuple[Key, Place]], *, vanished: set[Key], new: set[Place]) -> Mapping[Place, Key]:
    """New categories in which most of the surviving questions of a vanished one stand, with that one's key.

    These questions must also be most of those that the new one took from anywhere, so that it is one category's heir.
    """
    leaving, arriving = Counter(key for key, _ in moves), Counter(place for _, place in moves)
    return {
        place: key
        for (key, place), count in Counter(moves).items()
        if key in vanished and place in new and 2 * count > leaving[key] and 2 * count > arriving[place]
    }
