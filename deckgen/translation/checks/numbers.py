"""The numbers in a text, whatever script and unit they are written in, so that 千万 and 10 million are one."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deckgen.text.packaged import packaged_table
from deckgen.translation.checks.measures import Measure, measure_at


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
    ordinal: bool = False
    parts: tuple[float, ...] = ()
    """Numerator and denominator."""
    measure: Measure | None = None

    @property
    def said(self) -> str:
        """The number with its unit, for a person."""
        unit = self.measure.name if self.measure and not self.text.endswith(self.measure.name) else ""
        return f"{self.text} {unit}" if unit.isascii() and unit else f"{self.text}{unit}"

    def may_be(self, other: Number) -> bool:
        if self.negative != other.negative:
            return False
        if self.measure and other.measure:
            return self.measure.kind == other.measure.kind and bool(self._measured & other._measured)
        if self.scaled and other.scaled:
            return max(self.values) == max(other.values)
        return bool(self.values & other.values)

    @property
    def _measured(self) -> frozenset[float]:
        factor = self.measure.factor if self.measure else 1.0
        return frozenset(_rounded(value * factor) for value in self.values)


def numbers(text: str) -> Iterator[Number]:
    """The numbers in digits, in Chinese or Japanese numerals and in English words."""
    taken = bytearray(len(text))
    for pattern, read in _READERS:
        for found in pattern.finditer(text):
            start, end = found.span()
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                yield from read(found)
    yield from _english_numbers(text)


def differing_numbers(source: str, translation: str, *, words: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers in digits that only the source has, and those that only the translation has.

    Where ``words`` is false the target's own words for numbers are unknown, and small ones may be written in them.
    """
    said, meant = tuple(dict.fromkeys(numbers(source))), tuple(dict.fromkeys(numbers(translation)))
    lost = [
        number.said
        for number in said
        if (number.digits or number.certain)
        and (words or (number.digits and max(number.values) > 20))
        and not _stands_in(number, meant)
    ]
    if words and not _ANY_PERCENT.search(translation):
        lost += [f"{number.text}%" for number in said if number.percent and not _has_share(number, meant)]
    added = [number.said for number in meant if number.digits and not _stands_in(number, said)]
    if words:
        strange = [number.text for number in meant if number.ordinal and not _stands_in(number, said)]
        missing = [number.text for number in said if number.ordinal and not _stands_in(number, meant)]
        lost, added = (lost + missing, added + strange) if strange and missing else (lost, added)
    return tuple(dict.fromkeys(lost)), tuple(dict.fromkeys(added))


def turned_signs(source: str, translation: str) -> tuple[str, str] | None:
    """A comparison sign that only the source has, and the one that only the translation has."""
    said, meant = (Counter(_SIGNS[sign] for sign in _SIGN.findall(text)) for text in (source, translation))
    lost, added = sorted((said - meant).elements()), sorted((meant - said).elements())
    return (lost[0], added[0]) if lost and added else None


