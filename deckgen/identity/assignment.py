"""Which question is which known note, judged by texts and places alone; what follows from it is matching's work.

Explained in docs/identity.md, with the measurements behind every number here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deckgen.text.similarity import SHORT, Sketch, answer_likeness, pieces, sketch_size, title_likeness

SAME_ANSWER = 55.0
"""Answers so alike are one question's, whatever its title. Unrelated ones of one book reach 41."""
SAME_QUESTION = 80.0
"""Answers and half the titles so alike are one question's. Unrelated ones of one book reach 76."""
DOUBTFUL = 50.0
"""Answers and half the titles so alike may be one question's: a person decides."""
MARGIN = 8.0
"""By so much a pair must be better than every other of the two; a sketch errs by six."""
_PART, _WHOLE = 30.0, 75.0
"""An answer that shares less than the second with one and more than the first with another may be made of both."""
_SAME_CHAPTER = 40.0
_SAME_CATEGORY = 20.0
_TELLING_TITLE = 8
"""Folded characters from which an equal title in another chapter is no coincidence, unlike “总结”."""
_UNLIKE_ANSWERS = 15.0
_EQUAL_ANSWER, _LIKE_TITLES = 45.0, 50.0
"""What an equal answer counts for at least, however short, below titles so alike: “TODO” proves nothing alone."""
_COMMON = 64
"""A shingle of more texts than these tells none of them apart and is not searched by."""
_NEAREST = 16
"""So many texts that share most are compared, which bounds the work whatever the size of the book."""


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

    No note is linked twice; a note of a doubtful question is linked to none.
    """

    links: Mapping[int, int]
    doubtful: Mapping[int, tuple[int, ...]]


def assign(
    asked: Sequence[Traits],
    known: Sequence[Traits],
    *,
    retired: frozenset[int],
    links: Mapping[int, int],
    absent: frozenset[int] = frozenset(),
) -> Assignment:
    """One assignment of questions to notes for the whole project; the order of neither matters, save among twins.

    ``retired`` are the indices of known notes whose question was gone at the last build; ``links`` are given;
    ``absent`` are known notes that belong to questions which are not among those asked.
    """
    table = _Table(asked=asked, known=known, links=dict(links), taken={*links.values(), *absent})
    live = frozenset(range(len(known))) - retired
    for pool in (live, retired):
        _link_twins(table, pool)
    for pool in (live, retired):
        _link_unique_titles(table, pool)
        _link_unique_answers(table, pool)
        _link_shared_titles(table, pool)
    if table.free_asked() and table.free_known(range(len(known))):
        scores = _Scores(table)
        for pool in (live, live | retired):
            _link_alike(table, pool, scores)
        _doubt_alike(table, live, retired, scores)
    free = set(table.free_known(range(len(known))))
    doubtful = {new: tuple(sorted(free.intersection(olds))) for new, olds in table.doubtful.items()}
    return Assignment(links=table.links, doubtful={new: olds for new, olds in doubtful.items() if olds})


@dataclass(slots=True, kw_only=True)
class _Table:
    """The pairs found so far, and who is still without one. A doubtful question looks no further."""

    asked: Sequence[Traits]
    known: Sequence[Traits]
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
        notes = defaultdict(list)
        for old in self.free_known(pool):
            notes[trait(self.known[old])].append(old)
        questions = defaultdict(list)
        for new in self.free_asked():
            if trait(self.asked[new]) in notes:
                questions[trait(self.asked[new])].append(new)
        return [(found, notes[value]) for value, found in questions.items()]


# --- equal texts ------------------------------------------------------------------------------------------------------


def _link_twins(table: _Table, pool: frozenset[int]) -> None:
    """Equal title and equal answer, in the same place before elsewhere; twins of one place are interchangeable."""
    places: tuple[Callable[[Traits], object], ...] = (
        lambda at: (at.title, at.answer, at.chapter, at.category),
        lambda at: (at.title, at.answer, at.chapter),
        lambda at: (at.title, at.answer),
    )
    for place in places:
        for questions, notes in table.groups(pool, place):
            for new, old in zip(questions, notes, strict=False):
                table.link(new, old)


def _link_unique_titles(table: _Table, pool: frozenset[int]) -> None:
    """Equal titles that no other question and no other note of the pool has."""
    asked = Counter(at.title for at in table.asked)
    known = Counter(table.known[old].title for old in pool)
    homes = _Homes(table)
    for questions, notes in table.groups(pool, lambda at: at.title):
        title = table.asked[questions[0]].title
        if asked[title] == known[title] == 1:
            homes.link(questions[0], notes[0])


def _link_shared_titles(table: _Table, pool: frozenset[int]) -> None:
    """Titles that several have: answers and places decide, and the last two that are left are a pair."""
    homes = _Homes(table)
    for questions, notes in table.groups(pool, lambda at: at.title):
        rivals = _Rivals({(new, old): _title_score(table, new, old) for new in questions for old in notes})
        while pairs := rivals.take_clear_pairs():
            for new, old in pairs:
                homes.link(new, old)
        left, candidates = rivals.left()
        if candidates:
            table.doubtful.update(dict.fromkeys(left, candidates))


def _title_score(table: _Table, new: int, old: int) -> float:
    one, other = table.asked[new], table.known[old]
    return (
        answer_likeness(one.sketch, other.sketch)
        + _SAME_CHAPTER * (one.chapter == other.chapter)
        + _SAME_CATEGORY * (one.category == other.category)
    )


class _Rivals:
    """Every question of a title against every note of it, each with its best pairs last, so that these are at hand."""

    def __init__(self, scores: Mapping[tuple[int, int], float]) -> None:
        self._of_new: dict[int, list[tuple[float, int]]] = defaultdict(list)
        self._of_old: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for (new, old), score in scores.items():
            self._of_new[new].append((score, old))
            self._of_old[old].append((score, new))
        for pairs in (*self._of_new.values(), *self._of_old.values()):
            pairs.sort()

    def take_clear_pairs(self) -> list[tuple[int, int]]:
        """The pairs that are better by a margin than any other pair of either; they are rivals no more."""
        found = [
            (new, old)
            for new in self._of_new
            if (old := _leader(self._of_new[new], self._of_old)) is not None
            and _leader(self._of_old[old], self._of_new) == new
        ]
        for new, old in found:
            del self._of_new[new], self._of_old[old]
        return found

    def left(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The questions and the notes that found none."""
        return tuple(self._of_new), tuple(sorted(self._of_old))


