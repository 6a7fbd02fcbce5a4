from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
import warnings
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from anki.collection import Collection, ExportAnkiPackageOptions
from anki_collection import import_package, new_collection
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_deck import synthetic_deck, with_fields

from deckgen.apkg import write_package
from deckgen.apkg.contents import Layout, PackageContents
from deckgen.apkg.database import media_references
from deckgen.apkg.protobuf import message_fields
from deckgen.apkg.reader import read_package
from deckgen.diagnostics import DeckgenError
from deckgen.model import StampedDeck


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> StampedDeck:
    return synthetic_deck(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="module")
def package(stamped: StampedDeck, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "deck.apkg"
    write_package(stamped, path)
    return path


# --- what is read -----------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_back(stamped: StampedDeck, package: Path) -> None:
    contents = read_package(package)
    deck = stamped.deck
    assert contents.layout is Layout.LEGACY
    assert contents.size_bytes == package.stat().st_size
    ((read_type,), note_type) = contents.note_types, deck.note_type
    assert (read_type.note_type, read_type.time) == (note_type, stamped.note_type_time)
    decks = {(found.id, found.name, found.description, found.cards) for found in contents.decks if found.id != 1}
    assert decks == {
        (deck.id, deck.name, deck.description, 0),
        *((subdeck.id, subdeck.name, subdeck.description, 4) for subdeck in deck.subdecks),
    }
    names = {subdeck.category: subdeck.name for subdeck in deck.subdecks}
    assert [
        (note.guid, note.fields, note.tags, note.media, note.due, note.deck, note.time, note.cards)
        for note in contents.notes
    ] == [
        (note.guid, note.fields, note.tags, note.media, note.position, names[note.category], time, 1)
        for note, time in zip(deck.notes, stamped.note_times, strict=True)
    ]
    assert {(file.name, file.size_bytes, file.sha256) for file in contents.media} == {
        (file.name, file.size_bytes, hashlib.sha256(file.path.read_bytes()).hexdigest()) for file in deck.media
    }
    assert (contents.missing_media, contents.unused_media, contents.stray_entries) == ((), (), ())
    assert contents.reviewed_cards == 0


@pytest.mark.parametrize("is_legacy", [True, False])
def test_a_package_that_anki_itself_exported_reads_the_same(
    package: Path, stamped: StampedDeck, tmp_path: Path, is_legacy: bool
) -> None:
    if not is_legacy:
        pytest.importorskip("zstandard", reason="Anki's newest layout cannot be read without zstandard")
    with new_collection() as collection:
        import_package(collection, package)
        exported = _export(collection, tmp_path / "exported.apkg", is_legacy=is_legacy)
    ours = read_package(package)
    assert exported.layout is (Layout.LEGACY_2 if is_legacy else Layout.MODERN)
    assert exported.note_types[0].note_type == ours.note_types[0].note_type == stamped.deck.note_type
    assert [(note.guid, note.fields, note.tags, note.media, note.deck, note.due) for note in exported.notes] == [
        (note.guid, note.fields, note.tags, note.media, note.deck, note.due) for note in ours.notes
    ]
    assert set(exported.media) == set(ours.media)
    assert {(deck.name, deck.description, deck.cards) for deck in exported.decks} == {
        (deck.name, deck.description, deck.cards) for deck in ours.decks
    }


def test_cards_with_a_schedule_are_counted(package: Path, tmp_path: Path) -> None:
    with new_collection() as collection:
        import_package(collection, package)
        collection.sched.set_due_date(collection.find_cards("Key:k05 or Key:k06"), "30!")
        exported = _export(collection, tmp_path / "exported.apkg", is_legacy=True, with_scheduling=True)
    assert exported.reviewed_cards == 2


def test_missing_and_unused_media_are_named(stamped: StampedDeck, tmp_path: Path) -> None:
    used = stamped.deck.notes[0].media[0]
    changed = with_fields(stamped, 1, time=1, Answer_zh='<img alt="a > b" src="gone.png">[sound:gone.mp3]')
    for position in (4, 7, 10):
        changed = with_fields(changed, position, time=1, Answer_zh="")
    write_package(changed, tmp_path / "deck.apkg")
    contents = read_package(tmp_path / "deck.apkg")
    assert contents.missing_media == ("gone.mp3", "gone.png")
    assert contents.unused_media == (used,)


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("<img src=a.png><IMG SRC='b.png'>", ("a.png", "b.png")),
        ('<img alt="<img src=x.png>" src="a&amp;b.png">', ("a&b.png",)),
        ('<audio src="a.mp3"></audio><video controls src="b.mp4">', ("a.mp3", "b.mp4")),
        ('<object data="a.svg"><source src="b.ogg">', ("a.svg", "b.ogg")),
        ("[sound:a.mp3]", ("a.mp3",)),
        ("<img src='https://example.org/a.png'><img src='data:image/png;base64,AA=='><img src=//example.org/a>", ()),
        ('<a href="a.png"><img srcset="a.png"><img data-src="a.png">', ()),
        ("<img src='{{Picture}}'>", ()),
        ("a < b > c <img", ()),
    ],
)
def test_media_references_are_those_that_anki_finds(text: str, references: tuple[str, ...]) -> None:
    assert media_references(text) == references


