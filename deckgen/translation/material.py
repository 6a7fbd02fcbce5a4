"""A corpus beside its catalogs and editor's notes: read once, for builds, for checks and for all that changes them."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.markdown import Documents
from deckgen.model import KeyedCorpus, Language, Location
from deckgen.project.layout import NOTES_PATH
from deckgen.project.reading import Project, known_languages
from deckgen.translation.catalog import Catalog, CatalogEntry
from deckgen.translation.files import read_catalogs
from deckgen.translation.notes import Notes, parse_notes, strange_languages
from deckgen.translation.segments import SourceText, source_texts
from deckgen.translation.update import CatalogId, update_catalogs

Entries = Mapping[tuple[str, str], tuple[CatalogEntry, Catalog]]
"""Entries by their context and source, each with the catalog that it is in."""


class Material(Struct, frozen=True, kw_only=True):
    """``languages`` are those to translate into, ``read`` the catalogs as on disk, ``catalogs`` as they should be."""

    corpus: KeyedCorpus
    notes: Notes
    texts: tuple[SourceText, ...]
    languages: tuple[Language, ...]
    read: Mapping[CatalogId, Catalog]
    catalogs: Mapping[CatalogId, Catalog]
    documents: Documents

    def entries(self, language: Language) -> Entries:
        """What the catalogs of a language should have, less what is obsolete."""
        return {
            (entry.context, entry.source): (entry, catalog)
            for (_, tag), catalog in self.catalogs.items()
            if tag == language
            for entry in catalog.entries
            if not entry.obsolete
        }

    @property
    def chapters(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.chapter.path for item in self.corpus.questions))


def read_material(
    project: Project, corpus: KeyedCorpus, documents: Documents, languages: tuple[Language, ...]
) -> tuple[Material, tuple[Diagnostic, ...]]:
    """The corpus beside the project's PO files in these languages, and what is wrong with its files and notes."""
    notes, problems = parse_notes(project.notes_text or "", NOTES_PATH)
    read, unreadable = read_catalogs(project.locale, (source.path for source in project.sources), languages)
    material = bring_together(corpus, notes, read, documents, languages=languages)
    strange = strange_languages(notes, (project.config.language, *languages, *known_languages(project)))
    return material, (*unreadable, *problems, *strange, *strangers(material))


def bring_together(
    corpus: KeyedCorpus,
    notes: Notes,
    read: Mapping[CatalogId, Catalog],
    documents: Documents,
    *,
    languages: tuple[Language, ...],
) -> Material:
    """The catalogs need not be up to date: a block that was reworded since has its old translation and is stale."""
    texts = tuple(source_texts(corpus, notes, documents if languages else None))
    return Material(
        corpus=corpus,
        notes=notes,
        texts=texts,
        languages=languages,
        read=read,
        catalogs=update_catalogs(read, texts, languages=languages),
        documents=documents,
    )


def strangers(material: Material) -> Iterator[Diagnostic]:
    """Notes for questions that the project does not have, and files with entries of such: one finding each."""
    questions = {item.key for item in material.corpus.questions}
    for note in material.notes.values():
        if note.key not in questions:
            message = f"there is no question with the key “{note.key}”"
            yield diagnostic("bad-note", message, note.location, hint="“deckgen lock show” lists the keys")
    known = {text.context for text in material.texts}
    for catalog in material.read.values():
        strange = [entry for entry in catalog.entries if not entry.obsolete and entry.context not in known]
        if strange:
            count = "one entry belongs" if len(strange) == 1 else f"{len(strange)} entries belong"
            yield diagnostic(
                "catalog-mismatch",
                f"{count} to no text of this project; the first is “{strange[0].context}”",
                Location(path=catalog.path, line=strange[0].line or 1),
                hint="“deckgen translate extract” keeps them as obsolete; a file of another project has to go",
                excerpt=strange[0].source.split("\n")[0],
            )