_TABLE = packaged_table("translation/checks/numbers.toml")
_CHINESE, _ENGLISH = _TABLE["chinese"], _TABLE["english"]
_CHINESE_DIGITS = {character: value for value, character in enumerate(_CHINESE["digits"])} | _CHINESE["others"]
_CHINESE_UNITS: Mapping[str, int] = _CHINESE["units"]
_UNITS: Mapping[str, int] = _ENGLISH["units"]
_ORDINALS: Sequence[str] = _ENGLISH["ordinals"].split()
_WORDS: Mapping[str, float] = {
    **{word: value for value, words in enumerate(_ENGLISH["cardinals"].split()) for word in words.split("|")},
    **{word: value for value, word in enumerate(_ORDINALS, 1)},
    **dict.fromkeys(_ENGLISH["halves"].split(), 0.5),
    **{word: value * 10 for value, word in enumerate(_ENGLISH["tens"].split(), 3)},
}
_DENOMINATORS = dict(zip(_ORDINALS[2:], range(3, 21), strict=True)) | _ENGLISH["denominators"]
_HALVED = "年 ヶ月 か月 月 週間 周 天 日 時間 小时 分钟 分 秒 倍".split()
"""Of what 一半 is said behind it: 3日半."""
_DIGIT = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMERAL = "[零〇一二两三四五六七八九半十百千万萬亿億兆]+"
_EITHER = rf"(?:{_DIGIT}|{_NUMERAL})"
_POWER = re.compile(
    r"(?<![\d.A-Za-z])(?:(\d+(?:\.\d+)?)[eE]([+\-−]?\d+)(?![A-Za-z0-9])"
    r"|(?:(\d+(?:\.\d+)?)\s*[×x*·]\s*)?10(?:\^\{?([+\-−]?\d+)\}?|([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)))"
)
_CENTURY = re.compile(rf"({_EITHER})\s*世[纪紀]の?\s*({_EITHER})\s*年代")
_PERCENTAGE = re.compile(rf"百分之({_EITHER})")
_FRACTION = re.compile(
    rf"(?P<below>{_EITHER})\s*分[之の]\s*(?P<above>{_EITHER})"
    r"|(?<![\d./])(?P<over>\d+)\s*/\s*(?P<under>\d+)(?![\d/])|(?P<sign>[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])"
)
_TENTHS = re.compile(
    rf"((?<![\d.])\d(?:\.\d)?|[一二两三四五六七八九](?![{_NUMERAL[1:-2]}]))\s*"
    "(?:成(?![不员功本为熟分年绩立就长果型都语品员对像])|割(?![りれ合引当愛]))"
)
_DOUBLINGS = re.compile(r"翻(?:了|上|了约)?\s*([一二两三四五六\d])\s*番")
_CIRCLED = re.compile("[①-⑳⑴-⒇❶-❿]")
_COMPOUND = re.compile(r"(?<![\d.])\d+(?:\.\d+)?[十百千万萬亿億兆]+(?:\d+(?:\.\d+)?[十百千万萬亿億兆]+)+")
_DIGITS = re.compile(
    r"(?<![\d.])(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(\.\d+)?"
    r"(?:\s*([十百千万萬亿億兆]+)"
    r"|\s*(hundred|thousand|million|billion|trillion|[kmgt]b)s?(?![A-Za-z0-9])|([kmbt])(?![A-Za-z0-9]))?"
    r"(\s*倍)?",
    re.IGNORECASE,
)
_CHINESE_WORD = re.compile(
    r"([零〇一二两三四五六七八九半十百千万萬亿億兆]+)(倍?)|[翻加]倍|翻番|倍增|(?P<each>[每单單各首毎逐])|(?P<power>[平立]方(?![米公分千毫厘]))"
)
_AND_A_HALF = re.compile(
    rf"(?P<digits>{_EITHER})\s*(?:[个個]|{'|'.join(_HALVED)})半"
    rf"|\b(?P<words>\d+|{'|'.join(_WORDS)})\s+and\s+a\s+half\b|\b(?P<one>an?)\s+\w+\s+and\s+a\s+half\b",
    re.IGNORECASE,
)
_ENGLISH_WORD = re.compile(
    rf"\b({'|'.join(_WORDS)}|hundred|thousand|million|billion|trillion)(?:s|d|th|-?fold)?\b", re.IGNORECASE
)
_ENGLISH_FRACTION = re.compile(
    rf"\b(?:(an?|{'|'.join(list(_WORDS))})[\s-]+)?({'|'.join(_DENOMINATORS)})s?\b"
    rf"|\b({'|'.join(_WORDS)}|\d+)\s+(?:in|out\s+of)\s+({'|'.join(_WORDS)}|\d+)\b",
    re.IGNORECASE,
)
_BETWEEN_WORDS = re.compile(r"[\s-]+(?:and\s+)?")
_OF_TIME = re.compile(r"(?:\bper|\ba|\beach|\bevery|\d)[\s-]*\Z", re.IGNORECASE)
"""Before a second that is none in a row."""
_COUNTED_UP = re.compile(r"\s*(?:番目|つ目|段階目|層目|(?:st|nd|rd|th)\b)")
_MONTHS = {month: number for number, month in enumerate(_ENGLISH["months"].split(), 1)}
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})\b")
_NEGATIVE = re.compile(
    r"(?:(?<![^\s(\[{（【「,，、:：;；=≈<>≤≥为為是到至入于於取的\u3041-\u309f])[-−－]"
    r"|(?<!正)[负負]|マイナス|\b(?:minus|negative)\s+)\Z",
    re.IGNORECASE,
)
"""What makes the number after it negative; the hyphen of 3-5, GPT-3 or 百川-13B does not."""
_PERCENT = re.compile(r"\s*(?:[%％]|per ?cent\b|パーセント)", re.IGNORECASE)
_ANY_PERCENT = re.compile(r"[%％]|per ?cent|パーセント|百分|[\d一二三四五六七八九][成割]", re.IGNORECASE)
_SIGNS = {
    written: sign
    for sign, ways in {"≥": "≥ ⩾ ≧ >=", "≤": "≤ ⩽ ≦ <=", ">": "> ＞ &gt;", "<": "< ＜ &lt;", "≠": "≠ !="}.items()
    for written in ways.split()
}
_SIGN = re.compile(r"[≥⩾≧≤⩽≦≠]|[<>!]=(?!=)|&[gl]t;|(?<![-=<>])[>＞](?![>=])|[<＜](?![-<=])")


