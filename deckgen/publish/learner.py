"""What a learner's running Anki holds of a deck: notes by key, their decks, the note types; reads, changes nothing."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from deckgen.model import NoteType
from deckgen.publish.ankiconnect import AnkiConnect

_BATCH_NOTES = 500


class LearnerNote(Struct, frozen=True, kw_only=True):
    """A note of one of the deck's note types; ``decks`` has the deck of each of its cards, by the card's id."""

    id: int
    key: str
    fields: Mapping[str, str]
    tags: tuple[str, ...]
    decks: Mapping[int, str]


class LearnerNoteType(Struct, frozen=True, kw_only=True):
    """A note type that notes of the deck have there; ``matches`` says that its fields are still those of the deck."""

    name: str
    matches: bool
    same_design: bool


class Learner(Struct, frozen=True, kw_only=True):
    """Everything of the deck that the collection has; ``foreign`` counts other notes in the deck's own decks."""

    note_types: tuple[LearnerNoteType, ...] = ()
    notes: tuple[LearnerNote, ...] = ()
    foreign: int = 0


def read_learner(anki: AnkiConnect, note_type: NoteType, deck: str) -> Learner:
    """The notes of ``note_type`` and of the copies that Anki makes of it, wherever they are.

    ``deck`` is the deck's full name, in which foreign notes are counted. DeckgenError as AnkiConnect raises it.
    """
    types = tuple(_note_types(anki, note_type))
    ids = [number for known in types for number in anki.call("findNotes", query=_search("note", known.name))]
    batches = (ids[start : start + _BATCH_NOTES] for start in range(0, len(ids), _BATCH_NOTES))
    infos = [info for batch in batches for info in anki.call("notesInfo", notes=batch)]
    infos = [info for info in infos if "Key" in info.fields]  # some may be gone meanwhile
    cards = [card for info in infos for card in info.cards]
    decks = {card: name for name, found in anki.call("getDecks", cards=cards).items() for card in found}
    inside = anki.call("findNotes", query=_search("deck", deck)) if deck in anki.call("deckNames") else []
    notes = (
        LearnerNote(
            id=info.id,
            key=info.fields["Key"].value,
            fields={name: field.value for name, field in info.fields.items()},
            tags=info.tags,
            decks={card: decks[card] for card in info.cards if card in decks},
        )
        for info in infos
    )
    return Learner(note_types=types, notes=tuple(notes), foreign=len(set(inside) - set(ids)))


def _note_types(anki: AnkiConnect, wanted: NoteType) -> Iterator[LearnerNoteType]:
    """By its id, whatever it is called, and by name with ``+``, as Anki calls the copy beside one that was changed."""
    templates = {template.name: {"Front": template.front, "Back": template.back} for template in wanted.templates}
    for name, number in sorted(anki.call("modelNamesAndIds").items()):
        if number != wanted.id and not re.fullmatch(re.escape(wanted.name) + r"\++", name):
            continue
        fields = anki.call("modelFieldNames", modelName=name)
        css = anki.call("modelStyling", modelName=name).get("css")
        yield LearnerNoteType(
            name=name,
            matches=number == wanted.id and fields == [field.name for field in wanted.fields],
            same_design=css == wanted.css and anki.call("modelTemplates", modelName=name) == templates,
        )


def _search(what: str, name: str) -> str:
    r"""A search for exactly this name: Anki gives ``* _ \ "`` a meaning."""
    escaped = re.sub(r'([*_\\"])', r"\\\1", name)
    return f'"{what}:{escaped}"'
