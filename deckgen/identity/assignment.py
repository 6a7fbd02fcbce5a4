"""Which question is which known note, judged by texts and places alone; what follows from it is matching's work.

Explained in docs/identity.md, with the measurements behind every number here.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from operator import attrgetter, itemgetter

from deckgen.identity.alike import MARGIN, Scores, doubt_alike, doubt_replaced, link_alike
from deckgen.identity.lock import wording
from deckgen.identity.table import Assignment, Rows, Table, Traits, vacancies
from deckgen.text.similarity import SHORT, answer_likeness, sketch_size

_SAME_CHAPTER = 40.0
_SAME_CATEGORY = 20.0
_TELLING_TITLE = 8
"""Folded characters from which an equal title is no coincidence, unlike “总结” and “有哪些优缺点”."""
_UNLIKE_ANSWERS = 15.0
"""Answers less alike than this are so by chance."""
_PASSED_ON = 22.0
"""An answer so alike to another note's, under a title whose own was unlike, may be that other note's."""
_TELLING_ANSWER = 4
"""Distinct shingles from which an equal answer that nobody else has is no coincidence, unlike “TODO”."""
_LONG = 40
"""Distinct shingles from which an equal answer tells more than an equal title, which a placeholder never has."""


def assign(
    asked: Sequence[Traits],
    known: Sequence[Traits],
    *,
    rows: Rows,
    retired: frozenset[int],
    links: Mapping[int, int],
    absent: frozenset[int] = frozenset(),
    pending: Mapping[tuple[str, str], tuple[int, ...]],
    cautious: bool = False,
) -> Assignment:
    """One assignment of questions to notes for the whole project.

    ``rows`` are the known notes of each chapter in their order, as far as it is known; questions come in theirs.
    ``retired`` are the indices of known notes whose question was gone at the last build; ``links`` are given;
    ``absent`` are known notes that belong to questions which are not among those asked; ``pending`` has the notes that
    a question of a title and an answer might have been at the last build. Where ``cautious``, whatever stands in the
    place or in the chapter of a vanished note may be its question.
    """
    table = Table(
        asked=asked,
        known=known,
        ranks={old: rank for row in rows.values() for rank, old in enumerate(row)},
        links=dict(links),
        taken={*links.values(), *absent},
    )
    live = frozenset(range(len(known))) - retired
    for pool in (live, retired):
        _link_twins(table, pool)
    if not table.free_asked():
        return Assignment(links=table.links, doubtful={}, vacant={})
    homes = _Homes(table)
    for pool in (live, retired):
        _link_unique_answers(table, pool, least=_LONG)  # whoever has its title now, is another question
        _link_unique_titles(table, pool, homes)
        _link_unique_answers(table, pool, least=SHORT)
        _link_shared_titles(table, pool, homes)
    if table.free_asked() and table.free_known():
        scores = Scores(table)
        for pool in (live, live | retired):
            link_alike(table, pool, scores)
        _doubt_as_before(table, pending)
        doubt_alike(table, live, scores)
    vacant = vacancies(table, rows, frozenset(table.free_known(live)))
    doubt_replaced(table, live, vacant, cautious=cautious)
    left = ((new, tuple(old for old in olds if old not in table.taken)) for new, olds in table.doubtful.items())
    doubtful = {new: olds for new, olds in left if olds}
    vacant = {new: olds for new, olds in vacant.items() if new not in doubtful}
    return Assignment(links=table.links, doubtful=doubtful, vacant=vacant)


def _link_twins(table: Table, pool: frozenset[int]) -> None:
    """Equal title and equal answer, in the same place before elsewhere; twins of one place are interchangeable."""
    for place in (("chapter", "category"), ("chapter",), ()):
        for questions, notes in table.groups(pool, attrgetter("title", "answer", *place)):
            # In the order in which they stood, those last whose place is unknown.
            notes = sorted(notes, key=lambda old: table.ranks.get(old, len(table.ranks)))
            for new, old in zip(questions, notes, strict=False):
                table.link(new, old)


def _doubt_as_before(table: Table, pending: Mapping[tuple[str, str], tuple[int, ...]]) -> None:
    """A doubt stays one until somebody settles it or the question changes: building twice decides nothing."""
    for new in table.free_asked():
        if olds := tuple(table.free_known(pending.get(wording(table.asked[new]), ()))):
            table.doubtful[new] = olds


# --- one question, one note -------------------------------------------------------------------------------------------


class _Homes:
    """Tells a question that moved or was rewritten from another one with its title, such as “总结”."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._asked = {at.chapter for at in table.asked}
        self._known = {at.chapter for at in table.known}
        self._answers = [Counter(at.answer for at in texts) for texts in (table.asked, table.known)]

    def link(self, new: int, old: int) -> None:
        one, other = self._table.asked[new], self._table.known[old]
        if answer_likeness(one.sketch, other.sketch) >= _UNLIKE_ANSWERS:
            self._table.link(new, old)
            return
        # Another answer under the title: the question was rewritten, unless one of the two answers is elsewhere.
        free = self._table.free_known()
        rivals = tuple(old for old in free if self._same_answer(one, self._table.known[old]))
        passed_on = any(self._same_answer(self._table.asked[free], other) for free in self._table.free_asked())
        at_home = one.chapter == other.chapter or other.chapter not in self._asked or one.chapter not in self._known
        short = min(sketch_size(one.sketch), sketch_size(other.sketch)) < SHORT
        telling = short and len(one.title) >= _TELLING_TITLE
        if not rivals and not passed_on and (telling or (at_home and one.category == other.category)):
            self._table.link(new, old)
        else:
            self._table.doubtful[new] = (old, *rivals)

    def _same_answer(self, one: Traits, other: Traits) -> bool:
        size = min(sketch_size(one.sketch), sketch_size(other.sketch))
        if one.answer == other.answer and size < _LONG:
            return size >= _TELLING_ANSWER and all(counts[one.answer] == 1 for counts in self._answers)
        return size >= _TELLING_ANSWER and answer_likeness(one.sketch, other.sketch) >= _PASSED_ON


