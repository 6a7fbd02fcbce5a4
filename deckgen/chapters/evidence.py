"""What speaks for a mark being that of the questions: contents list, numbers, question words, bodies, coverage."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from msgspec import Struct

from deckgen.chapters.contents import Claims
from deckgen.chapters.heading import LEVEL_OF_HAN, Heading, Mark, Markup
from deckgen.chapters.headings import Scan
from deckgen.chapters.shown import is_visible
from deckgen.markdown.lines import Kind
from deckgen.text.titles import Split, ask_score, folded, split_lettered, split_number

_NUMBER = re.compile(
    r"(?:\*\*|__)?(?P<start>\d{1,4}(?:\.\d{1,4})*)(?:\s*[-–—~～至到]\s*(?P<end>\d{1,4}(?:\.\d{1,4})+))?(?=[\s.、．])"
)


class Evidence(Struct, frozen=True, kw_only=True):
    """What is known of all headings with one mark, each share from 0 to 1; ``score`` weighs them."""

    mark: Mark
    count: int
    in_contents: float
    numbered: float
    asking: float
    answered: float
    covered: float
    linked: float
    score: float
    examples: tuple[str, ...]
    """What the first of them say."""


class GroupHead(NamedTuple):
    """A heading whose number those right below it carry on: their mark, and its own number and title."""

    mark: Mark
    split: Split


class Body:
    """How many visible lines lie between two places of a chapter, whose last line is ``last_line``."""

    def __init__(self, scan: Scan, contents_lines: frozenset[int]) -> None:
        self.last_line = len(scan.lines)
        headings = {line for heading in scan.headings for line in range(heading.line, heading.end_line + 1)}
        seen = (
            number not in contents_lines
            and number not in headings
            and (kind in (Kind.CODE, Kind.RAW) or (kind is Kind.TEXT and is_visible(line)))
            for number, (line, kind) in enumerate(zip(scan.lines, scan.kinds, strict=True), 1)
        )
        self._before = list(accumulate(seen, initial=0))

    @property
    def visible(self) -> int:
        """All visible lines of the chapter."""
        return self._before[-1]

    def between(self, after_line: int, before_line: int) -> int:
        """Visible lines after one line and before another, both from 1."""
        return self._before[max(after_line, before_line - 1)] - self._before[after_line]


class Facts(NamedTuple):
    """What is known of a chapter's headings before any of them means anything; numbers and heads are by line."""

    splits: Mapping[int, Split]
    claims: Claims
    body: Body
    heads: Mapping[int, GroupHead]


def number_headings(headings: Sequence[Heading]) -> dict[int, Split]:
    """The number of each heading, by its line; those of one mark are read in each other's light."""
    groups = _by_mark(headings).values()
    return {heading.line: split for group in groups for heading, split in zip(group, _number_group(group), strict=True)}


def heads_of_groups(headings: Sequence[Heading], body: Body) -> dict[int, GroupHead]:
    """By its line, each heading whose number those right below it carry on: 4.1 above 4.1.1, 6.1-6.4 above 6.1."""
    found = {}
    part = 0
    for heading, below in pairwise(headings):
        if heading.level == LEVEL_OF_HAN:  # 一、选择题 above 1、, 二、判断题 above 1、 or the next number
            own, begins = split_number(heading.text), split_number(below.text).value
            leads = begins is not None and not body.between(heading.end_line, below.line)
            if leads and (begins == 1 or 0 < part == (own.value or 0) - 1):
                found[heading.line] = GroupHead(mark=below.mark, split=own)
                part = own.value or 0
            continue
        number = _NUMBER.match(heading.text)
        if not number or body.between(heading.end_line, below.line):
            continue
        if not (first := split_number(below.text, bare=True).parts):
            continue
        own = split_number(heading.text, bare=True)
        if number["end"] and split_number(f"{number['start']} x", bare=True).parts == first:
            found[heading.line] = GroupHead(mark=below.mark, split=Split(number="", title=heading.text))
        elif own.parts and own.parts == first[:-1]:
            found[heading.line] = GroupHead(mark=below.mark, split=own)
    return found


def repeated_marks(headings: Sequence[Heading], splits: dict[int, Split]) -> frozenset[Mark]:
    """The marks whose headings are called alike below each of several outer ones: Definition, Why?, Pipeline."""
    outline = [heading for heading in headings if heading.mark.is_outline and not heading.doubtful]
    found = set()
    for mark, group in _by_mark(heading for heading in outline if splits[heading.line].value is None).items():
        counts = Counter(folded(heading.text) for heading in group)
        outer = Counter(heading.mark for heading in outline if heading.level < mark.level)
        repeated = sum(count for count in counts.values() if count > 1)
        everywhere = max(counts.values()) <= max(outer.values(), default=0)
        if 3 * len(counts) <= 2 * len(group) and 0.6 * len(group) <= repeated and everywhere:
            found.add(mark)
    return frozenset(found)


