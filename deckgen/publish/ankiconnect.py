"""A running Anki behind its add-on AnkiConnect: one function per action that is needed, version 6 of the protocol.

What the answers mean for a deck is left to ``learner`` and ``push``.
"""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from deckgen.diagnostics import DeckgenError
from deckgen.memory.workers import within

PROTOCOL = 6
DEFAULT_URL = "http://127.0.0.1:8765"
_BATCH_BYTES = 200_000
"""The add-on reads a kilobyte at a time, some 40 kB in a second."""
_MAX_ANSWER_BYTES = 100_000_000
_MAX_REASON = 500


class _Field(msgspec.Struct):
    value: str


class NoteInfo(msgspec.Struct, rename={"id": "noteId"}):
    """A note as ``notesInfo`` tells it; one that is gone has no fields."""

    id: int = 0
    fields: dict[str, _Field] = {}
    tags: tuple[str, ...] = ()
    cards: tuple[int, ...] = ()


_ANSWERS: Mapping[str, Any] = {
    "deckNames": list[str],
    "findNotes": list[int],
    "getDecks": dict[str, list[int]],
    "getMediaFilesNames": list[str],
    "modelFieldNames": list[str],
    "modelNamesAndIds": dict[str, int],
    "modelStyling": dict[str, str],
    "modelTemplates": dict[str, dict[str, str]],
    "notesInfo": list[NoteInfo],
}
"""What the answer to an action must be; to others it may be anything."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The add-on never sends anybody elsewhere."""

    def redirect_request(self, *_: object) -> None:
        return None


class AnkiConnect(msgspec.Struct, frozen=True, kw_only=True):
    """Where the add-on listens. Every method raises DeckgenError where there is no answer, or none that it knows."""

    url: str = DEFAULT_URL
    key: str | None = None
    timeout_seconds: float = 60

    def call(self, action: str, **params: Any) -> Any:
        """What the add-on answers to one action."""
        return _result(self._send(self._request(action, params)), action)

    def call_all(self, action: str, calls: Iterable[Mapping[str, Any]]) -> None:
        """Many calls of one action, in order, sent in pieces that do not keep Anki busy for long."""
        batches: list[list[Mapping[str, Any]]] = []
        room = 0
        for request in (self._request(action, params) for params in calls):
            length = len(json.dumps(request))
            if length > room:
                batches.append([])
                room = _BATCH_BYTES
            batches[-1].append(request)
            room -= length
        for batch in batches:
            answers = self.call("multi", actions=batch)
            if not isinstance(answers, list) or len(answers) != len(batch):
                raise self._stranger()
            for answer in answers:
                _result(answer, action)

    def _request(self, action: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        request = {"action": action, "version": PROTOCOL, "params": params}
        return {**request, "key": self.key} if self.key else request

    def _send(self, request: Mapping[str, Any]) -> Any:
        if not self.url.startswith(("http://", "https://")):
            raise DeckgenError(f"{self.url} is no address such as {DEFAULT_URL}", hint="name it with --url")
        # Loopback must not be asked of a proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
        body = json.dumps(request).encode()
        try:
            asked = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
            answer = within(
                2 * self.timeout_seconds, lambda: self._read(opener.open(asked, timeout=self.timeout_seconds))
            )
        except TimeoutError as error:
            raise self._busy() from error
        except urllib.error.HTTPError as error:
            raise self._stranger() from error
        except (ValueError, RecursionError, http.client.BadStatusLine, http.client.InvalidURL) as error:
            if isinstance(error, OSError):  # an Anki that hangs up
                raise self._gone(error) from error
            raise self._stranger() from error
        except (OSError, http.client.HTTPException) as error:
            if isinstance(getattr(error, "reason", None), TimeoutError):
                raise self._busy() from error
            raise self._gone(error) from error
        if not isinstance(answer, dict) or not {"result", "error"} <= answer.keys():
            raise self._stranger()
        return answer

    def _read(self, reply: Any) -> Any:
        with reply:
            if len(data := reply.read(_MAX_ANSWER_BYTES)) == _MAX_ANSWER_BYTES:
                raise ValueError("too much")
            return json.loads(data + reply.read())  # which raises where the connection broke

    def _gone(self, error: Exception) -> DeckgenError:
        return DeckgenError(
            f"no Anki answers at {self.url}: {getattr(error, 'reason', error)}",
            hint="start Anki with the add-on AnkiConnect (code 2055492159), or name its address with --url; "
            "if the connection broke, run the command again: it goes on from there",
        )

    def _busy(self) -> DeckgenError:
        return DeckgenError(
            f"Anki at {self.url} gave no answer within {self.timeout_seconds:g} seconds",
            hint="close dialogs that are open in Anki, wait for its sync to end, and run the command again",
        )

    def _stranger(self) -> DeckgenError:
        return DeckgenError(
            f"what answers at {self.url} is not AnkiConnect", hint="name the address of the add-on with --url"
        )


def _result(answer: Any, action: str) -> Any:
    """The result in an answer. DeckgenError with the add-on's reason, and what to do about the common ones."""
    try:
        if (reason := answer["error"]) is None:
            return msgspec.convert(answer.get("result"), _ANSWERS.get(action, Any))
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
        message = f"AnkiConnect answered “{action}” with something unknown"
        raise DeckgenError(message, hint="update the add-on") from error
    hints = {
        "api key": "set DECKGEN_ANKI_KEY to the apiKey in the add-on's settings",
        "unsupported action": "update the add-on AnkiConnect",
        "collection is not available": "open a profile in Anki, and close its dialogs",
    }
    hint = next((text for known, text in hints.items() if known in str(reason)), "")
    raise DeckgenError(f"AnkiConnect refuses “{action}”: {str(reason)[:_MAX_REASON]}", hint=hint)
