"""Reads the database of an Anki package, of either schema, as something that a stranger may have built."""

import html
import json
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from deckgen.apkg import protobuf
from deckgen.apkg.contents import CollectionContents, PackagedDeck, PackagedNote, PackagedNoteType
from deckgen.model import CardTemplate, NoteField, NoteType

_TAG = re.compile(r"""<(?:img|audio|video|source|object)\b((?:[^<>"']++|"[^"]*"|'[^']*')*)""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""(?<![^\s=/"'])([^\s=/"']++)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"']+))""")
_SOUND = re.compile(r"\[sound:([^\[\]]+)\]", re.IGNORECASE)
_REMOTE = re.compile(r"(?:[a-z][a-z0-9+.-]+:|//)", re.IGNORECASE)
_STEPS_PER_CALL = 100_000
_CALLS_AT_MOST = 2_000
"""Two hundred million steps of SQLite's machine: far above any deck, and an end to a file made never to end."""
_VALUE_BYTES_AT_MOST = 256 << 20
_JSON_CHARACTERS_AT_MOST = 16 << 20
"""Read, it may take twenty times its room."""
_POINTER_BYTES = 8
_DECK = "CASE odid WHEN 0 THEN did ELSE odid END"
"""The home of a card, also while a filtered deck has it."""


def read_database(path: Path, *, rows: int, text_bytes: int) -> CollectionContents:
    """The contents of a collection, schema 11 or 15 and later, of at most so many notes, cards, and bytes of text.

    Raises ValueError or sqlite3.Error, whose text is the reason, for anything else.
    """
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        _be_careful(connection)
        tables = _plain_tables(connection)
        if missing := {"col", "notes", "cards"} - tables:
            raise ValueError(f"it has no table “{min(missing)}”")
        _refuse_too_much(connection, rows, text_bytes)
        modern = "notetypes" in tables
        note_types = tuple(_modern_note_types(connection) if modern else _legacy_note_types(connection))
        names = _modern_decks(connection) if modern else _legacy_decks(connection)
        cards = list(_rows(connection, f"SELECT {_DECK}, type FROM cards", int, int))
        return CollectionContents(
            note_types=note_types,
            decks=_decks(names, cards),
            notes=tuple(_notes(connection, {key: name for key, (name, _) in names.items()}, text_bytes)),
            reviewed_cards=sum(kind != 0 for _, kind in cards),
        )


def _refuse_too_much(connection: sqlite3.Connection, rows: int, text_bytes: int) -> None:
    """Counts before anything is read, since looking at what a note holds takes longer than counting it."""
    for table in ("notes", "cards"):
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        if count > rows:
            raise ValueError(f"it has {count} {table}; at most {rows} are read")
    few = text_bytes // 16
    for column, what, most in (("flds", "text", text_bytes), ("tags", "tags", few), ("guid", "GUIDs", few)):
        (size,) = connection.execute(f"SELECT total(length(CAST({column} AS BLOB))) FROM notes").fetchone()
        if size > most:
            raise ValueError(f"its notes have {size:.0f} bytes of {what}; at most {most} are read")
    (size,) = connection.execute("SELECT max(length(CAST(flds AS BLOB))) FROM notes").fetchone()
    if size and size > text_bytes // 32:
        raise ValueError(f"a note has {size} bytes of text; at most {text_bytes // 32} are read")


def media_references(text: str) -> tuple[str, ...]:
    """The file names that Anki finds in a field or a template: ``src`` and ``data`` of media tags, and ``[sound:…]``.

    Remote addresses and names that a template fills in are left out.
    """
    found = [match[1] for match in _SOUND.finditer(text)]
    for tag in _TAG.finditer(text):
        attributes = _ATTRIBUTE.findall(tag[1])
        found += ("".join(values) for name, *values in attributes if name.lower() in ("src", "data"))
    decoded = (html.unescape(name).strip() for name in found)
    return tuple(dict.fromkeys(name for name in decoded if name and "{{" not in name and not _REMOTE.match(name)))


