"""Pairs that no equal text betrays: how alike a question and a note are, and from where on that is proof or doubt.

Explained in docs/identity.md, with the measurements behind every number here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

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


class Scores:
    """How alike every free question is to every note that shares something telling with it, and the reverse.

    Questions and notes that have found each other are compared with too: they are rivals, whose likeness shows that
    a pair's own is nothing special.
    """

    def __init__(self, table: Table) -> None:
        free, lost = table.free_asked(), table.free_known(range(len(table.known)))
        known = _Index(table.known, (table.asked[new] for new in free))
        asked = _Index(table.asked, (table.known[old] for old in lost))
        self.of_asked = {
            new: {old: _likeness(table.asked[new], table.known[old]) for old in known.near(table.asked[new])}
            for new in free
        }
        self.of_known = {
            old: {new: _likeness(table.asked[new], table.known[old]) for new in asked.near(table.known[old])}
            for old in lost
        }


def _likeness(one: Traits, other: Traits) -> _Likeness:
    answers, titles = answer_likeness(one.sketch, other.sketch), title_likeness(one.title, other.title)
    supported = one.answer == other.answer != "" and titles >= _LIKE_TITLES
    return _Likeness(answers=answers, titles=titles, bonus=_EQUAL_ANSWER if supported else 0.0)


class _Index:
    """Finds texts by the rarer of their parts: the hashes of the sketch, and the pairs of characters of the title."""

    def __init__(self, texts: Sequence[Traits], wanted: Iterable[Traits]) -> None:
        """The index of the texts by those parts alone that ``wanted`` ones have, which are all that it is asked for."""
        self._texts = texts
        self._places: dict[str, list[int]] = defaultdict(list)
        parts = {part for text in wanted for part in _parts(text)}
        for number, text in enumerate(texts):
            for part in parts.intersection(_parts(text)):
                self._places[part].append(number)

    def near(self, text: Traits) -> set[int]:
        """The texts that share most with this one, by their answers and by their titles."""
        return {*self._nearest(hashes_of(text.sketch)), *self._nearest(_pairs(text))}

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
    yield from hashes_of(text.sketch)
    yield from _pairs(text)


def _pairs(text: Traits) -> set[str]:
    return {text.title[start : start + 2] for start in range(len(text.title) - 1)}


def link_alike(table: Table, pool: frozenset[int], scores: Scores) -> None:
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


def doubt_alike(table: Table, live: frozenset[int], retired: frozenset[int], scores: Scores) -> None:
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


def doubt_replaced(
    table: Table, live: frozenset[int], vacant: Mapping[int, tuple[int, ...]], *, cautious: bool
) -> None:
    """Notes that vanish while a question comes that asks for the same, or that stands in their place and may."""
    new, lost = table.free_asked(), table.free_known(live)
    topics = {old: telling_part(table.known[old].title) for old in lost}
    compared = lost if len(new) * len(lost) <= _COMPARED else []
    for index in new:
        topic, chapter = telling_part(table.asked[index].title), table.asked[index].chapter
        found = [
            (likeness, old)
            for old in {*compared, *vacant.get(index, ())}
            if (likeness := title_likeness(topic, topics[old]))
            >= (_SAME_TOPIC if table.known[old].chapter == chapter else _SAME_TOPIC_ELSEWHERE)
            or (cautious and (old in vacant.get(index, ()) or table.known[old].chapter == chapter))
            or (old in vacant.get(index, ()) and _may_replace(table.asked[index], table.known[old], likeness))
        ]
        if found:
            table.doubtful[index] = tuple(
                old for _, old in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:_NAMED]
            )


def _may_replace(new: Traits, old: Traits, likeness: float) -> bool:
    """Whether a question in the place of another may be that one: something in common, or another script."""
    return (
        likeness >= _TOPIC_IN_PLACE
        or answer_likeness(new.sketch, old.sketch) >= _ANSWER_IN_PLACE
        or is_han(new.title) != is_han(old.title)
    )
