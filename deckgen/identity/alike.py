"""Pairs that no equal text betrays: how alike a question and a note are, and from where on that is proof or doubt.

Explained in docs/identity.md, with the measurements behind every number here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import nlargest, nsmallest

from msgspec import Struct

from deckgen.identity.table import Table, Traits
from deckgen.text.similarity import answer_likeness, hashes_of, title_likeness
from deckgen.text.titles import is_han, telling_part

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
_EQUAL_ANSWER, _LIKE_TITLES = 45.0, 50.0
"""What an equal answer counts for at least, however short, below titles so alike: “TODO” proves nothing alone."""
_SAME_TOPIC, _SAME_TOPIC_ELSEWHERE = 65.0, 75.0
"""Titles that are so alike without the words that ask may be one question's, in one chapter and in two."""
_TOPIC_IN_PLACE, _ANSWER_IN_PLACE = 50.0, 15.0
"""So little must titles or answers have in common where one question stands in the place of the other."""
_COMPARED = 100_000
"""So many pairs of new questions and vanished notes are compared; among more, only those that share a place."""
_COMMON = 64
"""A shingle of more texts than these tells none of them apart and is not searched by."""
_NEAREST = 16
"""So many texts that share most are compared, which bounds the work whatever the size of the book."""
_NAMED = 3
"""So many notes are named at most that a question may be."""


class _Likeness(Struct, frozen=True, kw_only=True):
    """Of 100: how alike two answers are, and that with half of how alike the titles are."""

    answers: float
    score: float

    @property
    def same(self) -> bool:
        return self.answers >= SAME_ANSWER or self.score >= SAME_QUESTION


class Scores:
    """How alike every free question is to every note that shares something telling with it, and the reverse.

    Questions and notes that have found each other are compared with too: they are rivals, whose likeness shows that
    a pair's own is nothing special.
    """

    def __init__(self, table: Table) -> None:
        self.of_asked = _compare(table.free_asked(), table.asked, table.known)
        self.of_known = _compare(table.free_known(), table.known, table.asked)


def _compare(some: Sequence[int], texts: Sequence[Traits], others: Sequence[Traits]) -> dict[int, dict[int, _Likeness]]:
    """How alike some of the texts are, each to the others that share most with it: in its answer, or in its title.

    These are found by the rarer of their parts: the hashes of the sketch, and the pairs of characters of the title.
    """
    wanted = {part for number in some for part in (*hashes_of(texts[number].sketch), *_pairs(texts[number]))}
    places: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(others):
        for part in wanted.intersection((*hashes_of(text.sketch), *_pairs(text))):
            places[part].append(number)

    def nearest(parts: Iterable[str]) -> list[int]:
        common = (places[part] for part in parts if part in places)
        shared = Counter(number for numbers in common if len(numbers) <= _COMMON for number in numbers)
        floor = min(nlargest(_NEAREST, shared.values()), default=0)
        found = [number for number, count in shared.items() if count >= floor]
        # Texts that share as much are ordered by what they say, so that their own order never counts.
        return nsmallest(_NEAREST, found, lambda number: (-shared[number], others[number].title, others[number].answer))

    found = {}
    for number in some:
        text = texts[number]
        near = {*nearest(hashes_of(text.sketch)), *nearest(_pairs(text))}
        found[number] = {other: _likeness(text, others[other]) for other in near}
    return found


def _pairs(text: Traits) -> set[str]:
    return {text.title[start : start + 2] for start in range(len(text.title) - 1)}


def _likeness(one: Traits, other: Traits) -> _Likeness:
    answers, titles = answer_likeness(one.sketch, other.sketch), title_likeness(one.title, other.title)
    supported = one.answer == other.answer != "" and titles >= _LIKE_TITLES
    return _Likeness(answers=answers, score=max(answers, _EQUAL_ANSWER if supported else 0.0) + titles / 2)


def link_alike(table: Table, pool: frozenset[int], scores: Scores) -> None:
    """Pairs that are certainly alike and, by a margin, more so than either is to anything else."""
    free = set(table.free_known(pool))
    for new in table.free_asked():
        rivals = {old: likeness for old, likeness in scores.of_asked[new].items() if old in pool or old in table.taken}
        best = max(rivals, key=lambda old: (rivals[old].score, old), default=None)
        if best in free and rivals[best].same and _clear(best, rivals) and _clear(new, scores.of_known[best]):
            table.link(new, best)


def _clear(best: int, rivals: Mapping[int, _Likeness]) -> bool:
    """Whether the best leads by a margin, and is no part of a merge or a split, whose other parts are alike too."""
    own = rivals.get(best)
    return own is not None and all(
        own.score - other.score >= MARGIN and (other.answers < _PART or own.answers >= _WHOLE)
        for rival, other in rivals.items()
        if rival != best
    )


def doubt_alike(table: Table, live: frozenset[int], scores: Scores) -> None:
    """Notes that a question may be: live ones where it is possible, retired ones only where it is likely."""
    free = set(table.free_known())
    for new in table.free_asked():
        candidates = tuple(
            old
            for old, likeness in sorted(scores.of_asked[new].items())
            if old in free and (likeness.same or (old in live and likeness.score >= DOUBTFUL))
        )
        if candidates:
            table.doubtful[new] = candidates


def doubt_replaced(
    table: Table, live: frozenset[int], vacant: Mapping[int, tuple[int, ...]], *, cautious: bool
) -> None:
    """Notes that vanish while a question comes that asks for the same, or that stands in their place and may."""
    new, lost = table.free_asked(), table.free_known(live)
    topics = {old: telling_part(table.known[old].title) for old in lost}
    compared = lost if len(new) * len(lost) <= _COMPARED else []
    for index in new:
        asked, places = table.asked[index], vacant.get(index, ())
        topic = telling_part(asked.title)
        found = []
        for old in {*compared, *places}:
            known, in_place = table.known[old], old in places
            in_chapter, likeness = known.chapter == asked.chapter, title_likeness(topic, topics[old])
            if (
                likeness >= (_SAME_TOPIC if in_chapter else _SAME_TOPIC_ELSEWHERE)
                or (cautious and (in_place or in_chapter))
                or (in_place and _may_replace(asked, known, likeness))
            ):
                found.append((-likeness, old))
        if found:
            table.doubtful[index] = tuple(old for _, old in sorted(found)[:_NAMED])


def _may_replace(new: Traits, old: Traits, likeness: float) -> bool:
    """Whether a question in the place of another may be that one: something in common, or another script."""
    return (
        likeness >= _TOPIC_IN_PLACE
        or answer_likeness(new.sketch, old.sketch) >= _ANSWER_IN_PLACE
        or is_han(new.title) != is_han(old.title)
    )
