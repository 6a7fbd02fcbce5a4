"""Keeps of the decks what a build was asked for: the notes of some chapters or categories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace

from deckgen.diagnostics import DeckgenError
from deckgen.model import Key, KeyedCategory, KeyedCorpus, MediaFile, Note, StampedDeck


def select(
    decks: tuple[StampedDeck, ...], keyed: KeyedCorpus, *, chapters: tuple[str, ...], categories: tuple[str, ...]
) -> tuple[StampedDeck, ...]:
    """The decks with the notes of these chapters' paths and of the categories whose title or key contains or is one
    of the texts; where both are empty, all. DeckgenError if no category is called so.
    """
    wanted = frozenset(
        item.key
        for item in keyed.questions
        if (not chapters or item.chapter.path in chapters)
        and (not categories or any(_is_called(item.category, text) for text in categories))
    )
    chosen = tuple(_chosen(stamped, wanted) for stamped in decks)
    if categories and not any(stamped.deck.notes for stamped in chosen):
        titles = ", ".join(category.title for category in keyed.categories)
        raise DeckgenError(f"no category is called “{'”, “'.join(categories)}”", hint=f"there are: {titles}")
    return chosen


def _is_called(category: KeyedCategory, text: str) -> bool:
    return text.casefold() in category.title.casefold() or text == category.key


def _chosen(stamped: StampedDeck, wanted: Container[Key]) -> StampedDeck:
    timed = zip(stamped.deck.notes, stamped.note_times, strict=True)
    kept = [(note, time) for note, time in timed if note.key in wanted]
    if len(kept) == len(stamped.deck.notes):
        return stamped
    media = {file.name: file for file in stamped.deck.media}
    return _with_notes(stamped, kept, {note.category for note, _ in kept}, media)


def split(stamped: StampedDeck, parts: Sequence[frozenset[Key]]) -> Iterator[StampedDeck]:
    """The deck of each of these sets of categories, no category in two: notes in their order, sub-decks and media."""
    place = {category: number for number, part in enumerate(parts) for category in part}
    notes: dict[int, list[tuple[Note, int]]] = defaultdict(list)
    for note, time in zip(stamped.deck.notes, stamped.note_times, strict=True):
        if note.category in place:
            notes[place[note.category]].append((note, time))
    media = {file.name: file for file in stamped.deck.media}
    for number, part in enumerate(parts):
        yield _with_notes(stamped, notes[number], part, media)


def _with_notes(
    stamped: StampedDeck, kept: Sequence[tuple[Note, int]], categories: Container[Key], media: Mapping[str, MediaFile]
) -> StampedDeck:
    """The deck with these notes and their times, the sub-decks of these categories, and the media that are needed."""
    deck = replace(
        stamped.deck,
        notes=tuple(note for note, _ in kept),
        subdecks=tuple(subdeck for subdeck in stamped.deck.subdecks if subdeck.category in categories),
        media=tuple(media[name] for name in sorted({name for note, _ in kept for name in note.media})),
    )
    return replace(stamped, deck=deck, note_times=tuple(time for _, time in kept))
