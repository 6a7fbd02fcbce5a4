"""The numbers in a text, whatever script and unit they are written in: 千万 is 10 million, 1000 m are 1 km."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from deckgen.model import replace
from deckgen.text.packaged import packaged_table
from deckgen.translation.checks.pair import Pair, compiled


class Measure(Struct, frozen=True, kw_only=True):
    """A unit as a multiple, ``factor``, of the basic one of its ``kind``."""

    kind: str
    factor: float
    name: str = ""
    """As it is written."""


class Number(Struct, frozen=True, kw_only=True):
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

    def may_be(self, other: "Number") -> bool:
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


def differing_numbers(pair: Pair) -> Iterator[str]:
    """Numbers that only one side has, and comparison signs that have turned."""
    lost, added = _lost_and_added(pair)
    if len(lost) == len(added) == 1:
        yield f"“{lost[0]}” of the source has become “{added[0]}”"
    elif lost or added:
        said = [f"{', '.join(lost)} of the source is not in it"] if lost else []
        yield "; ".join([*said, *([f"{', '.join(added)} is not in the source"] if added else [])])
    signs, others = (
        Counter(_SIGNS[sign] for sign in _PATTERNS["sign"].findall(text)) for text in (pair.said, pair.meant)
    )
    gone, come = sorted((signs - others).elements()), sorted((others - signs).elements())
    if gone and come:
        yield f"{gone[0]} of the source has become {come[0]}"


@lru_cache(maxsize=64)
def numbers_in(text: str) -> tuple[Number, ...]:
    """The numbers in digits, in Chinese or Japanese numerals and in English words."""
    taken = bytearray(len(text))
    found_numbers: list[Number] = []
    for name, read in _READERS.items():
        for found in _PATTERNS[name].finditer(text):
            start, end = found.span()
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found_numbers += read(found)
    return (*found_numbers, *_english_numbers(text))


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
_MONTHS = {month: number for number, month in enumerate(_ENGLISH["months"].split(), 1)}
_SIGNS = {written: sign for sign, ways in _TABLE["signs"].items() for written in ways.split()}
_PATTERNS = compiled(
    _TABLE["patterns"], words="|".join(_WORDS), denominators="|".join(_DENOMINATORS), months="|".join(_MONTHS)
)


MEASURES = {
    name: Measure(kind=kind, factor=factor)
    for kind, units in _TABLE["measures"].items()
    for factor, names in units
    for name in names.split()
}
_UNIT_WORDS = [name for name in MEASURES if name.isascii() and name.islower() and len(name) > 3]
_UNIT_SIGNS = [name for name in MEASURES if name not in _UNIT_WORDS and (name.isascii() or name[0] in "μµ")]
_UNIT_OTHERS = sorted({*MEASURES} - {*_UNIT_WORDS} - {*_UNIT_SIGNS}, key=lambda name: (-len(name), name))
_UNIT = re.compile(
    rf"[\s-]{{0,2}}(?P<name>(?i:{'|'.join(_UNIT_WORDS)})(?i:e?s)?(?![A-Za-z])|(?:{'|'.join(_UNIT_SIGNS)})(?![A-Za-z0-9/²³])"
    rf"|(?:{'|'.join(_UNIT_OTHERS)})(?!ドル|[国粒饭服隆制气然空花线年期围边末岁]))"
)
"""Signs in their own case, for M is a million and m a metre; words in any; 米国, 克服 and 周年 are other words."""


def _measure_at(text: str, end: int, number: str) -> Measure | None:
    """The unit that stands in ``text`` behind a number, ``number`` as written, that ends at ``end``."""
    found = _UNIT.match(text, end)
    if found is None:
        return None
    name = found["name"]
    if name == "s" and found.start("name") == end and number.endswith("0"):
        return None  # the 1990s
    measure = MEASURES.get(name) or MEASURES.get(name.lower().rstrip("s")) or MEASURES.get(name.lower())
    return measure and replace(measure, name=name)


def _lost_and_added(pair: Pair) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers that only the source has, and those in digits that only the translation has.

    In a language whose words for numbers are unknown, small ones may be written in them.
    """
    said, meant = (tuple(dict.fromkeys(numbers_in(text))) for text in (pair.said, pair.meant))
    words = pair.script in ("en", "ja", "zh")
    lost = [
        number.said
        for number in said
        if (number.digits or number.certain)
        and (words or (number.digits and max(number.values) > 20))
        and not _stands_in(number, meant)
    ]
    added = [number.said for number in meant if number.digits and not _stands_in(number, said)]
    if words and not _PATTERNS["any_percent"].search(pair.meant):
        # A percentage may stand there as a fraction: 50 % as half.
        shares = {value for other in meant for value in other.values}
        lost += [f"{number.text}%" for number in said if number.percent and min(number.values) not in shares]
    if words:
        strange = [number.text for number in meant if number.ordinal and not _stands_in(number, said)]
        missing = [number.text for number in said if number.ordinal and not _stands_in(number, meant)]
        lost, added = (lost + missing, added + strange) if strange and missing else (lost, added)
    return tuple(dict.fromkeys(lost)), tuple(dict.fromkeys(added))


