"""``manifest.json``: what a build made, for other programs; its schema is documented in docs/manifest.md."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from deckgen.build import Build
from deckgen.markdown import Documents
from deckgen.model import BlockCounts, Edition, Key, KeyedQuestion, Note, StampedDeck, TextState
from deckgen.project.files import read_file
from deckgen.text.slugs import is_plain_name

MANIFEST_VERSION = 1
_MAX_PACKAGE_BYTES = 1 << 32


class PackagePart(msgspec.Struct, frozen=True, kw_only=True):
    """What a package holds of a deck: a category, the categories of a chapter with its title, or, with neither, all.

    ``title`` is the category's.
    """

    category: Key | None = None
    title: str | None = None
    chapter: str | None = None
    categories: tuple[Key, ...] = ()


class ManifestPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package; ``category`` is a category's title, ``chapter`` a chapter's, and that of all has neither."""

    file: str
    edition: str
    category: str | None
    chapter: str | msgspec.UnsetType = msgspec.UNSET
    notes: int
    bytes: int
    sha256: str


class ManifestSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a question stands: the line of its heading, and the last one of its answer."""

    path: str
    line: int
    end_line: int


class ManifestNote(msgspec.Struct, frozen=True, kw_only=True):
    """``guids`` by edition; ``languages`` those in which it shows a text."""

    key: str
    guids: dict[str, str]
    question: str
    category: str
    tags: tuple[str, ...]
    source: ManifestSource
    media: tuple[str, ...]
    languages: tuple[str, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a build made; ``translations`` count the blocks of each language but the source's."""

    manifest: int
    project: str
    version: str
    profile: str
    translations: tuple[BlockCounts, ...]
    packages: tuple[ManifestPackage, ...]
    notes: tuple[ManifestNote, ...]


def describe_package(path: Path, stamped: StampedDeck, part: PackagePart) -> ManifestPackage:
    """What the manifest says of the package at ``path``. OSError where it cannot be read."""
    data = read_file(path, inside=path.parent, most=_MAX_PACKAGE_BYTES)
    return ManifestPackage(
        file=path.name,
        edition=stamped.deck.edition.name,
        category=part.title,
        chapter=part.chapter or msgspec.UNSET,
        notes=len(stamped.deck.notes),
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def format_manifest(packages: Sequence[ManifestPackage], made: Build) -> str:
    """The manifest of a build as JSON text, keys in a fixed order, one line end at the end."""
    notes: dict[Key, list[tuple[Edition, Note]]] = defaultdict(list)
    for stamped in made.decks:
        for note in stamped.deck.notes:
            notes[note.key].append((stamped.deck.edition, note))
    document = Manifest(
        manifest=MANIFEST_VERSION,
        project=made.matched.corpus.project_id,
        version=made.version,
        profile=made.profile,
        translations=made.translated.counts,
        packages=tuple(packages),
        notes=tuple(
            _note_entry(item, notes[item.key], made.material.documents)
            for item in made.matched.corpus.questions
            if item.key in notes
        ),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def package_files(manifest: str) -> frozenset[str]:
    """The package files beside a manifest that it names; empty where it is no manifest of this kind."""
    try:
        names = (str(package["file"]) for package in json.loads(manifest)["packages"])
        return frozenset(name for name in names if is_plain_name(name) and name.endswith(".apkg"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return frozenset()


def _note_entry(item: KeyedQuestion, notes: Sequence[tuple[Edition, Note]], documents: Documents) -> ManifestNote:
    languages = [
        language
        for edition, note in notes
        for language, state in zip(edition.languages, note.states, strict=True)
        if state is not TextState.MISSING
    ]
    question = item.question
    return ManifestNote(
        key=item.key,
        guids={edition.name: note.guid for edition, note in notes},
        question=documents.of(question.title, item.chapter.context).plain_text,
        category=item.category.title,
        tags=tuple(sorted({tag for _, note in notes for tag in note.tags})),
        source=ManifestSource(path=item.chapter.path, line=question.location.line, end_line=question.end_line),
        media=tuple(sorted({name for _, note in notes for name in note.media})),
        languages=tuple(dict.fromkeys(languages)),
    )
