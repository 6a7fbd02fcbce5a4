"""What can be wrong with a translation, told from the source and the translation alone; one function per check."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.markdown import parse_document
from deckgen.markdown.blocks import BlockKind
from deckgen.model import Context, Dialect, Language, Location, Markdown
from deckgen.text.titles import folded
from deckgen.translation.catalog import Entry
from deckgen.translation.checks.names import lost_names
from deckgen.translation.checks.numbers import differing_numbers, turned_signs
from deckgen.translation.checks.script import HAN, broken_characters, foreign_characters, untranslated
from deckgen.translation.glossary import LanguageGlossary, broken_terms, kept_terms
from deckgen.translation.inline import Link, TokenKind, links, protected, tokens, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A block beside its translation into ``language``."""

    source: Markdown
    translation: Markdown
    language: Language
    source_language: Language = Language("zh")
    kind: BlockKind = BlockKind.PARAGRAPH
    glossary: LanguageGlossary = field(default_factory=LanguageGlossary)

    @property
    def script(self) -> str:
        """The target's primary subtag, on which depends which characters are its own."""
        return self.language.split("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    rule: str
    message: str
    hint: str = ""


Check = Callable[[Pair], Iterator[Problem]]


def check_pair(pair: Pair) -> tuple[Problem, ...]:
    """Everything that is wrong with one translation; of an empty one only that it is empty."""
    if not pair.translation.strip():
        return (Problem(rule="translation-missing", message="there is no translation"),)
    return tuple(problem for check in CHECKS for problem in check(pair))


def check_repeats(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Problem]]:
    """Translations that stand for different sources; each but the first is named."""
    by_translation: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if len(entry.translation) >= _REPEAT_LENGTH:
            by_translation[folded(entry.translation)].append(entry)
    for same in by_translation.values():
        for entry in same[1:]:
            if folded(entry.source) != folded(same[0].source):
                message = f"this is also the translation of “{_short(same[0].source)}”"
                yield entry, Problem(rule="translation-repeated", message=message)


