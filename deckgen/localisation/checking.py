"""What is wrong with the translations of a project or a build, each finding at its PO entry and its source."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from deckgen.build import Build
from deckgen.chapters import apply_ignores
from deckgen.corpus import is_about_translations
from deckgen.diagnostics import Diagnostic, Severity, diagnostic, with_severities
from deckgen.localisation.translations import TranslatedBlock, Translations, pair_of, translated_blocks, with_glossary
from deckgen.model import Language, Location, Markdown, TextState, replace
from deckgen.translation.catalog import CatalogEntry
from deckgen.translation.checks import FACTS, check_pair, check_repeats
from deckgen.translation.checks.pair import shortened

Checked = tuple[Diagnostic, TranslatedBlock | None]
"""A finding at its PO entry, and the block of the source that it is about, where it is about one."""


def check_translations(found: Translations, *, strict: bool = False, report_unused: bool = False) -> Iterator[Checked]:
    """What is wrong with the translations of every language, each finding at its PO entry and its source.

    In a ``strict`` project a fact that differs in a reviewed text is an error. With ``report_unused`` also the comments
    that ignore a rule about translations where it finds nothing.
    """
    every = [item for language in found.material.languages for item in _check(found, language, strict=strict)]
    yield from _settled(found, every, report_unused=report_unused)


def check_block(found: Translations, block: TranslatedBlock, translation: Markdown) -> tuple[Diagnostic, ...]:
    """What would be wrong with another translation of a block, beside those of the other blocks too."""
    language = block.catalog.language
    entry = replace(block.entry, translation=translation)
    alike = range(len(translation) // 2, 2 * len(translation) + 1)  # texts as long may differ in spaces and marks alone
    others = (
        other
        for (_, tag), catalog in found.material.catalogs.items()
        if tag == language
        for other in catalog.entries
        if not other.obsolete and other is not block.entry and len(other.translation) in alike
    )
    repeated = (problem for named, problem in check_repeats((*others, entry)) if named is entry)
    pair = pair_of(block, found, translation)
    problems = (*check_pair(pair), *repeated)
    checked = [(_located(problem, block), block) for problem in problems]
    return tuple(finding for finding, _ in _settled(found, checked, report_unused=False))


def check_build(made: Build, *, strict: bool = False) -> tuple[Diagnostic, ...]:
    """What the build found, and what is wrong with the translations that its editions are made of.

    In a ``strict`` one a fact that differs in a reviewed text is an error, unless the project has set its severity.
    """
    found = with_glossary(made.project, made.lock, made.material)
    checked = (finding for finding, _ in check_translations(found, strict=strict, report_unused=True))
    # The build says of each text that it is untranslated.
    more = (finding for finding in (*found.diagnostics, *checked) if finding.rule != "untranslated")
    return tuple(sorted(dict.fromkeys((*made.diagnostics, *more)), key=lambda item: item.location or Location(path="")))


def _check(found: Translations, language: Language, *, strict: bool) -> Iterator[Checked]:
    every = tuple(translated_blocks(found, language))
    begun = {block.text.context for block in every if block.entry.translation.strip()}
    seen: dict[CatalogEntry, TranslatedBlock] = {}
    for block in every:
        if block.entry in seen or block.text.context not in begun:
            continue
        seen[block.entry] = block
        for problem in check_pair(pair_of(block, found)):
            finding = _located(problem, block)
            if strict and problem.rule in FACTS and block.entry.state is TextState.REVIEWED:
                finding = replace(finding, severity=Severity.ERROR)
            yield finding, block
    for entry, problem in check_repeats(seen):
        yield _located(problem, seen[entry]), seen[entry]
    yield from _not_begun(every, begun)


def _not_begun(every: Sequence[TranslatedBlock], begun: Collection[str]) -> Iterator[Checked]:
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
            yield finding, first


def _located(problem: Diagnostic, block: TranslatedBlock) -> Diagnostic:
    """The finding at the entry in its PO file; its hint names the place in the source."""
    entry, source = block.entry, block.place
    place = f"the source is at {source.path}:{source.line}:{source.column}"
    return replace(
        problem,
        location=Location(path=block.catalog.path, line=entry.line or 1),
        hint=f"{problem.hint}; {place}" if problem.hint else place,
        excerpt=shortened(entry.translation or entry.source),
    )


def _settled(found: Translations, checked: Sequence[Checked], *, report_unused: bool) -> Iterator[Checked]:
    """The findings at the project's severities, without those that a comment above the block in the source ignores."""
    checked_rules = is_about_translations if report_unused else (lambda rule: False)
    sources = {source.path: source.text for source in found.project.sources}
    chapters = {item.chapter.path: item.chapter for item in found.material.corpus.questions}
    placed: dict[str, dict[Diagnostic, list[Checked]]] = defaultdict(lambda: defaultdict(list))
    for finding, block in checked:
        if block:
            placed[block.text.chapter.path][replace(finding, location=block.place)].append((finding, block))
    for path in dict.fromkeys((*(chapters if report_unused else ()), *placed)):
        for finding in apply_ignores(sources[path], chapters[path], placed[path], checked=checked_rules):
            for told, block in placed[path].get(finding, ((finding, None),)):
                yield from ((one, block) for one in with_severities((told,), found.project.config.severities))
