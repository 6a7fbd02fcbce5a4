"""Language models as engines, over the OpenAI-compatible chat protocol, which nearly every server of models speaks.

https://platform.openai.com/docs/api-reference/chat; vLLM, Ollama, llama.cpp, DeepSeek and gateways answer the same.
"""

import json
import re
import string
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from msgspec import to_builtins

from deckgen.diagnostics import DeckgenError
from deckgen.text.packaged import packaged_text
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, EngineLimits, Remedy
from deckgen.translation.drafts.transport import HttpReply, Transport, raise_for_status

_OPENAI = "https://api.openai.com/v1"
_PATH = "/chat/completions"


def make(name: str, *, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    """A model behind ``url``, the address that ends before ``/chat/completions``. DeckgenError without a model."""
    if not model:
        raise DeckgenError("the engine openai needs the name of a model", hint="give it with --model")
    if " " in model:
        raise DeckgenError(f"“{model}” is no name of a model", hint="a model's name has no blanks")
    transport = Transport(timeout_seconds=timeout_seconds, own_server=url is not None)
    return _Chat(address=_address(url or _OPENAI), model=model, key=key, transport=transport)


class _Chat:
    limits = EngineLimits(characters=4000, passages=20, in_flight=64)
    placeholder = "<x{}/>"
    reads_briefings = True

    def __init__(self, *, address: str, model: str, key: str | None, transport: Transport) -> None:
        self.name = f"openai:{model}"
        self.identity = f"openai {address} {model}"
        self._address = address
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._transport = transport
        self._wishes: Mapping[str, object] = {"temperature": 0.2, "response_format": {"type": "json_object"}}
        """What some servers refuse, and all can do without."""

    def translate(self, batch: Batch) -> EngineAnswer:
        wishes = self._wishes
        reply = self._ask(batch, wishes)
        if reply.status in (400, 422) and wishes:
            reply = self._ask(batch, {})
            if reply.status < 300:
                self._wishes = {}
        return _answer(reply, batch)

    def _ask(self, batch: Batch, wishes: Mapping[str, object]) -> HttpReply:
        messages = [
            {"role": "system", "content": instructions(batch)},
            {"role": "user", "content": json.dumps(question(batch), ensure_ascii=False)},
        ]
        document = {"model": self._model, "messages": messages, "stream": False, **wishes}
        return self._transport.send("POST", self._address, json=document, headers=self._headers)


def instructions(batch: Batch) -> str:
    """What the model is to do, with the language's style guide."""
    text = string.Template(packaged_text("translation/drafts/instructions.txt"))
    told = text.substitute(source=batch.source, target=batch.target).strip()
    return f"{told}\n\nStyle guide:\n\n{batch.briefing.style}" if batch.briefing.style else told


def question(batch: Batch) -> Mapping[str, object]:
    """The document that the model reads; what would be empty is left out."""
    told = to_builtins(batch.briefing)
    del told["style"]
    return _filled(
        {
            **told,
            "neighbours": list(map(_filled, told["neighbours"])),
            "terms": {term.source: term.targets for term in batch.briefing.terms},
            "blocks": [
                _filled(
                    {"id": one.id, "kind": one.kind, "text": one.text, "refused": one.refused, "because": one.complaint}
                )
                for one in batch.passages
            ],
        }
    )


def _filled(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in document.items() if value}


def _address(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(_PATH) else f"{path}{_PATH}"))


def _answer(reply: HttpReply, batch: Batch) -> EngineAnswer:
    """The texts by their ids. EngineError where the server says something else than what its model wrote."""
    document = _parsed(reply.text)
    error = document.get("error")
    if isinstance(error, dict) and {error.get("code"), error.get("type")} & {"insufficient_quota", "billing_error"}:
        raise EngineError("the account's money or quota is used up", Remedy.STOP)
    raise_for_status(reply.status, reply.retry_after)
    if reply.kind == "text/event-stream":
        raise EngineError("the server streams its answer, though it was asked not to", Remedy.STOP)
    try:
        choice = document["choices"][0]
        content, end = choice["message"]["content"], choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise EngineError("an answer that is not one of the chat protocol", Remedy.RETRY) from None
    if end == "content_filter":
        raise EngineError("the server's filter withholds the answer", Remedy.SKIP)
    if end == "length":
        raise EngineError("an answer that was cut off", Remedy.SKIP)
    if not isinstance(content, str) or not content.strip():
        raise EngineError("an empty answer", Remedy.RETRY)
    usage = document.get("usage")
    counts = [usage.get(name) if isinstance(usage, dict) else 0 for name in ("prompt_tokens", "completion_tokens")]
    tokens_in, tokens_out = (count if isinstance(count, int) else 0 for count in counts)
    texts, complaint = _texts(content, frozenset(passage.id for passage in batch.passages))
    return EngineAnswer(texts=texts, complaint=complaint, tokens_in=tokens_in, tokens_out=tokens_out)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _texts(content: str, ids: frozenset[int]) -> tuple[Mapping[int, str], str]:
    """With an id that nobody asked for none can be trusted to stand at its own; then there is a complaint."""
    rows = next(_translations(content), None)
    if rows is None:
        return {}, 'the answer was not the JSON document {"translations": [{"id": …, "text": …}]}'
    good = [
        row for row in rows if isinstance(row, dict) and isinstance(row.get("text"), str) and type(row.get("id")) is int
    ]
    if len(good) < len(rows):
        return {}, 'each of "translations" needs a whole number "id" and a string "text", and nothing else'
    counts = Counter(row["id"] for row in good)
    if strange := sorted(set(counts) - ids):
        return {}, f"the answer had ids that are not in the blocks, such as {strange[0]}"
    return {row["id"]: row["text"] for row in good if counts[row["id"]] == 1}, ""


_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_ATTEMPTS = 20
"""Braces that may open the document; an answer with more before it is not worth the search."""


def _translations(content: str) -> Iterator[list[Any]]:
    """The lists in the answer's JSON documents: models like to fence them, and to think and to chat before."""
    text = _THOUGHT.sub("", content)
    decoder = json.JSONDecoder()
    at = text.find("{")
    for _ in range(_ATTEMPTS):
        if at < 0:
            return
        try:
            document, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            document, end = None, at + 1
        if isinstance(document, dict) and isinstance(document.get("translations"), list):
            yield document["translations"]
        at = text.find("{", end)