def _be_careful(connection: sqlite3.Connection) -> None:
    """Nothing that the file defines may run, nothing may take for ever, and every page is checked."""
    calls = iter(range(_CALLS_AT_MOST))
    connection.set_progress_handler(lambda: next(calls, None) is None, _STEPS_PER_CALL)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_BYTES_AT_MOST)
    connection.create_collation("unicase", _compare_without_case)
    connection.executescript(
        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA query_only=ON;PRAGMA ignore_check_constraints=ON;"
    )


def _plain_tables(connection: sqlite3.Connection) -> set[str]:
    """The names of the tables, if there are but tables and indexes: a view or a virtual table would run code."""
    tables = set()
    for kind, name, root_page in connection.execute("SELECT type, name, rootpage FROM sqlite_master"):
        if kind not in ("table", "index") or not root_page:
            raise ValueError(f"“{name}” in it is neither a plain table nor an index")
        if kind == "table":
            tables.add(str(name))
    # A column that is computed may be as large as one likes, and takes no room in the file.
    for name in sorted(tables):
        if connection.execute("SELECT count(*) FROM pragma_table_xinfo(?) WHERE hidden", (name,)).fetchone()[0]:
            raise ValueError(f"“{name}” in it has a computed column")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise ValueError(f"it is damaged: {str(verdict).splitlines()[-1]}")
    return tables


