"""Which question is which known note, judged by texts and places alone; what follows from it is matching's work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deckgen.similarity import Sketch

_SAME_CHAPTER = 40.0
_SAME_CATEGORY = 20.0
_MARGIN = 8.0
"""A pair wins only when its score is so much better than every other of the two; a sketch errs by six."""
_SHORT_ANSWER = 12
"""Distinct shingles below which an equal answer proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a question or a note is recognised by. ``category`` and ``title`` are folded."""

    chapter: str
    category: str
    title: str
    answer: str
    sketch: Sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """``links`` leads from a question's index to a note's; ``doubtful`` from a question's index to several notes'."""

    links: Mapping[int, int]
    doubtful: Mapping[int, tuple[int, ...]]


def assign(asked: Sequence[Traits], known: Sequence[Traits], retired: frozenset[int]) -> Assignment:
    """One assignment of questions to notes for the whole project; the order of neither matters.

    ``retired`` are the indices of known notes whose question was gone at the last build.
    """
    table = _Table(asked=asked, known=known)
    live = frozenset(range(len(known))) - retired
    for pool in (live, retired):
        _pair_twins(table, pool)
    _pair_titles(table, live)
    _pair_answers(table, live)
    _pair_titles(table, retired)
    _pair_answers(table, retired)
    return Assignment(links=dict(table.links), doubtful=dict(table.doubtful))


@dataclass(slots=True, kw_only=True)
class _Table:
    """The pairs found so far, and who is still without one."""

    asked: Sequence[Traits]
    known: Sequence[Traits]
    links: dict[int, int] = field(default_factory=dict)
    doubtful: dict[int, tuple[int, ...]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def link(self, new: int, old: int) -> None:
        self.links[new] = old
        self.taken.add(old)

    def free_asked(self) -> list[int]:
        return [new for new in range(len(self.asked)) if new not in self.links and new not in self.doubtful]

    def free_known(self, pool: Iterable[int]) -> list[int]:
        return [old for old in sorted(pool) if old not in self.taken]

    def groups(self, pool: frozenset[int], trait: Callable[[Traits], str | None]) -> list[tuple[list[int], list[int]]]:
        """Free questions and free notes of the pool that have a trait in common."""
        questions: dict[str, list[int]] = defaultdict(list)
        notes: dict[str, list[int]] = defaultdict(list)
        for new in self.free_asked():
            if value := trait(self.asked[new]):
                questions[value].append(new)
        for old in self.free_known(pool):
            if value := trait(self.known[old]):
                notes[value].append(old)
        return [(questions[value], notes[value]) for value in sorted(questions.keys() & notes.keys())]


def _pair_twins(table: _Table, pool: frozenset[int]) -> None:
    """Equal title and equal answer, in the same place before elsewhere; twins of one place are interchangeable."""
    for place in (_place, _chapter, _anywhere):
        for questions, notes in table.groups(pool, lambda traits: f"{traits.title}\0{traits.answer}\0{place(traits)}"):  # noqa: B023
            for new, old in zip(questions, notes, strict=False):
                table.link(new, old)


def _place(traits: Traits) -> str:
    return f"{traits.chapter}\0{traits.category}"


def _chapter(traits: Traits) -> str:
    return traits.chapter


def _anywhere(_: Traits) -> str:
    return ""


def _pair_titles(table: _Table, pool: frozenset[int]) -> None:
    for questions, notes in table.groups(pool, lambda traits: traits.title):
        if len(questions) == 1 and len(notes) == 1:
            table.link(questions[0], notes[0])


def _pair_answers(table: _Table, pool: frozenset[int]) -> None:
    for questions, notes in table.groups(
        pool, lambda traits: traits.answer if traits.sketch.size >= _SHORT_ANSWER else None
    ):
        if len(questions) == 1 and len(notes) == 1:
            table.link(questions[0], notes[0])