def _leader(pairs: list[tuple[float, int]], there: Container[int]) -> int | None:
    """Who leads by a margin among those who are still there; the pairs of others are dropped on the way."""
    best: list[tuple[float, int]] = []
    while pairs and len(best) < 2:
        pair = pairs.pop()
        best += [pair] if pair[1] in there else []
    pairs += reversed(best)
    clear = len(best) == 1 or (len(best) == 2 and best[0][0] - best[1][0] >= MARGIN)
    return best[0][1] if clear else None


class _Homes:
    """Tells a question that moved from one that only has a common title, such as “总结”, in another chapter."""

    def __init__(self, table: _Table) -> None:
        self._table = table
        self._asked = {at.chapter for at in table.asked}
        self._known = {at.chapter for at in table.known}

    def link(self, new: int, old: int) -> None:
        if self._plausible(self._table.asked[new], self._table.known[old]):
            self._table.link(new, old)
        else:
            self._table.doubtful[new] = (old,)

    def _plausible(self, one: Traits, other: Traits) -> bool:
        renamed = other.chapter not in self._asked or one.chapter not in self._known
        return (
            one.chapter == other.chapter
            or renamed
            or len(one.title) >= _TELLING_TITLE
            or answer_likeness(one.sketch, other.sketch) >= _UNLIKE_ANSWERS
        )


def _link_unique_answers(table: _Table, pool: frozenset[int]) -> None:
    """Equal answers that are long enough and that no other question and no other note of the pool has."""
    asked = Counter(at.answer for at in table.asked)
    known = Counter(table.known[old].answer for old in pool)
    for questions, notes in table.groups(pool, lambda at: at.answer):
        at = table.asked[questions[0]]
        if asked[at.answer] == known[at.answer] == 1 and sketch_size(at.sketch) >= SHORT:
            table.link(questions[0], notes[0])


