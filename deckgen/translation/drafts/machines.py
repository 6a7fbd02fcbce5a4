"""Machine translation services as engines: deep-translator's classes, made to answer in time and to fail as we do."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from deckgen.diagnostics import DeckgenError
from deckgen.model import Language
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, EngineLimits, Remedy
from deckgen.translation.drafts.transport import KEY_VARIABLE, Transport, raise_for_status


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """A class of deep-translator and what its service takes.

    ``usual`` are codes for languages that have another one. Of its requests the field ``drop`` is left out, and
    ``headers`` are added; ``languages`` are those that a GET asks for, which is a POST where ``posts``.
    """

    class_name: str
    limits: EngineLimits
    usual: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)
    drop: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    posts: bool = False
    languages: tuple[str, ...] = ()


def make(name: str, *, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    """The engine ``name``; ``url`` is another address than its service's own."""
    transport = Transport(timeout_seconds=timeout_seconds, own_server=url is not None)
    service = _SERVICES[name](key or "")
    if name == "libre" and not url:
        raise DeckgenError("the engine libre needs the address of a LibreTranslate server", hint="give it with --url")
    if url and name in ("libre", "deepl"):
        url = f"{url.rstrip('/')}/"
    return _Machine(name, service, url, transport)


class _Machine:
    """One class of deep-translator, which makes a translator for each text: they are not to be shared by threads."""

    placeholder = "[X{}X]"
    reads_briefings = False

    def __init__(self, name: str, service: _Service, url: str | None, transport: Transport) -> None:
        self.name = name
        self.identity = f"{name} {url or ''}"
        self.limits = service.limits
        module = import_module(f"deep_translator.{name}")
        # The library's functions look up ``requests`` in their module each time they are called.
        module.requests = _Requests(transport, service)  # type: ignore[attr-defined]
        self._class = getattr(module, service.class_name)
        self._service = service
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
        arguments = self._service.arguments
        try:
            codes = self._class(source="auto", target="auto", **arguments)._languages.values()
            mine, other = (_code(language, codes, self._service.usual) for language in (source, target))
            translator = self._class(source=mine, target=other, **arguments)
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

    def __init__(self, transport: Transport, service: _Service) -> None:
        self._transport = transport
        self._service = service

    def post(
        self,
        url: str,
        params: Mapping[str, Any],
        json: object = None,  # as requests calls it
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> Any:
        fields = {name: str(value) for name, value in params.items() if name != self._service.drop}
        query, form = (None, fields) if json is None else (fields, None)
        return self._answered("POST", url, query=query, form=form, document=json, headers=headers)

    def get(self, url: str, params: Mapping[str, str] | None = None, **_: object) -> Any:
        if self._service.languages:
            known = {code: {"name": code} for code in self._service.languages}
            return _response(json.dumps({"translation": known}))
        if self._service.posts:
            return self.post(url, params or {})
        return self._answered("GET", url, query=params)

    def _answered(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **sent: Any
    ) -> SimpleNamespace:
        together = {**(headers or {}), **self._service.headers}
        reply = self._transport.send(method, url, headers=together, **sent)
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


_REFUSED = (f"access refused; set {KEY_VARIABLE}", Remedy.STOP)
_USED_UP = ("the account's money or quota is used up", Remedy.STOP)
_BUSY = ("the engine is busy", Remedy.RETRY)
_BAIDU_ERRORS = {
    **dict.fromkeys(("52003", "54001", "58000"), _REFUSED),
    **dict.fromkeys(("54004", "58002"), _USED_UP),
    **dict.fromkeys(("52001", "52002", "54003", "54005"), _BUSY),
    "58001": ("the engine does not translate between these languages", Remedy.STOP),
}
"""https://fanyi-api.baidu.com/doc/21 lists the codes."""


def _needed(key: str, engine: str) -> str:
    if not key:
        raise DeckgenError(f"the engine {engine} needs a key", hint=f"set {KEY_VARIABLE}")
    return key


_TRADITIONAL = ("zh-Hant", "zh-TW", "zh-HK")
_SIMPLIFIED = ("zh", "zh-Hans", "zh-CN")
_MICROSOFT = ("zh-Hans", "zh-Hant", "en", "ja", "ko", "de", "fr", "es", "pt", "it", "ru", "vi", "th", "id", "ar")
_REGIONAL = {**dict.fromkeys(_SIMPLIFIED, "zh-CN"), **dict.fromkeys(_TRADITIONAL, "zh-TW"), "en": "en-GB"}


def _code(language: Language, codes: Collection[str], usual: Mapping[str, str]) -> str:
    """The language's own code, the usual one, or that of its base or a region; StopIteration where there is none."""
    base = language.split("-")[0]
    others = (base, *sorted(code for code in codes if code.startswith(f"{base}-")))
    wanted = (language, usual.get(language, ""), *(() if language in _TRADITIONAL else others))
    return next(code for code in wanted if code in codes)


def _libre(key: str) -> _Service:
    """The class demands a key even for a server that needs none."""
    return _Service(
        class_name="LibreTranslator",
        limits=EngineLimits(characters=2000, in_flight=16),
        arguments={"api_key": key or "none"},
        drop="" if key else "api_key",
    )


def _deepl(key: str) -> _Service:
    """It takes no GET and no key in the address any more. Keys of the free plan end in ``:fx``."""
    return _Service(
        class_name="DeeplTranslator",
        limits=EngineLimits(characters=5000, in_flight=8),
        arguments={"api_key": _needed(key, "deepl"), "use_free_api": key.endswith(":fx")},
        drop="auth_key",
        headers={"Authorization": f"DeepL-Auth-Key {key}"},
        posts=True,
    )


def _baidu(key: str) -> _Service:
    """The key is the account's id, a colon and the secret."""
    account, _, secret = _needed(key, "baidu").partition(":")
    if not (account and secret):
        raise DeckgenError(f"{KEY_VARIABLE} has to be ID:SECRET for baidu")
    return _Service(
        class_name="BaiduTranslator",
        limits=EngineLimits(characters=1800, pause_seconds=1.0),
        usual={"ja": "jp", "ko": "kor", "fr": "fra", "es": "spa", "vi": "vie"} | dict.fromkeys(_TRADITIONAL, "cht"),
        arguments={"appid": account, "appkey": secret},
    )


def _microsoft(key: str) -> _Service:
    """The key may be followed by a colon and the region of its resource."""
    secret, _, region = _needed(key, "microsoft").partition(":")
    return _Service(
        class_name="MicrosoftTranslator",
        limits=EngineLimits(characters=5000, in_flight=8),
        usual=dict.fromkeys(_SIMPLIFIED, "zh-hans") | dict.fromkeys(_TRADITIONAL, "zh-hant"),
        arguments={"api_key": secret, "region": region or None},
        languages=_MICROSOFT,
    )


def _open(class_name: str, *, characters: int) -> _Service:
    """Of those that want no key, and patience."""
    limits = EngineLimits(characters=characters, pause_seconds=1.0)
    return _Service(class_name=class_name, limits=limits, usual=_REGIONAL)


_SERVICES: Mapping[str, Callable[[str], _Service]] = {
    "libre": _libre,
    "deepl": _deepl,
    "baidu": _baidu,
    "microsoft": _microsoft,
    "google": lambda _: _open("GoogleTranslator", characters=1500),
    "mymemory": lambda _: _open("MyMemoryTranslator", characters=450),
}
