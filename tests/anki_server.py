"""AnkiConnect's protocol, version 6, over loopback HTTP from a real collection: the actions that deckgen asks for."""

from __future__ import annotations

import json
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from anki.collection import Collection
from anki.errors import NotFoundError
from anki_collection import import_package


class AnkiServer:
    """Answers as the add-on does, error texts included. ``actions`` are those that were asked for, in order.

    ``breaks_at`` is the number of an action at which the connection breaks: once before it is done, or after it where
    ``breaks_after`` is set.
    """

    def __init__(self, collection: Collection, *, key: str | None = None, profile: str = "User 1") -> None:
        self.collection = collection
        self.key = key
        self.profile = profile
        self.actions: list[str] = []
        self.breaks_at: int | None = None
        self.breaks_after = False
        self.url = ""

    def answer(self, request: dict[str, Any]) -> Any:
        action, version = request.get("action", ""), request.get("version", 4)
        try:
            if request.get("key") != self.key and action != "requestPermission":
                raise Exception("valid api key must be provided")
            method = getattr(self, f"do_{action}", None)
            if method is None:
                raise Exception("unsupported action")
            if action != "multi":
                self.actions.append(action)
            breaks = self.breaks_at == len(self.actions) and action != "multi"
            if breaks and not self.breaks_after:
                raise ConnectionAbortedError
            result = method(**request.get("params", {}))
            if breaks:
                raise ConnectionAbortedError
        except ConnectionAbortedError:
            raise
        except Exception as error:
            return {"result": None, "error": str(error)}
        return result if version <= 4 else {"result": result, "error": None}

    def do_version(self) -> int:
        return 6

    def do_getActiveProfile(self) -> str:  # noqa: N802 - the protocol's own name, as are those below
        return self.profile

    def do_multi(self, actions: list[dict[str, Any]]) -> list[Any]:
        return [self.answer(action) for action in actions]

    def do_deckNames(self) -> list[str]:  # noqa: N802
        return [deck.name for deck in self.collection.decks.all_names_and_ids()]

    def do_getDecks(self, cards: list[int]) -> dict[str, list[int]]:  # noqa: N802
        decks: dict[str, list[int]] = defaultdict(list)
        for card in cards:
            decks[self.collection.decks.name(self.collection.get_card(card).did)].append(card)
        return decks

    def do_changeDeck(self, cards: list[int], deck: str) -> None:  # noqa: N802
        self.collection.set_deck(cards, self.collection.decks.id(deck))

    def do_modelNamesAndIds(self) -> dict[str, int]:  # noqa: N802
        return {model.name: model.id for model in self.collection.models.all_names_and_ids()}

    def do_modelFieldNames(self, modelName: str) -> list[str]:  # noqa: N802, N803
        return [field["name"] for field in self._model(modelName)["flds"]]

    def do_modelStyling(self, modelName: str) -> dict[str, str]:  # noqa: N802, N803
        return {"css": self._model(modelName)["css"]}

    def do_modelTemplates(self, modelName: str) -> dict[str, dict[str, str]]:  # noqa: N802, N803
        templates = self._model(modelName)["tmpls"]
        return {template["name"]: {"Front": template["qfmt"], "Back": template["afmt"]} for template in templates}

    def do_findNotes(self, query: str) -> list[int]:  # noqa: N802
        return [int(number) for number in self.collection.find_notes(query)]

    def do_notesInfo(self, notes: list[int]) -> list[dict[str, Any]]:  # noqa: N802
        return [self._info(number) for number in notes]

    def do_updateNoteFields(self, note: dict[str, Any]) -> None:  # noqa: N802
        found = self.collection.get_note(note["id"])
        for name, value in note["fields"].items():
            if name in found:
                found[name] = value
        self.collection.update_note(found)

    def do_addTags(self, notes: list[int], tags: str) -> None:  # noqa: N802
        self.collection.tags.bulk_add(notes, tags)

    def do_removeTags(self, notes: list[int], tags: str) -> None:  # noqa: N802
        self.collection.tags.bulk_remove(notes, tags)

    def do_deleteNotes(self, notes: list[int]) -> None:  # noqa: N802
        self.collection.remove_notes(notes)

    def do_getMediaFilesNames(self, pattern: str) -> list[str]:  # noqa: N802
        return [path.name for path in Path(self.collection.media.dir()).glob(pattern)]

    def do_storeMediaFile(self, filename: str, path: str) -> str:  # noqa: N802
        shutil.copy(path, Path(self.collection.media.dir()) / filename)
        return filename

    def do_importPackage(self, path: str) -> bool:  # noqa: N802
        import_package(self.collection, Path(path))
        return True

    def _model(self, name: str) -> Any:
        model = self.collection.models.by_name(name)
        if model is None:
            raise Exception(f"model was not found: {name}")
        return model

    def _info(self, number: int) -> dict[str, Any]:
        try:
            note = self.collection.get_note(number)
        except NotFoundError:
            return {}
        fields = {name: {"value": value, "order": order} for order, (name, value) in enumerate(note.items())}
        cards = list(note.card_ids())
        return {
            "noteId": note.id,
            "tags": note.tags,
            "fields": fields,
            "modelName": note.note_type()["name"],
            "cards": cards,
        }


@contextmanager
def serve_anki(collection: Collection, *, key: str | None = None) -> Iterator[AnkiServer]:
    """The server on a free port of this machine, one request at a time, as Anki's main thread takes them."""
    served = AnkiServer(collection, key=key)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                with lock:
                    body = json.dumps(served.answer(request)).encode()
            except ConnectionAbortedError:
                self.connection.close()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
