"""Questions beside the notes that they may be, who stands next to whom, and the pairs found so far."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct, field

from deckgen.text.similarity import Sketch

Rows = Mapping[str, Sequence[int]]
"""By chapter, the indices of its questions or notes in their order."""

_MOST = 6
"""So many notes at once may have stood where a question stands; among more, the place tells nothing."""


class Traits(Struct, frozen=True, kw_only=True):
    """What a question or a note is recognised by; ``category`` and ``title`` are folded, ``answer`` a fingerprint."""

    chapter: str
    category: str
    title: str
    answer: str
    sketch: Sketch


class Assignment(Struct, frozen=True, kw_only=True):
    """``links`` leads from a question's index to a note's, ``doubtful`` from a question's index to several notes'.

    No note is linked twice; a note of a doubtful question is linked to none. ``vacant`` leads from a question without
    a note to the vanished notes that stood in its place.
    """

    links: Mapping[int, int]
    doubtful: Mapping[int, tuple[int, ...]]
    vacant: Mapping[int, tuple[int, ...]]


class Table(Struct, kw_only=True):
    """The pairs found so far, and who is still without one. A doubtful question looks no further."""

    asked: Sequence[Traits]
    known: Sequence[Traits]
    places: "Places"
    links: dict[int, int]
    taken: set[int]
    doubtful: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def link(self, new: int, old: int) -> None:
        self.links[new] = old
        self.taken.add(old)

    def free_asked(self) -> list[int]:
        return [new for new in range(len(self.asked)) if new not in self.links and new not in self.doubtful]

    def free_known(self, pool: Iterable[int] | None = None) -> list[int]:
        """Those of a pool, or of all notes, in their order."""
        return [old for old in sorted(range(len(self.known)) if pool is None else pool) if old not in self.taken]

    def groups(self, pool: frozenset[int], trait: Callable[[Traits], object]) -> list[tuple[list[int], list[int]]]:
        """Free questions and free notes of the pool that have a trait in common."""
        questions = defaultdict(list)
        for new in self.free_asked():
            questions[trait(self.asked[new])].append(new)
        if not questions:
            return []
        notes = defaultdict(list)
        for old in self.free_known(pool):
            value = trait(self.known[old])
            if value in questions:
                notes[value].append(old)
        return [(questions[value], found) for value, found in notes.items()]


def rows_of_lock(notes: Iterable[tuple[str, str, str | None]]) -> dict[str, list[int]]:
    """The rows of notes that are given as chapter, key and the key before them: empty for the first, None if unknown.

    Whatever merges have made of the links, every note is in at most one row, once.
    """
    followers: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for index, (chapter, key, before) in enumerate(notes):
        if before is not None:
            followers[chapter, before].append((key, index))
    rows: dict[str, list[int]] = {}
    for chapter in {chapter for chapter, _ in followers}:
        row: list[int] = []
        waiting = [*reversed(followers.pop((chapter, ""), []))]
        while waiting:
            key, index = waiting.pop()
            row.append(index)
            waiting += reversed(followers.pop((chapter, key), []))
        rows[chapter] = row
    return rows


class Places:
    """The rows of a corpus beside those of its lock. ``links`` grows while questions find their notes."""

    def __init__(self, asked: Rows, known: Rows, links: Mapping[int, int]) -> None:
        self._asked, self._known, self._links = asked, known, links
        self._before = {after: before for row in known.values() for before, after in pairwise(row)}
        self._after = {before: after for after, before in self._before.items()}
        self._ranks = {old: rank for row in known.values() for rank, old in enumerate(row)}

    def rank(self, old: int) -> tuple[int, int]:
        """What orders notes of one chapter as they stood, those last whose place is unknown."""
        return self._ranks.get(old, len(self._ranks)), old

    def vacancies(self, lost: Collection[int]) -> dict[int, tuple[int, ...]]:
        """For every question without a note, the lost notes that stood there; in pairs where they are as many."""
        found: dict[int, tuple[int, ...]] = {}
        for chapter, row in self._asked.items():
            for left, run, right in _runs(row, self._links):
                olds = self._gap(chapter, left, right, lost)
                if len(olds) == len(run):
                    found.update((new, (old,)) for new, old in zip(run, olds, strict=True))
                elif 0 < len(olds) <= _MOST:
                    found.update(dict.fromkeys(run, tuple(olds)))
        return found

    def _gap(self, chapter: str, left: int | None, right: int | None, lost: Collection[int]) -> list[int]:
        """The lost notes in a row after the note of ``left``, or before that of ``right``."""
        first = self._known.get(chapter, ())[:1]
        start = self._after.get(self._links[left]) if left is not None else next(iter(first), None)
        olds = list(_walk(start, self._after, lost))
        if not olds and right is not None:
            olds = [*reversed(list(_walk(self._before.get(self._links[right]), self._before, lost)))]
        return olds


def _runs(row: Sequence[int], links: Mapping[int, int]) -> Iterator[tuple[int | None, list[int], int | None]]:
    """Questions in a row that have no note, with the ones before and after them that do."""
    left: int | None = None
    run: list[int] = []
    for index in row:
        if index not in links:
            run.append(index)
            continue
        if run:
            yield left, run, index
        left, run = index, []
    if run:
        yield left, run, None


def _walk(start: int | None, step: Mapping[int, int], lost: Collection[int]) -> Iterator[int]:
    while start is not None and start in lost:
        yield start
        start = step.get(start)
