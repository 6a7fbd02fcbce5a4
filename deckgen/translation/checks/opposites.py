"""Facts that have turned round: a word that has become its opposite, a denial dropped or added, things exchanged."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, lru_cache

from msgspec import Struct

from deckgen.text.packaged import packaged_table
from deckgen.translation.checks.numbers import Number, numbers_in
from deckgen.translation.checks.pair import Pair, aligned, compiled, sentences


def turned_words(pair: Pair) -> Iterator[str]:
    """Words that have become their opposite; of a comparison told from its other side nothing."""
    for said, meant, both in _sentences(pair):
        if _is_told_from_the_other_side(said, meant) or ("比" in said and any(map(_is_exchanged, both))):
            continue
        many = len(sentences(said))
        amounts = {word.pole for item in both if item.amount for word in item.said}
        for item in both:
            explained = amounts if item.amount else ()
            change = _turned(item, in_part=many == 1 or item.things, explained=explained)
            if change and (many <= _FEW or item.things):
                yield f"“{change[0]}” of the source has become “{change[1]}”"


def exchanged_facts(pair: Pair) -> Iterator[str]:
    """Two things, or two values of one kind, that stand in another order while the rest does not."""
    for said, meant, both in _sentences(pair):
        names, others = (list(dict.fromkeys(_PATTERNS["name"].findall(text))) for text in (said, meant))
        shared = [name for name in names if name in others]
        same = len(shared) > 1 and shared == [name for name in others if name in names]
        goes_from_to = _PATTERNS["from_to"].search(said) and _PATTERNS["goes_from_to"].search(meant)
        held = same or any(map(_is_held, both)) or goes_from_to
        kept = _keeps_its_order(said, meant, pair.script)
        for item in both:
            if _is_exchanged(item) and (held or (kept and item.things)):
                yield f"“{item.said[0].text}” and “{item.said[1].text}” may have changed places"
        if held and (moved := _moved_values(said, meant)):
            yield f"“{moved[0]}” and “{moved[1]}” may have changed places"


def changed_negations(pair: Pair) -> Iterator[str]:
    """Sentences that deny something while their translation has nothing of the kind, and the reverse.

    Two denials in a sentence may be none.
    """
    mine, other = _denials().get(pair.source_script), _denials().get(pair.script)
    if mine is None or other is None or mine is other:
        return
    lost = len(mine.found(pair.said)) - len(other.found(pair.meant))
    for said, meant in aligned(pair.said, pair.meant):
        denied, denying = mine.found(said), other.found(meant)
        if lost > 0 and len(denied) % 2 and not other.holds(meant):
            yield f"“{denied[0]}” of the source is denied nowhere in it"
        elif lost < 0 and len(denying) % 2 and not mine.holds(said):
            yield f"it denies with “{denying[0]}”, and nothing of the source does"


_TABLE = packaged_table("translation/checks/opposites.toml")
_PATTERNS = compiled(_TABLE["patterns"])


class _Word(Struct, frozen=True):
    """A word of a pair of opposites, and which of its two poles it belongs to."""

    pole: int
    text: str


class _Found(Struct, frozen=True, kw_only=True):
    """A pair of opposites in a sentence and in its translation; `opposites.toml` says what is a thing or an amount."""

    said: tuple[_Word, ...]
    meant: tuple[_Word, ...]
    things: bool
    amount: bool


@lru_cache(maxsize=8)
def _sentences(pair: Pair) -> tuple[tuple[str, str, tuple[_Found, ...]], ...]:
    """Each sentence and its translation with the opposites of the source, without the words that only hold one.

    There are none where a language is unknown, or both are one in other characters.
    """
    languages = pair.source_script, pair.script
    said, meant = (_apart(base).sub("\0", text) for base, text in zip(languages, (pair.said, pair.meant), strict=True))
    known = () if languages[0] == languages[1] else tuple(zip(*map(_patterns, languages), strict=False))
    return tuple((*both, tuple(_found(*both, known))) for both in aligned(said, meant))


def _found(said: str, meant: str, known: "Sequence[tuple[_Patterns, _Patterns]]") -> Iterator[_Found]:
    for entry, (mine, other) in zip(_TABLE["opposites"], known, strict=False):
        if places := _places(mine, said):
            yield _Found(
                said=places,
                meant=_places(other, meant),
                things=entry.get("things", False),
                amount=entry.get("amount", False),
            )


_Patterns = tuple[re.Pattern[str], re.Pattern[str]]
"""A pair's words in one language, and those that are denied."""
_FEW = 3
"""In more sentences than these that nobody could align, words of both poles stand for too many things."""


@cache
def _apart(base: str) -> re.Pattern[str]:
    found = _TABLE["apart"].get(base, r"(?!)")
    return re.compile(rf"\b(?:{found})\b" if base == "en" else found, re.IGNORECASE)


