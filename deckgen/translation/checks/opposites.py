"""Words that say the opposite of each other: larger and smaller, encoder and decoder, the former and the latter."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from deckgen.model import Language
from deckgen.text.packaged import packaged_table


@dataclass(frozen=True, slots=True)
class PoleWord:
    """A word of a pair of opposites, and which of its two poles it belongs to."""

    pole: int
    text: str


@dataclass(frozen=True, slots=True)
class Opposites:
    """One pair in one language; of ``things`` the order says something too, and an ``amount`` has many words."""

    words: re.Pattern[str]
    denied: re.Pattern[str]
    things: bool
    amount: bool

    def places(self, text: str) -> tuple[PoleWord, ...]:
        """Its words in ``text``, as `clear` gives it, without those that are denied."""
        if not self.words.search(text):
            return ()
        found = self.words.finditer(self.denied.sub("\0", text))
        return tuple(PoleWord(0 if word["first"] else 1, word[0]) for word in found)


def pairs(source: Language, target: Language) -> Iterator[tuple[Opposites, Opposites]]:
    """Every pair in both languages; none where a language is unknown, or both are one in other characters."""
    if _base(source) == _base(target):
        return iter(())
    return zip(_pairs(_base(source)), _pairs(_base(target)), strict=False)


def clear(text: str, language: Language) -> str:
    """The text without the words that only hold one of a pair, as 大模型 holds 大."""
    return _apart(_base(language)).sub("\0", text)


def turned(
    said: Sequence[PoleWord], meant: Sequence[PoleWord], *, in_part: bool, explained: Collection[int] = ()
) -> tuple[str, str] | None:
    """A word of the source's and the one of the other pole that it has become, if there is one.

    Either the whole pair has turned, to a pole that nothing else has ``explained``, or, ``in_part``, as many words of
    one pole are lost as of the other are added.
    """
    counts, others = ([sum(place.pole == pole for place in places) for pole in (0, 1)] for places in (said, meant))
    if not said or not meant:
        return None
    all_turned = 0 in counts and 0 in others and counts.index(0) != others.index(0)
    if all_turned and others.index(0) ^ 1 in explained:
        return None
    if not all_turned and (not in_part or len(said) != len(meant) or counts == others):
        return None
    lost = 0 if counts[0] > others[0] else 1
    return (
        next(place.text for place in said if place.pole == lost),
        next(place.text for place in meant if place.pole != lost),
    )


_DENIED = {
    "zh": r"(?:不|没有|没|未|并非|非)(?:[会能够太很再是]|容易|一定|需要)?{}",
    "en": r"\b(?:(?:not|no|never|without|cannot|neither|nor)|\w+n['’]t)\s+(?:\w+\s+){{0,2}}?{}\b",
    "ja": r"{}[^、。]{{0,3}}?(?:ない|なく|なかっ|ません|ず(?=[、にと。]|$))",
}
"""A word that is denied is its opposite, and as often as not the translation says so."""


def _base(language: str) -> str:
    return language.split("-")[0]


def _table() -> Mapping[str, Any]:
    return packaged_table("translation/checks/opposites.toml")


@cache
def _apart(base: str) -> re.Pattern[str]:
    found = _table()["apart"].get(base, r"(?!)")
    return re.compile(rf"\b(?:{found})\b" if base == "en" else found, re.IGNORECASE)


@cache
def _pairs(base: str) -> tuple[Opposites, ...]:
    return tuple(
        _opposites(base, *entry[base], things=entry.get("things", False), amount=entry.get("amount", False))
        for entry in _table()["opposites"]
        if base in _DENIED
    )


def _opposites(base: str, first: str, second: str, *, things: bool, amount: bool) -> Opposites:
    words = f"(?:(?P<first>{first})|(?P<second>{second}))"
    if base == "en":
        words = rf"\b{words}\b"
    return Opposites(
        words=re.compile(words, re.IGNORECASE),
        denied=re.compile(_DENIED[base].format(f"(?:{first}|{second})"), re.IGNORECASE),
        things=things,
        amount=amount,
    )
