"""How alike two texts are, from their fingerprints and sketches; knows no question and no lock."""

import base64
import functools
import hashlib
import re
from collections.abc import Container, Hashable, Iterator, Sequence
from typing import NewType

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from deckgen.text.titles import folded

SHINGLE_WIDTH = 6
"""Columns of folded text per shingle: three ideographs or six letters, about one word of either."""
SKETCH_SIZE = 64
"""Hashes kept of a text; the standard error of a likeness is at most 50/√64, six points of a hundred."""
SHORT = 12
"""Distinct shingles below which a text is too short for its likeness to another to prove anything."""
_HASH_BYTES = 3
_SKETCH = re.compile(r"([0-9]{1,9}):([A-Za-z0-9_-]*)")
_PIECE = re.compile("....")


Sketch = NewType("Sketch", str)
"""The smallest hashes of a text's shingles: enough to tell how much two texts share without keeping either.

The count of the text's distinct hashes, a colon, and the smallest of them in ascending order, all when there are at
most ``SKETCH_SIZE``: base64 for URLs, four characters each.
"""


def fingerprint(text: str) -> str:
    """Sixteen hexadecimal digits, equal for texts that fold to the same; empty for a text that folds to nothing."""
    return _fingerprint(folded(text))


def sketch(text: str) -> Sketch:
    """The sketch of a text, which is folded first."""
    return _sketch(folded(text))


def fingerprint_and_sketch(text: str, known: Container[str] = ()) -> tuple[str, Sketch]:
    """Both, from one folding; an empty sketch for a text whose fingerprint is ``known``."""
    plain = folded(text)
    digest = _fingerprint(plain)
    return digest, Sketch("") if digest in known else _sketch(plain)


def _fingerprint(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()[:16] if plain else ""


def _sketch(plain: str) -> Sketch:
    hashes = set(map(_HASHES.__getitem__, _shingles(plain)))
    # Hashes are even over their range: below this one lie twice as many as are kept, which is less to sort.
    bound = 2 * SKETCH_SIZE * (1 << 8 * _HASH_BYTES) // max(len(hashes), 1)
    few = [number for number in hashes if number < bound]
    least = sorted(few if len(few) >= SKETCH_SIZE else hashes)
    packed = b"".join(number.to_bytes(_HASH_BYTES, "big") for number in least[:SKETCH_SIZE])
    return Sketch(f"{len(hashes)}:{base64.urlsafe_b64encode(packed).decode('ascii')}")


class _Hashes(dict[str, int]):
    """The hash of each shingle, made once: three ideographs of one subject come up again and again."""

    def __missing__(self, shingle: str) -> int:
        if len(self) >= _MOST_HASHES:
            self.clear()
        digest = hashlib.blake2b(shingle.encode(), digest_size=_HASH_BYTES).digest()
        self[shingle] = number = int.from_bytes(digest, "big")
        return number


_HASHES = _Hashes()
_MOST_HASHES = 1 << 15


def is_sketch(text: str) -> bool:
    """Whether a text may be a sketch: as many hashes as its count says, in the alphabet of base64."""
    found = _SKETCH.fullmatch(text)
    return found is not None and len(found[2]) == 4 * min(int(found[1]), SKETCH_SIZE)


def sketch_size(value: Sketch) -> int:
    """How many distinct shingles the text has."""
    return int(value.partition(":")[0])


def hashes_of(value: Sketch) -> list[str]:
    """What two sketches have in common where their texts do; each piece stands for one shingle."""
    return _PIECE.findall(value, value.index(":") + 1)


@functools.lru_cache(maxsize=4096)
def _hashes(value: Sketch) -> tuple[int, frozenset[int]]:
    """The size and the hashes of a sketch."""
    packed = base64.urlsafe_b64decode(value.partition(":")[2])
    starts = range(0, len(packed), _HASH_BYTES)
    return sketch_size(value), frozenset(int.from_bytes(packed[start : start + _HASH_BYTES], "big") for start in starts)


def title_likeness(one: str, other: str) -> float:
    """How alike two folded titles are, from 0 to 100: the share of characters that an edit would leave alone."""
    return fuzz.ratio(one, other)


def most_alike(text: str, others: Sequence[str], *, most: int, least: float) -> Sequence[tuple[int, float]]:
    """The places in ``others`` of the texts that are most like ``text``, at least ``least`` of 100, best first."""
    found = process.extract(text, others, scorer=fuzz.ratio, limit=most, score_cutoff=least)
    return [(place, likeness) for _, likeness, place in found]


def answer_likeness(one: Sketch, other: Sketch) -> float:
    """The share of their shingles that two texts have in common, from 0 to 100, estimated from their sketches.

    A short text counts for less the shorter it is, since short texts are alike by chance.
    """
    (size, hashes), (other_size, other_hashes) = _hashes(one), _hashes(other)
    both = hashes & other_hashes
    if not both:
        return 0.0
    union = sorted(hashes | other_hashes)[:SKETCH_SIZE]
    share = sum(number <= union[-1] for number in both) / len(union)
    return 100 * share * min(1.0, max(size, other_size) / SHORT)


def edits(before: Sequence[Hashable], after: Sequence[Hashable]) -> Iterator[tuple[slice, slice]]:
    """The parts in which two sequences differ, in order: what goes out of ``before``, what comes in from ``after``.

    Either may be empty. It is the shortest way from one to the other.
    """
    for step in Indel.opcodes(before, after):
        if step.tag != "equal":
            yield slice(step.src_start, step.src_end), slice(step.dest_start, step.dest_end)


def _at_least(columns: int, narrow: str) -> str:
    """A pattern of as many characters as are so wide."""
    if columns < 2:
        return "." * columns
    return rf"(?:[^{narrow}]{_at_least(columns - 2, narrow)}|[{narrow}]{_at_least(columns - 1, narrow)})"


@functools.cache
def _shingle(narrow: str) -> re.Pattern[str]:
    """The pattern of a shingle, with the characters of one column; the first two alternatives are its common cases."""
    return re.compile(f"(?=([^{narrow}]{{3}}|[{narrow}]{{5}}.|{_at_least(SHINGLE_WIDTH, narrow)}))", re.DOTALL)


_NARROW, _NARROW_ASCII = "\\0-\u2e7f", "\\0-\x7f"
"""The long range takes as long to compile as a build that changes nothing may take in all."""
_NARROW_BEYOND_ASCII = re.compile("[\x80-\u2e7f]")


def _shingles(text: str) -> list[str]:
    """Every piece of the text that is ``SHINGLE_WIDTH`` columns wide, one for each place; the whole of a narrower text.

    Ideographs, kana and Hangul, which say as much as two letters and begin at U+2E80, are two columns wide.
    """
    narrow = _NARROW if _NARROW_BEYOND_ASCII.search(text) else _NARROW_ASCII
    return _shingle(narrow).findall(text) or ([text] if text else [])
