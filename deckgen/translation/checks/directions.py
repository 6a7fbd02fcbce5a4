"""Facts that have turned round: a word that has become its opposite, and things or values that have changed places."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from deckgen.model import Language
from deckgen.translation.checks.numbers import Number, numbers
from deckgen.translation.checks.opposites import PoleWord, clear, pairs, turned
from deckgen.translation.checks.sentences import aligned, sentences


def turned_words(source: str, translation: str, *, source_language: Language, language: Language) -> Iterator[str]:
    """What to say of words that have become their opposite; of a comparison told from its other side nothing."""
    for said, meant in aligned(clear(source, source_language), clear(translation, language)):
        both = _found(said, meant, source_language, language)
        if _is_told_from_the_other_side(said, meant) or ("比" in said and any(map(_is_exchanged, both))):
            continue
        many = len(sentences(said))
        amounts = {place.pole for item in both if item.amount for place in item.said}
        for item in both:
            explained = amounts if item.amount else ()
            in_part = many == 1 or item.things
            change = turned(item.said, item.meant, in_part=in_part, explained=explained)
            if change and (many <= _FEW or item.things):
                yield f"“{change[0]}” of the source has become “{change[1]}”"


def exchanged_facts(source: str, translation: str, *, source_language: Language, language: Language) -> Iterator[str]:
    """What to say of two things, or two values of one kind, that stand in another order while the rest does not."""
    for said, meant in aligned(clear(source, source_language), clear(translation, language)):
        both = _found(said, meant, source_language, language)
        shared, others = _shared(_names(said), _names(meant)), _shared(_names(meant), _names(said))
        held = any(map(_is_held, both)) or (len(shared) > 1 and shared == others) or _goes_from_to(said, meant)
        kept = _keeps_its_order(said, meant, language)
        for item in both:
            if _is_exchanged(item) and (held or (kept and item.things)):
                yield f"“{item.said[0].text}” and “{item.said[1].text}” may have changed places"
        if held and (moved := _moved_values(said, meant)):
            yield f"“{moved[0]}” and “{moved[1]}” may have changed places"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A pair of opposites in a sentence and in its translation."""

    said: tuple[PoleWord, ...]
    meant: tuple[PoleWord, ...]
    things: bool
    amount: bool


@lru_cache(maxsize=256)
def _found(said: str, meant: str, source_language: Language, language: Language) -> tuple[_Found, ...]:
    found = ((mine, other, mine.places(said)) for mine, other in pairs(source_language, language))
    return tuple(
        _Found(said=places, meant=other.places(meant), things=mine.things, amount=mine.amount)
        for mine, other, places in found
        if places
    )


_FEW = 3
"""In more sentences than these that nobody could align, words of both poles stand for too many things."""
_COMPARED = re.compile("[比较]")
_BESIDE = re.compile("相比|比起|相较|较之|相对于")
_PASSIVE = re.compile(r"\bby\b|より|によって|により|[らさ]れ", re.IGNORECASE)
_FROM_TO = (
    re.compile(r"[从由][^，。]*\d[^，。]*[到至为]"),
    re.compile(r"\bfrom\b[^,;]*\d[^,;]*\bto\b|\d[^、。]*から[^、。]*\d"),
)
_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Z][A-Za-z0-9-]*")
_MEASURE_OF_COMPARISON = (
    re.compile(rf"(?:比|与|和|于|较)\s*({_NAME.pattern})"),
    re.compile(rf"\b(?:than|as|to|with|over)\s+(?:\w+\s+){{0,2}}?({_NAME.pattern})"),
    re.compile(rf"({_NAME.pattern})[^、。A-Z]{{0,6}}(?:より|に比べ|と比べ|に対し)"),
)


def _is_told_from_the_other_side(source: str, translation: str) -> bool:
    """Whether what one thing is compared with is the other one in the translation."""
    if not _COMPARED.search(source) or not (said := _MEASURE_OF_COMPARISON[0].search(source)):
        return False
    meant = next((found for way in _MEASURE_OF_COMPARISON[1:] if (found := way.search(translation))), None)
    return meant is not None and meant[1] != said[1] and meant[1] in source


def _keeps_its_order(source: str, translation: str, language: Language) -> bool:
    """Whether a sentence names things in the order of the source's: most in Japanese, in English comparisons alone."""
    if _BESIDE.search(source) or _PASSIVE.search(translation):
        return False
    return re.search(r"\bthan\b", translation) is not None if language.startswith("en") else "比" not in source


def _goes_from_to(source: str, translation: str) -> bool:
    return bool(_FROM_TO[0].search(source) and _FROM_TO[1].search(translation))


def _is_exchanged(item: _Found) -> bool:
    said, meant = ([place.pole for place in places] for places in (item.said, item.meant))
    return len({*said}) == len(said) == 2 and meant == said[::-1]


def _is_held(item: _Found) -> bool:
    said = [place.pole for place in item.said]
    return len({*said}) == 2 and said == [place.pole for place in item.meant]


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(_NAME.findall(text)))


def _shared(names: Sequence[str], others: Sequence[str]) -> list[str]:
    return [name for name in names if name in others]


def _moved_values(source: str, translation: str) -> tuple[str, str] | None:
    """The first two values of a kind whose order is another one than in the source."""
    said, meant = _values(source), _values(translation)
    for kind, values in said.items():
        others = meant.get(kind, [])
        amounts = [max(number.values) for number in values]
        if sorted(amounts) == sorted(max(number.values) for number in others):
            for number, other in zip(values, others, strict=True):
                if max(number.values) != max(other.values):
                    return number.text, other.text
    return None


def _values(text: str) -> dict[tuple[object, ...], list[Number]]:
    found: dict[tuple[object, ...], list[Number]] = defaultdict(list)
    for number in numbers(_NAME.sub(" ", text)):
        if number.digits and not number.ordinal:
            year = 1900 <= max(number.values) < 2100
            found[number.percent, number.measure and number.measure.kind, year].append(number)
    return found
