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
    scaled: bool = False
    """Digits with a unit: the greatest value is meant when compared with another such number."""
    negative: bool = False
    percent: bool = False
    certain: bool = False
    """A numeral that can be nothing else: 十二, but not 一 or 千万."""

    def may_be(self, other: Number) -> bool:
        if self.negative != other.negative:
            return False
        if self.scaled and other.scaled:
            return max(self.values) == max(other.values)
        return bool(self.values & other.values)


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
    "kb": 1000,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
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
    r"(?:\s*([十百千万萬亿億兆]+)"
    r"|\s*(hundred|thousand|million|billion|trillion|[kmgt]b)s?(?![A-Za-z0-9])|([kmbt])(?![A-Za-z0-9]))?",
    re.IGNORECASE,
)
_CHINESE = re.compile(r"([零〇一二两三四五六七八九半十百千万萬亿億兆]+)(倍?)|[翻加]倍|翻番|倍增")
_ENGLISH = re.compile(rf"\b({'|'.join(_WORDS)}|hundred|thousand|million|billion|trillion)(?:s|th)?\b", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"[\s-]+(?:and\s+)?")
_MONTHS = {
    month: number
    for number, month in enumerate(
        "January February March April May June July August September October November December".split(), 1
    )
}
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})\b")
_NEGATIVE = re.compile(
    r"(?:(?<![^\s(\[{（【「,，、:：;；=≈<>≤≥为為是到至入于於取\u3041-\u309f])[-−－]"
    r"|(?<!正)[负負]|マイナス|\b(?:minus|negative)\s+)\Z",
    re.IGNORECASE,
)
"""What makes the number after it negative; the hyphen of 3-5, GPT-3 or 百川-13B does not."""
_PERCENT = re.compile(r"\s*(?:[%％]|per ?cent\b|パーセント)", re.IGNORECASE)
_ANY_PERCENT = re.compile(r"[%％]|per ?cent|パーセント|百分|[\d一二三四五六七八九][成割]", re.IGNORECASE)


def numbers(text: str) -> Iterator[Number]:
    """The numbers in digits, in Chinese or Japanese numerals and in English words."""
    for found in _DIGITS.finditer(text):
        plain = float(found[1].replace(",", "") + (found[2] or ""))
        unit = _chinese_value(found[3]) if found[3] else _UNITS.get((found[4] or found[5] or "").lower(), 1)
        yield Number(
            text=found[0].strip(),
            values=frozenset((plain, round(plain * unit, 6), *_decade(plain, text, found.end()))),
            digits=True,
            scaled=unit != 1,
            negative=_is_negative(text, found.start()),
            percent=bool(_PERCENT.match(text, found.end())),
        )
    for found in _CHINESE.finditer(text):
        # 多了一倍 is twice as much, 三倍 three times, 翻倍 doubling.
        value = _chinese_value(found[1]) if found[1] else 2.0
        values = frozenset((value, value + 1) if found[2] else (value, *_decade(value, text, found.end())))
        certain = value > 10 and bool(re.search("[二两三四五六七八九]|一[十百千万萬亿億兆]|十一", found[0]))
        yield Number(
            text=found[0],
            values=values,
            digits=False,
            negative=_is_negative(text, found.start()),
            certain=certain,
        )
    yield from _english_numbers(text)


def differing_numbers(source: str, translation: str, *, words: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers in digits that only the source has, and those that only the translation has.

    Where ``words`` is false the target's own words for numbers are unknown, and small ones may be written in them.
    """
    said, meant = tuple(numbers(source)), tuple(numbers(translation))
    lost = [
        number.text
        for number in said
        if (number.digits or number.certain)
        and (words or (number.digits and max(number.values) > 20))
        and not any(number.may_be(other) for other in meant)
    ]
    if words and not _ANY_PERCENT.search(translation):
        lost += [f"{number.text}%" for number in said if number.percent and number.text not in lost]
    added = (number.text for number in meant if number.digits and not any(number.may_be(other) for other in said))
    return tuple(dict.fromkeys(lost)), tuple(dict.fromkeys(added))


def _english_numbers(text: str) -> Iterator[Number]:
    """The words for numbers alone, and what they make where they stand in a row: forty-two, three hundred."""
    last_end, total, current = -1, 0.0, 0.0
    for found in _ENGLISH.finditer(text):
        word = found[1].lower()
        value = float(_WORDS.get(word, _UNITS.get(word, 0)))
        follows = last_end >= 0 and _BETWEEN_WORDS.fullmatch(text, last_end, found.start())
        if not follows:
            total = current = 0.0
            negative = _is_negative(text, found.start())
        if value < 100:
            current += value
        elif value == 100:
            current = (current or 1) * value
        else:
            total, current = total + (current or 1) * value, 0.0
        last_end = found.end()
        yield Number(text=found[0], values=frozenset((value, total + current)), digits=False, negative=negative)
    for found in _MONTH.finditer(text):
        yield Number(text=found[0], values=frozenset((float(_MONTHS[found[0]]),)), digits=False)


def _decade(value: float, text: str, end: int) -> tuple[float, ...]:
    """The years of 九十年代 and 90年代: the 1990s."""
    return (value + 1900,) if value < 100 and text.startswith("年代", end) else ()


def _is_negative(text: str, start: int) -> bool:
    return bool(_NEGATIVE.search(text, max(0, start - 12), start))


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
