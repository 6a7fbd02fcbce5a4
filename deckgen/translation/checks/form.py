"""How a translation is made, whatever it says: its edges, its length, what is copied, doubled or left behind in it."""

import re
from collections import Counter
from collections.abc import Iterator

from deckgen.text.packaged import packaged_table
from deckgen.text.titles import folded
from deckgen.translation.checks.pair import Pair, sentences, shortened
from deckgen.translation.checks.script import HAN


def edges(pair: Pair) -> Iterator[str]:
    if pair.translation != pair.translation.strip():
        yield "it begins or ends with blanks or line ends"


def copied(pair: Pair) -> Iterator[str]:
    han = len(HAN.findall(pair.said))
    equal = folded(pair.said) == folded(pair.meant) if han else pair.source == pair.translation
    if equal and pair.script != pair.source_script and (pair.script not in ("ja", "ko") or han >= _SENTENCE):
        yield "it is the source itself"


def left_placeholders(pair: Pair) -> Iterator[str]:
    if (found := _PLACEHOLDER.search(pair.translation)) and not _PLACEHOLDER.search(pair.source):
        yield f"{found[0]} is a placeholder that was left behind"


def chatter(pair: Pair) -> Iterator[str]:
    """What a machine says about its translation instead of translating."""
    if (found := _CHATTER.search(pair.meant)) and not _ABOUT_TRANSLATIONS.search(pair.said):
        yield f"“{shortened(found[0].strip())}” speaks of the translation"


def doubled(pair: Pair) -> Iterator[str]:
    """Words and sentences that stand twice in the translation alone."""
    for found in _DOUBLED.finditer(pair.meant):
        word = found["latin"] or found["other"] or found["particle"]
        if word.casefold() not in _OFTEN_TWICE and found[0].casefold() not in pair.said.casefold():
            yield f"“{word}” stands twice in a row"
            break
    said = Counter(folded(sentence) for sentence in sentences(pair.said))
    meant = Counter(folded(sentence) for sentence in sentences(pair.meant))
    twice = [text for text in sentences(pair.meant) if meant[folded(text)] > 1 and len(text) >= _SENTENCE]
    if twice and max(said.values(), default=1) == 1:
        yield shortened(f"a sentence stands twice in it: {twice[0]}", 100)


def unusual_length(pair: Pair) -> Iterator[str]:
    if pair.source_script != "zh":
        return
    han = len(HAN.findall(pair.said))
    expected = han * _EXPANSION.get(pair.script, _EXPANSION_LATIN) + (len(pair.said) - han)
    ratio = len(pair.meant) / max(expected, _LENGTH_FLOOR)
    lost = len(sentences(pair.said)) - len(sentences(pair.meant))
    if ratio > _LONGEST or (ratio < _SHORTEST and expected >= _LENGTH_FLOOR):
        yield f"it is {'short' if ratio < _SHORTEST else 'long'} for its source: {ratio:.0%} of what is usual"
    elif lost > 0 and ratio < _WHOLE and len(pair.meant) >= _TEXT:
        yield f"{lost} of the source's sentences may be missing: it is {ratio:.0%} of what is usual"


_TABLE = packaged_table("translation/checks/chatter.toml")
_BEGINNINGS, _ANYWHERE = ("|".join(_TABLE[name]) for name in ("beginnings", "anywhere"))
_CHATTER = re.compile(rf"\A\W*(?:{_BEGINNINGS})|{_ANYWHERE}", re.IGNORECASE)
_ABOUT_TRANSLATIONS = re.compile(_TABLE["about_translations"], re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[\[【［]\s*[XxＸ]\s*\d+\s*[XxＸ]\s*[\]】］]")
_DOUBLED = re.compile(
    r"(?<![\w-])(?P<latin>[A-Za-z]{2,}|a)[ ]+(?P=latin)(?![\w-])"
    r"|(?P<other>[\u4e00-\u9fff]{2,}|[\u30a1-\u30fa\u30fc]{3,})(?P=other)"
    r"|(?<=[\u30a1-\u30fa\u30fc\u4e00-\u9fffA-Za-z0-9])(?P<particle>[をがにへ])(?P=particle)",
    re.IGNORECASE,
)
_OFTEN_TWICE = frozenset(("that", "had", "very", "long", "bye", "so"))
_SENTENCE = 8
_TEXT = 40
"""Letters; the length of a shorter text says little."""
_WHOLE = 0.8
"""Of what is usual: hardly one right translation in twenty is shorter than this, and of those few lose a sentence."""
_SHORTEST, _LONGEST = 0.5, 2.0
_LENGTH_FLOOR = 24
_EXPANSION = {"ja": 1.5, "ko": 1.6, "zh": 1.0}
_EXPANSION_LATIN = 4.0
"""Letters of a translation per Chinese character, from the chapter's translations."""
