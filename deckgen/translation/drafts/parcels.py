"""Blocks made into requests: what is hidden from an engine, what goes together, and what is told beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from deckgen.translation.drafts.briefing import Briefing, Example, Job, brief
from deckgen.translation.drafts.engines import Batch, Engine, EngineError, Passage, Remedy
from deckgen.translation.drafts.placeholders import Masked, mask
from deckgen.translation.glossary import LanguageGlossary


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A job on its way: its text in pieces that the engine takes, and what was wrong with its last draft."""

    job: Job
    given: Masked
    pieces: tuple[str, ...]
    complaint: str = ""
    refused: str = ""
    again: bool = False

    @property
    def characters(self) -> int:
        return sum(map(len, self.pieces))


Parcel = tuple[Asked, ...]
"""What one thread sends: in one request, but one per piece where a text is too long for a request."""


def parcels(asked: Iterable[Asked], engine: Engine) -> Iterator[Parcel]:
    """What is sent together: blocks of one key in their order, as many as a request may hold."""
    limits = engine.limits
    parcel: list[Asked] = []
    for item in asked:
        full = len(parcel) >= limits.passages or sum(one.characters for one in (*parcel, item)) > limits.characters
        if parcel and (full or parcel[0].job.setting.key != item.job.setting.key):
            yield tuple(parcel)
            parcel = []
        parcel.append(item)
    if parcel:
        yield tuple(parcel)


def ask(job: Job, engine: Engine) -> Asked:
    """The job ready to be sent. PlaceholderError or EngineError where it cannot be."""
    hidden = LanguageGlossary() if engine.reads_briefings else job.pair.glossary
    given = mask(job.pair.source, hidden, engine.placeholder)
    return Asked(job=job, given=given, pieces=tuple(_pieces(given.text, engine.limits.characters)))


def batches(parcel: Parcel, engine: Engine, reviewed: Sequence[Example]) -> Iterator[Batch]:
    """The requests of a parcel; passages are numbered through, from 1."""
    pair = parcel[0].job.pair
    briefing = brief([item.job for item in parcel], reviewed) if engine.reads_briefings else Briefing()
    ids = count(1)
    passages = [
        Passage(id=next(ids), text=text, kind=item.job.pair.kind, complaint=item.complaint, refused=item.refused)
        for item in parcel
        for text in item.pieces
    ]
    whole = Batch(source=pair.source_language, target=pair.language, passages=tuple(passages), briefing=briefing)
    if len(passages) <= engine.limits.passages and whole.characters <= engine.limits.characters:
        yield whole
    else:
        yield from (replace(whole, passages=(passage,)) for passage in passages)


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
