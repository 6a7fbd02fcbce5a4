"""What is known of a chapter's headings before any of them has a role: their contents entries, and what lies below."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct

from deckgen.chapters.contents import TocEntry
from deckgen.chapters.evidence import Facts, GroupHead
from deckgen.chapters.heading import Heading, Mark
from deckgen.project.config import ChapterSettings
from deckgen.text.titles import Split


class Outlook(Struct, frozen=True, kw_only=True):
    """What is seen from a heading; ``split`` is its number and title, ``entry`` that of the contents list."""

    split: Split
    entry: TocEntry | None
    leads: bool
    """The next heading that counts is a question."""
    has_body: bool
    """Something is seen before that heading."""
    next_question: Split | None
    head: GroupHead | None


class Listing(Struct, frozen=True, kw_only=True):
    """How the contents list names the questions; ``groups`` are the titles of its own parts, folded."""

    groups: frozenset[str]
    parents_ask: bool
    """Questions have entries below them."""
    depth: int
    """Of the questions' entries, -1 where none of them has one."""
    sectioned: frozenset[TocEntry]
    """Entries with others below them that all mean headings within an answer."""
    names_groups: bool
    """None but headings without a body are named, right above questions that are not."""

    def asks(self, entry: TocEntry | None) -> bool:
        """Whether an entry stands where those of questions do."""
        return entry is not None and (entry.parent, entry.depth) == (self.parents_ask, self.depth)

    def groups_questions(self, entry: TocEntry | None) -> bool:
        return entry is not None and entry.parent and not self.parents_ask


class Surroundings(Struct, frozen=True, kw_only=True):
    """What is seen from each heading, by its line, and what those of one mark have in common."""

    chosen: Mark
    settings: ChapterSettings
    outlooks: Mapping[int, Outlook]
    listing: Listing
    counts: Mapping[Mark, int]
    leading: Mapping[Mark, float]
    """The share of headings with a mark that lead straight to a question."""
    within: Mapping[Mark, float]
    """The share of questions below which a heading with the mark stands."""


def look_around(
    headings: Sequence[Heading], facts: Facts, *, chosen: Mark, settings: ChapterSettings, groups: frozenset[str]
) -> Surroundings:
    """The surroundings of the headings of a chapter whose questions are marked ``chosen``.

    ``groups`` are the titles of the contents list's own parts, folded.
    """
    # Those with the questions' mark claim first, so that they get their entries.
    ordered = sorted(headings, key=lambda heading: (heading.mark != chosen, heading.doubtful))
    entries = {heading.line: entry for heading in ordered if (entry := facts.claims.claim(heading)) is not None}
    outlooks, following, asked, next_line = {}, None, None, facts.body.last_line + 1
    # From the last heading to the first: what follows each is known when it is met.
    for heading in reversed(headings):
        mark, split = heading.mark, facts.splits[heading.line]
        outlooks[heading.line] = Outlook(
            split=split,
            entry=entries.get(heading.line),
            leads=following == chosen,
            has_body=facts.body.between(heading.end_line, next_line) > 0,
            next_question=asked,
            head=facts.heads.get(heading.line),
        )
        asked = split if mark == chosen and not heading.doubtful else asked
        if _counts(heading, chosen):
            following, next_line = mark, heading.line
    counted = [heading for heading in headings if _counts(heading, chosen)]
    return Surroundings(
        chosen=chosen,
        settings=settings,
        outlooks=outlooks,
        listing=_listing(headings, chosen, facts.claims.entries, outlooks, groups),
        counts=Counter(heading.mark for heading in counted),
        leading=_leading(counted, chosen, outlooks),
        within=_within(counted, chosen),
    )


def _counts(heading: Heading, chosen: Mark) -> bool:
    """Whether a heading ends what is above it: lines of text do so only where they mark the questions."""
    return not heading.doubtful and (heading.mark.is_outline or heading.mark == chosen)


def _leading(counted: Sequence[Heading], chosen: Mark, outlooks: Mapping[int, Outlook]) -> dict[Mark, float]:
    found: dict[Mark, list[bool]] = defaultdict(list)
    for heading in counted:
        if (mark := heading.mark) != chosen:
            found[mark].append(outlooks[heading.line].leads and not outlooks[heading.line].has_body)
    return {mark: sum(leads) / len(leads) for mark, leads in found.items()}


def _within(counted: Sequence[Heading], chosen: Mark) -> dict[Mark, float]:
    below: list[set[Mark]] = []
    for heading in counted:
        if (mark := heading.mark) == chosen:
            below.append(set())
        elif below:
            below[-1].add(mark)
    found = Counter(mark for marks in below for mark in marks)
    return {mark: count / len(below) for mark, count in found.items() if len(below) > 2}


def _listing(
    headings: Sequence[Heading],
    chosen: Mark,
    listed: Sequence[TocEntry],
    outlooks: Mapping[int, Outlook],
    groups: frozenset[str],
) -> Listing:
    asked = [outlooks[heading.line] for heading in headings if heading.mark == chosen]
    named = [outlook for outlook in asked if outlook.entry]
    entries = [outlook.entry for outlook in named if outlook.entry]
    parents_ask = sum(entry.parent for entry in entries) * 2 > len(entries)
    depths = Counter(entry.depth for entry in entries if entry.parent == parents_ask)
    marks = {entry.line: heading.mark for heading in headings if (entry := outlooks[heading.line].entry) is not None}
    return Listing(
        groups=groups,
        parents_ask=parents_ask,
        depth=max(depths, key=lambda depth: (depths[depth], depth), default=-1),
        sectioned=_sectioned(listed, marks, chosen),
        names_groups=len(named) < len(asked) and not any(outlook.has_body for outlook in named),
    )


def _sectioned(entries: Sequence[TocEntry], marks: Mapping[int, Mark], chosen: Mark) -> frozenset[TocEntry]:
    """The entries below which none but headings further in than the questions' are named; ``marks`` by entry's line."""
    above: list[TocEntry] = []
    levels: dict[TocEntry, list[int]] = defaultdict(list)
    for entry in entries:
        while above and above[-1].depth >= entry.depth:
            above.pop()
        for parent in above if entry.line in marks else ():
            levels[parent].append(marks[entry.line].level)
        above.append(entry)
    return frozenset(parent for parent, below in levels.items() if min(below) > chosen.level)
