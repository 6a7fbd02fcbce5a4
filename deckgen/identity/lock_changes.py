"""What a build does to the lock, in words, for a person to read before committing it; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from deckgen.identity.lock import EditionRecord, Lock
from deckgen.identity.matching import ChangeKind, Changes
from deckgen.identity.naming import renamed_decks


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
    for category in after.categories:
        if category.key not in titles:
            yield f"new category: {category.key} “{category.title}”"
        elif titles[category.key] != category.title:
            yield f"renamed category: {category.key}, “{titles[category.key]}” is now “{category.title}”"


def _editions(before: Lock, after: Lock) -> Iterator[str]:
    known = {edition.name: edition for edition in before.editions}
    stamps = {note.key: note.stamps for note in before.notes}
    for edition in after.editions:
        if edition.name not in known:
            yield f"new edition: {edition.name}" + (f", which was {edition.root}" if edition.root else "")
            continue
        yield from (f"edition {edition.name}: the deck {line}" for line in renamed_decks(before, after, edition.name))
        if _style(edition) != _style(known[edition.name]):
            yield f"edition {edition.name}: the templates or the style of its cards"
        keys = [
            note.key
            for note in after.notes
            if edition.name in (old := stamps.get(note.key, {})) and old[edition.name] != note.stamps[edition.name]
        ]
        if keys:
            yield f"edition {edition.name}: the content of {len(keys)} notes: {', '.join(keys)}"


def _style(edition: EditionRecord) -> str:
    return edition.note_type.stamp.hash if edition.note_type else ""
