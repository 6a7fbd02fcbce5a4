"""What can be wrong with a translation, told from the source and the translation alone; one function per check."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.model import Location
from deckgen.text.titles import folded
from deckgen.translation.catalog import CatalogEntry
from deckgen.translation.checks.chatter import chatter
from deckgen.translation.checks.directions import exchanged_facts, turned_words
from deckgen.translation.checks.markup import check_markup
from deckgen.translation.checks.names import lost_names
from deckgen.translation.checks.negations import changed_negations
from deckgen.translation.checks.numbers import differing_numbers, turned_signs
from deckgen.translation.checks.pair import Pair, Problem, shortened
from deckgen.translation.checks.repetition import doubled, lost_sentences
from deckgen.translation.checks.script import HAN, broken_characters, foreign_characters, untranslated
from deckgen.translation.glossary import LanguageGlossary, broken_terms, kept_terms
from deckgen.translation.inline import words

__all__ = ["FACTS", "Pair", "Problem", "check_form", "check_pair", "check_repeats", "located"]

FACTS = frozenset(("translation-names", "translation-numbers", "translation-opposites"))
"""Rules that name a fact which differs: errors in a release and in a strict build, once the text is reviewed."""


Check = Callable[[Pair], Iterator[Problem]]


def check_pair(pair: Pair) -> tuple[Problem, ...]:
    """Everything that is wrong with one translation; of an empty one only that it is empty."""
    if not pair.translation.strip():
        return (Problem(rule="translation-missing", message="there is no translation"),)
    return tuple(problem for check in CHECKS for problem in check(pair))


def check_form(pair: Pair) -> tuple[Problem, ...]:
    """What makes a translation unusable whatever it says; a small part of `check_pair`, and quick."""
    return tuple(problem for check in FORM for problem in check(pair))


def check_repeats(entries: Iterable[CatalogEntry]) -> Iterator[tuple[CatalogEntry, Problem]]:
    """Translations that stand for different sources; each but the first is named."""
    by_translation: dict[str, list[CatalogEntry]] = defaultdict(list)
    for entry in entries:
        if len(entry.translation) >= _REPEAT_LENGTH:
            by_translation[folded(entry.translation)].append(entry)
    for same in by_translation.values():
        for entry in same[1:]:
            if folded(entry.source) != folded(same[0].source):
                message = f"this is also the translation of “{shortened(same[0].source)}”"
                yield entry, Problem(rule="translation-repeated", message=message)


def located(problem: Problem, entry: CatalogEntry, *, catalog: str, source: Location) -> Diagnostic:
    """The finding at the entry in its PO file; its hint names the place in the source."""
    place = f"the source is at {source.path}:{source.line}:{source.column}"
    return diagnostic(
        problem.rule,
        problem.message,
        Location(path=catalog, line=entry.line or 1),
        hint=f"{problem.hint}; {place}" if problem.hint else place,
        excerpt=shortened(entry.translation or entry.source),
    )


_REPEAT_LENGTH = 16
_PLACEHOLDER = re.compile(r"[\[【［]\s*[XxＸ]\s*\d+\s*[XxＸ]\s*[\]】］]")


def _check_edges(pair: Pair) -> Iterator[Problem]:
    if pair.translation != pair.translation.strip():
        yield Problem(
            rule="translation-edges", message="it begins or ends with blanks or line ends", hint="cut them off"
        )


def _check_copied(pair: Pair) -> Iterator[Problem]:
    source, translation = words(pair.source), words(pair.translation)
    same_script = pair.script == pair.source_language.split("-")[0]
    equal = folded(source) == folded(translation) if HAN.search(source) else pair.source == pair.translation
    if same_script or not equal:
        return
    if pair.script not in ("ja", "ko") or len(HAN.findall(source)) >= 8:
        yield Problem(rule="translation-copied", message="it is the source itself")


def _check_residue(pair: Pair) -> Iterator[Problem]:
    """Characters and sentences that are not the target's own, outside code, formulas, addresses and kept terms."""
    source, text = (_without_kept(words(said), pair.glossary) for said in (pair.source, pair.translation))
    found = foreign_characters(text, pair.source, language=pair.language, source_language=pair.source_language)
    if found:
        yield Problem(rule="translation-residue", message=f"“{found[:12]}” is not of its language")
    elif left := untranslated(text, source, pair.language):
        yield Problem(rule="translation-residue", message=shortened(left, 100))


def _check_terms(pair: Pair) -> Iterator[Problem]:
    source, translation = words(pair.source), words(pair.translation)
    for term, wanted in broken_terms(source, translation, pair.glossary, language=pair.language):
        meant = " or ".join(f"“{text}”" for text in wanted)
        kept = wanted == (term,)
        message = f"the term “{term}” has to stay as it is" if kept else f"“{term}” has to be {meant}"
        yield Problem(rule="translation-term", message=message, hint="mend it, or change locale/glossary.toml")


