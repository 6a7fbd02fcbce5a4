"""Writes a stamped deck as an Anki package whose bytes depend on nothing but the deck; reading is ``reader``'s.

genanki makes the tables and describes decks and note types; what it leaves to chance (ids, times, order, zip
entries) is settled here. The layout is the legacy one (``collection.anki2`` and a JSON media map), which every Anki,
AnkiDroid and AnkiMobile reads.
"""

import json
import shutil
import sqlite3
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import deflate
import genanki

from deckgen.diagnostics import DeckgenError
from deckgen.model import Deck, MediaFile, Note, StampedDeck, Subdeck

_PAGE_BYTES = 8192
"""Large pages are written fastest; what they leave empty is deflated to nothing."""
_EFFORT = 1
"""Of 1 to 12: a text is 6 % smaller at 4, and takes twice as long, 8 % at 9 and four times."""
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_PAGE_HEADER_BYTES = 100
_SQLITE_VERSION = 3_040_000
_INTERIOR_PAGES = (2, 5)
"""Of indexes, of tables."""


def write_package(stamped: StampedDeck, path: Path) -> None:
    """Writes the deck's notes with their decks and media to ``path``.

    A note has the same id, GUID, times, due position and media names in every package of the deck. Raises DeckgenError
    if there is nothing to package, if Anki would damage what is asked for (two notes with one GUID, two decks with one
    id, a tag with white space, an image that is not there), or if the disk refuses; then there is no such file.
    """
    if not stamped.deck.notes:
        raise DeckgenError(f"there is no note to package for “{stamped.deck.name}”")
    _refuse_what_anki_would_damage(stamped.deck)
    media = _used_media(stamped.deck)
    try:
        database = _database(stamped)
        with path.open("wb") as target:
            _write_zip(target, database, media)
    except (OSError, sqlite3.Error) as error:
        path.unlink(missing_ok=True)
        raise DeckgenError(f"cannot write {path.name}: {error}") from error


def _refuse_what_anki_would_damage(deck: Deck) -> None:
    deck_ids = [deck.id, *(subdeck.id for subdeck in deck.subdecks)]
    for what, values in (
        ("notes have the GUID", [note.guid for note in deck.notes]),
        ("notes have the position", [note.position for note in deck.notes]),
        ("decks have the id", deck_ids),
        ("decks have the name", [deck.name, *(subdeck.name for subdeck in deck.subdecks)]),
    ):
        if repeated := _repeated(values):
            raise DeckgenError(f"two {what} {repeated[0]}")
    if 1 in deck_ids:
        raise DeckgenError("a deck has the id 1, which is that of Anki's own default deck")
    question = _question_field(deck)
    for note in deck.notes:
        if len(note.fields) != len(deck.note_type.fields):
            raise DeckgenError(f"note {note.key} has {len(note.fields)} fields for {len(deck.note_type.fields)}")
        if not note.fields[question]:
            raise DeckgenError(f"note {note.key} has no question, so Anki would make no card of it")
        together = "".join(note.fields)
        if "\x1f" in together or "\0" in together:
            raise DeckgenError(f"note {note.key} holds a control character that ends a field in Anki")
        if broken := [tag for tag in note.tags if tag.split() != [tag]]:
            raise DeckgenError(f"note {note.key} has the tag “{broken[0]}”, which Anki would split")


def _question_field(deck: Deck) -> int:
    """The index of the field that the front cannot do without."""
    return [field.name for field in deck.note_type.fields].index(f"Question {deck.edition.primary}")


def _repeated(values: Iterable[object]) -> list[object]:
    return [value for value, times in Counter(values).items() if times > 1]


def _used_media(deck: Deck) -> list[MediaFile]:
    """The media of the notes in the order of their names."""
    if repeated := _repeated(file.name for file in deck.media):
        raise DeckgenError(f"two media files have the name {repeated[0]}")
    files = {file.name: file for file in deck.media}
    names = sorted({name for note in deck.notes for name in note.media})
    if missing := [name for name in names if name not in files]:
        raise DeckgenError(f"a note shows {missing[0]}, which is not among the deck's media")
    return [files[name] for name in names]


# --- the database -----------------------------------------------------------------------------------------------------


