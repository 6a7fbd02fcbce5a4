"""The real Anki for tests: temporary collections, imports with default options, rendered cards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest
from anki.import_export_pb2 import IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """How many notes Anki says it added, updated, left alone and could not match to their note type."""

    new: int = 0
    updated: int = 0
    duplicate: int = 0
    conflicting: int = 0
    other: int = 0
    found: int = 0


@contextmanager
def new_collection() -> Iterator[Collection]:
    """An empty collection in a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        collection = Collection(str(Path(folder, "collection.anki2")))
        try:
            yield collection
        finally:
            collection.close()


def import_package(collection: Collection, path: Path, *, always: bool = False) -> ImportCounts:
    """Imports with the options that a learner gets who changes none: update if newer, or ``always``; no scheduling."""
    options = ImportAnkiPackageOptions()
    if always:
        options.update_notes = IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_ALWAYS
    log = collection.import_anki_package(ImportAnkiPackageRequest(package_path=str(path), options=options)).log
    return ImportCounts(
        new=len(log.new),
        updated=len(log.updated),
        duplicate=len(log.duplicate),
        conflicting=len(log.conflicting),
        other=len(log.first_field_match)
        + len(log.missing_notetype)
        + len(log.missing_deck)
        + len(log.empty_first_field),
        found=log.found_notes,
    )


def rendered_cards(collection: Collection) -> dict[str, tuple[str, str]]:
    """GUID → the front and back of the note's first card as Anki renders them."""
    rendered = {}
    for card_id in collection.find_cards(""):
        card = collection.get_card(card_id)
        rendered[card.note().guid] = (card.question(), card.answer())
    return rendered


def fields_by_guid(collection: Collection) -> dict[str, tuple[str, ...]]:
    notes = (collection.get_note(note_id) for note_id in collection.find_notes(""))
    return {note.guid: tuple(note.fields) for note in notes}


def media_files(collection: Collection) -> set[str]:
    return {file.name for file in Path(collection.media.dir()).iterdir()}


def deck_names(collection: Collection) -> set[str]:
    """The full names of all decks, Anki's own default deck left out."""
    return {deck.name for deck in collection.decks.all_names_and_ids() if deck.id != 1}


@contextmanager
def field_renderer() -> Iterator[Callable[[str], str]]:
    """A function from a field's HTML to what Anki shows of it on a card."""
    with new_collection() as collection:
        note = collection.new_note(collection.models.by_name("Basic"))
        note["Front"] = "-"
        collection.add_note(note, collection.decks.id("Default"))
        card = note.cards()[0]

        def render(html: str) -> str:
            note["Back"] = html
            collection.update_note(note)
            card.load()
            return card.answer().split("<hr id=answer>", 1)[1].strip()

        yield render
