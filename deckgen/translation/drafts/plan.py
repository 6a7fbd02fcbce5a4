"""What a run would send and cost, before it is made, and the receipt of one that was."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deckgen.translation.drafts.briefing import Briefing, Example, Job
from deckgen.translation.drafts.engines import Batch, Engine, EngineError
from deckgen.translation.drafts.fill import Filled
from deckgen.translation.drafts.parcels import Asked, ask, batches, parcels
from deckgen.translation.drafts.placeholders import PlaceholderError
from deckgen.translation.drafts.remembered import RememberedDrafts

_WIDE = re.compile("[\u2e80-\uffef]")
_INSTRUCTION_TOKENS = 300
_TOKENS_PER_BLOCK = 12
"""Of the JSON around it."""
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Money per million tokens that a model reads and writes, in whatever currency."""

    tokens_in: float
    tokens_out: float

    def of(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / _MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class FillPlan:
    """The requests of a run; the tokens are estimates, 0 for an engine that is not paid by them."""

    batches: tuple[Batch, ...]
    remembered: int
    unsendable: int
    tokens_in: int
    tokens_out: int


def plan_run(
    jobs: Sequence[Job], engine: Engine, remembered: RememberedDrafts, reviewed: Sequence[Example]
) -> FillPlan:
    """What `draft_missing` would do if every first answer were good."""
    asked: list[Asked] = []
    known = unsendable = 0
    for job in jobs:
        if remembered.get(job.pair):
            known += 1
            continue
        try:
            asked.append(ask(job, engine))
        except (PlaceholderError, EngineError):
            unsendable += 1
    requests = tuple(batch for parcel in parcels(asked, engine) for batch in batches(parcel, engine, reviewed))
    reads = engine.reads_briefings
    return FillPlan(
        batches=requests,
        remembered=known,
        unsendable=unsendable,
        tokens_in=sum(map(_tokens_in, requests)) if reads else 0,
        tokens_out=sum(_block(passage.text) for batch in requests for passage in batch.passages) if reads else 0,
    )


def receipt(
    filled: Filled, *, engine: Engine, language: str, date: str, seconds: float, price: Price | None
) -> Mapping[str, object]:
    """What a run was: no text, no address, no key."""
    document: dict[str, object] = {
        "date": date,
        "engine": engine.name,
        "language": language,
        "seconds": round(seconds, 1),
        "requests": filled.requests,
        "drafts": sum(draft.translation is not None for draft in filled.drafts),
        "remembered": filled.cached,
        "without_draft": sum(draft.translation is None for draft in filled.drafts),
        "tokens_in": filled.tokens_in,
        "tokens_out": filled.tokens_out,
    }
    if price:
        document["cost"] = round(price.of(filled.tokens_in, filled.tokens_out), 6)
    if filled.stopped:
        document["stopped"] = filled.stopped
    return document


def write_receipt(path: Path, document: Mapping[str, object]) -> None:
    """Appends one line to the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(document, ensure_ascii=False) + "\n")


def tokens(text: str) -> int:
    """About as many as a model counts: one for an ideograph, one for four other characters."""
    wide = len(_WIDE.findall(text))
    return wide + (len(text) - wide + 3) // 4


def _tokens_in(batch: Batch) -> int:
    told = "" if batch.briefing == Briefing() else json.dumps(asdict(batch.briefing), ensure_ascii=False)
    return _INSTRUCTION_TOKENS + tokens(told) + sum(_block(passage.text) for passage in batch.passages)


def _block(text: str) -> int:
    return tokens(text) + _TOKENS_PER_BLOCK
