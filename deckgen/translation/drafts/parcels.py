"""Blocks made into requests: what is hidden, what goes together, what is told beside it; and answers into drafts."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from msgspec import Struct

from deckgen.diagnostics import Severity
from deckgen.model import Markdown, replace
from deckgen.text.similarity import most_alike
from deckgen.translation.checks import check_form, check_pair
from deckgen.translation.checks.pair import Pair
from deckgen.translation.drafts.engines import Batch, Briefing, Engine, EngineError, Example, Passage, Remedy
from deckgen.translation.drafts.placeholders import Masked, PlaceholderError, mask, unmask
from deckgen.translation.glossary import Glossary, kept_terms

_EXAMPLES, _EXAMPLES_PER_TEXT = 4, 2
_ALIKE = 50.0


class Job(Struct, frozen=True, kw_only=True, eq=False):
    """A block that wants a draft, with where it stands; each is itself alone.

    ``key`` is its question's or category's, and blocks of one key can go into one request; ``briefing`` holds what is
    known of the block before anything is sent: titles, neighbours before and after it, the style guide for its chapter.
    """

    pair: Pair
    key: str = ""
    briefing: Briefing = Briefing()


class Asked(Struct, frozen=True, kw_only=True):
    """A job on its way: its text in pieces that the engine takes, and what was wrong with its last draft."""

    job: Job
    given: Masked
    pieces: tuple[str, ...]
    complaint: str = ""
    refused: str = ""

    @property
    def characters(self) -> int:
        return sum(map(len, self.pieces))


class Draft(Struct, frozen=True, kw_only=True):
    """What became of a job: a translation, or the reason why there is none."""

    job: Job
    translation: Markdown | None
    problem: str = ""


class Filled(Struct, frozen=True, kw_only=True):
    """What a run brought, in the order of its jobs.

    ``stopped`` is why it ended early, empty where it did not; ``requests`` were sent, ``cached`` jobs needed none.
    """

    drafts: tuple[Draft, ...]
    requests: int
    cached: int
    tokens_in: int = 0
    tokens_out: int = 0
    stopped: str = ""
    interrupted: bool = False

    @property
    def problems(self) -> dict[str, list[Draft]]:
        """The jobs without a draft, by what went wrong."""
        failed: dict[str, list[Draft]] = defaultdict(list)
        for draft in self.drafts:
            if draft.translation is None:
                failed[draft.problem].append(draft)
        return failed


class UselessError(Exception):
    """An answer that makes no draft; ``mendable`` where even a machine may do better the next time."""

    def __init__(self, message: str, *, mendable: bool = False) -> None:
        super().__init__(message)
        self.mendable = mendable


Parcel = tuple[Asked, ...]
"""What one thread sends: in one request, but one per piece where a text is too long for a request."""


def ask(job: Job, engine: Engine) -> Asked:
    """The job ready to be sent. PlaceholderError or EngineError where it cannot be."""
    hidden = Glossary() if engine.reads_briefings else job.pair.glossary
    given = mask(job.pair.source, hidden, engine.placeholder)
    return Asked(job=job, given=given, pieces=tuple(_pieces(given.text, engine.limits.characters)))


def in_parcels(asked: Iterable[Asked], engine: Engine) -> Iterator[Parcel]:
    """What is sent together: blocks of one key in their order, as many as a request may hold."""
    limits = engine.limits
    parcel: list[Asked] = []
    for item in asked:
        full = len(parcel) >= limits.passages or sum(one.characters for one in (*parcel, item)) > limits.characters
        if parcel and (full or parcel[0].job.key != item.job.key):
            yield tuple(parcel)
            parcel = []
        parcel.append(item)
    if parcel:
        yield tuple(parcel)


def batches(parcel: Parcel, engine: Engine, reviewed: Sequence[Example]) -> Iterator[Batch]:
    """The requests of a parcel; passages are numbered through, from 1."""
    pair = parcel[0].job.pair
    ids = count(1)
    passages = tuple(
        Passage(id=next(ids), text=text, kind=item.job.pair.kind, complaint=item.complaint, refused=item.refused)
        for item in parcel
        for text in item.pieces
    )
    briefing = _brief([item.job for item in parcel], reviewed) if engine.reads_briefings else Briefing()
    whole = Batch(source=pair.source_language, target=pair.language, passages=passages, briefing=briefing)
    if len(passages) <= engine.limits.passages and whole.characters <= engine.limits.characters:
        yield whole
    else:
        yield from (replace(whole, passages=(passage,)) for passage in passages)


def _brief(jobs: Sequence[Job], reviewed: Sequence[Example]) -> Briefing:
    """The briefing for blocks of one key: of the glossary the terms that occur, of ``reviewed`` what is most alike."""
    texts = [job.pair.source for job in jobs]
    joined, glossary = "\n".join(texts), jobs[0].pair.glossary
    neighbours = dict.fromkeys(found for job in jobs for found in job.briefing.neighbours)
    return replace(
        jobs[0].briefing,
        neighbours=tuple(found for found in neighbours if found.source not in texts),
        keep=tuple(dict.fromkeys(joined[start:end] for start, end in kept_terms(joined, glossary))),
        terms=tuple(term for term in glossary.terms if term.source in joined),
        examples=tuple(_examples(texts, reviewed)),
    )


def _examples(texts: Sequence[str], reviewed: Sequence[Example]) -> Iterator[Example]:
    sources = [example.source for example in reviewed]
    places: dict[int, float] = {}
    for text in texts:
        for place, likeness in most_alike(text, sources, most=_EXAMPLES_PER_TEXT, least=_ALIKE):
            places[place] = max(likeness, places.get(place, 0.0))
    for place in sorted(places, key=lambda place: (-places[place], place))[:_EXAMPLES]:
        yield reviewed[place]


_SENTENCE = re.compile(r"[^。！？；!?;\n]*(?:[。！？；!?;\n]+|$)")


def _pieces(text: str, most: int) -> Iterator[str]:
    """The text in pieces of whole sentences, none longer than ``most``. EngineError where a sentence is longer."""
    piece = ""
    for sentence in _SENTENCE.findall(text):
        if len(sentence) > most:
            raise EngineError(f"a sentence is longer than the {most} characters that the engine takes", Remedy.SKIP)
        if piece and len(piece) + len(sentence) > most:
            yield piece
            piece = ""
        piece += sentence
    if piece:
        yield piece


_BROKEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
"""Control characters, halves of characters and what stands for a character that got lost."""
_NAMED = 5


def draft_of(item: Asked, answers: Sequence[str], engine: Engine) -> Markdown:
    """The draft that the answers for a job's pieces make. UselessError where that cannot be used."""
    pair = item.job.pair
    joint = "" if pair.script in ("ja", "zh") else " "
    text = joint.join(answer.strip() for answer in answers).replace("\r\n", "\n")
    if pair.kind == "cell":
        text = re.sub(r"(?<!\\)\|", r"\\|", text)  # a machine's bar would end the cell
    try:
        draft = unmask(text, item.given)
    except PlaceholderError as error:
        raise UselessError(str(error), mendable=True) from None
    if problem := objection(pair, draft, engine):
        raise UselessError(problem)
    return draft


def objection(pair: Pair, draft: str, engine: Engine) -> str:
    """Why a draft cannot be used, in words that its engine can understand; empty where it can.

    An engine that reads complaints is held to all that the checks call an error; of one that cannot mend anything, what
    only a reader can judge is left to the reader.
    """
    if not draft.strip():
        return "an empty answer"
    if set(_BROKEN.findall(draft)) - set(pair.source):
        return "an answer with broken characters"
    checked = replace(pair, translation=Markdown(draft))
    if not engine.reads_briefings:
        problems = [*check_form(checked)]
    else:
        problems = [found for found in check_pair(checked) if found.severity is Severity.ERROR]
    return "; ".join(problem.message for problem in problems[:_NAMED])
