"""What a build does to the notes of the lock, for a person to read before committing it; changes nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from deckgen.identity.editions import renamed_decks
from deckgen.identity.lock import Lock, NoteRecord, wording
from deckgen.model import Key, Location, Question
from deckgen.text.sizes import counted


class ChangeKind(StrEnum):
    NEW = "new"
    REWORDED = "reworded"
    MOVED = "moved"
    RETIRED = "retired"
    REVIVED = "revived"
    PENDING = "pending"


class LockChange(Struct, frozen=True, kw_only=True):
    """What a build does to one note of the lock. ``location`` is the question's, None for one that is gone."""

    kind: ChangeKind
    key: Key
    title: str
    location: Location | None = None


class Changes(Struct, frozen=True, kw_only=True):
    """All that a build does to the notes of the lock, in the order of the questions; those that are gone last."""

    items: tuple[LockChange, ...] = ()
    replaced: tuple[tuple[LockChange, LockChange], ...] = ()
    """New questions that stand where another one vanished, and that one: a person sees whether they are the same."""

    def summary(self) -> str:
        """``2 new, 1 reworded``; ``nothing`` where no note changes."""
        counts = Counter(change.kind for change in self.items)
        return ", ".join(f"{counts[kind]} {kind}" for kind in ChangeKind if counts[kind]) or "nothing"


def find_changes(
    before: Lock,
    after: Lock,
    *,
    settled: Iterable[tuple[Key, Question]],
    pending: Iterable[tuple[Key, Question]],
    vacant: Mapping[Key, tuple[Key, ...]],
) -> Changes:
    """What became of the notes between two locks.

    ``settled`` and ``pending`` are the questions with their keys, ``vacant`` has by the keys of questions without a
    note those of the vanished notes that stood there.
    """
    old = {note.key: note for note in before.notes}
    new = {note.key: note for note in after.notes}
    told = [(kind, key, question) for key, question in settled for kind in _kinds(old.get(key), new[key])]
    told += [(ChangeKind.PENDING, key, question) for key, question in pending]
    items = [LockChange(kind=kind, key=key, title=asked.title, location=asked.location) for kind, key, asked in told]
    lost = (note for note in before.live if new[note.key].retired is not None)
    items += [LockChange(kind=ChangeKind.RETIRED, key=note.key, title=note.title) for note in lost]
    fresh = {item.key: item for item in items if item.kind is ChangeKind.NEW}
    gone = {item.key: item for item in items if item.kind is ChangeKind.RETIRED}
    pairs = ((key, other) for key, others in vacant.items() for other in others if key in fresh and other in gone)
    return Changes(items=tuple(items), replaced=tuple((fresh[key], gone[other]) for key, other in pairs))


def _kinds(old: NoteRecord | None, new: NoteRecord) -> Iterable[ChangeKind]:
    if old is None:
        yield ChangeKind.NEW
        return
    if old.retired is not None:
        yield ChangeKind.REVIVED
    if wording(old) != wording(new):
        yield ChangeKind.REWORDED
    if (old.chapter, old.category) != (new.chapter, new.category):
        yield ChangeKind.MOVED


def describe_changes(before: Lock | None, after: Lock, changes: Changes) -> tuple[str, ...]:
    """A line for everything that differs; none where the lock stays as it is.

    ``changes`` are those that matching found between the two.
    """
    if before == after:
        return ()
    old = before or Lock(project_id=after.project_id)
    waiting = {record.key for record in old.pending}
    lines = [
        f"{change.kind}: {change.key} “{change.title}”"
        for change in changes.items
        if change.kind is not ChangeKind.PENDING or change.key not in waiting
    ]
    if old.project_id != after.project_id:
        lines.append(f"the project's id: “{old.project_id}” is now “{after.project_id}”")
    lines += _categories(old, after)
    lines += _editions(old, after)
    return tuple(lines) or ("the order or the writing of its lines",)


def _categories(before: Lock, after: Lock) -> Iterator[str]:
    titles = {category.key: category.title for category in before.categories}
    decks = {category.key: {names.deck for names in category.names.values()} for category in before.categories}
    for category in after.categories:
        if category.key not in titles:
            yield f"new category: {category.key} “{category.title}”"
        elif titles[category.key] != category.title:
            stay = sorted({names.deck for names in category.names.values()} & decks.get(category.key, set()))
            kept = f"; its deck stays {', '.join(f'“{deck}”' for deck in stay)}" if stay else ""
            yield f"renamed category: {category.key}, “{titles[category.key]}” is now “{category.title}”{kept}"


def _editions(before: Lock, after: Lock) -> Iterator[str]:
    known = {edition.name: edition for edition in before.editions}
    stamps = {note.key: note.stamps for note in before.notes}
    for edition in after.editions:
        if edition.name not in known:
            yield f"new edition: {edition.name}" + (f", which was {edition.root}" if edition.root else "")
            continue
        yield from (f"edition {edition.name}: the deck {line}" for line in renamed_decks(before, after, edition.name))
        now, before_it = edition.note_type, known[edition.name].note_type
        if (now and now.hash) != (before_it and before_it.hash):
            yield f"edition {edition.name}: the templates or the style of its cards"
        changed = {
            note.key: old[edition.name].hash != note.stamps[edition.name].hash
            for note in after.notes
            if edition.name in (old := stamps.get(note.key, {})) and old[edition.name] != note.stamps[edition.name]
        }
        if keys := [key for key, shows in changed.items() if shows]:
            yield f"edition {edition.name}: the content of {counted(len(keys), 'note')}: {', '.join(keys)}"
        if same := len(changed) - len(keys):
            yield f"edition {edition.name}: what is remembered of {counted(same, 'note')}, whose cards stay as they are"
