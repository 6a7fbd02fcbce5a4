from __future__ import annotations

import hashlib
import itertools
import json
import os
import sqlite3
import struct
import subprocess
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from anki_collection import (
    ImportCounts,
    deck_names,
    fields_by_guid,
    import_package,
    media_files,
    new_collection,
    rendered_cards,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from synthetic_deck import CREATED, FIELD_NAMES, synthetic_deck, with_fields, write_all_packages

from deckgen.apkg import write_package
from deckgen.diagnostics import DeckgenError
from deckgen.model import Guid, StampedDeck

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> StampedDeck:
    return synthetic_deck(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="module")
def packages(stamped: StampedDeck, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_all_packages(stamped, tmp_path_factory.mktemp("packages"))


# --- a fresh import ---------------------------------------------------------------------------------------------------


def test_anki_adds_every_note_and_finds_nothing_to_object_to(packages: list[Path]) -> None:
    with new_collection() as collection:
        assert import_package(collection, packages[0]) == ImportCounts(new=12, found=12)
        _, is_sound = collection.fix_integrity()
        assert is_sound
        assert collection.card_count() == 12


def test_every_field_and_tag_arrives_as_it_was(stamped: StampedDeck, packages: list[Path]) -> None:
    with new_collection() as collection:
        import_package(collection, packages[0])
        assert fields_by_guid(collection) == {note.guid: note.fields for note in stamped.deck.notes}
        for note in stamped.deck.notes:
            (note_id,) = collection.find_notes(f"Key:{note.key}")
            assert sorted(collection.get_note(note_id).tags) == sorted(note.tags)


def test_every_picture_arrives_and_none_is_missing_or_unused(stamped: StampedDeck, packages: list[Path]) -> None:
    with new_collection() as collection:
        import_package(collection, packages[0])
        assert media_files(collection) == {file.name for file in stamped.deck.media}
        for file in stamped.deck.media:
            assert Path(collection.media.dir(), file.name).read_bytes() == file.path.read_bytes()
        check = collection.media.check()
        assert (list(check.missing), list(check.unused)) == ([], [])


def test_each_card_shows_its_question_in_front_and_its_answer_behind(
    stamped: StampedDeck, packages: list[Path]
) -> None:
    with new_collection() as collection:
        import_package(collection, packages[0])
        cards = rendered_cards(collection)
        assert len(cards) == 12
        for note in stamped.deck.notes:
            fields = dict(zip(FIELD_NAMES, note.fields, strict=True))
            front, back = cards[note.guid]
            assert fields["Question zh"] in front
            assert fields["Answer zh"] not in front
            assert fields["Answer zh"] in back


def test_decks_form_one_tree_and_each_card_lies_in_its_category(stamped: StampedDeck, packages: list[Path]) -> None:
    deck = stamped.deck
    with new_collection() as collection:
        import_package(collection, packages[0])
        assert deck_names(collection) == {deck.name, *(subdeck.name for subdeck in deck.subdecks)}
        for expected in (deck, *deck.subdecks):
            assert collection.decks.by_name(expected.name)["desc"] == expected.description
        for subdeck in deck.subdecks:
            found = {collection.get_note(note)["Key"] for note in collection.find_notes(f'"deck:{subdeck.name}"')}
            assert found == {note.key for note in deck.notes if note.category == subdeck.category}


def test_new_cards_come_in_the_order_of_the_document(stamped: StampedDeck, packages: list[Path]) -> None:
    with new_collection() as collection:
        import_package(collection, packages[0])
        assert _dues(collection) == {note.guid: note.position for note in stamped.deck.notes}


def test_a_category_package_brings_its_own_deck_notes_and_pictures_only(
    stamped: StampedDeck, packages: list[Path]
) -> None:
    subdeck = stamped.deck.subdecks[0]
    notes = [note for note in stamped.deck.notes if note.category == subdeck.category]
    with new_collection() as collection:
        assert import_package(collection, packages[1]).new == len(notes) == 4
        assert deck_names(collection) == {stamped.deck.name, subdeck.name}
        assert media_files(collection) == {name for note in notes for name in note.media}
        assert _dues(collection) == {note.guid: note.position for note in notes}


def test_all_packages_in_every_order_give_the_same_notes(stamped: StampedDeck, packages: list[Path]) -> None:
    for order in itertools.permutations(packages):
        with new_collection() as collection:
            counts = [import_package(collection, package) for package in order]
            assert sum(count.new for count in counts) == 12
            assert not any(count.conflicting or count.updated for count in counts)
            assert fields_by_guid(collection) == {note.guid: note.fields for note in stamped.deck.notes}
            assert _dues(collection) == {note.guid: note.position for note in stamped.deck.notes}
            assert collection.models.by_name(stamped.deck.note_type.name + "+") is None


def test_two_editions_of_one_build_share_a_collection(
    stamped: StampedDeck, packages: list[Path], tmp_path: Path
) -> None:
    """Both have the same note and card ids, since both were created at one time; Anki gives the second new ones."""
    deck = stamped.deck
    other = replace(
        deck,
        id=deck.id + 50,
        name="Other",
        note_type=replace(deck.note_type, id=deck.note_type.id + 1, name="other"),
        notes=tuple(replace(note, guid=Guid(note.guid + "x")) for note in deck.notes),
        subdecks=tuple(replace(sub, id=sub.id + 50, name=f"Other::{sub.slug}") for sub in deck.subdecks),
    )
    write_package(replace(stamped, deck=other), tmp_path / "other.apkg")
    with new_collection() as collection:
        import_package(collection, packages[0])
        assert import_package(collection, tmp_path / "other.apkg") == ImportCounts(new=12, found=12)
        assert collection.card_count() == 24


def test_times_after_today_still_import(stamped: StampedDeck, tmp_path: Path) -> None:
    later = 4_102_444_800
    future = replace(stamped, created=later, note_type_time=later, note_times=(later,) * 12)
    write_package(future, tmp_path / "future.apkg")
    with new_collection() as collection:
        assert import_package(collection, tmp_path / "future.apkg").new == 12
        assert sorted(_dues(collection).values()) == [note.position for note in stamped.deck.notes]


# --- an update --------------------------------------------------------------------------------------------------------


def test_importing_again_changes_nothing(packages: list[Path]) -> None:
    with new_collection() as collection:
        import_package(collection, packages[0])
        assert import_package(collection, packages[0]) == ImportCounts(duplicate=12, found=12)


def test_a_newer_note_is_updated_alone_and_keeps_its_schedule(
    stamped: StampedDeck, packages: list[Path], tmp_path: Path
) -> None:
    newer = with_fields(stamped, 5, time=CREATED + 5000, Answer_en="<p>Better.</p>")
    write_package(newer, tmp_path / "newer.apkg")
    with new_collection() as collection:
        import_package(collection, packages[0])
        (card_id,) = collection.find_cards("Key:k05")
        collection.sched.set_due_date([card_id], "30!")
        before = collection.db.first("SELECT due, ivl, factor, type, queue FROM cards WHERE id=?", card_id)
        assert before[1] == 30
        assert import_package(collection, tmp_path / "newer.apkg") == ImportCounts(updated=1, duplicate=11, found=12)
        assert fields_by_guid(collection) == {note.guid: note.fields for note in newer.deck.notes}
        assert collection.db.first("SELECT due, ivl, factor, type, queue FROM cards WHERE id=?", card_id) == before


def test_an_unchanged_note_keeps_the_words_and_tags_of_the_learner(
    stamped: StampedDeck, packages: list[Path], tmp_path: Path
) -> None:
    newer = with_fields(stamped, 5, time=CREATED + 5000, Answer_en="<p>Better.</p>")
    write_package(newer, tmp_path / "newer.apkg")
    with new_collection() as collection:
        import_package(collection, packages[0])
        note = collection.get_note(collection.find_notes("Key:k06")[0])
        note["Note zh"] = "mine"
        note.tags.append("mine")
        collection.update_note(note)
        import_package(collection, tmp_path / "newer.apkg")
        note.load()
        assert note["Note zh"] == "mine"
        assert "mine" in note.tags


def test_a_newer_design_replaces_templates_and_styles_and_touches_no_note(
    stamped: StampedDeck, packages: list[Path], tmp_path: Path
) -> None:
    note_type = stamped.deck.note_type
    template = replace(note_type.templates[0], front="<b>{{Question zh}}</b>")
    redesigned = replace(note_type, css=".card { color: red; }", templates=(template,))
    newer = replace(stamped, deck=replace(stamped.deck, note_type=redesigned), note_type_time=CREATED + 5000)
    write_package(newer, tmp_path / "newer.apkg")
    with new_collection() as collection:
        import_package(collection, packages[0])
        before = collection.db.all("SELECT id, mod, flds, tags FROM notes")
        assert import_package(collection, tmp_path / "newer.apkg") == ImportCounts(duplicate=12, found=12)
        model = collection.models.get(note_type.id)
        assert (model["css"], model["tmpls"][0]["qfmt"]) == (redesigned.css, template.front)
        assert collection.db.all("SELECT id, mod, flds, tags FROM notes") == before


def test_a_renamed_spare_field_is_still_the_same_note_type(
    stamped: StampedDeck, packages: list[Path], tmp_path: Path
) -> None:
    fields = stamped.deck.note_type.fields
    renamed = replace(stamped.deck.note_type, fields=(*fields[:-1], replace(fields[-1], name="Figure")))
    newer = replace(stamped, deck=replace(stamped.deck, note_type=renamed), note_type_time=CREATED + 5000)
    write_package(newer, tmp_path / "newer.apkg")
    with new_collection() as collection:
        import_package(collection, packages[0])
        assert import_package(collection, tmp_path / "newer.apkg").conflicting == 0
        assert collection.models.field_names(collection.models.get(renamed.id))[-1] == "Figure"


# --- any text ---------------------------------------------------------------------------------------------------------

DROPPED_BY_ANKI = dict.fromkeys(set(range(0x20)) - {ord("\t"), ord("\n")} | {0x7F})
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x1f"), max_size=60)


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(ANY_TEXT, min_size=12, max_size=12))
def test_any_text_comes_through_the_import_as_its_composed_form(
    stamped: StampedDeck, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """Anki composes what it imports (NFC) and drops ASCII control characters; nothing else is lost or changed."""
    deck = stamped
    for position, text in enumerate(texts, 1):
        deck = with_fields(deck, position, time=CREATED, Answer_zh=text)
    path = tmp_path_factory.mktemp("any") / "any.apkg"
    write_package(deck, path)
    with new_collection() as collection:
        assert import_package(collection, path).new == 12
        answers = {guid: fields[2] for guid, fields in fields_by_guid(collection).items()}
        expected = {
            note.guid: unicodedata.normalize("NFC", text.translate(DROPPED_BY_ANKI))
            for note, text in zip(deck.deck.notes, texts, strict=True)
        }
        assert answers == expected


# --- the file ---------------------------------------------------------------------------------------------------------


def test_ids_and_times_are_those_of_the_deck_in_every_package(stamped: StampedDeck, packages: list[Path]) -> None:
    times = {note.guid: time for note, time in zip(stamped.deck.notes, stamped.note_times, strict=True)}
    seen: dict[str, tuple[int, int]] = {}
    for package in packages:
        for note_id, card_id, guid, note_time, card_time in _rows(
            package, "SELECT notes.id, cards.id, guid, notes.mod, cards.mod FROM notes JOIN cards ON nid = notes.id"
        ):
            assert note_time == card_time == times[guid]
            assert seen.setdefault(guid, (note_id, card_id)) == (note_id, card_id)
    assert len(set(seen.values())) == 12
    assert _rows(packages[0], "SELECT crt, mod, scm FROM col") == [(CREATED, CREATED * 1000, CREATED * 1000)]


def test_the_question_alone_is_required_whatever_the_template_says(packages: list[Path]) -> None:
    ((models,),) = _rows(packages[0], "SELECT models FROM col")
    (model,) = json.loads(models).values()
    assert model["req"] == [[0, "any", [FIELD_NAMES.index("Question zh")]]]


@pytest.mark.parametrize("note_count", [1, 12, 1500])
def test_the_database_is_sound(tmp_path: Path, note_count: int) -> None:
    write_package(synthetic_deck(tmp_path, note_count=note_count), tmp_path / "deck.apkg")
    assert _rows(tmp_path / "deck.apkg", "PRAGMA integrity_check") == [("ok",)]
    assert _rows(tmp_path / "deck.apkg", "SELECT count(*), count(DISTINCT id) FROM notes") == [(note_count,) * 2]


def test_two_packages_are_equal_whatever_surrounds_the_build(packages: list[Path], tmp_path: Path) -> None:
    surroundings = [
        {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "4242", "PYTHONUTF8": "1"},
    ]
    for number, variables in enumerate(surroundings):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        start = f"import os, runpy; os.umask({number * 0o077}); "
        run = f"runpy.run_path({str(TESTS / 'synthetic_deck.py')!r}, run_name='__main__')"
        subprocess.run(
            [sys.executable, "-c", start + run, str(folder), "12"],
            env=os.environ | {"PYTHONPATH": str(TESTS.parent)} | variables,
            cwd=folder,
            check=True,
        )
        assert [_digest(folder / package.name) for package in packages] == [_digest(package) for package in packages]


def test_the_archive_tells_nothing_of_its_maker(packages: list[Path]) -> None:
    with zipfile.ZipFile(packages[0]) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == ["collection.anki2", "media", "0", "1", "2"]
    for entry in entries:
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert (entry.create_system, entry.external_attr) == (3, 0o644 << 16)


def test_text_is_deflated_and_pictures_are_stored(packages: list[Path]) -> None:
    with zipfile.ZipFile(packages[0]) as archive:
        assert archive.testzip() is None
        packed = [entry.filename for entry in archive.infolist() if entry.compress_type == zipfile.ZIP_DEFLATED]
        assert packed == ["collection.anki2", "media"]
        database = archive.getinfo("collection.anki2")
        assert database.compress_size < database.file_size / 5
        data = archive.read("collection.anki2")
    # The local header, which some unpackers read, says the same as the directory.
    method, _, _, *sums = struct.unpack_from("<3H3L", packages[0].read_bytes(), 8)
    assert (method, *sums) == (zipfile.ZIP_DEFLATED, zlib.crc32(data), database.compress_size, len(data))


def test_a_package_can_be_read_by_whom_the_umask_allows(stamped: StampedDeck, tmp_path: Path) -> None:
    path = tmp_path / "new.apkg"
    (tmp_path / "plain").touch()
    write_package(stamped, path)
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_nothing_is_left_behind_when_a_picture_is_gone(
    stamped: StampedDeck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = tmp_path / "out" / "deck.apkg"
    path.parent.mkdir()
    gone = tuple(replace(file, path=tmp_path / "gone.png") for file in stamped.deck.media)
    with pytest.raises(DeckgenError, match=r"deck\.apkg.*gone\.png"):
        write_package(replace(stamped, deck=replace(stamped.deck, media=gone)), path)
    assert list(path.parent.iterdir()) == []
    assert list((tmp_path / "temporary").iterdir()) == []


BREAKING: dict[str, Callable[[StampedDeck], StampedDeck]] = {
    "two notes have the GUID": lambda s: _with_first_note(s, guid=s.deck.notes[1].guid),
    "two notes have the position 2": lambda s: _with_first_note(s, position=2),
    "the tag “a b”": lambda s: _with_first_note(s, tags=("a b",)),
    "the tag “a\u3000b”": lambda s: _with_first_note(s, tags=("a\u3000b",)),
    "shows nowhere.png": lambda s: _with_first_note(s, media=("nowhere.png",)),
    "11 fields for 12": lambda s: _with_first_note(s, fields=s.deck.notes[0].fields[:-1]),
    "control character": lambda s: with_fields(s, 1, time=CREATED, Answer_zh="a\x1fb"),
    "no question": lambda s: with_fields(s, 1, time=CREATED, Question_zh=""),
    "two decks have the id": lambda s: _with_first_subdeck(s, id=s.deck.id),
    "two decks have the name": lambda s: _with_first_subdeck(s, name=s.deck.name),
    "the id 1,": lambda s: _with_first_subdeck(s, id=1),
    "two media files": lambda s: replace(s, deck=replace(s.deck, media=s.deck.media * 2)),
}


@pytest.mark.parametrize("reason", BREAKING)
def test_what_anki_would_damage_is_refused(stamped: StampedDeck, tmp_path: Path, reason: str) -> None:
    with pytest.raises(DeckgenError, match=reason):
        write_package(BREAKING[reason](stamped), tmp_path / "broken.apkg")
    assert list(tmp_path.iterdir()) == []


def test_a_package_without_notes_is_refused(stamped: StampedDeck, tmp_path: Path) -> None:
    with pytest.raises(DeckgenError, match="no note"):
        write_package(replace(stamped, deck=replace(stamped.deck, notes=())), tmp_path / "empty.apkg")


def _with_first_note(stamped: StampedDeck, **changes: object) -> StampedDeck:
    first, *others = stamped.deck.notes
    return replace(stamped, deck=replace(stamped.deck, notes=(replace(first, **changes), *others)))


def _with_first_subdeck(stamped: StampedDeck, **changes: object) -> StampedDeck:
    first, *others = stamped.deck.subdecks
    return replace(stamped, deck=replace(stamped.deck, subdecks=(replace(first, **changes), *others)))


def _dues(collection) -> dict[str, int]:
    return dict(collection.db.all("SELECT guid, due FROM notes JOIN cards ON nid = notes.id"))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _rows(package: Path, query: str) -> list[tuple]:
    with zipfile.ZipFile(package) as archive, closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(archive.read("collection.anki2"))
        return connection.execute(query).fetchall()