def _check_names(pair: Pair) -> Iterator[Problem]:
    """Those that the glossary keeps are `_check_terms`'s."""
    if pair.source_language.split("-")[0] not in ("zh", "ja"):
        return
    source = words(pair.source)
    free = _without_kept(source, pair.glossary)
    if lost := [name for name in lost_names(source, words(pair.translation)) if name in free]:
        yield Problem(rule="translation-names", message=f"{', '.join(lost)} of the source is not in it")


def _check_placeholders(pair: Pair) -> Iterator[Problem]:
    if (found := _PLACEHOLDER.search(pair.translation)) and not _PLACEHOLDER.search(pair.source):
        yield Problem(rule="translation-placeholder", message=f"{found[0]} is a placeholder that was left behind")


def _check_numbers(pair: Pair) -> Iterator[Problem]:
    known = pair.script in ("en", "ja", "zh")
    lost, added = differing_numbers(words(pair.source), words(pair.translation), words=known)
    if len(lost) == len(added) == 1:
        yield Problem(rule="translation-numbers", message=f"“{lost[0]}” of the source has become “{added[0]}”")
    elif lost or added:
        said = [f"{', '.join(lost)} of the source is not in it"] if lost else []
        said += [f"{', '.join(added)} is not in the source"] if added else []
        yield Problem(rule="translation-numbers", message="; ".join(said))
    if turned := turned_signs(words(pair.source), words(pair.translation)):
        yield Problem(rule="translation-numbers", message=f"{turned[0]} of the source has become {turned[1]}")


def _check_opposites(pair: Pair) -> Iterator[Problem]:
    source, translation = words(pair.source), words(pair.translation)
    languages = {"source_language": pair.source_language, "language": pair.language}
    for message in turned_words(source, translation, **languages):
        yield Problem(rule="translation-opposites", message=message)
    for message in exchanged_facts(source, translation, **languages):
        yield Problem(rule="translation-order", message=message)


def _check_negations(pair: Pair) -> Iterator[Problem]:
    languages = {"source_language": pair.source_language, "language": pair.language}
    for message in changed_negations(words(pair.source), words(pair.translation), **languages):
        yield Problem(rule="translation-negation", message=message)


def _check_doubled(pair: Pair) -> Iterator[Problem]:
    for message in doubled(words(pair.source), words(pair.translation)):
        yield Problem(rule="translation-doubled", message=shortened(message, 100))


def _check_chatter(pair: Pair) -> Iterator[Problem]:
    if found := chatter(words(pair.source), words(pair.translation)):
        yield Problem(
            rule="translation-chatter", message=f"“{shortened(found)}” speaks of the translation", hint="cut it out"
        )


_SHORTEST, _LONGEST = 0.5, 2.0
_LENGTH_FLOOR = 24
_EXPANSION = {"ja": 1.5, "ko": 1.6, "zh": 1.0}
_EXPANSION_LATIN = 4.0
"""Letters of a translation per Chinese character, from the chapter's translations."""


def _check_length(pair: Pair) -> Iterator[Problem]:
    source, translation = words(pair.source), words(pair.translation)
    han = len(HAN.findall(source))
    expected = han * _EXPANSION.get(pair.script, _EXPANSION_LATIN) + (len(source) - han)
    if pair.source_language.split("-")[0] != "zh":
        return
    ratio = len(translation) / max(expected, _LENGTH_FLOOR)
    if ratio > _LONGEST or (ratio < _SHORTEST and expected >= _LENGTH_FLOOR):
        what = "short" if ratio < _SHORTEST else "long"
        yield Problem(rule="translation-length", message=f"it is {what} for its source: {ratio:.0%} of what is usual")
    elif lost := lost_sentences(source, translation, ratio=ratio):
        message = f"{lost} of the source's sentences may be missing: it is {ratio:.0%} of what is usual"
        yield Problem(rule="translation-length", message=message)


def _check_characters(pair: Pair) -> Iterator[Problem]:
    for message in broken_characters(pair.translation, pair.source, pair.language):
        yield Problem(rule="translation-residue", message=message)


CHECKS: Sequence[Check] = (
    _check_edges,
    _check_copied,
    _check_residue,
    _check_characters,
    check_markup,
    _check_terms,
    _check_names,
    _check_placeholders,
    _check_chatter,
    _check_numbers,
    _check_opposites,
    _check_negations,
    _check_doubled,
    _check_length,
)


FORM: Sequence[Check] = (_check_copied, check_markup, _check_placeholders, _check_chatter)


def _without_kept(text: str, glossary: LanguageGlossary) -> str:
    for start, end in reversed(kept_terms(text, glossary)):
        text = f"{text[:start]} {text[end:]}"
    return text