@cache
def _patterns(base: str) -> tuple[_Patterns, ...]:
    """Every pair of the table in one language; none where the language is unknown."""
    found = []
    for entry in _TABLE["opposites"] if base in _TABLE["denied"] else ():
        first, second = entry[base]
        words = f"(?:(?P<first>{first})|(?P<second>{second}))"
        denied = _TABLE["denied"][base].format(f"(?:{first}|{second})")
        words = rf"\b{words}\b" if base == "en" else words
        found.append((re.compile(words, re.IGNORECASE), re.compile(denied, re.IGNORECASE)))
    return tuple(found)


def _places(patterns: _Patterns, text: str) -> tuple[_Word, ...]:
    """A pair's words in ``text``, without those that are denied."""
    words, denied = patterns
    if not words.search(text):
        return ()
    return tuple(_Word(0 if word["first"] else 1, word[0]) for word in words.finditer(denied.sub("\0", text)))


def _turned(item: _Found, *, in_part: bool, explained: Collection[int]) -> tuple[str, str] | None:
    """A word of the source's and the one of the other pole that it has become, if there is one.

    Either the whole pair has turned, to a pole that nothing else has ``explained``, or, ``in_part``, as many words of
    one pole are lost as of the other are added.
    """
    said, meant = item.said, item.meant
    counts, others = ([sum(word.pole == pole for word in words) for pole in (0, 1)] for words in (said, meant))
    if not meant:
        return None
    all_turned = 0 in counts and 0 in others and counts.index(0) != others.index(0)
    if all_turned and others.index(0) ^ 1 in explained:
        return None
    if not all_turned and (not in_part or len(said) != len(meant) or counts == others):
        return None
    lost = 0 if counts[0] > others[0] else 1
    return (
        next(word.text for word in said if word.pole == lost),
        next(word.text for word in meant if word.pole != lost),
    )


def _is_exchanged(item: _Found) -> bool:
    said, meant = ([word.pole for word in words] for words in (item.said, item.meant))
    return len({*said}) == len(said) == 2 and meant == said[::-1]


def _is_held(item: _Found) -> bool:
    said, meant = ([word.pole for word in words] for words in (item.said, item.meant))
    return len({*said}) == 2 and said == meant


def _is_told_from_the_other_side(source: str, translation: str) -> bool:
    """Whether what one thing is compared with is the other one in the translation."""
    if not _PATTERNS["compared"].search(source) or not (said := _PATTERNS["compared_with"].search(source)):
        return False
    meant = _PATTERNS["than"].search(translation) or _PATTERNS["yori"].search(translation)
    return meant is not None and meant[1] != said[1] and meant[1] in source


def _keeps_its_order(source: str, translation: str, script: str) -> bool:
    """Whether a sentence names things in the order of the source's: most in Japanese, in English comparisons alone."""
    if _PATTERNS["beside"].search(source) or _PATTERNS["passive"].search(translation):
        return False
    return re.search(r"\bthan\b", translation) is not None if script == "en" else "比" not in source


def _moved_values(source: str, translation: str) -> tuple[str, str] | None:
    """The first two values of a kind whose order is another one than in the source."""
    said, meant = _values(source), _values(translation)
    for kind, values in said.items():
        others = meant.get(kind, [])
        amounts, found = ([max(number.values) for number in some] for some in (values, others))
        if sorted(amounts) == sorted(found) and amounts != found:
            place = next(at for at, (amount, other) in enumerate(zip(amounts, found, strict=True)) if amount != other)
            return values[place].text, others[place].text
    return None


def _values(text: str) -> dict[tuple[object, ...], list[Number]]:
    found: dict[tuple[object, ...], list[Number]] = defaultdict(list)
    for number in numbers_in(_PATTERNS["name"].sub(" ", text)):
        if number.digits and not number.ordinal:
            year = 1900 <= max(number.values) < 2100
            found[number.percent, number.measure and number.measure.kind, year].append(number)
    return found


class _Denials(Struct, frozen=True):
    """One language's table; `negations.toml` says what its parts are."""

    apart: re.Pattern[str]
    names: re.Pattern[str]
    denials: re.Pattern[str]
    others: re.Pattern[str]

    def found(self, text: str) -> list[str]:
        """The denials in their order."""
        return [denial[0] for denial in self.denials.finditer(self.apart.sub("\0", self.names.sub("\0", text)))]

    def holds(self, text: str) -> bool:
        text = self.names.sub("\0", text)
        return bool(self.denials.search(text) or self.others.search(text))


@cache
def _denials() -> Mapping[str, _Denials]:
    return {
        base: _Denials(**{kind: _any(base, table) for kind, table in kinds.items()})
        for base, kinds in packaged_table("translation/checks/negations.toml").items()
    }


def _any(base: str, table: str) -> re.Pattern[str]:
    words = "|".join(table.split()).replace("_", " ")
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)" if base == "en" else words, re.IGNORECASE)
