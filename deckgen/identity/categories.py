"""Which category is which: equal titles are one category, and a renamed one is known by its questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from deckgen.identity.lock import Lock
from deckgen.keys import mint_category_key
from deckgen.model import Key


def category_keys(titles: Collection[str], moves: Iterable[tuple[Key, str]], lock: Lock) -> dict[str, Key]:
    """The key of each of a corpus's folded category titles: that of an equal title, of a renamed category, or new.

    ``moves`` has, for every question that the lock knows, the category that it stood in and the title that it stands
    under now.
    """
    known = {category.title: category.key for category in lock.categories}
    found = {title: known[title] for title in titles if title in known}
    renamed = _renamed(moves, vanished={*known.values()} - {*found.values()}, new=set(titles) - known.keys())
    taken = set(known.values())
    for title in sorted(set(titles) - found.keys()):
        found[title] = renamed.get(title) or mint_category_key(project_id=lock.project_id, title=title, taken=taken)
        taken.add(found[title])
    return found


def _renamed(moves: Iterable[tuple[Key, str]], *, vanished: set[Key], new: set[str]) -> Mapping[str, Key]:
    """New titles under which most of the surviving questions of a vanished category stand, with that category's key.

    These questions must also be most of those that the new title took from anywhere, so that it is one category's heir.
    """
    flows = Counter(moves)
    leaving, arriving = Counter[Key](), Counter[str]()
    for (key, title), count in flows.items():
        leaving[key] += count
        arriving[title] += count
    return {
        title: key
        for (key, title), count in flows.items()
        if key in vanished and title in new and 2 * count > leaving[key] and 2 * count > arriving[title]
    }
