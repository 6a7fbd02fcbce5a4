"""What the lock knows, as values: notes, categories, editions, pending questions; their text is the lockfile's work."""

from __future__ import annotations

from dataclasses import dataclass

from deckgen.model import Guid, Key
from deckgen.text.similarity import Sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When something that learners get last changed.

    ``hash`` is what it is now and ``time`` since when, in seconds since the epoch; ``inputs`` is the hash of what it
    was made from. ``shipped_hash`` and ``shipped_time`` are those of the last release, empty and 0 before the first.
    """

    hash: str
    time: int
    inputs: str = ""
    shipped_hash: str = ""
    shipped_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRecord:
    """What is known of a note. ``title`` is folded; ``answer`` is a fingerprint.

    ``since`` is the version that first shipped the note, empty before. ``retired`` is None for a note whose question
    exists, else the first version without it, empty until that version is released.
    """

    key: Key
    guid: Guid
    chapter: str
    category: Key
    title: str
    answer: str
    sketch: Sketch
    since: str = ""
    retired: str | None = None
    stamps: tuple[tuple[str, Stamp], ...] = ()
    """By edition, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryNames:
    """What a category is called in one edition, frozen: its deck's full name, its tag and its slug for file names."""

    deck: str
    tag: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRecord:
    """A category under its folded title, and its names by edition, sorted."""

    key: Key
    title: str
    names: tuple[tuple[str, CategoryNames], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTypeRecord:
    """An edition's note type. ``fields`` and ``templates`` are names with ids, in the order of the schema."""

    id: int
    fields: tuple[tuple[str, int], ...]
    templates: tuple[tuple[str, int], ...]
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRecord:
    """An edition's frozen names, and its note type, which is None until the edition has been built."""

    name: str
    deck: str
    note_type_name: str
    note_type: NoteTypeRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRecord:
    """A question that may be one of ``candidates`` or a new one, which would be ``key``: a person decides."""

    key: Key
    chapter: str
    category: Key
    title: str
    answer: str
    sketch: Sketch
    candidates: tuple[Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The identity of everything that a project has ever shipped; each tuple is sorted by key or name."""

    project_id: str
    releases: tuple[str, ...] = ()
    """Versions, in the order of their release."""
    editions: tuple[EditionRecord, ...] = ()
    categories: tuple[CategoryRecord, ...] = ()
    notes: tuple[NoteRecord, ...] = ()
    pending: tuple[PendingRecord, ...] = ()

    @property
    def live(self) -> tuple[NoteRecord, ...]:
        return tuple(note for note in self.notes if note.retired is None)
