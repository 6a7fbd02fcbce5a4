"""Machine translation services as engines: deep-translator's classes, made to answer in time and to fail as we do."""

import json
from collections.abc import Collection, Mapping
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from deckgen.diagnostics import DeckgenError
from deckgen.model import Language
from deckgen.text.packaged import packaged_table
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, EngineLimits, Remedy
from deckgen.translation.drafts.transport import KEY_VARIABLE, Transport, raise_for_status

_TABLE = packaged_table("translation/drafts/machines.toml")
_BAIDU_ERRORS = {
    code: (error["message"], Remedy(error["remedy"])) for error in _TABLE["baidu_errors"] for code in error["codes"]
}
_TRADITIONAL = ("zh-Hant", "zh-TW", "zh-HK")


def make(name: str, *, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    """The engine ``name``; ``url`` is another address than its service's own."""
    transport = Transport(timeout_seconds=timeout_seconds, own_server=url is not None)
    if name == "libre" and not url:
        raise DeckgenError("the engine libre needs the address of a LibreTranslate server", hint="give it with --url")
    if url and name in ("libre", "deepl"):
        url = f"{url.rstrip('/')}/"
    return _Machine(name, key or "", url, transport)


class _Machine:
    """One class of deep-translator, which makes a translator for each text: they are not to be shared by threads."""

    placeholder = "[X{}X]"
    reads_briefings = False

    def __init__(self, name: str, key: str, url: str | None, transport: Transport) -> None:
        service = _TABLE["services"][name]
        self.name = name
        self.identity = f"{name} {url or ''}"
        self.limits = EngineLimits(**service["limits"])
        self._arguments = _arguments(name, key, service)
        module = import_module(f"deep_translator.{name}")
        # The library's functions look up ``requests`` in their module each time they are called.
        module.requests = _Requests(transport, service, key)  # type: ignore[attr-defined]
        self._class = getattr(module, service["class_name"])
        self._usual = service.get("usual", {})
        self._url = url

    def translate(self, batch: Batch) -> EngineAnswer:
        return EngineAnswer(texts={passage.id: self._translated(passage.text, batch) for passage in batch.passages})

    def _translated(self, text: str, batch: Batch) -> str:
        translator = self._translator(batch.source, batch.target)
        try:
            answer = translator.translate(text)
        except EngineError:
            raise
        except Exception as error:
            # Its exceptions, and those that it lets through, quote the text and the key.
            raise EngineError(f"an answer that makes no sense ({type(error).__name__})", Remedy.RETRY) from None
        if not isinstance(answer, str) or not answer.strip():
            raise EngineError("an empty answer", Remedy.RETRY)
        return answer

    def _translator(self, source: Language, target: Language) -> Any:
        try:
            codes = self._class(source="auto", target="auto", **self._arguments)._languages.values()
            mine, other = (_code(language, codes, self._usual) for language in (source, target))
            translator = self._class(source=mine, target=other, **self._arguments)
        except Exception:
            message = f"the engine {self.name} does not translate {source} into {target}"
            raise EngineError(message, Remedy.STOP) from None
        if self._url:
            translator._base_url = self._url
        return translator


class _Requests:
    """Stands in for the module ``requests`` inside deep-translator, which sets no timeout and puts keys into addresses.

    What a POST wants in the address goes into a form, unless it has a document of its own.
    """

    def __init__(self, transport: Transport, service: Mapping[str, Any], key: str) -> None:
        self._transport = transport
        self._drop = "" if key and not service.get("needs_key") else service.get("drop", "")
        self._headers = {name: value.format(key=key) for name, value in service.get("headers", {}).items()}
        self._languages = service.get("languages", "").split()
        self._posts = service.get("posts", False)

    def post(
        self,
        url: str,
        params: Mapping[str, Any],
        json: object = None,  # as requests calls it
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> Any:
        fields = {name: str(value) for name, value in params.items() if name != self._drop}
        sent = {"data": fields} if json is None else {"params": fields, "json": json}
        return self._answered("POST", url, headers or {}, **sent)

    def get(self, url: str, params: Mapping[str, str] | None = None, **_: object) -> Any:
        if self._languages:
            return _response(json.dumps({"translation": {code: {"name": code} for code in self._languages}}))
        if self._posts:
            return self.post(url, params or {})
        return self._answered("GET", url, {}, params=params)

    def _answered(self, method: str, url: str, headers: Mapping[str, str], **sent: object) -> SimpleNamespace:
        reply = self._transport.send(method, url, headers={**headers, **self._headers}, **sent)
        raise_for_status(reply.status, reply.retry_after)
        return _response(reply.text)


def _response(text: str) -> SimpleNamespace:
    """As much of ``requests.Response`` as deep-translator reads."""
    return SimpleNamespace(status_code=200, text=text, json=partial(_document, text), close=lambda: None)


def _document(text: str) -> Any:
    """EngineError where it holds a status of its own, as MyMemory's and Baidu's, and not success."""
    document = json.loads(text)
    if isinstance(document, dict):
        status = str(document.get("responseStatus", ""))
        if status.isdigit():
            raise_for_status(int(status))
        if found := _BAIDU_ERRORS.get(str(document.get("error_code", ""))):
            raise EngineError(*found)
    return document


def _arguments(name: str, key: str, service: Mapping[str, Any]) -> Mapping[str, object]:
    """What a class takes beside the languages. DeckgenError where its service wants a key, and has none or half of it.

    Baidu's is the account's id, a colon and the secret; Microsoft's may be followed by a colon and the region of its
    resource; those of DeepL's free plan end in ``:fx``; LibreTranslate's class always wants one.
    """
    if service.get("needs_key") and not key:
        raise DeckgenError(f"the engine {name} needs a key", hint=f"set {KEY_VARIABLE}")
    first, _, second = key.partition(":")
    if name == "baidu" and not (first and second):
        raise DeckgenError(f"{KEY_VARIABLE} has to be ID:SECRET for baidu")
    known: Mapping[str, Mapping[str, object]] = {
        "libre": {"api_key": key or "none"},
        "deepl": {"api_key": key, "use_free_api": key.endswith(":fx")},
        "baidu": {"appid": first, "appkey": second},
        "microsoft": {"api_key": first, "region": second or None},
    }
    return known.get(name, {})


def _code(language: Language, codes: Collection[str], usual: Mapping[str, str]) -> str:
    """The language's own code, the usual one, or that of its base or a region; StopIteration where there is none."""
    base = language.split("-")[0]
    others = (base, *sorted(code for code in codes if code.startswith(f"{base}-")))
    wanted = (language, usual.get(language, ""), *(() if language in _TRADITIONAL else others))
    return next(code for code in wanted if code in codes)
