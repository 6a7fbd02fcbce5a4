"""The glossary ``locale/glossary.toml``: terms that stay as they are or are translated one way, per language."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from msgspec import Struct

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.model import Language, Location, is_language, replace
from deckgen.project.config import parse_toml
from deckgen.text.packaged import packaged_table
from deckgen.translation.inline import replaced


class Term(Struct, frozen=True, kw_only=True):
    """A term of the source and the translations that are allowed for it."""

    source: str
    targets: tuple[str, ...]


class Glossary(Struct, frozen=True, kw_only=True):
    """What holds for one language or, with what more holds for each of the ``languages``, for all."""

    keep: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    languages: "tuple[tuple[Language, Glossary], ...]" = ()

    def for_language(self, language: Language) -> "Glossary":
        """The terms of the language, with those of every language that it does not translate otherwise.

        The longest are first, since those hold the shorter ones.
        """
        own = next((found for tag, found in self.languages if tag == language), Glossary())
        terms = {term.source: term for term in (*self.terms, *own.terms)}
        return Glossary(
            keep=tuple(sorted({*self.keep, *own.keep} - {*terms}, key=lambda term: (-len(term), term))),
            terms=tuple(sorted(terms.values(), key=lambda term: -len(term.source))),
        )


def parse_glossary(text: str, path: str) -> tuple[Glossary, tuple[Diagnostic, ...]]:
    """The glossary and what is wrong with it; what can be understood counts."""
    table, problems = parse_toml(text, path, rule="bad-glossary")
    if problems:
        return Glossary(), problems
    wrong: list[tuple[str, str]] = []
    general = _parse_part("", {name: table[name] for name in _PARTS if name in table}, wrong)
    parts: list[tuple[Language, Glossary]] = []
    for tag, entry in table.items():
        if tag in _PARTS:
            continue
        if is_language(tag) and isinstance(entry, Mapping):
            parts.append((Language(tag), _parse_part(f"{tag}.", entry, wrong)))
        else:
            wrong.append((tag, f"“{tag}” is neither “keep” nor “terms” nor a table of a language"))
    findings = (
        diagnostic("bad-glossary", message, Location(path=path, line=_line(text, name)), hint=_FORMAT)
        for name, message in wrong
    )
    return replace(general, languages=tuple(parts)), tuple(findings)


def kept_terms(text: str, glossary: Glossary) -> tuple[tuple[int, int], ...]:
    """Where the terms that have to stay stand in ``text``; of two that overlap the longer one counts."""
    taken: list[tuple[int, int]] = []
    for term in glossary.keep:
        if term not in text:
            continue
        for found in _whole(term).finditer(text):
            if all(found.end() <= start or found.start() >= end for start, end in taken):
                taken.append(found.span())
    return tuple(sorted(taken))


def without_kept(text: str, glossary: Glossary) -> str:
    """``text`` with a blank for each term that has to stay."""
    return replaced(text, ((start, end, " ") for start, end in kept_terms(text, glossary)))


def broken_terms(
    source: str, translation: str, glossary: Glossary, *, language: Language
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The terms of the source that the translation lacks, each with what it should have; markup is the caller's."""
    for term in dict.fromkeys(source[start:end] for start, end in kept_terms(source, glossary)):
        if not _whole(term, plural=True).search(translation):
            yield term, (term,)
    rest = source
    for entry in glossary.terms:
        if entry.source not in rest:
            continue
        rest = rest.replace(entry.source, "\0")
        if not any(_holds(translation, target, language) for target in entry.targets):
            yield entry.source, entry.targets


_PARTS = ("keep", "terms")
_FORMAT = 'write keep = ["RoPE"] for terms that stay, and "术语" = "term" below [terms] or [en.terms]'