def _database(stamped: StampedDeck) -> bytearray:
    """The bytes of ``collection.anki2``; indexes come last, since to keep them sorted takes longest."""
    with TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder, "collection"))) as connection:
        # What a SQLite was compiled with must not show; secure_delete blanks freed pages.
        connection.executescript(
            f"PRAGMA page_size={_PAGE_BYTES}; PRAGMA encoding='UTF-8'; PRAGMA auto_vacuum=NONE;"
            "PRAGMA secure_delete=ON; PRAGMA legacy_file_format=OFF; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
        )
        cursor = connection.cursor()
        genanki.Package([]).write_to_db(cursor, stamped.created, iter(()))
        indexes = cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY rowid").fetchall()
        cursor.executescript("".join(f"DROP INDEX {name};" for name, _ in indexes))
        used = {note.category for note in stamped.deck.notes}
        subdecks = sorted((one for one in stamped.deck.subdecks if one.category in used), key=lambda one: one.order)
        _write_notes(cursor, stamped, subdecks)
        _write_collection_row(cursor, stamped, subdecks)
        connection.commit()
        cursor.executescript("".join(f"{sql};" for _, sql in indexes))
        roots = [root for (root,) in cursor.execute("SELECT rootpage FROM sqlite_master")]
        connection.close()
        file = Path(folder, "collection")
        data = bytearray(file.stat().st_size)
        with file.open("rb") as source:
            source.readinto(data)
    _blank_traces(data, roots)
    return data


def _write_notes(cursor: sqlite3.Cursor, stamped: StampedDeck, subdecks: list[Subdeck]) -> None:
    """Each note and its cards, one for each template since the front shows the question, sub-deck by sub-deck.

    Ids are milliseconds since the epoch, as Anki's own are: the collection's creation time and the position, so that a
    note has one id in every package. Anki gives an id that is already taken another value on import.
    """
    note_type = stamped.deck.note_type
    places = {subdeck.category: place for place, subdeck in enumerate(subdecks)}

    def place_of(pair: tuple[Note, int]) -> tuple[int, int]:
        return places[pair[0].category], pair[0].position

    for note, time in sorted(zip(stamped.deck.notes, stamped.note_times, strict=True), key=place_of):
        first_id = stamped.created * 1000 + note.position * len(note_type.templates)
        fields, sort_field = "\x1f".join(note.fields), note.fields[note_type.sort_field]
        row = (first_id, note.guid, note_type.id, time, f" {' '.join(note.tags)} ", fields, sort_field)
        cursor.execute("INSERT INTO notes VALUES (?, ?, ?, ?, -1, ?, ?, ?, 0, 0, '')", row)
        deck_id = subdecks[places[note.category]].id
        for order in range(len(note_type.templates)):
            card = (first_id + order, first_id, deck_id, order, time, note.position)
            cursor.execute("INSERT INTO cards VALUES (?, ?, ?, ?, ?, -1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')", card)


def _write_collection_row(cursor: sqlite3.Cursor, stamped: StampedDeck, subdecks: list[Subdeck]) -> None:
    """Replaces the times that genanki has frozen in its template by the deck's and adds decks and note type."""
    configuration, presets, default_decks = cursor.execute("SELECT conf, dconf, decks FROM col").fetchone()
    decks: list[Deck | Subdeck] = [stamped.deck, *subdecks]
    described = {str(deck.id): genanki.Deck(deck.id, deck.name, deck.description).to_json() for deck in decks}
    models = {str(stamped.deck.note_type.id): _note_type(stamped.deck).to_json(stamped.note_type_time, stamped.deck.id)}
    values = (json.loads(configuration), json.loads(presets), json.loads(default_decks) | described, models)
    texts = (json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for value in values)
    milliseconds = stamped.created * 1000
    cursor.execute(
        "UPDATE col SET crt=?, mod=?, scm=?, conf=?, dconf=?, decks=?, models=?",
        (stamped.created, milliseconds, milliseconds, *texts),
    )


