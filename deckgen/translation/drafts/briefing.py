"""What an engine that reads is told beside a text: where it stands, its terms, and what is alike and reviewed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deckgen.model import Markdown
from deckgen.text.similarity import most_alike
from deckgen.translation.checks.pairs import Pair
from deckgen.translation.glossary import Term, kept_terms

_EXAMPLES = 4
_ALIKE = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A block beside its reviewed translation; an empty one where there is none yet."""

    source: Markdown
    translation: Markdown


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where a block stands: its category's and question's titles, and the blocks before and after it.

    ``key`` is the question's, or the category's; blocks of one key can go into one request.
    """

    key: str = ""
    category: str = ""
    question: str = ""
    neighbours: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """A block that wants a draft; each is itself alone."""

    pair: Pair
    setting: Setting = Setting()
    style: str = ""
    """What the language's style guide says, for this chapter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """All that an engine is told of the passages of one request."""

    category: str = ""
    question: str = ""
    neighbours: tuple[Example, ...] = ()
    keep: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    examples: tuple[Example, ...] = ()
    style: str = ""


def brief(jobs: Sequence[Job], reviewed: Sequence[Example]) -> Briefing:
    """The briefing for blocks of one key: of the glossary the terms that occur, of ``reviewed`` what is most alike."""
    texts = [job.pair.source for job in jobs]
    joined = "\n".join(texts)
    glossary = jobs[0].pair.glossary
    keep = dict.fromkeys(joined[start:end] for start, end in kept_terms(joined, glossary))
    neighbours = dict.fromkeys(found for job in jobs for found in job.setting.neighbours)
    return Briefing(
        category=jobs[0].setting.category,
        question=jobs[0].setting.question,
        neighbours=tuple(found for found in neighbours if found.source not in texts),
        keep=tuple(keep),
        terms=tuple(term for term in glossary.terms if term.source in joined),
        examples=tuple(_examples(texts, reviewed)),
        style=jobs[0].style,
    )


def _examples(texts: Sequence[str], reviewed: Sequence[Example]) -> Sequence[Example]:
    sources = [example.source for example in reviewed]
    places: dict[int, float] = {}
    for text in texts:
        for place, likeness in most_alike(text, sources, most=2, least=_ALIKE):
            places[place] = max(likeness, places.get(place, 0.0))
    best = sorted(places, key=lambda place: (-places[place], place))[:_EXAMPLES]
    return [reviewed[place] for place in best]