def located(problem: Problem, entry: Entry, *, catalog: str, source: Location) -> Diagnostic:
    """The finding at the entry in its PO file; its hint names the place in the source."""
    place = f"the source is at {source.path}:{source.line}:{source.column}"
    return diagnostic(
        problem.rule,
        problem.message,
        Location(path=catalog, line=entry.line or 1),
        hint=f"{problem.hint}; {place}" if problem.hint else place,
        excerpt=_short(entry.translation or entry.source),
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
        yield Problem(rule="translation-residue", message=_short(left, 100))


def _check_tokens(pair: Pair) -> Iterator[Problem]:
    source, translation = (
        Counter((token.kind, token.value) for token in tokens(text) if token.kind is not TokenKind.BOLD)
        for text in (pair.source, pair.translation)
    )
    for lost, (kind, value) in [
        *((True, token) for token in (source - translation).elements()),
        *((False, token) for token in (translation - source).elements()),
    ]:
        message = f"the {kind} {_short(value)} is lost" if lost else f"the {kind} {_short(value)} is not in the source"
        yield Problem(rule="translation-markup", message=message)


_MARKS = {
    "**": "bold marks",
    "~~": "strike-through marks",
    "*": "emphasis marks",
    "<!--": "openings of a comment",
    "`": "backticks outside code",
    "\\": "hard line breaks",
}
_SHOWN_AS = {"**": "Strong", "~~": "Strikethrough", "*": "Emph"}


def _check_marks(pair: Pair) -> Iterator[Problem]:
    source, translation = (_marks(text) for text in (pair.source, pair.translation))
    titles = _titles_emphasised(pair, translation["*"] - source["*"])
    source["*"] += 2 * titles
    for mark, name in _MARKS.items():
        if source[mark] != translation[mark]:
            message = f"it has {translation[mark]} {name} ({mark}), the source has {source[mark]}"
            yield Problem(rule="translation-markup", message=message)
    if source == translation and any(source[mark] for mark in _SHOWN_AS):
        wanted, shown = _elements(pair.source), _elements(pair.translation)
        wanted["Emph"] += titles
        for mark, element in _SHOWN_AS.items():
            if shown[element] < wanted[element]:
                message = f"some {_MARKS[mark]} ({mark}) stand where they have no effect"
                yield Problem(rule="translation-markup", message=message, hint="set no blank between them and the word")


def _titles_emphasised(pair: Pair, more: int) -> int:
    """How many titles in 《》 may have become emphasis, of which the translation has ``more`` marks."""
    titles = pair.source.count("《") - pair.translation.count("《")
    return more // 2 if more % 2 == 0 and 0 < more <= 2 * titles else 0


def _marks(text: str) -> Counter[str]:
    """How often each mark stands outside code, formulas and addresses."""
    parts, last = [], 0
    for token in tokens(text):
        if token.kind is not TokenKind.BOLD:
            parts += [text[last : token.start], " "]
            last = token.end
    plain = re.sub(r"\\[*~_`]", "", "".join([*parts, text[last:]])).replace("__", "**")
    counts = Counter({mark: plain.count(mark) for mark in ("**", "~~", "<!--", "`")})
    counts["\\"] = sum(token.kind is TokenKind.BREAK for token in protected(text))
    rest = plain.replace("**", "").split("\n")
    counts["*"] = sum(re.sub(r"^\s*\*\s", "", line).count("*") for line in rest if not re.search(r"\s\*\s", line))
    return counts


def _check_links(pair: Pair) -> Iterator[Problem]:
    source, translation = links(pair.source), links(pair.translation)
    said = {(link.kind, link.target) for link in source if link.text.strip()}
    for link in translation:
        if not link.text.strip() and (link.kind, link.target) in said:
            yield Problem(rule="translation-markup", message=f"the words of the {link.kind} {link.target} are lost")
    if moved := _moved_links(source, translation):
        message = f"{' and '.join(moved)} may be behind each other's words"
        yield Problem(rule="translation-links", message=message, hint="compare the order of the links")


def _moved_links(source: Sequence[Link], translation: Sequence[Link]) -> tuple[str, ...]:
    """Targets that stand in another order than in the source, or behind a name or number of another link.

    A link whose names and numbers came along may stand anywhere.
    """
    counted = [[link for link in found if link.kind is TokenKind.LINK] for found in (source, translation)]
    meant, given = ({link.target: _latin(link.text) for link in found} for found in counted)
    if set(meant) != set(given) or any(len(found) != len(meant) for found in counted):
        return ()
    kept = {target for target, names in meant.items() if names and names <= given[target]}
    for target, names in meant.items():
        others = [other for other in given if other not in kept and other != target and names <= given[other]]
        if names and target not in kept and others:
            return target, others[0]
    orders = [[target for target in found if target not in kept] for found in (meant, given)]
    return next((pair for pair in zip(*orders, strict=True) if pair[0] != pair[1]), ())


def _latin(text: str) -> frozenset[str]:
    return frozenset(re.findall("[a-z0-9]{2,}", text.casefold()))


def _check_blocks(pair: Pair) -> Iterator[Problem]:
    """A translation that would open a list, a quote, a heading, a table, a fence or another paragraph."""
    if pair.kind is BlockKind.CELL:
        bars = len(re.findall(r"(?<!\\)\|", pair.translation)), len(re.findall(r"(?<!\\)\|", pair.source))
        if bars[0] != bars[1] or "\n" in pair.translation:
            yield Problem(rule="translation-blocks", message="it would end its table cell", hint=r"write \| for a bar")
        return
    if pair.kind is BlockKind.HTML:
        return
    source, translation = _elements(pair.source), _elements(pair.translation)
    for name, elements in _BLOCK_NAMES.items():
        counts = [sum(counted[element] for element in elements) for counted in (source, translation)]
        if counts[0] != counts[1]:
            message = f"it makes {counts[1]} {name} of {counts[0]}"
            yield Problem(
                rule="translation-blocks", message=message, hint="escape its first character, or join the lines"
            )


_BLOCK_NAMES = {
    "paragraphs": ("Paragraph",),
    "headings": ("Heading",),
    "list items": ("Item", "TaskItem"),
    "quotes": ("BlockQuote", "Alert"),
    "code blocks": ("CodeBlock",),
    "table cells": ("TableCell",),
    "rules": ("ThematicBreak",),
}


def _elements(text: Markdown) -> Counter[str]:
    return Counter(dict(parse_document(text, Context(dialect=Dialect.GFM)).elements))


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
    if lost:
        yield Problem(rule="translation-numbers", message=f"{', '.join(lost)} of the source is not in it")
    if added:
        yield Problem(rule="translation-numbers", message=f"{', '.join(added)} is not in the source")
    if turned := turned_signs(words(pair.source), words(pair.translation)):
        yield Problem(rule="translation-numbers", message=f"{turned[0]} of the source has become {turned[1]}")


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


def _check_characters(pair: Pair) -> Iterator[Problem]:
    for message in broken_characters(pair.translation, pair.source, pair.language):
        yield Problem(rule="translation-residue", message=message)


CHECKS: Sequence[Check] = (
    _check_edges,
    _check_copied,
    _check_residue,
    _check_characters,
    _check_tokens,
    _check_marks,
    _check_links,
    _check_blocks,
    _check_terms,
    _check_names,
    _check_placeholders,
    _check_numbers,
    _check_length,
)


def _without_kept(text: str, glossary: LanguageGlossary) -> str:
    for start, end in reversed(kept_terms(text, glossary)):
        text = f"{text[:start]} {text[end:]}"
    return text


def _short(text: str, length: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length]}…"
