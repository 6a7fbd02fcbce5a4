"""What stands twice and what is left out: a doubled word, a sentence that is there again, one that is missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from deckgen.text.titles import folded
from deckgen.translation.checks.sentences import sentences


def doubled(source: str, translation: str) -> Iterator[str]:
    """What to say of words and sentences that stand twice in the translation alone."""
    for found in _DOUBLED.finditer(translation):
        word = found["latin"] or found["other"] or found["particle"]
        if word.casefold() not in _OFTEN_TWICE and found[0].casefold() not in source.casefold():
            yield f"“{word}” stands twice in a row"
            break
    said = Counter(folded(sentence) for sentence in sentences(source))
    meant = Counter(folded(sentence) for sentence in sentences(translation))
    twice = [text for text in sentences(translation) if meant[folded(text)] > 1 and len(text) >= _SENTENCE]
    if twice and max(said.values(), default=1) == 1:
        yield f"a sentence stands twice in it: {twice[0]}"


def lost_sentences(source: str, translation: str, *, ratio: float) -> int:
    """How many sentences seem to be missing; ``ratio`` is the translation's length as part of what is usual."""
    lost = len(sentences(source)) - len(sentences(translation))
    return lost if lost > 0 and ratio < _WHOLE and len(translation) >= _TEXT else 0


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