@pytest.mark.parametrize(
    "text", ["<img " + "a" * 100_000, "<img " * 20_000, '<img "' * 20_000, "<img a" + " " * 100_000]
)
def test_broken_tags_are_read_in_time_in_proportion(text: str) -> None:
    started = time.process_time()
    assert media_references(text) == ()
    assert time.process_time() - started < 10


# --- what is refused --------------------------------------------------------------------------------------------------


def _export(collection: Collection, path: Path, *, is_legacy: bool, with_scheduling: bool = False) -> PackageContents:
    options = ExportAnkiPackageOptions(with_media=True, legacy=is_legacy, with_scheduling=with_scheduling)
    collection.export_anki_package(out_path=str(path), options=options, limit=None)
    return read_package(path)


def _rezip(
    package: Path, target: Path, changes: dict[str, bytes | None], compression: int = zipfile.ZIP_STORED
) -> Path:
    """The package with entries replaced, added, or (None) left out."""
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(target, "w", compression) as archive:
        entries: dict[str, bytes | None] = {name: source.read(name) for name in source.namelist()}
        for name, data in (entries | changes).items():
            if data is not None:
                archive.writestr(name, data)
    return target


def _with_database(package: Path, target: Path, script: str) -> Path:
    """The package with its database changed by an SQL script."""
    with zipfile.ZipFile(package) as archive, closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(archive.read("collection.anki2"))
        connection.executescript(script)
        return _rezip(package, target, {"collection.anki2": connection.serialize()})


