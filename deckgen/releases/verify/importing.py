"""Imports a package with the real Anki into a collection that is thrown away: the only module that imports anki."""

import importlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deckgen.apkg.contents import PackageContents
from deckgen.diagnostics import DeckgenError, Diagnostic
from deckgen.releases.verify.package import finding, judge_shown, note_name


def anki_is_installed() -> bool:
    return find_spec("anki") is not None


def try_import(path: Path, contents: PackageContents) -> tuple[Diagnostic, ...]:
    """What Anki makes of a package that was read without complaint: every note new, every card in its order, and
    nothing that runs on any of them.

    The package ``anki`` must be installed.
    """
    try:
        with _imported(path) as (collection, log):
            found = tuple(_judge(path.name, contents, collection, log))
            return (*found, *judge_shown(path.name, rendered_cards(collection)))
    except DeckgenError as refusal:
        return (finding("import", path.name, str(refusal)),)


def anki_sides(path: Path) -> tuple[tuple[str, str], ...]:
    """Where, and what the real Anki shows there, for both sides of every card; none where it refuses the package."""
    try:
        with _imported(path) as (collection, _):
            return tuple(rendered_cards(collection))
    except DeckgenError:
        return ()


@contextmanager
def _imported(path: Path) -> Iterator[tuple[Any, Any]]:
    """A collection with the package in it, and Anki's account of the import. DeckgenError where Anki refuses it."""
    # Anki's own names differ between its versions' type information; what is used here is the same in all.
    anki: Any = importlib.import_module("anki.collection")
    with tempfile.TemporaryDirectory() as folder:
        collection = anki.Collection(str(Path(folder, "collection.anki2")))
        try:
            request = anki.ImportAnkiPackageRequest(
                package_path=str(path), options=anki.ImportAnkiPackageOptions(with_scheduling=False)
            )
            try:
                log = collection.import_anki_package(request).log
            except Exception as error:  # Anki raises errors of its own kinds for whatever it does not like
                raise DeckgenError(f"Anki refuses it: {error}") from error
            yield collection, log
        finally:
            collection.close()


def rendered_cards(collection: Any) -> Iterator[tuple[str, str]]:
    """Each side as Anki shows it, without the style of its note type."""
    for number in collection.find_cards(""):
        card = collection.get_card(number)
        name = note_name(card.note())
        for side, shown in (("front", card.question()), ("back", card.answer())):
            yield f"{name}, {side} of {card.template()['name']},", _STYLE.sub("", shown, count=1)


_STYLE = re.compile(r"\A<style>.*?</style>", re.DOTALL)


def _judge(file: str, contents: PackageContents, collection: Any, log: Any) -> Iterator[Diagnostic]:
    guids = {note.guid for note in contents.notes}
    if len(log.new) != len(guids):
        yield finding("import", file, f"Anki takes {len(log.new)} of {len(guids)} notes")
    for name in ("conflicting", "missing_notetype", "missing_deck", "empty_first_field"):
        if count := len(getattr(log, name)):
            yield finding("import", file, f"Anki reports {count} notes as “{name.replace('_', ' ')}”")
    cards = sum(note.cards for note in contents.notes)
    if len(guids) == len(contents.notes) and collection.card_count() != cards:
        yield finding("import", file, f"Anki makes {collection.card_count()} cards of {cards}")
    missing = list(collection.media.check().missing)
    if missing and not contents.missing_media:
        yield finding("import", file, f"Anki misses the files {', '.join(missing[:5])}")
