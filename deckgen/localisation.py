"""What is done with a project's translations outside a build: brought up to date, measured, checked, accepted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deckgen.build import Build
from deckgen.chapters import apply_ignores
from deckgen.corpus import identify, is_about_translations, settle
from deckgen.diagnostics import DeckgenError, Diagnostic, Severity, diagnostic, with_severities
from deckgen.files import read_optional
from deckgen.markdown import Documents
from deckgen.model import KeyedCorpus, Language, Location
from deckgen.project import GLOSSARY_PATH, NOTES_PATH, Project, known_languages
from deckgen.translation.apply import unknown_entries, unknown_notes
from deckgen.translation.catalog import Catalog, Entry, EntryState, Machine, accepted, digest
from deckgen.translation.checks.pairs import Pair, Problem, check_pair, check_repeats, located
from deckgen.translation.drafts.fill import Draft, Job
from deckgen.translation.files import CatalogFile, catalog_name, changed_files, read_catalogs
from deckgen.translation.glossary import Glossary, LanguageGlossary, parse_glossary
from deckgen.translation.notes import Notes, parse_notes, strange_languages
from deckgen.translation.segments import Segment
from deckgen.translation.units import SourceText, source_texts
from deckgen.translation.update import CatalogId, update_catalogs


@dataclass(frozen=True, slots=True, kw_only=True)
class Translations:
    """A project's texts beside their catalogs: ``read`` as on disk, ``catalogs`` as the sources of now need them."""

    project: Project
    corpus: KeyedCorpus
    notes: Notes
    texts: tuple[SourceText, ...]
    languages: tuple[Language, ...]
    read: Mapping[CatalogId, Catalog]
    catalogs: Mapping[CatalogId, Catalog]
    glossary: Glossary
    documents: Documents
    diagnostics: tuple[Diagnostic, ...]

    @property
    def chapters(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.chapter.path for item in self.corpus.questions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An entry beside the block that it translates."""

    text: SourceText
    segment: Segment
    entry: Entry
    catalog: Catalog

    @property
    def place(self) -> Location:
        return self.text.place(self.segment)


def read_translations(
    project: Project, findings: tuple[Diagnostic, ...], languages: Sequence[Language] = ()
) -> Translations:
    """Everything about the project's translations; ``findings`` are those of reading the project.

    Of what is wrong with the sources only the errors are told here.

    The languages are those given, else those of the editions and those that have a folder.
    """
    documents = Documents()
    chapters, matched, findings = identify(project, findings, documents)
    told = settle(project, chapters, findings, finished=False)
    findings = tuple(finding for finding in told if finding.severity is Severity.ERROR)
    chosen = tuple(languages) or known_languages(project)
    if project.config.language in chosen:
        raise DeckgenError(
            f"{project.config.language} is the language of the sources, so there is nothing to translate"
        )
    return _translations(project, matched.corpus, documents, findings, chosen)


def _translations(
    project: Project,
    corpus: KeyedCorpus,
    documents: Documents,
    findings: tuple[Diagnostic, ...],
    languages: tuple[Language, ...],
) -> Translations:
    notes, problems = parse_notes(project.notes_text or "", NOTES_PATH)
    findings += problems
    terms = read_optional(project.root / GLOSSARY_PATH, inside=project.root)
    glossary, problems = parse_glossary(terms or "", GLOSSARY_PATH)
    findings += problems
    read, problems = read_catalogs(project.locale, (source.path for source in project.sources), languages)
    texts = tuple(source_texts(corpus, notes, documents))
    problems += (
        *unknown_notes(corpus, notes),
        *strange_languages(notes, (project.config.language, *known_languages(project), *languages)),
        *unknown_entries(read, languages, texts),
    )
    return Translations(
        project=project,
        corpus=corpus,
        notes=notes,
        texts=texts,
        languages=languages,
        read=read,
        catalogs=_named(update_catalogs(read, texts, languages=languages)),
        glossary=glossary,
        documents=documents,
        diagnostics=with_severities((*findings, *problems), project.config.severities),
    )


def changed_catalogs(found: Translations) -> tuple[CatalogFile, ...]:
    """The PO files that are not as they should be for the sources of now."""
    return tuple(changed_files(found.project.locale, found.read, found.catalogs, project=found.corpus.project_id))


def blocks(found: Translations, language: Language) -> Iterator[Block]:
    """Every block to translate into ``language``, in the order of the sources."""
    entries = {
        (entry.context, entry.source): (entry, catalog)
        for (_, tag), catalog in found.catalogs.items()
        if tag == language
        for entry in catalog.entries
        if not entry.obsolete
    }
    for text in found.texts:
        for segment in text.segments:
            if held := entries.get((text.context, segment.text)):
                yield Block(text=text, segment=segment, entry=held[0], catalog=held[1])


def check_translations(found: Translations) -> tuple[Diagnostic, ...]:
    """What is wrong with the translations of every language, each finding at its PO entry and its source."""
    return _checked(found, report_unused=False)


def check_build(made: Build) -> tuple[Diagnostic, ...]:
    """What the build found, and what is wrong with the translations that its editions are made of."""
    languages = tuple(language for language in made.translated.languages if language != made.keyed.language)
    found = _translations(made.project, made.keyed, made.documents, (), languages)
    checked = (*found.diagnostics, *_checked(found, report_unused=True))
    # The build says of each text that it is untranslated.
    more = (finding for finding in checked if finding.rule != "untranslated")
    return tuple(sorted(dict.fromkeys((*made.diagnostics, *more)), key=lambda item: item.location or Location(path="")))


def accept(found: Translations, keys: Collection[str]) -> tuple[Translations, int]:
    """The catalogs with every translation of these keys reviewed, and how many entries that changed.

    Languages without a PO file get none. DeckgenError for a key that nothing to translate has.
    """
    if unknown := sorted(set(keys) - {text.key for text in found.texts}):
        raise DeckgenError(f"there is no question or category with the key {', '.join(unknown)}")
    count = 0
    catalogs: dict[CatalogId, Catalog] = {}
    kept = {language for _, language in found.read}
    for identity, catalog in found.catalogs.items():
        if identity[1] not in kept:
            continue
        entries = tuple(_accepted(entry, keys) for entry in catalog.entries)
        count += sum(before is not after for before, after in zip(catalog.entries, entries, strict=True))
        catalogs[identity] = replace(catalog, entries=entries)
    return replace(found, catalogs=catalogs), count


def missing_jobs(found: Translations, language: Language, limit: int | None = None) -> tuple[Job, ...]:
    """The blocks without a translation into ``language``, each text once, at most ``limit`` of them."""
    glossary = found.glossary.for_language(language)
    wanted = {
        _pair(block, found, glossary): None
        for block in blocks(found, language)
        if block.entry.state is EntryState.MISSING
    }
    return tuple(Job(pair=pair) for pair in wanted)[:limit]


def with_drafts(
    found: Translations, language: Language, drafts: Sequence[Draft], *, engine: str, date: str
) -> tuple[Translations, int]:
    """The catalogs with the drafts where nothing was, marked as machine work of this day, and how many entries."""
    texts = {draft.job.pair.source: draft.translation for draft in drafts if draft.translation}
    count = 0
    catalogs = dict(found.catalogs)
    for (chapter, tag), catalog in found.catalogs.items():
        if tag != language:
            continue
        entries = []
        for entry in catalog.entries:
            text = texts.get(entry.source)
            if text and entry.state is EntryState.MISSING and not entry.obsolete:
                machine = Machine(engine=engine, date=date, digest=digest(text))
                entry = replace(entry, translation=text, fuzzy=True, previous=None, machine=machine)
                count += 1
            entries.append(entry)
        catalogs[chapter, tag] = replace(catalog, entries=tuple(entries))
    return replace(found, catalogs=catalogs), count


def _pair(block: Block, found: Translations, glossary: LanguageGlossary) -> Pair:
    return Pair(
        source=block.segment.text,
        translation=block.entry.translation,
        language=block.catalog.language,
        source_language=found.corpus.language,
        kind=block.segment.block.kind,
        glossary=glossary,
    )


def _accepted(entry: Entry, keys: Collection[str]) -> Entry:
    mine = entry.context.split("|")[0] in keys and not entry.obsolete
    return accepted(entry) if mine and entry.state in (EntryState.DRAFT, EntryState.STALE) else entry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A finding at its PO entry, and the block of the source that it is about."""

    finding: Diagnostic
    block: Block


def _checked(found: Translations, *, report_unused: bool) -> tuple[Diagnostic, ...]:
    checked = [item for language in found.languages for item in _check(found, language)]
    findings = _not_ignored(found, checked, report_unused=report_unused)
    return with_severities(dict.fromkeys(findings), found.project.config.severities)


def _check(found: Translations, language: Language) -> Iterator[_Checked]:
    glossary = found.glossary.for_language(language)
    every = tuple(blocks(found, language))
    begun = {block.text.context for block in every if block.entry.translation.strip()}
    seen: dict[Entry, Block] = {}
    for block in every:
        if block.entry in seen or block.text.context not in begun:
            continue
        seen[block.entry] = block
        for problem in check_pair(_pair(block, found, glossary)):
            yield _Checked(finding=_located(problem, block), block=block)
    for entry, problem in check_repeats(seen):
        yield _Checked(finding=_located(problem, seen[entry]), block=seen[entry])
    yield from _not_begun(every, begun)


def _not_begun(every: Sequence[Block], begun: Collection[str]) -> Iterator[_Checked]:
    """One remark per chapter about its texts without any translation: work to do rather than a mistake."""
    texts: dict[str, dict[str, Block]] = defaultdict(dict)
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


def _located(problem: Problem, block: Block) -> Diagnostic:
    return located(problem, block.entry, catalog=block.catalog.path, source=block.place)


def _not_ignored(found: Translations, checked: Sequence[_Checked], *, report_unused: bool) -> Iterator[Diagnostic]:
    """The findings without those that a comment above the block in the source ignores.

    With ``report_unused`` also the comments that ignore a rule about translations where it finds nothing.
    """
    checked_rules = is_about_translations if report_unused else (lambda rule: False)
    sources = {source.path: source.text for source in found.project.sources}
    by_chapter: dict[str, dict[Diagnostic, list[Diagnostic]]] = {path: defaultdict(list) for path in found.chapters}
    chapters = {item.chapter.path: item.chapter for item in found.corpus.questions}
    for item in checked:
        in_source = replace(item.finding, location=item.block.place)
        by_chapter[item.block.text.chapter.path][in_source].append(item.finding)
    for path, placed in by_chapter.items():
        for finding in apply_ignores(sources[path], chapters[path], placed, checked=checked_rules):
            yield from placed.get(finding, (finding,))


def _named(catalogs: Mapping[CatalogId, Catalog]) -> dict[CatalogId, Catalog]:
    """A catalog that has no file yet is named after the one that it will get."""
    return {
        (chapter, language): catalog
        if catalog.path
        else replace(catalog, path=f"locale/{language}/{catalog_name(chapter)}")
        for (chapter, language), catalog in catalogs.items()
    }