def _note_type(deck: Deck) -> genanki.Model:
    note_type = deck.note_type
    model = genanki.Model(
        model_id=note_type.id,
        name=note_type.name,
        fields=[{"name": field.name, "id": field.id} for field in note_type.fields],
        templates=[
            {
                "name": template.name,
                "id": template.id,
                "qfmt": template.front,
                "afmt": template.back,
                "bqfmt": template.browser_front,
                "bafmt": template.browser_back,
            }
            for template in note_type.templates
        ],
        css=note_type.css,
        sort_field_index=note_type.sort_field,
    )
    # genanki would compute the required fields wrongly around {{^Field}}.
    model._req = [[order, "any", [_question_field(deck)]] for order in range(len(note_type.templates))]
    return model


# --- which SQLite wrote it --------------------------------------------------------------------------------------------
# SQLite 3.40 leaves traces of moved cells between the cells of a page where 3.50 leaves zeros, even with
# secure_delete. Format: https://www.sqlite.org/fileformat2.html.


def _blank_traces(data: bytearray, roots: Iterable[int]) -> None:
    """Blanks the header's version and the unused bytes of pages; ``roots`` are those of tables and indexes."""
    page_bytes = _number(data, 16, 2)
    for page in _tree_pages(data, page_bytes, [1, *roots]):
        _blank_unused(data, page, page_bytes)
    # Both counters must agree, or SQLite distrusts the size that the header gives.
    data[24:28] = data[92:96] = (1).to_bytes(4, "big")
    data[96:100] = _SQLITE_VERSION.to_bytes(4, "big")


def _tree_pages(data: bytearray, page_bytes: int, waiting: list[int]) -> Iterator[int]:
    """The offset of every page that holds cells; overflow pages hold content from their start and have no gaps."""
    while waiting:
        page = (waiting.pop() - 1) * page_bytes
        yield page
        header = page or _PAGE_HEADER_BYTES
        if data[header] in _INTERIOR_PAGES:
            cells = range(header + 12, header + 12 + 2 * _number(data, header + 3, 2), 2)
            waiting += [_number(data, page + _number(data, cell, 2), 4) for cell in cells]
            waiting.append(_number(data, header + 8, 4))


def _blank_unused(data: bytearray, page: int, page_bytes: int) -> None:
    """Zeroes the gap between a page's cell pointers and its cells, and the insides of its free blocks."""
    header = page or _PAGE_HEADER_BYTES
    gap = header + (12 if data[header] in _INTERIOR_PAGES else 8) + 2 * _number(data, header + 3, 2)
    content = page + (_number(data, header + 5, 2) or page_bytes)
    data[gap:content] = bytes(content - gap)
    block = _number(data, header + 1, 2)
    while block:
        size = _number(data, page + block + 2, 2)
        data[page + block + 4 : page + block + size] = bytes(size - 4)
        block = _number(data, page + block, 2)


def _number(data: bytearray, offset: int, size: int) -> int:
    return int.from_bytes(data[offset : offset + size], "big")


# --- the archive ------------------------------------------------------------------------------------------------------


def _write_zip(target: BinaryIO, database: bytearray, media: list[MediaFile]) -> None:
    """Images are stored, being packed already; text is deflated by an encoder that is pinned, since what zlib makes
    of given bytes differs between its builds (zlib-ng).
    """
    names = json.dumps({str(index): file.name for index, file in enumerate(media)})
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        _deflate(archive, target, "collection.anki2", database)
        _deflate(archive, target, "media", names.encode())
        for index, file in enumerate(media):
            with file.path.open("rb") as source, archive.open(_entry(str(index)), "w") as entry:
                shutil.copyfileobj(source, entry, 1 << 20)


def _deflate(archive: zipfile.ZipFile, target: BinaryIO, name: str, data: bytes | bytearray) -> None:
    """An entry of packed bytes: written as if stored, since ``zipfile`` packs by zlib alone, then told what it is."""
    entry = _entry(name)
    archive.writestr(entry, deflate.deflate_compress(data, _EFFORT))
    entry.compress_type, entry.file_size, entry.CRC = zipfile.ZIP_DEFLATED, len(data), zlib.crc32(data)
    target.seek(entry.header_offset)
    target.write(entry.FileHeader())


def _entry(name: str) -> zipfile.ZipInfo:
    """A zip entry that says nothing of when, where and by whom it was written."""
    entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry
