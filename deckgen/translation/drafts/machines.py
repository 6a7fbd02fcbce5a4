"""Machine translation services as engines: deep-translator's classes, made to answer in time and to fail as we do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module, metadata
from types import ModuleType
from typing import Any

from deckgen.diagnostics import DeckgenError
from deckgen.model import Language
from deckgen.translation.drafts.engines import Batch, Engine, EngineAnswer, EngineError, EngineLimits, Remedy
from deckgen.translation.drafts.transport import KEY_VARIABLE, HttpReply, Transport, raise_for_status

_TESTED = "1.11."


class _Machine:
    """One class of deep-translator, which makes a translator for each text: they are not to be shared by threads."""

    placeholder = "[X{}X]"
    reads_briefings = False

    def __init__(
        self,
        name: str,
        *,
        class_name: str,
        limits: EngineLimits,
        arguments: Mapping[str, object],
        code: Callable[[Language, Any], str],
        url: str | None,
        requests: _Requests,
    ) -> None:
        self.name = name
        self.identity = f"{name} {url or ''}"
        self.limits = limits
        self._module = _tested_module(name)
        self._class = getattr(self._module, class_name)
        self._arguments = arguments
        self._code = code
        self._url = url
        # The library's functions look up ``requests`` in their module each time they are called.
        self._module.requests = requests  # type: ignore[attr-defined]

    def translate(self, batch: Batch) -> EngineAnswer:
        return EngineAnswer(
            texts={
                passage.id: self._translated(passage.text, source=batch.source, target=batch.target)
                for passage in batch.passages
            }
        )

    def _translated(self, text: str, *, source: Language, target: Language) -> str:
        translator = self._translator(source, target)
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
            translator = self._class(
                source=self._code(source, codes), target=self._code(target, codes), **self._arguments
            )
        except Exception:
            message = f"the engine {self.name} does not translate {source} into {target}"
            raise EngineError(message, Remedy.STOP) from None
        if self._url:
            translator._base_url = self._url
        return translator


class _Requests:
    """Stands in for the module ``requests`` inside deep-translator, which sets no timeout and puts keys into addresses.

    What a POST wants in the address goes into a form, unless it has a document of its own; ``drop`` names fields that
    are left out, ``headers`` are added.
    """

    def __init__(
        self, transport: Transport, *, drop: frozenset[str] = frozenset(), headers: Mapping[str, str] | None = None
    ) -> None:
        self._transport = transport
        self._drop = drop
        self._headers = headers

    def post(
        self,
        url: str,
        params: Mapping[str, Any],
        json: object = None,  # as requests calls it
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> _Response:
        fields = {name: str(value) for name, value in params.items() if name not in self._drop}
        query, form = (None, fields) if json is None else (fields, None)
        return self._answered("POST", url, query=query, form=form, document=json, headers=headers)

    def get(self, url: str, params: Mapping[str, str], **_: object) -> _Response:
        return self._answered("GET", url, query=params)

    def _answered(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **sent: Any) -> _Response:
        together = {**(headers or {}), **(self._headers or {})}
        reply = self._transport.send(method, url, headers=together or None, **sent)
        raise_for_status(reply.status, reply.retry_after)
        return _Response(reply)


class _Posted(_Requests):
    """For DeepL, which takes no GET and no key in the address any more, while the class sends both."""

    def get(self, url: str, params: Mapping[str, str], **_: object) -> _Response:
        return self.post(url, params)


class _WithLanguages(_Requests):
    """For Microsoft, whose class asks for the list of languages before each text: their codes are known here."""

    def get(self, url: str, params: Mapping[str, str] | None = None, **_: object) -> _Response:
        codes = ("zh-Hans", "zh-Hant", "en", "ja", "ko", "de", "fr", "es", "pt", "it", "ru", "vi", "th", "id", "ar")
        document = {"translation": {code: {"name": code} for code in codes}}
        return _Response(HttpReply(status=200, text=json.dumps(document), kind="application/json", retry_after=None))


class _Response:
    """As much of ``requests.Response`` as deep-translator reads."""

    status_code = 200

    def __init__(self, reply: HttpReply) -> None:
        self.text = reply.text

    def json(self) -> Any:
        """The document. EngineError where it holds a status of its own, as MyMemory's and Baidu's, and not success."""
        document = json.loads(self.text)
        if isinstance(document, dict):
            status = document.get("responseStatus")
            if status is not None and str(status).isdigit():
                raise_for_status(int(status))
            _raise_for_baidu(str(document.get("error_code", "")))
        return document

    def close(self) -> None:
        pass


def _raise_for_baidu(code: str) -> None:
    """https://fanyi-api.baidu.com/doc/21 lists the codes."""
    if code in ("52003", "54001", "58000"):
        raise EngineError(f"access refused; set {KEY_VARIABLE}", Remedy.STOP)
    if code in ("54004", "58002"):
        raise EngineError("the account's money or quota is used up", Remedy.STOP)
    if code == "58001":
        raise EngineError("the engine does not translate between these languages", Remedy.STOP)
    if code in ("52001", "52002", "54003", "54005"):
        raise EngineError(f"the engine is busy (error {code})", Remedy.RETRY)