def _stands_in(number: Number, others: tuple[Number, ...]) -> bool:
    """As itself or, a fraction, as its two numbers: one of the three."""
    if any(number.may_be(other) for other in others):
        return True
    whole = [value for other in others if not other.parts for value in other.values]
    return bool(number.parts) and all(part in whole for part in number.parts)


def _read_and_a_half(found: re.Match[str]) -> Iterator[Number]:
    whole = _value(found["digits"] or found["words"] or "one")
    digits = bool(found["digits"]) and found["digits"][0].isdecimal()
    yield _number(found, whole + 0.5, whole, 0.5, digits=digits)


def _read_power(found: re.Match[str]) -> Iterator[Number]:
    times = float(found[1] or found[3] or 1)
    exponent = found[2] or found[4] or unicodedata.normalize("NFKC", found[5])
    yield _number(found, times * 10.0 ** max(-300, min(300, int(exponent.replace("−", "-")))), digits=True)


def _read_century(found: re.Match[str]) -> Iterator[Number]:
    """The 1990s, whether or not the translation speaks of a century too."""
    century, decade = _value(found[1]), _value(found[2])
    yield Number(text=found[1], values=frozenset((century,)), digits=False)
    yield _number(found, decade, (century - 1) * 100 + decade, digits=True)


def _read_percentage(found: re.Match[str]) -> Iterator[Number]:
    value = _value(found[1])
    yield _number(found, value, value / 100, digits=False, percent=True, certain=True)


def _read_fraction(found: re.Match[str]) -> Iterator[Number]:
    if found["sign"]:
        yield _number(found, unicodedata.numeric(found["sign"]), digits=True)
        return
    above, below = _value(found["above"] or found["over"]), _value(found["below"] or found["under"])
    values = (above / below,) if below else ()
    yield _number(found, *values, digits=bool(found["over"]), certain=True, parts=(above, below))


def _read_tenths(found: re.Match[str]) -> Iterator[Number]:
    tenths = _value(found[1])
    yield _number(found, tenths * 10, tenths / 10, digits=found[1][0].isdecimal(), certain=True)


def _read_compound(found: re.Match[str]) -> Iterator[Number]:
    pairs = re.findall(r"([\d.]+)([^\d.]+)", found[0])
    yield _number(found, sum(float(digits) * _chinese_value(unit) for digits, unit in pairs), digits=True, scaled=True)


def _read_digits(found: re.Match[str]) -> Iterator[Number]:
    text, end = found.string, found.end()
    plain = float(found[1].replace(",", "") + (found[2] or ""))
    unit = _chinese_value(found[3]) if found[3] else _UNITS.get((found[4] or found[5] or "").lower(), 1)
    # 提升3倍 is four times as much, if one is strict.
    strict = (plain * unit + 1,) if found[6] else ()
    number = _number(found, plain * unit, *_decade(plain, text, end), *strict, digits=True, scaled=unit != 1)
    written = number.text.removesuffix(found[6] or "").strip()
    bare = found.end(2) if found[2] else found.end(1)
    yield replace(
        number,
        text=written,
        values=number.values | {plain} | ({_rounded(plain / 100)} if number.percent else set()),
        ordinal=_is_ordinal(found),
        measure=_measure_at(text, end if found[3] else bare, written),
    )


