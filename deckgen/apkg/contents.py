"""What an Anki package holds, as values; ``reader`` fills them and whoever inspects or verifies reads them."""

import re
import unicodedata
from enum import StrEnum

from msgspec import Struct

from deckgen.model import NoteType

_KEPT_WITHOUT_REFERENCE = re.compile(r"_|latex-")
"""Anki keeps files of such names: those of templates and style sheets, and those that it draws from LaTeX itself."""


class Layout(StrEnum):
    """The generations of the package format, named after their database."""

    LEGACY = "collection.anki2"
    LEGACY_2 = "collection.anki21"
    MODERN = "collection.anki21b"


class PackagedNoteType(Struct, frozen=True, kw_only=True):
    """``note_type`` has the id 0 for fields and templates that carry none; ``time`` is in seconds since the epoch."""

    note_type: NoteType
    time: int
    media: tuple[str, ...]
    """The files that its templates refer to."""


class PackagedDeck(Struct, frozen=True, kw_only=True):
    """``name`` is the full name with ``::`` between its levels; ``cards`` leaves sub-decks out."""

    id: int
    name: str
    description: str
    cards: int


class PackagedNote(Struct, frozen=True, kw_only=True):
    """A note with the deck and the due position of its first card; ``deck`` is empty for a note without cards, and
    for one whose deck the package lacks.

    ``time`` is in seconds since the epoch; ``media`` are the files that Anki finds its fields to refer to, in order.
    """

    id: int
    guid: str
    note_type_id: int
    time: int
    tags: tuple[str, ...]
    fields: tuple[str, ...]
    media: tuple[str, ...]
    deck: str
    due: int
    cards: int


class PackagedMedia(Struct, frozen=True, kw_only=True):
    """A file as Anki will unpack it; ``sha256`` in hex."""

    name: str
    size_bytes: int
    sha256: str


class CollectionContents(Struct, frozen=True, kw_only=True):
    """What a package's database holds. Decks are in the order of their names, notes in that of the database."""

    note_types: tuple[PackagedNoteType, ...]
    decks: tuple[PackagedDeck, ...]
    notes: tuple[PackagedNote, ...]
    reviewed_cards: int
    """Cards that carry a schedule."""


class PackageContents(CollectionContents, frozen=True, kw_only=True):
    """A whole package, its media in the order of the media map."""

    layout: Layout
    size_bytes: int
    media: tuple[PackagedMedia, ...]
    stray_entries: tuple[str, ...]
    """Zip entries that no media name stands for."""

    @property
    def missing_media(self) -> tuple[str, ...]:
        """Files that a note or a template refers to and that are not in the package, sorted."""
        return tuple(sorted(self._referenced() - {_composed(file.name) for file in self.media}))

    @property
    def unused_media(self) -> tuple[str, ...]:
        """Files in the package that nothing refers to, sorted."""
        referenced = self._referenced()
        names = {file.name for file in self.media if not _KEPT_WITHOUT_REFERENCE.match(file.name)}
        return tuple(sorted(name for name in names if _composed(name) not in referenced))

    def _referenced(self) -> set[str]:
        owners: tuple[PackagedNote | PackagedNoteType, ...] = (*self.notes, *self.note_types)
        return {_composed(name) for owner in owners for name in owner.media}


def _composed(name: str) -> str:
    """Anki compares file names in Unicode's composed form."""
    return unicodedata.normalize("NFC", name)