def _tested_module(name: str) -> ModuleType:
    version = metadata.version("deep-translator")
    if not version.startswith(_TESTED):
        raise DeckgenError(
            f"deep-translator {version} is not a version that this was tested with",
            hint=f"install deep-translator {_TESTED}*",
        )
    return import_module(f"deep_translator.{name}")


def make_libre(*, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    if not url:
        raise DeckgenError("the engine libre needs the address of a LibreTranslate server", hint="give it with --url")
    transport = Transport(timeout_seconds=timeout_seconds, own_server=True)
    return _Machine(
        "libre",
        class_name="LibreTranslator",
        limits=EngineLimits(characters=2000, in_flight=16),
        # The class demands a key even for a server that needs none.
        arguments={"api_key": key or "none"},
        code=_base_code,
        url=f"{url.rstrip('/')}/",
        requests=_Requests(transport, drop=frozenset() if key else frozenset(("api_key",))),
    )


def make_deepl(*, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    """Keys of the free plan end in ``:fx``, and have a server of their own."""
    key = _needed(key, "deepl")
    transport = Transport(timeout_seconds=timeout_seconds, own_server=url is not None)
    return _Machine(
        "deepl",
        class_name="DeeplTranslator",
        limits=EngineLimits(characters=5000, in_flight=8),
        arguments={"api_key": key, "use_free_api": key.endswith(":fx")},
        code=_base_code,
        url=f"{url.rstrip('/')}/" if url else None,
        requests=_Posted(transport, drop=frozenset(("auth_key",)), headers={"Authorization": f"DeepL-Auth-Key {key}"}),
    )


def make_baidu(*, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    """The key is the account's id, a colon and the secret."""
    account, _, secret = _needed(key, "baidu").partition(":")
    if not (account and secret):
        raise DeckgenError(f"{KEY_VARIABLE} has to be ID:SECRET for baidu")
    return _Machine(
        "baidu",
        class_name="BaiduTranslator",
        limits=EngineLimits(characters=1800, pause_seconds=1.0),
        arguments={"appid": account, "appkey": secret},
        code=_baidu_code,
        url=url,
        requests=_Requests(Transport(timeout_seconds=timeout_seconds, own_server=url is not None)),
    )


def make_microsoft(*, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    """The key may be followed by a colon and the region of its resource."""
    secret, _, region = _needed(key, "microsoft").partition(":")
    return _Machine(
        "microsoft",
        class_name="MicrosoftTranslator",
        limits=EngineLimits(characters=5000, in_flight=8),
        arguments={"api_key": secret, "region": region or None},
        code=_microsoft_code,
        url=url,
        requests=_WithLanguages(Transport(timeout_seconds=timeout_seconds, own_server=url is not None)),
    )


def make_google(*, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    return _Machine(
        "google",
        class_name="GoogleTranslator",
        limits=EngineLimits(characters=1500, pause_seconds=1.0),
        arguments={},
        code=_regional_code,
        url=url,
        requests=_Requests(Transport(timeout_seconds=timeout_seconds, own_server=url is not None)),
    )


def make_mymemory(*, url: str | None, model: str | None, key: str | None, timeout_seconds: float) -> Engine:
    return _Machine(
        "mymemory",
        class_name="MyMemoryTranslator",
        limits=EngineLimits(characters=450, pause_seconds=1.0),
        arguments={},
        code=_regional_code,
        url=url,
        requests=_Requests(Transport(timeout_seconds=timeout_seconds, own_server=url is not None)),
    )


def _needed(key: str | None, engine: str) -> str:
    if not key:
        raise DeckgenError(f"the engine {engine} needs a key", hint=f"set {KEY_VARIABLE}")
    return key


def _base_code(language: Language, codes: Any) -> str:
    """LibreTranslate's and DeepL's classes know only languages, among them one Chinese, the simplified."""
    base = language.split("-")[0]
    if base not in codes or language in _TRADITIONAL:
        raise ValueError(language)
    return base


_TRADITIONAL = ("zh-Hant", "zh-TW", "zh-HK")
_BAIDU = {"ja": "jp", "ko": "kor", "fr": "fra", "es": "spa", "vi": "vie"} | dict.fromkeys(_TRADITIONAL, "cht")


def _baidu_code(language: Language, codes: Any) -> str:
    return _base_code(Language(_BAIDU.get(language, language)), codes)


def _microsoft_code(language: Language, codes: Any) -> str:
    """The class writes its codes in lower case; the service takes either."""
    code = language.lower()
    chinese = "zh-hant" if language in _TRADITIONAL else "zh-hans"
    return next(code for code in (code, chinese if code[:2] == "zh" else "", code.split("-")[0]) if code in codes)


_REGIONAL = {"zh": "zh-CN", "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", "en": "en-GB"}


def _regional_code(language: Language, codes: Any) -> str:
    """The code itself, its usual region, or the first of its regions."""
    wanted = (language, _REGIONAL.get(language, language), language.split("-")[0])
    for code in (*wanted, *sorted(code for code in codes if code.startswith(f"{wanted[2]}-"))):
        if code in codes:
            return str(code)
    raise ValueError(language)
