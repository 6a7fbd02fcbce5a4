"""Which category is which: equal titles of a chapter are one category, and a renamed one is known by its questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from deckgen.identity.keys import mint_category_key
from deckgen.identity.lock import Lock
from deckgen.model import Key

Place = tuple[str, str]
"""A chapter's path and the folded title of a category in it."""


def category_keys(places: Collection[Place], moves: Iterable[tuple[Key, Place]], lock: Lock) -> dict[Place, Key]:
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
        key = renamed.get((chapter, title)) or mint_category_key(
            project_id=lock.project_id, chapter=chapter, title=title, taken=taken
        )
        found[chapter, title] = key
        taken.add(key)
    return found


def _known(lock: Lock) -> Mapping[Place, Key]:
    """The categories by their places. One without a chapter, of an earlier deckgen, is that of every chapter once it
    was released, as its learners have it; before, it is that of its first chapter.
    """
    notes = () if lock.releases else sorted(lock.live, key=lambda note: note.chapter, reverse=True)
    homes = {note.category: note.chapter for note in notes}
    return {
        (category.chapter or homes.get(category.key, ""), category.title): category.key for category in lock.categories
    }


def _renamed(moves: Iterable[tuple[Key, Place]], *, vanished: set[Key], new: set[Place]) -> Mapping[Place, Key]:
    """New categories in which most of the surviving questions of a vanished one stand, with that one's key.

    These questions must also be most of those that the new one took from anywhere, so that it is one category's heir.
    """
    flows = Counter(moves)
    leaving, arriving = Counter[Key](), Counter[Place]()
    for (key, place), count in flows.items():
        leaving[key] += count
        arriving[place] += count
    return {
        place: key
        for (key, place), count in flows.items()
        if key in vanished and place in new and 2 * count > leaving[key] and 2 * count > arriving[place]
    }
