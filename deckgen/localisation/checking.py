"""What is wrong with the translations of a project or a build, each finding at its PO entry and its source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from deckgen.build import Build
from deckgen.chapters import apply_ignores
from deckgen.corpus import is_about_translations
from deckgen.diagnostics import Diagnostic, Severity, diagnostic, with_severities
from deckgen.localisation.translations import TranslatedBlock, Translations, blocks, pair_of, translations_of
from deckgen.model import Language, Location, Markdown
from deckgen.translation.catalog import CatalogEntry, EntryState
from deckgen.translation.checks.pairs import FACTS, Problem, check_pair, check_repeats, located


def check_translations(found: Translations) -> tuple[Diagnostic, ...]:
    """What is wrong with the translations of every language, each finding at its PO entry and its source."""
    return tuple(dict.fromkeys(item.finding for item in _checked(found, report_unused=False)))


def checked_blocks(found: Translations) -> Iterator[tuple[Diagnostic, TranslatedBlock]]:
    """The findings of `check_translations`, each with the block that it is about."""
    for item in _checked(found, report_unused=False):
        if item.block:
            yield item.finding, item.block


def check_block(found: Translations, block: TranslatedBlock, translation: Markdown) -> tuple[Diagnostic, ...]:
    """What would be wrong with another translation of a block, beside those of the other blocks too."""
    language = block.catalog.language
    entry = replace(block.entry, translation=translation)
    others = (
        other
        for (_, tag), catalog in found.catalogs.items()
        if tag == language
        for other in catalog.entries
        if not other.obsolete and other is not block.entry and len(other.translation) in _about(translation)
    )
    repeated = (problem for named, problem in check_repeats((*others, entry)) if named is entry)
    pair = pair_of(block, found, found.glossary.for_language(language), translation)
    problems = (*check_pair(pair), *repeated)
    checked = [_Checked(finding=_located(problem, block), block=block) for problem in problems]
    return tuple(item.finding for item in _settled(found, checked, report_unused=False))


def check_build(made: Build, *, strict: bool = False) -> tuple[Diagnostic, ...]:
    """What the build found, and what is wrong with the translations that its editions are made of.

    In a ``strict`` one a fact that differs in a reviewed text is an error, unless the project has set its severity.
    """
    languages = tuple(language for language in made.translated.languages if language != made.keyed.language)
    found = translations_of(made.project, made.keyed, made.documents, (), languages)
    checked = (*found.diagnostics, *(item.finding for item in _checked(found, report_unused=True, strict=strict)))
    # The build says of each text that it is untranslated.
    more = (finding for finding in checked if finding.rule != "untranslated")
    return tuple(sorted(dict.fromkeys((*made.diagnostics, *more)), key=lambda item: item.location or Location(path="")))


def _about(text: str) -> range:
    """The lengths of texts that may be the same but for spaces and marks."""
    return range(len(text) // 2, 2 * len(text) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A finding at its PO entry, and the block of the source that it is about, where it is about one."""

    finding: Diagnostic
    block: TranslatedBlock | None


def _checked(found: Translations, *, report_unused: bool, strict: bool = False) -> Iterator[_Checked]:
    every = [item for language in found.languages for item in _check(found, language, strict=strict)]
    yield from _settled(found, every, report_unused=report_unused)


def _check(found: Translations, language: Language, *, strict: bool) -> Iterator[_Checked]:
    glossary = found.glossary.for_language(language)
    every = tuple(blocks(found, language))
    begun = {block.text.context for block in every if block.entry.translation.strip()}
    seen: dict[CatalogEntry, TranslatedBlock] = {}
    for block in every:
        if block.entry in seen or block.text.context not in begun:
            continue
        seen[block.entry] = block
        for problem in check_pair(pair_of(block, found, glossary)):
            finding = _located(problem, block)
            if strict and problem.rule in FACTS and block.entry.state is EntryState.REVIEWED:
                finding = replace(finding, severity=Severity.ERROR)
            yield _Checked(finding=finding, block=block)
    for entry, problem in check_repeats(seen):
        yield _Checked(finding=_located(problem, seen[entry]), block=seen[entry])
    yield from _not_begun(every, begun)


def _not_begun(every: Sequence[TranslatedBlock], begun: Collection[str]) -> Iterator[_Checked]:
    """One remark per chapter about its texts without any translation: work to do rather than a mistake."""
    texts: dict[str, dict[str, TranslatedBlock]] = defaultdict(dict)
    for block in every:
        texts[block.text.chapter.path].setdefault(block.text.context, block)
    for chapter, firsts in texts.items():
        waiting = [block for context, block in firsts.items() if context not in begun]
        if waiting:
            first, language = waiting[0], waiting[0].catalog.language
            finding = diagnostic(
                "untranslated",
                f"{len(waiting)} of {len(firsts)} texts of {chapter} have no {language} translation at all",
                Location(path=first.catalog.path, line=first.entry.line) if first.entry.line else first.place,
                hint=f"fill the empty msgstr in locale/{language}, or draft them with “deckgen translate fill”",
            )
            yield _Checked(finding=finding, block=first)


def _located(problem: Problem, block: TranslatedBlock) -> Diagnostic:
    return located(problem, block.entry, catalog=block.catalog.path, source=block.place)


def _settled(found: Translations, checked: Sequence[_Checked], *, report_unused: bool) -> Iterator[_Checked]:
    """The findings at the project's severities, without those that a comment above the block in the source ignores.

    With ``report_unused`` also the comments that ignore a rule about translations where it finds nothing.
    """
    checked_rules = is_about_translations if report_unused else (lambda rule: False)
    sources = {source.path: source.text for source in found.project.sources}
    chapters = {item.chapter.path: item.chapter for item in found.corpus.questions}
    wanted = found.chapters if report_unused else ()
    by_chapter: dict[str, dict[Diagnostic, list[_Checked]]] = {path: defaultdict(list) for path in wanted}
    for item in checked:
        if item.block:
            in_source = replace(item.finding, location=item.block.place)
            by_chapter.setdefault(item.block.text.chapter.path, defaultdict(list))[in_source].append(item)
    for path, placed in by_chapter.items():
        for finding in apply_ignores(sources[path], chapters[path], placed, checked=checked_rules):
            for item in placed.get(finding, (_Checked(finding=finding, block=None),)):
                for told in with_severities((item.finding,), found.project.config.severities):
                    yield _Checked(finding=told, block=item.block)
