"""The books of drafting: what a run would cost, the receipt of one that was, and the drafts that are paid for."""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, to_builtins

from deckgen.translation.checks.pair import Pair
from deckgen.translation.drafts.engines import Batch, Engine
from deckgen.translation.drafts.parcels import Filled

_WIDE = re.compile("[\u2e80-\uffef]")
_INSTRUCTION_TOKENS = 300
_TOKENS_PER_BLOCK = 12
"""Of the JSON around it."""
_MILLION = 1_000_000
_SYNC_SECONDS = 1.0


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


class RememberedDrafts:
    """The drafts of one engine in the file ``path``; with ``fresh`` what earlier runs got does not count."""

    def __init__(self, path: Path, engine: str, *, fresh: bool = False) -> None:
        self._path = path
        self._engine = engine
        self._known = {} if fresh else dict(_read(path))
        self._synced = 0.0

    def get(self, pair: Pair) -> str:
        """The draft, empty where there is none."""
        return self._known.get(self._key(pair), "")

    def keep(self, drafts: Iterable[tuple[Pair, str]]) -> None:
        """Keeps them beyond the process at once and beyond a power cut after a second; an empty text takes one back."""
        if not (kept := {self._key(pair): text for pair, text in drafts}):
            return
        self._known |= kept
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            for key, text in kept.items():
                # A line begins with its end, since the last one of an earlier run may have been cut off.
                file.write("\n" + json.dumps({"key": key, "translation": text}, ensure_ascii=False))
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                file.flush()
                os.fsync(file.fileno())
                self._synced = time.monotonic()

    def _key(self, pair: Pair) -> str:
        parts = (self._engine, pair.source_language, pair.language, pair.kind, pair.source)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """A line that was cut off in the middle does not count."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            row = json.loads(line)
            yield str(row["key"]), str(row["translation"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