def _read_chinese(found: re.Match[str]) -> Iterator[Number]:
    # 多了一倍 is twice as much, 三倍 three times, 翻倍 doubling; 每个 may be 1つにつき, 平方 2乗.
    value = _chinese_value(found[1]) if found[1] else 1.0 if found["each"] else 3.0 if found[0] == "立方" else 2.0
    others = (value + 1,) if found[2] else _decade(value, found.string, found.end())
    certain = value > 10 and bool(_PATTERNS["certain"].search(found[0]))
    yield _number(found, value, *others, digits=False, percent=False, certain=certain, ordinal=_is_ordinal(found))


_READERS: Mapping[str, Callable[[re.Match[str]], Iterable[Number]]] = {
    "and_a_half": _read_and_a_half,
    "power": _read_power,
    "century": _read_century,
    "percentage": _read_percentage,
    "fraction": _read_fraction,
    "tenths": _read_tenths,
    "doublings": lambda found: [_number(found, 2.0 ** _value(found[1]), digits=False)],
    "circled": lambda found: [_number(found, unicodedata.numeric(found[0]), digits=True)],
    "compound": _read_compound,
    "digits": _read_digits,
    "chinese": _read_chinese,
}
"""What a number may look like; what an earlier pattern has read is not read again."""


def _number(found: re.Match[str], *values: float, digits: bool, **more: Any) -> Number:
    """What was found as a number, with its sign, its unit and a per cent sign behind it."""
    text, end = found.string, found.end()
    number = Number(
        text=found[0],
        values=frozenset(map(_rounded, values)),
        digits=digits,
        negative=bool(_PATTERNS["negative"].search(text, max(0, found.start() - 12), found.start())),
        percent=bool(_PATTERNS["percent"].match(text, end)),
        measure=_measure_at(text, end, found[0]),
    )
    return replace(number, **more)


def _english_numbers(text: str) -> Iterator[Number]:
    """The words for numbers alone, and what they make where they stand in a row: forty-two, three hundred."""
    last_end, total, current = -1, 0.0, 0.0
    negative = False
    for found in _PATTERNS["english"].finditer(text):
        word = found[1].lower()
        value = float(_WORDS.get(word, _UNITS.get(word, 0)))
        number = _number(found, value, digits=False, percent=False)
        if last_end < 0 or not _PATTERNS["between_words"].fullmatch(text, last_end, found.start()):
            total = current = 0.0
            negative = number.negative
        if value < 100:
            current += value
        elif value == 100:
            current = (current or 1) * value
        else:
            total, current = total + (current or 1) * value, 0.0
        last_end = found.end()
        of_time = word == "second" and (found[0] != word or _PATTERNS["of_time"].search(text, 0, found.start()))
        ordinal = word in _ORDINALS and not of_time
        yield replace(number, values=number.values | {total + current}, negative=negative, ordinal=ordinal)
    for found in _PATTERNS["month"].finditer(text):
        yield Number(text=found[0], values=frozenset((float(_MONTHS[found[0]]),)), digits=False)
    for found in _PATTERNS["english_fraction"].finditer(text):
        above, below = (found[1] or "a", found[2]) if found[2] else (found[3], found[4])
        if denominator := _DENOMINATORS.get(below.lower()) or _value(below):
            value = _rounded(_value(above) / denominator)
            yield Number(text=found[0], values=frozenset((value,)), digits=False)


def _is_ordinal(found: re.Match[str]) -> bool:
    before = found.string[: found.start()]
    return before.endswith("第") or bool(_PATTERNS["counted_up"].match(found.string, found.end()))


def _value(text: str) -> float:
    """What digits, a Chinese numeral or an English word stand for; another word, as in an hour and a half, is one."""
    if text[0].isdecimal():
        return float(text.replace(",", ""))
    return _chinese_value(text) if text[0] in _TABLE["patterns"]["numerals"] else float(_WORDS.get(text.lower(), 1))


def _rounded(value: float) -> float:
    """Without what binary fractions add: 0.1 × 3."""
    return float(f"{value:.9g}")


def _decade(value: float, text: str, end: int) -> tuple[float, ...]:
    """The years of 九十年代 and 90年代: the 1990s."""
    return (value + 1900,) if value < 100 and text.startswith("年代", end) else ()


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
