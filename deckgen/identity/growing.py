"""An edition that gains a language and keeps its notes: the lock under the new name; what its cards show is card's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.identity.lock import AnyRecord, CategoryRecord, EditionRecord, Lock, NoteRecord, revise
from deckgen.model import Edition, parse_edition

_ROOM = 1
"""Languages that the spare fields of a note type can take."""
_V = TypeVar("_V")
_R = TypeVar("_R", bound=AnyRecord)


def grow_editions(lock: Lock, wanted: tuple[Edition, ...]) -> tuple[Lock, tuple[Diagnostic, ...]]:
    """The lock in which editions that learners have go on as ``wanted`` ones, and a ``grown-edition`` for each.

    An edition that is wanted no more becomes one that begins with its languages and has one more, for which its note
    type has spare fields; so learners keep notes and schedules. It can become again what it was. Whatever else is
    wanted is a new edition.
    """
    findings = []
    for edition in wanted:
        found = _heir(lock, edition, {item.name for item in wanted})
        if found is None:
            continue
        findings.append(
            diagnostic(
                "grown-edition",
                f"edition {found.name} is {edition.name} from now on: learners keep its notes, decks and schedules",
                hint=f"say in the release that the fields Spare 1 to Spare 4 now hold the new language; to keep "
                f"{found.name} beside it, leave {found.name} in deck.editions",
            )
        )
        lock = revise(
            lock,
            editions=tuple(sorted((renamed(item, found.name, edition.name) for item in lock.editions), key=_name)),
            categories=tuple(renamed(item, found.name, edition.name) for item in lock.categories),
            notes=tuple(renamed(item, found.name, edition.name) for item in lock.notes),
        )
    return lock, tuple(findings)


def renamed(record: _R, old: str, new: str) -> _R:
    """A record of the lock in which the edition ``old`` is called ``new``; its root stays what it was."""
    match record:
        case EditionRecord():
            root = record.root or record.name
            return revise(record, name=new, root="" if root == new else root) if record.name == old else record
        case CategoryRecord():
            return revise(record, names=_moved(record.names, old, new)) if old in record.names else record
        case NoteRecord():
            return revise(record, stamps=_moved(record.stamps, old, new)) if old in record.stamps else record
    return record


def _moved(values: Mapping[str, _V], old: str, new: str) -> Mapping[str, _V]:
    return dict(sorted((new if name == old else name, value) for name, value in values.items()))


def _name(record: EditionRecord) -> str:
    return record.name


def _heir(lock: Lock, edition: Edition, wanted: set[str]) -> EditionRecord | None:
    """The released edition that goes on as this one; the longest of several."""
    if any(record.name == edition.name for record in lock.editions):
        return None
    fit = [record for record in lock.editions if record.name not in wanted and record.released]
    return max(
        (record for record in fit if _can_become(record, edition)), key=lambda item: len(item.name), default=None
    )


def _can_become(record: EditionRecord, edition: Edition) -> bool:
    now, root = parse_edition(record.name).languages, parse_edition(record.root or record.name).languages
    grows = edition.languages[: len(now)] == now and len(edition.languages) <= len(root) + _ROOM
    return grows or edition.languages == root