def _stands_in(number: Number, others: tuple[Number, ...]) -> bool:
    """As itself or, a fraction, as its two numbers: one of the three."""
    if any(number.may_be(other) for other in others):
        return True
    whole = [value for other in others if not other.parts for value in other.values]
    return bool(number.parts) and all(part in whole for part in number.parts)


def _has_share(number: Number, others: tuple[Number, ...]) -> bool:
    """Whether a percentage stands there as a fraction: 50 % as half."""
    share = min(number.values)
    return any(share in other.values for other in others)


def _read_power(found: re.Match[str]) -> Iterator[Number]:
    times = float(found[1] or found[3] or 1)
    exponent = found[2] or found[4] or unicodedata.normalize("NFKC", found[5])
    value = _rounded(times * 10.0 ** max(-300, min(300, int(exponent.replace("−", "-")))))
    yield _number(found, value, digits=True)


def _read_century(found: re.Match[str]) -> Iterator[Number]:
    """The 1990s, whether or not the translation speaks of a century too."""
    century, decade = _value(found[1]), _value(found[2])
    yield Number(text=found[1], values=frozenset((century,)), digits=False)
    values = frozenset((decade, (century - 1) * 100 + decade))
    yield Number(text=found[0], values=values, digits=True)


def _read_percentage(found: re.Match[str]) -> Iterator[Number]:
    value = _value(found[1])
    values = frozenset((value, _rounded(value / 100)))
    yield Number(text=found[0], values=values, digits=False, percent=True, certain=True)


def _read_fraction(found: re.Match[str]) -> Iterator[Number]:
    if found["sign"]:
        yield _number(found, _rounded(unicodedata.numeric(found["sign"])), digits=True)
        return
    above, below = _value(found["above"] or found["over"]), _value(found["below"] or found["under"])
    values = frozenset((_rounded(above / below),) if below else ())
    yield Number(text=found[0], values=values, digits=bool(found["over"]), certain=True, parts=(above, below))


def _read_tenths(found: re.Match[str]) -> Iterator[Number]:
    tenths = _value(found[1])
    values = frozenset((_rounded(tenths * 10), _rounded(tenths / 10)))
    yield Number(text=found[0], values=values, digits=found[1][0].isdecimal(), certain=True)


def _read_doublings(found: re.Match[str]) -> Iterator[Number]:
    yield _number(found, 2.0 ** _value(found[1]), digits=False)


def _read_and_a_half(found: re.Match[str]) -> Iterator[Number]:
    whole = _value(found["digits"]) if found["digits"] else _english_value(found["words"] or "one")
    number = _number(found, whole + 0.5, digits=bool(found["digits"]) and found["digits"][0].isdecimal())
    yield replace(number, values=number.values | {whole, 0.5})


def _read_circled(found: re.Match[str]) -> Iterator[Number]:
    yield _number(found, unicodedata.numeric(found[0]), digits=True)


def _read_compound(found: re.Match[str]) -> Iterator[Number]:
    pairs = re.findall(r"([\d.]+)([^\d.]+)", found[0])
    yield _number(found, sum(float(digits) * _chinese_value(unit) for digits, unit in pairs), digits=True, scaled=True)


