"""The numbers in a text, whatever script and unit they are written in, so that 千万 and 10 million are one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number as written and every value that it may mean: ``70B`` is 70 or seventy billion."""

    text: str
    values: frozenset[float]
    digits: bool
    """Written in digits, not in words."""


_CHINESE_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    "两": 2,
    "〇": 0,
    "半": 0.5,
}
_CHINESE_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "萬": 10_000, "亿": 10**8, "億": 10**8, "兆": 10**12}
_UNITS = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "k": 1000,
    "m": 10**6,
    "b": 10**9,
    "t": 10**12,
}
_WORDS = {
    word: value
    for value, words in enumerate(
        """zero|no|none one|first|once|single two|second|twice|double|both|pair|dual three|third|triple|thrice
        four|fourth five|fifth six|sixth seven|seventh eight|eighth nine|ninth ten|tenth eleven|eleventh
        twelve|twelfth|dozen thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty|twentieth""".split()
    )
    for word in words.split("|")
} | {"half": 0.5, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_DIGITS = re.compile(
    r"(?<![\d.])(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(\.\d+)?"
    r"(?:\s*([十百千万萬亿億兆]+)|\s*(hundred|thousand|million|billion|trillion)s?\b|([kKmMbBtT])\b)?",
    re.IGNORECASE,
)
_CHINESE = re.compile(r"([零〇一二两三四五六七八九半十百千万萬亿億兆]+)(倍?)|[翻加]倍|翻番|倍增")
_ENGLISH = re.compile(rf"\b({'|'.join(_WORDS)}|hundred|thousand|million|billion|trillion)s?\b", re.IGNORECASE)


def numbers(text: str) -> Iterator[Number]:
    """The numbers in digits, in Chinese or Japanese numerals and in English words."""
    for found in _DIGITS.finditer(text):
        plain = float(found[1].replace(",", "") + (found[2] or ""))
        unit = _chinese_value(found[3]) if found[3] else _UNITS.get((found[4] or found[5] or "").lower(), 1)
        yield Number(text=found[0].strip(), values=frozenset((plain, round(plain * unit, 6))), digits=True)
    for found in _CHINESE.finditer(text):
        # 多了一倍 is twice as much, 三倍 three times, 翻倍 doubling.
        value = _chinese_value(found[1]) if found[1] else 2.0
        values = frozenset((value, value + 1)) if found[2] else frozenset((value,))
        yield Number(text=found[0], values=values, digits=False)
    for found in _ENGLISH.finditer(text):
        word = found[1].lower()
        value = float(_WORDS.get(word, _UNITS.get(word, 0)))
        yield Number(text=found[0], values=frozenset((value,)), digits=False)


def differing_numbers(source: str, translation: str, *, words: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers in digits that only the source has, and those that only the translation has.

    Where ``words`` is false the target's own words for numbers are unknown, and small ones may be written in them.
    """
    said, meant = tuple(numbers(source)), tuple(numbers(translation))
    in_source = {value for number in said for value in number.values}
    in_translation = {value for number in meant for value in number.values}
    lost = (number for number in said if number.digits and not number.values & in_translation)
    added = (number for number in meant if number.digits and not number.values & in_source)
    return (
        tuple(dict.fromkeys(number.text for number in lost if words or max(number.values) > 20)),
        tuple(dict.fromkeys(number.text for number in added)),
    )


def _chinese_value(text: str) -> float:
    total = section = current = 0.0
    for character in text:
        if character in _CHINESE_DIGITS:
            current = _CHINESE_DIGITS[character]
        elif (unit := _CHINESE_UNITS[character]) >= 10_000:
            # 一亿二千万 adds the smaller unit, 一万亿 multiplies by the greater.
            group = section + current
            total = (total + group or 1) * unit if unit > total else total + (group or 1) * unit
            section = current = 0
        else:
            section += (current or 1) * unit
            current = 0
    return total + section + current