def _parse_part(prefix: str, part: Mapping[str, object], wrong: list[tuple[str, str]]) -> Glossary:
    """What holds for one language or, without a prefix, for all; adds to ``wrong`` what stands where, and why it is."""
    for key in part:
        if key not in _PARTS:
            wrong.append((key, f"“{prefix}{key}” is unknown; a language has “keep” and “terms”"))
    keep, terms = part.get("keep", []), part.get("terms", {})
    if not isinstance(keep, list) or len(_texts(keep)) < len(keep):
        wrong.append((prefix[:-1] or "keep", f"“{prefix}keep” has to be a list of terms"))
    if not isinstance(terms, Mapping):
        wrong.append((prefix[:-1] or "terms", f"“{prefix}terms” has to be a table"))
        terms = {}
    good = []
    for source, targets in terms.items():
        found = _texts([targets] if isinstance(targets, str) else targets)
        if not source or not found or (isinstance(targets, list) and len(found) < len(targets)):
            wrong.append((source, f"“{source}” has no translation"))
        if source and found:
            good.append(Term(source=source, targets=found))
    return Glossary(keep=_texts(keep), terms=tuple(good))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str) and item) if isinstance(value, list) else ()


@cache
def _whole(term: str, *, plural: bool = False) -> re.Pattern[str]:
    """A term as a word of its own: ``GPT`` is not in ``GPT3``, and ``RL`` not in ``URL``; ``plural`` allows ``RLs``."""
    before = r"(?<![A-Za-z0-9])" if term[:1].isascii() else ""
    after = r"(?![A-Za-z0-9])" if term[-1:].isascii() else ""
    forms = re.escape(term)
    if plural and term[-1:].isascii() and term[-1:].isalnum():
        forms = f"{forms}(?:e?s)?"
        forms = f"(?:{forms}|{re.escape(term[:-1])}ies)" if term.endswith("y") else forms
    return re.compile(before + forms + after)


def _holds(translation: str, target: str, language: Language) -> bool:
    """In English in any form and in whole words; elsewhere as written, yet no Latin word within another."""
    base = language.split("-")[0]
    if base == "en":
        return _holds_phrase(translation, target) or target.casefold() == translation.casefold()
    if base in ("ja", "ko", "zh"):
        return _whole(target.casefold()).search(translation.casefold()) is not None
    return target.casefold() in translation.casefold()


def _line(text: str, name: str) -> int:
    return next((number for number, line in enumerate(text.split("\n"), 1) if name in line), 1)


# --- English words in any form ----------------------------------------------------------------------------------------


def _holds_phrase(text: str, phrase: str) -> bool:
    """Whether the words of ``phrase`` stand in ``text`` in a row, in any form, joined by blanks or hyphens."""
    wanted, words = _words(phrase), _words(text)
    starts = range(len(words) - len(wanted) + 1)
    return bool(wanted) and any(
        all(not _bases(word).isdisjoint(_bases(target)) for word, target in zip(words[start:], wanted, strict=False))
        for start in starts
    )


_BREAK = "\0"
_WORD_OR_BREAK = re.compile(r"(?P<word>[^\W_]+)|(?P<soft>(?<=\w)–(?=\w)|[\s*_~\"“”‘’'‐‑-]+)|(?P<hard>.)", re.DOTALL)
_TABLE = packaged_table("translation/inflection.toml")


def _words(text: str) -> tuple[str, ...]:
    """The words in lower case, with a break where a sentence or a clause ends between two of them."""
    plain = re.sub(r"['’]s\b|(?<=s)['’](?!\w)", "", text.casefold())
    return tuple(found["word"] or _BREAK for found in _WORD_OR_BREAK.finditer(plain) if found.lastgroup != "soft")


@lru_cache(maxsize=4096)
def _bases(word: str) -> frozenset[str]:
    """The word and all that it may be a form of.

    Told by spelling alone, since a stemmer would take encoder and encoding, two terms, for one.
    """
    regular = _TABLE["irregular"].get(word, word)
    known, new = set[str](), {re.sub(r"is(?=(?:e[sd]?|ing|ations?)$)", "iz", regular)}  # British as American
    while new:
        known |= new
        new = {base for form in new for base in _shorter(form)} - known
    return frozenset(known)


def _shorter(word: str) -> Iterator[str]:
    for endings, least in ((_TABLE["endings"], 3), (_TABLE["derivations"], 4)):
        for ending, replacements in endings.items():
            stem = word.removesuffix(ending)
            if stem == word or len(stem) < least or (ending == "s" and stem.endswith("s")):
                continue
            yield from (f"{stem}{replacement}" for replacement in replacements)
            if ending in ("ed", "ing") and stem[-1] == stem[-2]:
                yield stem[:-1]
