"""How alike two texts are, from their fingerprints and sketches; knows no question and no lock."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from deckgen.text.titles import folded

SHINGLE_WIDTH = 6
"""Columns of folded text per shingle: three ideographs or six letters, about one word of either."""
SKETCH_SIZE = 64
"""Hashes kept of a text; the standard error of a likeness is at most 50/√64, six points of a hundred."""
SHORT = 12
"""Distinct shingles below which a text is too short for its likeness to another to prove anything."""
_HASH_BYTES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """The smallest hashes of a text's shingles: enough to tell how much two texts share without keeping either.

    ``size`` counts the text's distinct hashes; ``hashes`` are the smallest of them in ascending order, all of them
    when there are at most ``SKETCH_SIZE``.
    """

    size: int
    hashes: tuple[int, ...]


def fingerprint(text: str) -> str:
    """Sixteen hexadecimal digits, equal for texts that fold to the same; empty for a text that folds to nothing."""
    plain = folded(text)
    return hashlib.sha256(plain.encode()).hexdigest()[:16] if plain else ""


def sketch(text: str) -> Sketch:
    """The sketch of a text, which is folded first."""
    hashes = sorted({_hash(shingle) for shingle in _shingles(folded(text))})
    return Sketch(size=len(hashes), hashes=tuple(hashes[:SKETCH_SIZE]))


def format_sketch(value: Sketch) -> str:
    """A sketch as text for the lock: its size, a colon, its hashes in base64."""
    packed = b"".join(number.to_bytes(_HASH_BYTES, "big") for number in value.hashes)
    return f"{value.size}:{base64.urlsafe_b64encode(packed).decode('ascii')}"


def parse_sketch(text: str) -> Sketch:
    """The reverse of `format_sketch`. Raises ValueError for anything that it cannot have written."""
    size, _, encoded = text.partition(":")
    packed = base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True)
    hashes = tuple(
        int.from_bytes(packed[start : start + _HASH_BYTES], "big") for start in range(0, len(packed), _HASH_BYTES)
    )
    value = Sketch(size=int(size), hashes=hashes)
    if (
        format_sketch(value) != text
        or list(hashes) != sorted(set(hashes))
        or len(hashes) != min(value.size, SKETCH_SIZE)
    ):
        raise ValueError("not a sketch")
    return value


def title_likeness(one: str, other: str) -> float:
    """How alike two folded titles are, from 0 to 100: the share of characters that an edit would leave alone."""
    return fuzz.ratio(one, other)


def answer_likeness(one: Sketch, other: Sketch) -> float:
    """The share of their shingles that two texts have in common, from 0 to 100, estimated from their sketches.

    A short text counts for less the shorter it is, since short texts are alike by chance.
    """
    both = {*one.hashes}.intersection(other.hashes)
    if not both:
        return 0.0
    union = sorted({*one.hashes, *other.hashes})[:SKETCH_SIZE]
    share = sum(number <= union[-1] for number in both) / len(union)
    return 100 * share * min(1.0, max(one.size, other.size) / SHORT)


def edits(before: Sequence[Hashable], after: Sequence[Hashable]) -> Iterator[tuple[slice, slice]]:
    """The parts in which two sequences differ, in order: what goes out of ``before``, what comes in from ``after``.

    Either may be empty. It is the shortest way from one to the other.
    """
    for step in Indel.opcodes(before, after):
        if step.tag != "equal":
            yield slice(step.src_start, step.src_end), slice(step.dest_start, step.dest_end)


def _shingles(text: str) -> Iterator[str]:
    """Every piece of the text that is ``SHINGLE_WIDTH`` columns wide; the whole of a narrower text."""
    end, width = 0, 0
    for start, character in enumerate(text):
        while width < SHINGLE_WIDTH and end < len(text):
            width += _columns(text[end])
            end += 1
        if width < SHINGLE_WIDTH and start:
            return
        yield text[start:end]
        width -= _columns(character)


def _columns(character: str) -> int:
    """Two for ideographs, kana and Hangul, which say as much as two letters; they begin at U+2E80."""
    return 2 if character >= "⺀" else 1


def _hash(shingle: str) -> int:
    return int.from_bytes(hashlib.blake2b(shingle.encode(), digest_size=_HASH_BYTES).digest(), "big")
