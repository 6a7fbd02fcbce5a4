"""Drives the Anki library that the running Python has: learners as JSON on stdin, what became of each on stdout.

Run by test_upgrade.py in the environment of each Anki version, so it imports nothing but that library. A learner is a
list of steps, and gets a collection and a list of results: ``{"do": "import", "path": …}``, which may ``merge`` note
types and update ``always``; ``learn`` what is new, or ``study`` by a ``plan``; ``write`` a ``tag`` or a ``text`` for
the notes of ``keys``;
``add`` or ``remove`` a ``field`` or a ``template``; ``look``. Anki knows no time but the present: what a step stamps
with it is set to ``at`` afterwards, in seconds since the epoch.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from anki import import_export_pb2
from anki.buildinfo import version
from anki.collection import Collection

OWN_DECK = "My own deck"
RENAMED = "Renamed by me"
OWN_TAG = "mine"
OWN_TEXT = "my own words"


def import_package(collection: Collection, path: str, *, merge: bool, always: bool) -> dict[str, Any]:
    """Imports with default options but these; how many notes Anki says it added, updated, left alone, could not match.

    And whether what it had was changed so that it can be synchronised as a whole only.
    """
    options = import_export_pb2.ImportAnkiPackageOptions(
        merge_notetypes=merge,
        update_notes=import_export_pb2.IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_ALWAYS if always else None,
    )
    request = import_export_pb2.ImportAnkiPackageRequest(package_path=path, options=options)
    empty, schema = collection.note_count() == 0, collection.db.scalar("select scm from col")
    log = collection.import_anki_package(request).log
    return {
        "new": len(log.new),
        "updated": len(log.updated),
        "duplicate": len(log.duplicate),
        "conflicting": len(log.conflicting),
        "full_sync": int(not empty and schema != collection.db.scalar("select scm from col")),
        "other": len(log.first_field_match) + len(log.missing_notetype) + len(log.missing_deck),
    }


def learn(collection: Collection) -> dict[str, Any]:
    """Studies every new card, so that it has a due date of its own; these, by the keys of their notes."""
    due = {}
    for card_id in collection.find_cards("is:new"):
        card = collection.get_card(card_id)
        card.type = card.queue = 2
        card.ivl, card.due, card.reps = 10, 1_000 + card_id % 1_000_000, 3
        collection.update_card(card)
        due[card.note()["Key"]] = card.due
    return {"learned": due}


def study(collection: Collection, plan: dict[str, str]) -> dict[str, Any]:
    """A learner's traces: reviews of every card, and what ``plan`` says to the notes with these keys.

    ``suspend``, ``flag``, ``move``, ``edit`` and ``tag`` each name a note; ``rename`` names a deck.
    """
    for number, card_id in enumerate(collection.find_cards("")):
        card = collection.get_card(card_id)
        card.type = card.queue = 2
        card.ivl, card.due, card.factor, card.reps, card.lapses = 10 + number, 100 + number, 2400 + number, 5, 1
        collection.update_card(card)
        for review in range(3):
            collection.db.execute(
                "insert into revlog values (?, ?, -1, 3, ?, ?, 2500, 4000, 1)",
                1_600_000_000_000 + number * 10 + review,
                card_id,
                review + 1,
                review,
            )
    collection.sched.suspend_cards(_cards(collection, plan["suspend"]))
    collection.set_user_flag_for_cards(3, _cards(collection, plan["flag"]))
    collection.set_deck(_cards(collection, plan["move"]), collection.decks.id(OWN_DECK))
    note = collection.get_note(collection.find_notes(f"Key:{plan['edit']}")[0])
    note["Note zh"] = OWN_TEXT
    collection.update_note(note)
    collection.tags.bulk_add(collection.find_notes(f"Key:{plan['tag']}"), OWN_TAG)
    parent, _, _ = plan["rename"].rpartition("::")
    collection.decks.rename(collection.decks.id(plan["rename"]), f"{parent}::{RENAMED}")
    collection.fix_integrity()  # notes down when the made-up reviews were, as Anki does for real ones
    return {}


def write(collection: Collection, keys: list[str], text: str, tag: str) -> dict[str, Any]:
    """A learner's own words in the notes of these keys, and a tag such as Anki's own ``leech`` and ``marked``."""
    for key in keys:
        (note_id,) = collection.find_notes(f"Key:{key}")
        note = collection.get_note(note_id)
        if text:
            note["Note zh"] = text
        if tag:
            note.add_tag(tag)
        collection.update_note(note)
    return {}


def reshape(collection: Collection, what: str, *, remove: bool) -> dict[str, Any]:
    """A field or a card template that the learner adds to the deck's note type, or takes out again."""
    models = collection.models
    note_type = next(item for item in models.all() if "deckgen" in item["name"])
    if remove:
        parts = note_type["flds" if what == "field" else "tmpls"]
        (models.remove_field if what == "field" else models.remove_template)(note_type, parts[-1])
    elif what == "field":
        models.add_field(note_type, models.new_field("Mine"))
    else:
        template = models.new_template("Mine")
        template["qfmt"], template["afmt"] = "mine {{Key}}", "{{FrontSide}} back"
        models.add_template(note_type, template)
    models.update_dict(note_type)
    return {}