def _unique(table: Table, pool: frozenset[int], trait: Callable[[Traits], str]) -> Iterator[tuple[int, int]]:
    """Free questions and notes with something in common that no other question and no other note of the pool has."""
    asked = Counter(map(trait, table.asked))
    known = Counter(trait(table.known[old]) for old in pool)
    for questions, notes in table.groups(pool, trait):
        value = trait(table.asked[questions[0]])
        if asked[value] == known[value] == 1:
            yield questions[0], notes[0]


def _link_unique_answers(table: Table, pool: frozenset[int], *, least: int) -> None:
    """Equal answers of so many shingles that nobody else has."""
    for new, old in _unique(table, pool, attrgetter("answer")):
        if sketch_size(table.asked[new].sketch) >= least:
            table.link(new, old)


def _link_unique_titles(table: Table, pool: frozenset[int], homes: _Homes) -> None:
    """Equal titles that nobody else has."""
    for new, old in _unique(table, pool, attrgetter("title")):
        homes.link(new, old)


# --- titles that several have -----------------------------------------------------------------------------------------


def _link_shared_titles(table: Table, pool: frozenset[int], homes: _Homes) -> None:
    """Titles that several have: answers and places decide, and the last two that are left are a pair."""
    for questions, notes in table.groups(pool, attrgetter("title")):
        scores = {(new, old): _title_score(table.asked[new], table.known[old]) for new in questions for old in notes}
        # Each with its best rivals last, so that these are at hand.
        of_new = {new: sorted((scores[new, old], old) for old in notes) for new in questions}
        of_old = {old: sorted((scores[new, old], new) for new in questions) for old in notes}
        while clear := [
            (new, old)
            for new in of_new
            if (old := _leader(of_new[new], of_old)) is not None and _leader(of_old[old], of_new) == new
        ]:
            for new, old in clear:
                del of_new[new], of_old[old]
                homes.link(new, old)
        if of_old:
            table.doubtful.update(dict.fromkeys(of_new, tuple(of_old)))


def _title_score(one: Traits, other: Traits) -> float:
    return (
        answer_likeness(one.sketch, other.sketch)
        + _SAME_CHAPTER * (one.chapter == other.chapter)
        + _SAME_CATEGORY * (one.category == other.category)
    )


def _leader(pairs: list[tuple[float, int]], there: Container[int]) -> int | None:
    """Who leads by a margin among those who are still there; the pairs of others are dropped on the way."""
    best: list[tuple[float, int]] = []
    while pairs and len(best) < 2:
        pair = pairs.pop()
        best += [pair] if pair[1] in there else []
    pairs += reversed(best)
    clear = len(best) == 1 or (len(best) == 2 and best[0][0] - best[1][0] >= MARGIN)
    return best[0][1] if clear else None


# --- commit by commit -------------------------------------------------------------------------------------------------


Stage = tuple[Sequence[Traits], tuple[int, ...]]
"""The questions at a commit, and the stages before it, by index; none where it follows the lock's state."""


def trace(known: Sequence[Traits], stages: Sequence[Stage], *, retired: frozenset[int]) -> Sequence[Traits]:
    """What the known notes are recognised by after the last stage; a note that no stage has stays as it was."""
    # How many edits each note had since the lock was written, and what it is recognised by.
    start = [(0, traits) for traits in known]
    states: list[list[tuple[int, Traits]]] = []
    for questions, parents in stages:
        # Before a merge, of each note what the branch that edited it more made of it.
        branches = zip(*([states[parent] for parent in parents] or [start]), strict=True)
        state = [max(versions, key=itemgetter(0)) for versions in branches]
        recognised = [traits for _, traits in state]
        found = assign(questions, recognised, rows={}, retired=retired, links={}, pending={})
        for new, old in found.links.items():
            if questions[new] != recognised[old]:
                state[old] = (state[old][0] + 1, questions[new])
        states.append(state)
    return [traits for _, traits in (states[-1] if states else start)]