def _refuses(path: Path, reason: str) -> None:
    with pytest.raises(DeckgenError, match=reason) as refusal:
        read_package(path)
    assert path.name in str(refusal.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    _refuses(tmp_path / "nowhere.apkg", "No such file")


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes in a folder")
def test_a_pipe_or_a_device_is_refused_unread(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.apkg")
    (tmp_path / "zero.apkg").symlink_to("/dev/zero")
    for name in ("pipe.apkg", "zero.apkg"):
        _refuses(tmp_path / name, "it is no regular file")


def test_something_else_than_a_zip_is_refused(tmp_path: Path) -> None:
    for number, data in enumerate((b"", b"hello", b"PK\x03\x04" + b"x" * 100)):
        path = tmp_path / f"{number}.apkg"
        path.write_bytes(data)
        _refuses(path, "no Anki package")


def test_a_file_cut_short_anywhere_is_refused(package: Path, tmp_path: Path) -> None:
    data = package.read_bytes()
    for length in range(0, len(data), 997):
        path = tmp_path / "cut.apkg"
        path.write_bytes(data[:length])
        with pytest.raises(DeckgenError):
            read_package(path)


@settings(max_examples=150, deadline=None)
@given(offset=st.integers(0), byte=st.integers(1, 255))
def test_a_changed_byte_raises_nothing_but_a_deckgen_error(
    package: Path, tmp_path_factory: pytest.TempPathFactory, offset: int, byte: int
) -> None:
    data = bytearray(package.read_bytes())
    data[offset % len(data)] ^= byte
    path = tmp_path_factory.getbasetemp() / "changed.apkg"
    path.write_bytes(data)
    _read_or_refuse(path)


@settings(max_examples=150, deadline=None)
@given(offset=st.integers(0), replacement=st.binary(min_size=1, max_size=8))
def test_a_changed_database_raises_nothing_but_a_deckgen_error(
    package: Path, tmp_path_factory: pytest.TempPathFactory, offset: int, replacement: bytes
) -> None:
    with zipfile.ZipFile(package) as archive:
        data = bytearray(archive.read("collection.anki2"))
    start = offset % len(data)
    data[start : start + len(replacement)] = replacement
    path = tmp_path_factory.getbasetemp() / "changed.apkg"
    _read_or_refuse(_rezip(package, path, {"collection.anki2": bytes(data)}))


def _read_or_refuse(path: Path) -> None:
    with contextlib.suppress(DeckgenError):
        read_package(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(package: Path, tmp_path: Path) -> None:
    bomb = _rezip(package, tmp_path / "bomb.apkg", {"0": bytes(64 << 20)}, zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 1 << 20
    _refuses(bomb, "200 times")


@pytest.mark.parametrize(
    ("limit", "most", "reason"),
    [
        ("MAX_ENTRIES", 4, "5 entries"),
        ("MAX_TOTAL_BYTES", 1000, "would unpack to"),
        ("MAX_MAP_BYTES", 10, "media map is larger"),
        ("MAX_TEXT_BYTES", 10, "bytes of text; at most 10 are read"),
        ("MAX_ROWS", 3, "notes; at most 3 are read"),
    ],
)
def test_more_entries_or_bytes_than_the_limit_are_refused(
    package: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, reason: str
) -> None:
    monkeypatch.setattr(f"deckgen.apkg.reader.{limit}", most)
    _refuses(package, reason)


def test_more_cards_than_the_limit_are_refused(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deckgen.apkg.reader.MAX_ROWS", 3)
    _refuses(_with_database(package, tmp_path / "x.apkg", "DELETE FROM notes"), "cards; at most 3")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("UPDATE notes SET flds = flds || hex(zeroblob(1100)) WHERE id = (SELECT max(id) FROM notes)", "a note has"),
        ("UPDATE notes SET flds = flds || char(128512) || hex(zeroblob(750))", "would take more than 64000 bytes"),
    ],
)
def test_texts_that_take_more_memory_than_the_limit_are_refused(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    monkeypatch.setattr("deckgen.apkg.reader.MAX_TEXT_BYTES", 64_000)
    read_package(package)
    _refuses(_with_database(package, tmp_path / "x.apkg", script), reason)


PEAK = """
import sys
from pathlib import Path
from deckgen.releases.verify import verify_package
print([found.rule for found in verify_package(Path(sys.argv[1]), lock=None, with_anki=False)])
print(int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is told in other units elsewhere")
def test_a_third_of_the_text_that_is_read_takes_at_most_200_megabytes(package: Path, tmp_path: Path) -> None:
    """In notes nearly as long as they may be."""
    path = _with_database(
        package,
        tmp_path / "x.apkg",
        "UPDATE notes SET flds = flds || replace(hex(zeroblob(3300)), '00', hex(randomblob(400)))",
    )
    done = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True)
    rules, peak = done.stdout.splitlines()
    assert "unreadable" not in rules
    assert int(peak) <= 200


def test_a_size_that_lies_is_refused(package: Path, tmp_path: Path) -> None:
    data = package.read_bytes()
    with zipfile.ZipFile(package) as archive:
        size = archive.getinfo("collection.anki2").file_size
    path = tmp_path / "lie.apkg"
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (size - 1).to_bytes(4, "little")))
    _refuses(path, "damaged")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b", "a\\b", "..", "c\nd"])
def test_a_name_that_leads_elsewhere_is_refused(package: Path, tmp_path: Path, name: str) -> None:
    _refuses(_rezip(package, tmp_path / "entry.apkg", {name: b"x"}), "no plain file name")
    with zipfile.ZipFile(package) as archive:
        names = json.loads(archive.read("media"))
    tampered = {"media": json.dumps(names | {"0": name}).encode()}
    _refuses(_rezip(package, tmp_path / "media.apkg", tampered), "no plain file name")


def test_two_entries_of_one_name_are_refused(package: Path, tmp_path: Path) -> None:
    path = _rezip(package, tmp_path / "twice.apkg", {})
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("0", b"other")
    _refuses(path, "two entries named 0")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"media": None}, "no media map"),
        ({"media": b"not json"}, "media map cannot be read"),
        ({"media": b"[1, 2]"}, "media map cannot be read"),
        ({"media": b'{"0": 1}'}, "media map cannot be read"),
        ({"media": b'{"0": {"a": "b"}}'}, "media map cannot be read"),
        ({"media": b"[" * 100_000}, "media map cannot be read"),
        ({"media": b'{"0": "\\ud800.png"}'}, "no plain file name"),
        ({"media": b'{"0": "' + b"a" * 256 + b'"}'}, "no plain file name"),
        ({"media": b"\xff\xfe\xfd"}, "media map cannot be read"),
        ({"1": None}, "named but not in the package"),
        ({"collection.anki2": None}, "no Anki collection"),
        ({"collection.anki2": b""}, "cannot be read"),
        ({"collection.anki2": b"not a database" * 500}, "not a database"),
        ({"collection.anki2": b"SQLite format 3\0" + bytes(5000)}, "cannot be read"),
        ({"collection.anki21b": b"not zstd", "media": b""}, "damaged|zstandard"),
    ],
)
def test_a_broken_part_is_refused(package: Path, tmp_path: Path, changes: dict[str, bytes | None], reason: str) -> None:
    _refuses(_rezip(package, tmp_path / "broken.apkg", changes), reason)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("DROP TABLE notes", "no table “notes”"),
        ("UPDATE col SET models = 'x'", "cannot be read"),
        ("UPDATE col SET models = '[]'", "no table of objects"),
        ('UPDATE col SET models = \'{"1": {"flds": 3}}\'', "not iterable"),
        ('UPDATE col SET decks = \'{"1": {"id": [], "name": "x"}}\'', "collection cannot be read"),
        ("DELETE FROM col", "models is no table"),
        ("UPDATE notes SET flds = x'ff'", "another kind"),
        ("UPDATE cards SET due = 'soon'", "another kind"),
        ("UPDATE notes SET flds = CAST(x'ff' AS TEXT)", "UTF-8"),
        ("CREATE VIEW v AS SELECT 1", "neither a plain table"),
        ("ALTER TABLE notes ADD COLUMN x AS (replace(hex(zeroblob(30000000)), '00', 'a ')) VIRTUAL", "computed column"),
        ("UPDATE notes SET tags = replace(hex(zeroblob(1100000)), '00', 'a ')", "bytes of tags"),
        ("UPDATE col SET models = replace(hex(zeroblob(9000000)), '00', '[]')", "models has 18000000 characters"),
        ("DROP TABLE revlog; CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END", "neither a plain table"),
    ],
)
def test_a_strange_database_is_refused(package: Path, tmp_path: Path, script: str, reason: str) -> None:
    _refuses(_with_database(package, tmp_path / "strange.apkg", script), reason)


def test_a_card_whose_deck_is_not_there_has_no_deck(package: Path, tmp_path: Path) -> None:
    contents = read_package(_with_database(package, tmp_path / "lost.apkg", "UPDATE col SET decks = '{}'"))
    assert contents.decks == ()
    assert {(note.deck, note.cards) for note in contents.notes} == {("", 1)}


def test_a_stray_entry_is_named(package: Path, tmp_path: Path) -> None:
    path = _rezip(package, tmp_path / "stray.apkg", {"77": b"x", "notes.txt": b"x"})
    assert read_package(path).stray_entries == ("77", "notes.txt")


def test_reading_leaves_no_temporary_file(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read_package(package)
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=40))
def test_any_bytes_are_a_protobuf_message_or_a_value_error(data: bytes) -> None:
    try:
        fields = list(message_fields(data))
    except ValueError:
        return
    assert sum(len(value) for _, value in fields if isinstance(value, bytes)) <= len(data)
