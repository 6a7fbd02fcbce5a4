"""Terms of the glossary, and names of models, methods and products in Latin letters, which stay in every language."""

import re
from collections import Counter
from collections.abc import Iterator

from deckgen.translation import glossary
from deckgen.translation.checks.numbers import MEASURES
from deckgen.translation.checks.pair import Pair


def broken_terms(pair: Pair) -> Iterator[str]:
    for term, wanted in glossary.broken_terms(pair.said, pair.meant, pair.glossary, language=pair.language):
        meant = " or ".join(f"“{text}”" for text in wanted)
        kept = wanted == (term,)
        yield f"the term “{term}” has to stay as it is" if kept else f"“{term}” has to be {meant}"


def lost_names(pair: Pair) -> Iterator[str]:
    """The names of a Chinese or Japanese source that are not in the translation, neither whole nor spelled out.

    A name has a capital within, a digit or nothing but capitals, two letters at least. Those that the glossary keeps
    are terms.
    """
    if pair.source_script not in ("zh", "ja"):
        return
    counts = Counter(_names(pair.said))
    lost = [name for name in counts if not _stands_in(name, pair.meant) and not _is_slip(name, counts)]
    free = glossary.without_kept(pair.said, pair.glossary)
    if lost := [name for name in lost if name in free]:
        yield f"{', '.join(lost)} of the source is not in it"


_NAME = re.compile(r"(?<![A-Za-z0-9_.@/\\])[A-Za-z][A-Za-z0-9]+(?![A-Za-z0-9_@/\\]|\.[A-Za-z0-9])")
_ROMAN = re.compile("[IVX]+")
_SAID_OTHERWISE = frozenset("VS OK AM PM NO ID AI IT QA TODO ETC EG IE PK IO".split())
"""Abbreviations that have a word of their own in many languages."""


def _names(source: str) -> Iterator[str]:
    for found in _NAME.finditer(source):
        name = found[0][:-1] if re.fullmatch("[A-Z0-9]{2,}s", found[0]) else found[0]
        inner = any(character.isupper() or character.isdecimal() for character in name[1:])
        enough = sum(map(str.isalpha, name)) >= (1 if name[-1].isdecimal() else 2)
        if inner and enough and not (name.upper() in _SAID_OTHERWISE or _ROMAN.fullmatch(name) or name in MEASURES):
            yield name


def _stands_in(name: str, translation: str) -> bool:
    """With a hyphen or a blank between its parts, in the plural, or as the words that its letters begin."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    # Text2Image is text-to-image too.
    pattern = r"[\s-]?".join("(?:2|to)" if part == "2" else re.escape(part) for part in parts)
    # LayerNorm is layer normalization.
    pattern += "[a-z]*" if len(parts) > 1 and len(parts[-1]) >= 4 else ""
    if re.search(rf"(?<![A-Za-z0-9]){pattern}(?:e?s)?(?![A-Za-z0-9])", translation, re.IGNORECASE):
        return True
    return name.isalpha() and _is_spelled_out(name.casefold(), translation)


def _is_spelled_out(abbreviation: str, translation: str) -> bool:
    """Natural language processing, mixture of experts: a row of words with these initials."""
    words = re.findall("[a-z]+", translation.casefold())
    great = [word for word in words if word not in ("of", "the", "and", "for", "a")]
    return len(abbreviation) <= 5 and any(abbreviation in "".join(word[0] for word in row) for row in (words, great))


def _is_slip(name: str, counts: Counter[str]) -> bool:
    """The source's own misspelling of a name that it spells right elsewhere: RoPR beside more than one RoPE."""
    return counts[name] == 1 and any(
        count > 1 and len(other) == len(name) and sum(a != b for a, b in zip(name, other, strict=True)) == 1
        for other, count in counts.items()
    )
