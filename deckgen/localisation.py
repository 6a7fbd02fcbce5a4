"""What is done with a project's translations outside a build: brought up to date, measured, checked, accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deckgen.corpus import identify, settle
from deckgen.diagnostics import DeckgenError, Diagnostic, Severity, with_severities
from deckgen.model import KeyedCorpus, Language, Location
from deckgen.project import GLOSSARY_PATH, NOTES_PATH, Project, known_languages, read_optional
from deckgen.translation.apply import unknown_entries, unknown_notes
from deckgen.translation.catalog import Catalog, Entry, EntryState, Machine, accepted, digest
from deckgen.translation.checks import Pair, check_pair, check_repeats, located
from deckgen.translation.files import CatalogFile, catalog_name, changed_files, read_catalogs
from deckgen.translation.fill import Draft, Job
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
    chapters, matched, findings = identify(project, findings)
    told = settle(project, chapters, findings, report_unused=False)
    findings = tuple(finding for finding in told if finding.severity is Severity.ERROR)
    notes, problems = parse_notes(project.notes_text or "", NOTES_PATH)
    findings += problems
    glossary, problems = parse_glossary(read_optional(project.root / GLOSSARY_PATH) or "", GLOSSARY_PATH)
    findings += problems
    chosen = tuple(languages) or known_languages(project)
    if project.config.language in chosen:
        raise DeckgenError(
            f"{project.config.language} is the language of the sources, so there is nothing to translate"
        )
    read, problems = read_catalogs(project.locale, (source.path for source in project.sources), chosen)
    texts = tuple(source_texts(matched.corpus, notes))
    problems += (
        *unknown_notes(matched.corpus, notes),
        *strange_languages(notes, (project.config.language, *known_languages(project), *chosen)),
        *unknown_entries(read, chosen, texts),
    )
    return Translations(
        project=project,
        corpus=matched.corpus,
        notes=notes,
        texts=texts,
        languages=chosen,
        read=read,
        catalogs=_named(update_catalogs(read, texts, languages=chosen)),
        glossary=glossary,
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
    findings = [finding for language in found.languages for finding in _check(found, language)]
    return with_severities(dict.fromkeys(findings), found.project.config.severities)


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


def _check(found: Translations, language: Language) -> Iterator[Diagnostic]:
    glossary = found.glossary.for_language(language)
    seen: dict[Entry, Block] = {}
    for block in blocks(found, language):
        if block.entry in seen:
            continue
        seen[block.entry] = block
        for problem in check_pair(_pair(block, found, glossary)):
            yield located(problem, block.entry, catalog=block.catalog.path, source=block.place)
    for entry, problem in check_repeats(seen):
        yield located(problem, entry, catalog=seen[entry].catalog.path, source=seen[entry].place)


def _named(catalogs: Mapping[CatalogId, Catalog]) -> dict[CatalogId, Catalog]:
    """A catalog that has no file yet is named after the one that it will get."""
    return {
        (chapter, language): catalog
        if catalog.path
        else replace(catalog, path=f"locale/{language}/{catalog_name(chapter)}")
        for (chapter, language), catalog in catalogs.items()
    }
