"""``deckgen inspect``: what an Anki package holds."""

from pathlib import Path
from typing import Any

import click

from deckgen.apkg.contents import PackageContents
from deckgen.apkg.reader import read_package
from deckgen.cli.report import print_table
from deckgen.cli.terminal import echo, json_text, say
from deckgen.text.sizes import human_size


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def inspect(file: Path, as_json: bool) -> None:
    """Show the decks, notes, media and sizes of FILE, a package of deckgen's or of anyone's."""
    contents = read_package(file)
    if as_json:
        say(json_text(_as_object(file, contents)))
        return
    print_table(
        f"{file.name}: {human_size(contents.size_bytes)}, {len(contents.notes)} notes, {len(contents.media)} media",
        ("deck", "cards"),
        [(deck.name, str(deck.cards)) for deck in contents.decks if deck.id != 1 or deck.cards],
    )
    types = [packaged.note_type for packaged in contents.note_types]
    rows = [(one.name, str(one.id), str(len(one.fields)), str(len(one.templates))) for one in types]
    print_table("Note types", ("note type", "id", "fields", "templates"), rows)
    if contents.media:
        print_table("Media", ("file", "size"), [(item.name, human_size(item.size_bytes)) for item in contents.media])
    for name in contents.missing_media:
        echo(f"missing: {name}")
    for name in contents.unused_media:
        echo(f"not used: {name}")


def _as_object(file: Path, contents: PackageContents) -> dict[str, Any]:
    return {
        "file": file.name,
        "bytes": contents.size_bytes,
        "layout": contents.layout.value,
        "decks": [{"id": deck.id, "name": deck.name, "cards": deck.cards} for deck in contents.decks],
        "note_types": [
            {
                "id": packaged.note_type.id,
                "name": packaged.note_type.name,
                "modified": packaged.time,
                "fields": [field.name for field in packaged.note_type.fields],
                "templates": [template.name for template in packaged.note_type.templates],
            }
            for packaged in contents.note_types
        ],
        "notes": [
            {"guid": note.guid, "modified": note.time, "deck": note.deck, "due": note.due, "tags": list(note.tags)}
            for note in contents.notes
        ],
        "media": [{"file": item.name, "bytes": item.size_bytes, "sha256": item.sha256} for item in contents.media],
        "missing_media": list(contents.missing_media),
        "unused_media": list(contents.unused_media),
    }
