"""Questions beside the notes that they may be, and the pairs found so far; who is a pair is the assignment's work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deckgen.identity.places import Places
from deckgen.text.similarity import Sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a question or a note is recognised by; ``category`` and ``title`` are folded, ``answer`` a fingerprint."""

    chapter: str
    category: str
    title: str
    answer: str
    sketch: Sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """``links`` leads from a question's index to a note's, ``doubtful`` from a question's index to several notes'.

    No note is linked twice; a note of a doubtful question is linked to none. ``vacant`` leads from a question without
    a note to the vanished notes that stood in its place.
    """

    links: Mapping[int, int]
    doubtful: Mapping[int, tuple[int, ...]]
    vacant: Mapping[int, tuple[int, ...]]


@dataclass(slots=True, kw_only=True)
class Table:
    """The pairs found so far, and who is still without one. A doubtful question looks no further."""

    asked: Sequence[Traits]
    known: Sequence[Traits]
    places: Places
    links: dict[int, int]
    taken: set[int]
    doubtful: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def link(self, new: int, old: int) -> None:
        self.links[new] = old
        self.taken.add(old)

    def free_asked(self) -> list[int]:
        return [new for new in range(len(self.asked)) if new not in self.links and new not in self.doubtful]

    def free_known(self, pool: Iterable[int]) -> list[int]:
        return [old for old in sorted(pool) if old not in self.taken]

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
