"""The glossary ``locale/glossary.toml``: terms that stay as they are or are translated one way, per language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.model import Language, Location, is_language
from deckgen.project.config import parse_toml
from deckgen.translation.inflection import holds_phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term of the source and the translations that are allowed for it."""

    source: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGlossary:
    """What holds for one language; both tuples have the longest terms first, since those hold the shorter ones."""

    keep: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Glossary:
    """What holds for every language, and what for one."""

    keep: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    languages: tuple[tuple[Language, LanguageGlossary], ...] = ()

    def for_language(self, language: Language) -> LanguageGlossary:
        """The terms of the language, with those of every language that it does not translate otherwise."""
        own = next((found for tag, found in self.languages if tag == language), LanguageGlossary())
        terms = {term.source: term for term in (*self.terms, *own.terms)}
        return LanguageGlossary(
            keep=tuple(sorted({*self.keep, *own.keep} - {*terms}, key=lambda term: (-len(term), term))),
            terms=tuple(sorted(terms.values(), key=lambda term: -len(term.source))),
        )


def parse_glossary(text: str, path: str) -> tuple[Glossary, tuple[Diagnostic, ...]]:
    """The glossary and what is wrong with it; what can be understood counts."""
    table, problems = parse_toml(text, path, rule="bad-glossary")
    if problems:
        return Glossary(), problems
    findings = [
        diagnostic("bad-glossary", message, Location(path=path, line=_line(text, name)), hint=_FORMAT)
        for name, message in _problems(table)
    ]
    return Glossary(
        keep=_texts(table.get("keep")),
        terms=_terms(table.get("terms")),
        languages=tuple(
            (Language(tag), LanguageGlossary(keep=_texts(entry.get("keep")), terms=_terms(entry.get("terms"))))
            for tag, entry in table.items()
            if tag != "terms" and isinstance(entry, Mapping)
        ),
    ), tuple(findings)


def kept_terms(text: str, glossary: LanguageGlossary) -> tuple[tuple[int, int], ...]:
    """Where the terms that have to stay stand in ``text``; of two that overlap the longer one counts."""
    taken: list[tuple[int, int]] = []
    for term in glossary.keep:
        if term not in text:
            continue
        for found in _whole(term).finditer(text):
            if all(found.end() <= start or found.start() >= end for start, end in taken):
                taken.append(found.span())
    return tuple(sorted(taken))


def without_kept(text: str, glossary: LanguageGlossary) -> str:
    """``text`` with a blank for each term that has to stay."""
    for start, end in reversed(kept_terms(text, glossary)):
        text = f"{text[:start]} {text[end:]}"
    return text


def broken_terms(
    source: str, translation: str, glossary: LanguageGlossary, *, language: Language
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


_FORMAT = 'write keep = ["RoPE"] for terms that stay, and "术语" = "term" below [terms] or [en.terms]'


def _problems(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, entry in table.items():
        if name == "keep":
            if not _is_texts(entry):
                yield name, "“keep” has to be a list of terms"
            continue
        if name == "terms":
            yield from _term_problems(name, entry)
            continue
        if not is_language(name) or not isinstance(entry, Mapping):
            yield name, f"“{name}” is neither “keep” nor “terms” nor a table of a language"
            continue
        for key in entry:
            if key not in ("keep", "terms"):
                yield key, f"“{name}.{key}” is unknown; a language has “keep” and “terms”"
        if not _is_texts(entry.get("keep", [])):
            yield name, f"“{name}.keep” has to be a list of terms"
        yield from _term_problems(f"{name}.terms", entry.get("terms", {}))


def _term_problems(name: str, terms: object) -> Iterator[tuple[str, str]]:
    if not isinstance(terms, Mapping):
        yield name.removesuffix(".terms"), f"“{name}” has to be a table"
        return
    for term, target in terms.items():
        if not term or not target or not (isinstance(target, str) or _is_texts(target)):
            yield term, f"“{term}” has no translation"


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str) and item) if isinstance(value, list) else ()


def _terms(value: object) -> tuple[Term, ...]:
    if not isinstance(value, Mapping):
        return ()
    found = (
        Term(source=source, targets=(target,) if isinstance(target, str) else _texts(target))
        for source, target in value.items()
    )
    return tuple(sorted((term for term in found if term.source and any(term.targets)), key=lambda t: -len(t.source)))


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
        return holds_phrase(translation, target) or target.casefold() == translation.casefold()
    if base in ("ja", "ko", "zh"):
        return _whole(target.casefold()).search(translation.casefold()) is not None
    return target.casefold() in translation.casefold()


def _line(text: str, name: str) -> int:
    return next((number for number, line in enumerate(text.split("\n"), 1) if name in line), 1)
