"""Learners of the release 0.1.0, as its record tells what they have, import what this repository ships now."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from anki_collection import import_package, new_collection, rendered_cards
from msgspec.structs import replace
from projects import REPOSITORY

from deckgen.apkg import write_package
from deckgen.build import Build, Options, make_decks
from deckgen.model import Note, StampedDeck
from deckgen.project.reading import read_project
from deckgen.releases.records import Record, parse_record

RECORD = "releases/0.1.0.jsonl"


@pytest.fixture(scope="module")
def record() -> Record:
    return parse_record((REPOSITORY / RECORD).read_text("utf-8"), RECORD)


@pytest.fixture(scope="module")
def made() -> Build:
    project, findings = read_project(REPOSITORY)
    return make_decks(project, findings, Options(now=int(time.time())))


def as_recorded(record: Record, now: StampedDeck) -> StampedDeck:
    """A deck with the ids, names, times and texts that the record has; texts stand for the HTML of that time."""
    name = now.deck.edition.name
    edition = next(item for item in record.editions if item.name == name)
    note_type = now.deck.note_type
    assert (edition.note_type, edition.note_type_name) == (note_type.id, note_type.name)
    assert edition.fields == tuple(field.id for field in note_type.fields)
    assert edition.templates == tuple(template.id for template in note_type.templates)
    decks = {category.key: category.decks[name] for category in record.categories}
    subdecks = tuple(
        replace(subdeck, name=decks[subdeck.category]) for subdeck in now.deck.subdecks if subdeck.category in decks
    )
    notes, times = [], []
    for position, known in enumerate(record.notes, 1):
        copy = known.copies[name]
        fields = dict.fromkeys((field.name for field in note_type.fields), "") | {"Key": known.key}
        for language, text in known.texts.items():
            fields |= {f"Question {language}": text.question, f"Answer {language}": text.answer}
        notes.append(
            Note(
                key=known.key,
                guid=copy.guid,
                category=known.category,
                fields=tuple(fields[field.name] for field in note_type.fields),
                tags=(),
                media=(),
                position=position,
                content_hash=copy.hash,
                input_hash="",
                states=(),
            )
        )
        times.append(copy.time)
    deck = replace(now.deck, name=edition.deck, subdecks=subdecks, notes=tuple(notes), media=())
    return replace(now, deck=deck, note_times=tuple(times), note_type_time=record.time, created=record.time)


@pytest.mark.parametrize("edition", ["zh-en", "zh-ja"])
def test_schedules_survive_from_the_first_release_to_now(
    record: Record, made: Build, edition: str, tmp_path: Path
) -> None:
    now = next(stamped for stamped in made.decks if stamped.deck.edition.name == edition)
    write_package(as_recorded(record, now), tmp_path / "old.apkg")
    write_package(now, tmp_path / "new.apkg")
    with new_collection() as collection:
        assert import_package(collection, tmp_path / "old.apkg").new == len(record.notes)
        for number, card_id in enumerate(collection.find_cards("")):
            card = collection.get_card(card_id)
            card.type = card.queue = 2
            card.ivl, card.due, card.factor, card.reps = 10 + number, 100 + number, 2400, 5
            collection.update_card(card)
        collection.tags.bulk_add(collection.find_notes(""), "mine")
        collection.db.execute("UPDATE notes SET mod = ?", record.time + 60)  # long before what is shipped now
        schedules = "SELECT guid, cards.id, type, queue, due, ivl, factor, reps FROM notes JOIN cards ON nid = notes.id"
        before = {guid: rest for guid, *rest in collection.db.all(schedules)}
        schema = collection.db.scalar("SELECT scm FROM col")

        counts = import_package(collection, tmp_path / "new.apkg")
        kept = {note.guid for note in now.deck.notes} & before.keys()
        assert len(kept) == len(before)
        assert (counts.updated, counts.new) == (len(kept), len(now.deck.notes) - len(kept))
        assert not counts.conflicting
        assert not counts.other
        after = {guid: rest for guid, *rest in collection.db.all(schedules)}
        assert {guid: after[guid] for guid in kept} == {guid: before[guid] for guid in kept}
        assert not collection.find_notes("tag:mine")  # Anki gives an updated note the tags of the package
        assert collection.db.scalar("SELECT scm FROM col") == schema
        assert len([model for model in collection.models.all_names_and_ids() if "deckgen" in model.name]) == 1
        assert all("dg-card" in front for front, _ in rendered_cards(collection).values())
        assert not collection.media.check().missing