def weigh(headings: Sequence[Heading], facts: Facts) -> tuple[Evidence, ...]:
    """The evidence for each mark, the outermost first."""
    body = facts.body
    outline = [heading for heading in headings if heading.mark.is_outline]
    found = []
    for mark, group in _by_mark(heading for heading in headings if not heading.doubtful).items():
        # A row holds nothing but its own answer, and a line that holds one is itself a line that is covered.
        below = 0 if mark.markup is Markup.ROW else _covered(mark, headings, body)
        own = len(group) if mark.holds_answer else 0
        covered = (own + below) / (own + max(1, body.visible))
        nexts = _next_lines(outline if mark.is_outline else group, body)
        found.append(_evidence(mark, group, facts, nexts, covered))
    return tuple(sorted(found, key=lambda item: (item.mark.level, -item.score)))


def _by_mark(headings: Iterable[Heading]) -> dict[Mark, list[Heading]]:
    groups: dict[Mark, list[Heading]] = defaultdict(list)
    for heading in headings:
        groups[heading.mark].append(heading)
    return groups


def _evidence(mark: Mark, group: Sequence[Heading], facts: Facts, nexts: Mapping[int, int], covered: float) -> Evidence:
    count = len(group)
    splits = [facts.splits[heading.line] for heading in group]
    entries = [facts.claims.names(heading) for heading in group]
    listed = sum(0.0 if entry is None else 0.5 if entry.parent else 1.0 for entry in entries) / count
    numbered = _in_sequence(splits)
    asks = [ask_score(split.title or heading.text) for heading, split in zip(group, splits, strict=True)]
    asked = count if mark.markup is Markup.QA else sum(asks)
    between = facts.body.between
    answered = sum(mark.holds_answer or between(item.end_line, nexts[item.line]) > 0 for item in group) / count
    linked = sum(bool(heading.anchor) for heading in group) / count
    score = 3 * listed + 2 * numbered + 3 * asked / count + 2 * answered + 3 * covered + min(1.0, count / 8) + linked
    score += {Markup.HTML: 1.0, Markup.QA: 1.0, Markup.PLAIN: -2.0}.get(mark.markup, 0.0)
    return Evidence(
        mark=mark,
        count=count,
        in_contents=listed,
        numbered=numbered,
        asking=asked / count,
        answered=answered,
        covered=covered,
        linked=linked,
        score=round(score - (2.0 if count == 1 else 0.0), 2),
        examples=tuple(split.title for split in splits[:3]),
    )


def _number_group(group: Sequence[Heading]) -> Sequence[Split]:
    plain = [split_number(heading.text) for heading in group]
    bare = [split_number(heading.text, bare=True) for heading in group]
    if not any(split.number for split in bare) and len(group) > 1:
        lettered = [split_lettered(heading.text) for heading in group]
        return lettered if _in_sequence(lettered) >= 0.6 else plain
    bare_share = sum(split.style == "bare" for split in bare) / len(group)
    # 10.2 矩形覆盖, as 10.1 斐波那契数列; not 2.0 版
    lone = len(group) == 1 and len(bare[0].parts) > 1 and bare[0].value != 0
    if bare_share >= 0.5 and (lone or _in_sequence(bare) >= 0.4):
        return bare
    singles = sum(split.style == "number" and len(split.parts) == 1 for split in plain)
    if singles * 3 < len(group) or singles == len(group):
        return plain
    in_turn = _in_turn(group, plain)
    return in_turn if _in_sequence(in_turn) >= 0.6 else plain


def _in_turn(group: Sequence[Heading], plain: Sequence[Split]) -> Sequence[Split]:
    """Titles such as ``3.3D卷积``, whose number only its turn gives away."""
    previous = 0
    found = []
    for heading, split in zip(group, plain, strict=True):
        if not split.number:
            split = split_number(heading.text, expected=previous + 1)
        previous = split.value or previous
        found.append(split)
    return found


def _in_sequence(splits: Sequence[Split]) -> float:
    """The share of numbers that follow the one before, 2.1 behind 1.4 too."""
    hits, previous = 0, tuple[int, ...]((0,))
    for split in splits:
        follows = previous[-1] + 1 if split.parts[:-1] == previous[:-1] or len(split.parts) == 1 else 1
        hits += split.value == follows
        previous = split.parts or previous
    return hits / len(splits) if splits else 0.0


def _covered(mark: Mark, headings: Sequence[Heading], body: Body) -> int:
    """Visible lines that lie below a heading with this mark."""
    total, start = 0, 0
    for heading in headings:
        if heading.doubtful or not _ends(mark, heading.mark):
            continue
        if start:
            total += body.between(start, heading.line)
        start = heading.end_line if heading.mark == mark else 0
    return total + (body.between(start, body.last_line + 1) if start else 0)


def _ends(mark: Mark, other: Mark) -> bool:
    """Whether a heading marked ``other`` ends what a heading marked ``mark`` began."""
    if other == mark:
        return True
    if not mark.is_outline:
        return other.is_outline
    if mark.markup is Markup.HTML:
        return other.markup is Markup.HTML and other.level < mark.level
    return other.is_outline and other.level < mark.level


def _next_lines(headings: Sequence[Heading], body: Body) -> dict[int, int]:
    """The line of the heading that follows each, by that heading's line."""
    lines = [heading.line for heading in headings]
    return dict(pairwise((*lines, body.last_line + 1)))