def look(collection: Collection) -> dict[str, Any]:
    """Everything that an import must keep or change."""
    collection.models._clear_cache()  # what it once read of note types is not what they are after an import
    notes, names = {}, []
    for note_id in collection.find_notes(""):
        note = collection.get_note(note_id)
        names += [note["Key"]]
        card_id = min(collection.find_cards(f"nid:{note_id}"))
        card = collection.get_card(card_id)
        notes[note["Key"]] = {
            "guid": note.guid,
            "fields": dict(note.items()),
            "tags": sorted(note.tags),
            "note_type": note.mid,
            "deck": collection.decks.name(card.did),
            "schedule": [card.type, card.queue, card.due, card.ivl, card.factor, card.reps, card.lapses, card.flags],
            "card": card_id,
            "reviews": collection.db.scalar("select count() from revlog where cid = ?", card_id),
        }
    note_types = [collection.models.get(mid) for mid in {note["note_type"] for note in notes.values()}]
    return {
        "notes": notes,
        "keys": sorted(names),
        "note_types": sorted(entry.name for entry in collection.models.all_names_and_ids() if "deckgen" in entry.name),
        "browser": [[note_type["sortf"], *_browser(note_type)] for note_type in note_types if note_type],
        "sorted": collection.db.list("select sfld from notes order by sfld"),
        "css": [note_type["css"] for note_type in note_types if note_type],
        "decks": sorted(deck.name for deck in collection.decks.all_names_and_ids() if deck.id != 1),
        "media": sorted(path.name for path in Path(collection.media.dir()).iterdir()),
        "sound": collection.fix_integrity()[1],
    }


def _browser(note_type: dict[str, Any]) -> list[str]:
    return [template[side] for template in note_type["tmpls"] for side in ("bqfmt", "bafmt")]


def _cards(collection: Collection, key: str) -> list[Any]:
    return list(collection.find_cards(f"Key:{key}"))


def _backdate(collection: Collection, started: int, at: int) -> None:
    collection.db.execute("update notes set mod = ? where mod >= ?", at, started)
    collection.db.execute("update notetypes set mtime_secs = ? where mtime_secs >= ?", at, started)


def live(steps: list[dict[str, Any]], folder: str) -> list[dict[str, Any]]:
    """The results of a learner's steps in a new collection."""
    collection = Collection(str(Path(folder, "collection.anki2")))
    results: list[dict[str, Any]] = []
    started = int(time.time())
    for step in steps:
        results.append(_take(collection, step))
        if "at" in step:
            _backdate(collection, started, step["at"])
    collection.close()
    return results


def _take(collection: Collection, step: dict[str, Any]) -> dict[str, Any]:
    match step["do"]:
        case "import":
            merge, always = step.get("merge", False), step.get("always", False)
            return import_package(collection, step["path"], merge=merge, always=always)
        case "learn":
            return learn(collection)
        case "study":
            return study(collection, step["plan"])
        case "write":
            return write(collection, step["keys"], step.get("text", ""), step.get("tag", ""))
        case "add" | "remove":
            return reshape(collection, step["what"], remove=step["do"] == "remove")
    return look(collection)


def main() -> None:
    learners: list[list[dict[str, Any]]] = json.load(sys.stdin)
    results = []
    for steps in learners:
        with tempfile.TemporaryDirectory() as folder:
            results.append(live(steps, folder))
    json.dump({"version": version, "learners": results}, sys.stdout)


if __name__ == "__main__":
    main()