def _rows(
    connection: sqlite3.Connection, query: str, *types: type, arguments: tuple[int, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query whose columns hold values of ``types``: SQLite itself lets a column hold anything."""
    for row in connection.execute(query, arguments):
        if not all(isinstance(value, type_) for value, type_ in zip(row, types, strict=True)):
            raise ValueError(f"a column holds a value of another kind than it should ({query.split(' FROM ')[-1]})")
        yield row


def _compare_without_case(left: str, right: str) -> int:
    folded = left.casefold(), right.casefold()
    return (folded[0] > folded[1]) - (folded[0] < folded[1])


# --- schema 11: JSON in one row ---------------------------------------------------------------------------------------


def _legacy_note_types(connection: sqlite3.Connection) -> Iterator[PackagedNoteType]:
    for model in _json_column(connection, "models"):
        fields, templates = (
            sorted(model[name], key=lambda one: int(one.get("ord") or 0)) for name in ("flds", "tmpls")
        )
        note_type = {
            "id": _number(model),
            "name": model.get("name", ""),
            "css": model.get("css", ""),
            "fields": [{"name": one.get("name", ""), "id": _number(one)} for one in fields],
            "templates": [
                {
                    "name": one.get("name", ""),
                    "id": _number(one),
                    "front": one.get("qfmt", ""),
                    "back": one.get("afmt", ""),
                }
                for one in templates
            ],
        }
        yield _note_type(msgspec.convert(note_type, NoteType, strict=False), time=int(_number(model, "mod")))


def _legacy_decks(connection: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    decks = _json_column(connection, "decks")
    values = {_number(deck): (deck.get("name", ""), deck.get("desc", "")) for deck in decks}
    return msgspec.convert(values, dict[int, tuple[str, str]], strict=False)


def _number(owner: dict[str, Any], name: str = "id") -> Any:
    """Ids are numbers or, as genanki writes them, texts of digits; a field that never got one has null."""
    return 0 if owner.get(name) in (None, "") else owner[name]


def _json_column(connection: sqlite3.Connection, column: str) -> list[dict[str, Any]]:
    (size,) = connection.execute(f"SELECT total(length({column})) FROM col").fetchone()
    if size > _JSON_CHARACTERS_AT_MOST:
        raise ValueError(f"the JSON of its {column} has {size:.0f} characters")
    row = connection.execute(f"SELECT {column} FROM col").fetchone()
    try:
        value = json.loads(row[0]) if row else None
    except (RecursionError, TypeError) as error:
        raise ValueError(f"the JSON of its {column} cannot be read") from error
    if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
        raise ValueError(f"the JSON of its {column} is no table of objects")
    return list(value.values())


# --- schema 15 and later: tables with protobuf messages ---------------------------------------------------------------
# Field numbers are those of Anki's proto/anki/notetypes.proto and decks.proto.


def _modern_note_types(connection: sqlite3.Connection) -> Iterator[PackagedNoteType]:
    query = "SELECT id, name, mtime_secs, config FROM notetypes"
    for id_, name, time, config in _rows(connection, query, int, str, int, bytes):
        settings = protobuf.message(config)
        yield _note_type(
            NoteType(
                id=id_,
                name=name,
                fields=tuple(
                    NoteField(name=field, id=protobuf.integer(protobuf.message(field_config), 9))
                    for field, field_config in _rows_of(connection, "fields", id_)
                ),
                templates=tuple(
                    CardTemplate(
                        name=template,
                        id=protobuf.integer(parts, 8),
                        front=protobuf.text(parts, 1),
                        back=protobuf.text(parts, 2),
                    )
                    for template, template_config in _rows_of(connection, "templates", id_)
                    for parts in (protobuf.message(template_config),)
                ),
                css=protobuf.text(settings, 3),
            ),
            time=time,
        )


def _rows_of(connection: sqlite3.Connection, table: str, note_type_id: int) -> Iterator[tuple[str, bytes]]:
    query = f"SELECT name, config FROM {table} WHERE ntid=? ORDER BY ord"
    return ((name, config) for name, config in _rows(connection, query, str, bytes, arguments=(note_type_id,)))


def _modern_decks(connection: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    decks = {}
    for id_, name, kind in _rows(connection, "SELECT id, name, kind FROM decks", int, str, bytes):
        normal = protobuf.message(kind).get(1, b"")
        description = protobuf.text(protobuf.message(normal), 4) if isinstance(normal, bytes) else ""
        decks[id_] = (name.replace("\x1f", "::"), description)
    return decks


# --- both -------------------------------------------------------------------------------------------------------------


def _note_type(note_type: NoteType, *, time: int) -> PackagedNoteType:
    sides = "".join(template.front + template.back for template in note_type.templates)
    return PackagedNoteType(note_type=note_type, time=time, media=media_references(sides))


def _decks(names: dict[int, tuple[str, str]], cards: list[tuple[Any, ...]]) -> tuple[PackagedDeck, ...]:
    counts = Counter(deck for deck, _ in cards)
    decks = (
        PackagedDeck(id=id_, name=name, description=description, cards=counts[id_])
        for id_, (name, description) in names.items()
    )
    return tuple(sorted(decks, key=lambda deck: (deck.name, deck.id)))


def _notes(connection: sqlite3.Connection, deck_names: dict[int, str], most_held: int) -> Iterator[PackagedNote]:
    """The notes, as long as their texts take no more memory than that: one sign can make a text four times as large."""
    held = 0
    # min(ord) makes SQLite take the other columns from the row of the first card.
    query = (
        "SELECT notes.id, guid, mid, notes.mod, tags, flds, count(cards.id), coalesce(min(ord), 0),"
        f" coalesce({_DECK}, 0), coalesce(due, 0)"
        " FROM notes LEFT JOIN cards ON nid = notes.id GROUP BY notes.id ORDER BY notes.id"
    )
    types = (int, str, int, int, str, str, int, int, int, int)
    for id_, guid, note_type_id, time, tags, fields, cards, _, deck, due in _rows(connection, query, *types):
        parts = tuple(tags.split()), tuple(fields.split("\x1f")), media_references(fields)
        held += sum(_POINTER_BYTES + sys.getsizeof(text) for texts in parts for text in texts)
        if held > most_held:
            raise ValueError(f"its notes would take more than {most_held} bytes of memory")
        yield PackagedNote(
            id=id_,
            guid=guid,
            note_type_id=note_type_id,
            time=time,
            tags=parts[0],
            fields=parts[1],
            media=parts[2],
            deck=deck_names.get(deck, ""),
            due=due,
            cards=cards,
        )