# --- alike texts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Likeness:
    """``bonus`` is what an equal answer counts for that is too short to be measured."""

    answers: float
    titles: float
    bonus: float

    @property
    def score(self) -> float:
        return max(self.answers, self.bonus) + self.titles / 2

    @property
    def same(self) -> bool:
        return self.answers >= SAME_ANSWER or self.score >= SAME_QUESTION


class _Scores:
    """How alike every free question is to every note that shares something telling with it, and the reverse.

    Questions and notes that have found each other are compared with too: they are rivals, whose likeness shows that
    a pair's own is nothing special.
    """

    def __init__(self, table: _Table) -> None:
        known, asked = _Index(table.known), _Index(table.asked)
        self.of_asked = {
            new: {old: _likeness(table.asked[new], table.known[old]) for old in known.near(table.asked[new])}
            for new in table.free_asked()
        }
        self.of_known = {
            old: {new: _likeness(table.asked[new], table.known[old]) for new in asked.near(table.known[old])}
            for old in table.free_known(range(len(table.known)))
        }


def _likeness(one: Traits, other: Traits) -> _Likeness:
    answers, titles = answer_likeness(one.sketch, other.sketch), title_likeness(one.title, other.title)
    supported = one.answer == other.answer != "" and titles >= _LIKE_TITLES
    return _Likeness(answers=answers, titles=titles, bonus=_EQUAL_ANSWER if supported else 0.0)


class _Index:
    """Finds texts by the rarer of their parts: the hashes of the sketch, and the pairs of characters of the title."""

    def __init__(self, texts: Sequence[Traits]) -> None:
        self._texts = texts
        self._places: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(texts):
            for part in _parts(text):
                self._places[part].append(number)

    def near(self, text: Traits) -> set[int]:
        """The texts that share most with this one, by their answers and by their titles."""
        return {*self._nearest(pieces(text.sketch)), *self._nearest(_pairs(text))}

    def _nearest(self, parts: Iterable[str]) -> list[int]:
        places = (self._places.get(part, []) for part in parts)
        shared = Counter(number for numbers in places if len(numbers) <= _COMMON for number in numbers)
        floor = min(sorted(shared.values())[-_NEAREST:], default=0)
        found = [number for number, count in shared.items() if count >= floor]
        return sorted(found, key=lambda number: (-shared[number], *self._name(number)))[:_NEAREST]

    def _name(self, number: int) -> tuple[str, str]:
        """What orders texts that share as much, so that their own order never counts."""
        return self._texts[number].title, self._texts[number].answer


def _parts(text: Traits) -> Iterable[str]:
    yield from pieces(text.sketch)
    yield from _pairs(text)


def _pairs(text: Traits) -> set[str]:
    return {text.title[start : start + 2] for start in range(len(text.title) - 1)}


def _link_alike(table: _Table, pool: frozenset[int], scores: _Scores) -> None:
    """Pairs that are certainly alike and, by a margin, more so than either is to anything else."""
    free = set(table.free_known(pool))
    pairs = []
    for new in table.free_asked():
        rivals = {old: likeness for old, likeness in scores.of_asked[new].items() if old in pool or old in table.taken}
        best = max(rivals, key=lambda old: (rivals[old].score, old), default=None)
        if best in free and rivals[best].same and _clear(best, rivals) and _clear(new, scores.of_known[best]):
            pairs.append((new, best))
    for new, old in pairs:
        table.link(new, old)


def _clear(best: int, rivals: Mapping[int, _Likeness]) -> bool:
    """Whether the best leads by a margin, and is no part of a merge or a split, whose other parts are alike too."""
    if best not in rivals:
        return False
    others = [likeness for rival, likeness in rivals.items() if rival != best]
    return all(
        rivals[best].score - other.score >= MARGIN and (other.answers < _PART or rivals[best].answers >= _WHOLE)
        for other in others
    )


def _doubt_alike(table: _Table, live: frozenset[int], retired: frozenset[int], scores: _Scores) -> None:
    """Notes that a question may be: live ones where it is possible, retired ones only where it is likely."""
    free_live, free_retired = set(table.free_known(live)), set(table.free_known(retired))
    for new in table.free_asked():
        candidates = tuple(
            old
            for old, likeness in sorted(scores.of_asked[new].items())
            if (old in free_live and (likeness.score >= DOUBTFUL or likeness.same))
            or (old in free_retired and likeness.same)
        )
        if candidates:
            table.doubtful[new] = candidates
