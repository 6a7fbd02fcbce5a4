"""What a run would cost, before it is made, and the receipt of one that was."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, to_builtins

from deckgen.translation.drafts.engines import Batch, Engine
from deckgen.translation.drafts.fill import Filled

_WIDE = re.compile("[\u2e80-\uffef]")
_INSTRUCTION_TOKENS = 300
_TOKENS_PER_BLOCK = 12
"""Of the JSON around it."""
_MILLION = 1_000_000


class Price(Struct, frozen=True, kw_only=True):
    """Money per million tokens that a model reads and writes, in whatever currency."""

    tokens_in: float
    tokens_out: float

    def of(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / _MILLION


def estimate(batches: Sequence[Batch]) -> tuple[int, int]:
    """About how many tokens a model reads and writes for these requests."""
    blocks = [_tokens(passage.text) + _TOKENS_PER_BLOCK for batch in batches for passage in batch.passages]
    told = [json.dumps(to_builtins(batch.briefing), ensure_ascii=False) for batch in batches]
    return sum(map(_tokens, told)) + _INSTRUCTION_TOKENS * len(batches) + sum(blocks), sum(blocks)


def _tokens(text: str) -> int:
    """About as many as a model counts: one for an ideograph, one for four other characters."""
    wide = len(_WIDE.findall(text))
    return wide + (len(text) - wide + 3) // 4


def receipt_of(
    filled: Filled, *, engine: Engine, language: str, date: str, seconds: float, price: Price | None
) -> Mapping[str, object]:
    """What a run was: no text, no address, no key."""
    failed = sum(map(len, filled.problems.values()))
    document = {
        "date": date,
        "engine": engine.name,
        "language": language,
        "seconds": round(seconds, 1),
        "requests": filled.requests,
        "drafts": len(filled.drafts) - failed,
        "remembered": filled.cached,
        "without_draft": failed,
        "tokens_in": filled.tokens_in,
        "tokens_out": filled.tokens_out,
        "cost": round(price.of(filled.tokens_in, filled.tokens_out), 6) if price else None,
        "stopped": filled.stopped or None,
    }
    return {name: value for name, value in document.items() if value is not None}


def write_receipt(path: Path, document: Mapping[str, object]) -> None:
    """Appends one line to the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(document, ensure_ascii=False) + "\n")