def _read_digits(found: re.Match[str]) -> Iterator[Number]:
    text, end = found.string, found.end()
    plain = float(found[1].replace(",", "") + (found[2] or ""))
    unit = _chinese_value(found[3]) if found[3] else _UNITS.get((found[4] or found[5] or "").lower(), 1)
    percent = bool(_PERCENT.match(text, end))
    values = {plain, _rounded(plain * unit), *_decade(plain, text, end)}
    values |= {_rounded(plain / 100)} if percent else set()
    # 提升3倍 is four times as much, if one is strict.
    values |= {plain * unit + 1} if found[6] else set()
    number = found[0].removesuffix(found[6] or "").strip()
    bare = found.end(2) if found[2] else found.end(1)
    yield Number(
        text=number,
        values=frozenset(values),
        digits=True,
        scaled=unit != 1,
        negative=_is_negative(text, found.start()),
        percent=percent,
        ordinal=text[: found.start()].endswith("第") or bool(_COUNTED_UP.match(text, end)),
        measure=measure_at(text, end if found[3] else bare, number),
    )


def _read_chinese(found: re.Match[str]) -> Iterator[Number]:
    # 多了一倍 is twice as much, 三倍 three times, 翻倍 doubling; 每个 may be 1つにつき, 平方 2乗.
    text, end = found.string, found.end()
    value = _chinese_value(found[1]) if found[1] else 1.0 if found["each"] else 3.0 if found[0] == "立方" else 2.0
    certain = value > 10 and bool(re.search("[二两三四五六七八九]|一[十百千万萬亿億兆]|十一", found[0]))
    yield Number(
        text=found[0],
        values=frozenset((value, value + 1) if found[2] else (value, *_decade(value, text, end))),
        digits=False,
        negative=_is_negative(text, found.start()),
        certain=certain,
        ordinal=text[: found.start()].endswith("第") or bool(_COUNTED_UP.match(text, end)),
        measure=measure_at(text, end, found[0]),
    )


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Iterator[Number]]], ...] = (
    (_AND_A_HALF, _read_and_a_half),
    (_POWER, _read_power),
    (_CENTURY, _read_century),
    (_PERCENTAGE, _read_percentage),
    (_FRACTION, _read_fraction),
    (_TENTHS, _read_tenths),
    (_DOUBLINGS, _read_doublings),
    (_CIRCLED, _read_circled),
    (_COMPOUND, _read_compound),
    (_DIGITS, _read_digits),
    (_CHINESE_WORD, _read_chinese),
)
"""What a number may look like; what an earlier pattern has read is not read again."""


def _number(found: re.Match[str], value: float, *, digits: bool, scaled: bool = False) -> Number:
    negative = _is_negative(found.string, found.start())
    measure = measure_at(found.string, found.end(), found[0])
    return Number(
        text=found[0],
        values=frozenset((value,)),
        digits=digits,
        scaled=scaled,
        negative=negative,
        percent=bool(_PERCENT.match(found.string, found.end())),
        measure=measure,
    )


def _english_numbers(text: str) -> Iterator[Number]:
    """The words for numbers alone, and what they make where they stand in a row: forty-two, three hundred."""
    last_end, total, current = -1, 0.0, 0.0
    for found in _ENGLISH_WORD.finditer(text):
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
        of_time = word == "second" and (found[0] != word or _OF_TIME.search(text, 0, found.start()))
        yield Number(
            text=found[0],
            values=frozenset((value, total + current)),
            digits=False,
            negative=negative,
            ordinal=word in _ORDINALS and not of_time,
            measure=measure_at(text, found.end(), found[0]),
        )
    for found in _MONTH.finditer(text):
        yield Number(text=found[0], values=frozenset((float(_MONTHS[found[0]]),)), digits=False)
    for found in _ENGLISH_FRACTION.finditer(text):
        above, below = (found[1] or "a", found[2]) if found[2] else (found[3], found[4])
        numerator, denominator = _english_value(above), _DENOMINATORS.get(below.lower()) or _english_value(below)
        if denominator:
            yield Number(text=found[0], values=frozenset((_rounded(numerator / denominator),)), digits=False)


def _english_value(word: str) -> float:
    return float(word) if word.isdecimal() else float(_WORDS.get(word.lower(), 1))


def _value(text: str) -> float:
    return float(text.replace(",", "")) if text[0].isdecimal() else _chinese_value(text)


def _rounded(value: float) -> float:
    """Without what binary fractions add: 0.1 × 3."""
    return float(f"{value:.9g}")


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
