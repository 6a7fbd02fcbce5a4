"""How alike two texts are, from their fingerprints and sketches; knows no question and no lock."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from rapidfuzz import fuzz

from deckgen.titles import folded

SHINGLE = 4
"""Characters of folded text per shingle."""
SKETCH_SIZE = 64
"""Hashes kept of a text; the standard error of a measured likeness is at most 1/(2·√64), six points of a hundred."""
_HASH_BYTES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """The smallest hashes of a text's shingles: enough to tell how much two texts share without keeping either.

    ``size`` counts the text's distinct shingles; ``hashes`` are the smallest of them in ascending order, all of them
    when there are at most ``SKETCH_SIZE``.
    """

    size: int
    hashes: tuple[int, ...]


def fingerprint(text: str) -> str:
    """Sixteen hexadecimal digits, equal for texts that fold to the same; empty for an empty text."""
    plain = folded(text)
    return hashlib.sha256(plain.encode()).hexdigest()[:16] if plain else ""


def sketch(text: str) -> Sketch:
    """The sketch of a text, which is folded first."""
    plain = folded(text)
    last = max(1, len(plain) - SHINGLE + 1) if plain else 0
    shingles = {plain[start : start + SHINGLE] for start in range(last)}
    hashes = sorted({_hash(shingle) for shingle in shingles})
    return Sketch(size=len(hashes), hashes=tuple(hashes[:SKETCH_SIZE]))


def sketch_text(value: Sketch) -> str:
    """A sketch as text for the lock: its size, a colon, its hashes in base64."""
    packed = b"".join(number.to_bytes(_HASH_BYTES, "big") for number in value.hashes)
    return f"{value.size}:{base64.urlsafe_b64encode(packed).decode('ascii')}"


def parse_sketch(text: str) -> Sketch:
    """The reverse of `sketch_text`. Raises ValueError for anything that it cannot have written."""
    size, _, encoded = text.partition(":")
    packed = base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True)
    hashes = tuple(
        int.from_bytes(packed[start : start + _HASH_BYTES], "big") for start in range(0, len(packed), _HASH_BYTES)
    )
    value = Sketch(size=int(size), hashes=hashes)
    if sketch_text(value) != text or list(hashes) != sorted(set(hashes)) or len(hashes) != min(value.size, SKETCH_SIZE):
        raise ValueError("not a sketch")
    return value


def title_likeness(one: str, other: str) -> float:
    """How alike two folded titles are, from 0 to 100: the share of characters that an edit would leave alone."""
    return fuzz.ratio(one, other)


def answer_likeness(one: Sketch, other: Sketch) -> float:
    """The share of their shingles that two texts have in common, from 0 to 100, estimated from their sketches."""
    if not one.size or not other.size:
        return 100.0 if one.size == other.size else 0.0
    union = sorted({*one.hashes, *other.hashes})[:SKETCH_SIZE]
    both = {*one.hashes} & {*other.hashes}
    return 100 * sum(number in both for number in union) / len(union)


def _hash(shingle: str) -> int:
    return int.from_bytes(hashlib.blake2b(shingle.encode(), digest_size=_HASH_BYTES).digest(), "big")
