"""Questions beside the notes that they may be, who stands next to whom, and the pairs found so far."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct, field

from deckgen.identity.lock import NoteRecord
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
    ranks: Mapping[int, int]
    """Where notes stood in their chapters, as far as it is known."""
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


def rows_of_lock(notes: Sequence[NoteRecord]) -> dict[str, list[int]]:
    """The rows of the live notes of a lock, as far as it tells.

    Whatever merges have made of the links, every note is in at most one row, once.
    """
    followers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, note in reversed([*enumerate(notes)]):  # of several that follow one, the first is taken from the end
        if note.retired is None and note.after is not None:
            followers[note.chapter, note.after].append(index)
    rows: dict[str, list[int]] = {}
    for chapter in {chapter for chapter, _ in followers}:
        rows[chapter] = []
        waiting = followers.pop((chapter, ""), [])
        while waiting:
            index = waiting.pop()
            rows[chapter].append(index)
            waiting += followers.pop((chapter, notes[index].key), [])
    return rows


def vacancies(table: Table, rows: Rows, lost: Collection[int]) -> dict[int, tuple[int, ...]]:
    """For every question without a note, the lost notes that stood there; in pairs where they are as many."""
    after = {one: other for row in rows.values() for one, other in pairwise(row)}
    before = {other: one for one, other in after.items()}
    asked_rows: dict[str, list[int]] = defaultdict(list)
    for index, at in enumerate(table.asked):
        asked_rows[at.chapter].append(index)
    found: dict[int, tuple[int, ...]] = {}
    for chapter, row in asked_rows.items():
        first = next(iter(rows.get(chapter, ())), None)
        for left, run, right in _runs(row, table.links):
            olds = [*_walk(first if left is None else after.get(left), after, lost)]
            if not olds and right is not None:
                olds = [*_walk(before.get(right), before, lost)][::-1]
            if len(olds) == len(run):
                found.update((new, (old,)) for new, old in zip(run, olds, strict=True))
            elif 0 < len(olds) <= _MOST:
                found.update(dict.fromkeys(run, tuple(olds)))
    return found


def _runs(row: Sequence[int], links: Mapping[int, int]) -> Iterator[tuple[int | None, list[int], int | None]]:
    """Questions in a row that have no note, with the notes of those before and after them."""
    runs: list[tuple[int | None, list[int]]] = [(None, [])]
    for index in row:
        if index in links:
            runs.append((links[index], []))
        else:
            runs[-1][1].append(index)
    for (left, run), (right, _) in pairwise([*runs, (None, [])]):
        if run:
            yield left, run, right


def _walk(start: int | None, step: Mapping[int, int], lost: Collection[int]) -> Iterator[int]:
    while start is not None and start in lost:
        yield start
        start = step.get(start)
