"""Language models as engines, over the OpenAI-compatible chat protocol, which nearly every server of models speaks.

https://platform.openai.com/docs/api-reference/chat; vLLM, Ollama, llama.cpp, DeepSeek and gateways answer the same.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from deckgen.diagnostics import DeckgenError
from deckgen.translation.drafts.briefing import Example
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, EngineLimits, Passage, Remedy
from deckgen.translation.drafts.transport import HttpReply, Transport, raise_for_status

_OPENAI = "https://api.openai.com/v1"
_PATH = "/chat/completions"


def make_chat(*, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
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
        return _answer(_content(reply), batch)

    def _ask(self, batch: Batch, wishes: Mapping[str, object]) -> HttpReply:
        messages = [
            {"role": "system", "content": instructions(batch)},
            {"role": "user", "content": json.dumps(question(batch), ensure_ascii=False)},
        ]
        document = {"model": self._model, "messages": messages, "stream": False, **wishes}
        return self._transport.send("POST", self._address, document=document, headers=self._headers)


def instructions(batch: Batch) -> str:
    """What the model is to do, with the language's style guide."""
    told = _INSTRUCTIONS.format(source=batch.source, target=batch.target)
    return f"{told}\n\nStyle guide:\n\n{batch.briefing.style}" if batch.briefing.style else told


def question(batch: Batch) -> Mapping[str, object]:
    """The document that the model reads; what would be empty is left out."""
    told = batch.briefing
    document = {
        "category": told.category,
        "question": told.question,
        "neighbours": [_pair(example) for example in told.neighbours],
        "keep": list(told.keep),
        "terms": {term.source: list(term.targets) for term in told.terms},
        "examples": [_pair(example) for example in told.examples],
        "blocks": [_block(passage) for passage in batch.passages],
    }
    return {name: value for name, value in document.items() if value}


_INSTRUCTIONS = """\
You translate blocks of a technical question-and-answer book from {source} into {target} (language tags).
The user sends a JSON document. Translate every text in "blocks", completely and faithfully: add nothing, leave nothing
out, correct nothing. "category", "question" and "neighbours" (blocks around, with translations where there are some)
are only there to be understood.
- Tags such as <x0/> stand for markup, formulas and code. Put each of a block's tags into its translation exactly once.
- Leave the terms in "keep" as they are. Translate those in "terms" by one of the forms given, inflected as needed.
- Follow the wording of "examples", which people have reviewed.
- A block with "refused" is one whose last translation could not be used, for the reason in "because". Mend that.
- Keep Markdown as it is, and make one paragraph of each block.
Answer with one JSON document and nothing else, with each block's own id:
{{"translations": [{{"id": 1, "text": "…"}}]}}"""


def _pair(example: Example) -> Mapping[str, str]:
    both = {"source": example.source, "translation": example.translation}
    return {name: text for name, text in both.items() if text}


def _block(passage: Passage) -> Mapping[str, object]:
    block: dict[str, object] = {"id": passage.id, "kind": passage.kind, "text": passage.text}
    if passage.complaint:
        block |= {"refused": passage.refused, "because": passage.complaint}
    return block


def _address(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(_PATH) else f"{path}{_PATH}"))


# --- the answer -------------------------------------------------------------------------------------------------------


def _content(reply: HttpReply) -> tuple[str, Mapping[str, Any]]:
    """What the model wrote, and the whole document around it. EngineError where the server says something else."""
    document = _parsed(reply.text)
    error = document.get("error")
    if isinstance(error, dict) and {error.get("code"), error.get("type")} & {"insufficient_quota", "billing_error"}:
        raise EngineError("the account's money or quota is used up", Remedy.STOP)
    raise_for_status(reply.status, reply.retry_after)
    if reply.kind == "text/event-stream":
        raise EngineError("the server streams its answer, though it was asked not to", Remedy.STOP)
    try:
        choice = document["choices"][0]
        content = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise EngineError("an answer that is not one of the chat protocol", Remedy.RETRY) from None
    if choice.get("finish_reason") == "content_filter":
        raise EngineError("the server's filter withholds the answer", Remedy.SKIP)
    if choice.get("finish_reason") == "length":
        raise EngineError("an answer that was cut off", Remedy.SKIP)
    if not isinstance(content, str) or not content.strip():
        raise EngineError("an empty answer", Remedy.RETRY)
    return content, document


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _answer(answered: tuple[str, Mapping[str, Any]], batch: Batch) -> EngineAnswer:
    """The texts by their ids. With an id that nobody asked for none can be trusted to stand at its own."""
    content, document = answered
    used = document.get("usage")
    usage: Mapping[str, object] = used if isinstance(used, dict) else {}
    texts, complaint = _texts(content, frozenset(passage.id for passage in batch.passages))
    return EngineAnswer(
        texts=texts,
        complaint=complaint,
        tokens_in=_count(usage.get("prompt_tokens")),
        tokens_out=_count(usage.get("completion_tokens")),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _texts(content: str, ids: frozenset[int]) -> tuple[Mapping[int, str], str]:
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
